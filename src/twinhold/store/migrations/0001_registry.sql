-- Accounts, their roles, users and secrets, and the certificate face of twins.
-- Times are microseconds since the Unix epoch. Every per-twin table starts with the twin's UUID and
-- names no other twin, so that it can be distributed by that UUID.

CREATE TABLE registry_keys (
    purpose {text} PRIMARY KEY,
    key {bytes} NOT NULL
) {strict};

CREATE TABLE accounts (
    uuid {uuid} PRIMARY KEY,
    name {text} NOT NULL,
    operator {boolean} NOT NULL,
    created {bigint} NOT NULL,
    updated {bigint} NOT NULL
) {strict};

CREATE TABLE roles (
    uuid {uuid} PRIMARY KEY,
    account {uuid} NOT NULL,
    name {text} NOT NULL,
    statement {text} NOT NULL,
    rules {text} NOT NULL,
    created {bigint} NOT NULL,
    updated {bigint} NOT NULL
) {strict};

CREATE INDEX roles_of_account ON roles (account, uuid);

CREATE TABLE users (
    uuid {uuid} PRIMARY KEY,
    account {uuid} NOT NULL,
    role {uuid} NOT NULL,
    name {text} NOT NULL,
    description {text},
    activity {text},
    created {bigint} NOT NULL,
    updated {bigint} NOT NULL
) {strict};

CREATE INDEX users_of_account ON users (account, uuid);

CREATE TABLE secrets (
    digest {bytes} PRIMARY KEY,
    holder {uuid} NOT NULL UNIQUE,
    fingerprint {text} NOT NULL,
    validity {bigint},
    created {bigint} NOT NULL,
    updated {bigint} NOT NULL
) {strict};

CREATE TABLE twins (
    uuid {uuid} NOT NULL,
    owner {uuid} NOT NULL,
    creator {uuid} NOT NULL,
    created {bigint} NOT NULL,
    updated {bigint} NOT NULL,
    issuer {uuid},
    terminated {bigint},
    description {text},
    {twins_key}
) {twins_options};

{twins_of_owner_index};
