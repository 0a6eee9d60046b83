"""Statements about accounts, roles, users, secrets and PINs.

A statement about one record takes the account too: a record of another account is not there.
"""

from typing import NamedTuple

from twinhold.store.statement import Statement


class AccountRow(NamedTuple):
    """An account; times in microseconds, the access log as JSON."""

    uuid: str
    created: int
    updated: int
    resource_access_log: str | None


class RoleRow(NamedTuple):
    """A role; times in microseconds, statement and rules as JSON."""

    uuid: str
    account: str
    name: str
    statement: str
    rules: str
    created: int
    updated: int


class UserRow(NamedTuple):
    """A user; times in microseconds, description and activity as JSON."""

    uuid: str
    account: str
    role: str
    name: str
    description: str | None
    activity: str | None
    created: int
    updated: int


class SecretRow(NamedTuple):
    """A user's secret, without the secret; times in microseconds."""

    user: str
    fingerprint: str
    validity: int | None
    created: int
    updated: int


class PrincipalRow(NamedTuple):
    """What is known of the holder of a secret; statement and rules are null without a role."""

    account: str
    user: str
    role: str
    operator: bool
    statement: str | None
    rules: str | None
    description: str | None
    validity: int | None
    digest: bytes


class PinRow(NamedTuple):
    """A PIN that waits for its user; times in microseconds."""

    user: str
    digest: bytes
    validity: int | None
    expires: int
    wrong: int


ANY_ACCOUNT = Statement("SELECT uuid FROM accounts LIMIT 1")

SELECT_OPERATOR = Statement("SELECT uuid FROM accounts WHERE operator = :yes")

INSERT_ACCOUNT = Statement(
    """INSERT INTO accounts (uuid, name, operator, created, updated)
    VALUES (:account, :name, :operator, :now, :now)"""
)

SELECT_ACCOUNT = Statement(
    "SELECT uuid, created, updated, resource_access_log FROM accounts WHERE uuid = :account"
)

UPDATE_ACCOUNT = Statement(
    """UPDATE accounts SET resource_access_log = :resource_access_log, updated = :now
    WHERE uuid = :account"""
)

INSERT_ROLE = Statement(
    """INSERT INTO roles (uuid, account, name, statement, rules, created, updated)
    VALUES (:role, :account, :name, :statement, :rules, :now, :now)"""
)

SELECT_ROLE = Statement(
    """SELECT uuid, account, name, statement, rules, created, updated FROM roles
    WHERE uuid = :role AND account = :account"""
)

SELECT_ROLES = Statement(
    """SELECT uuid, account, name, statement, rules, created, updated FROM roles
    WHERE account = :account ORDER BY created, uuid"""
)

UPDATE_ROLE = Statement(
    """UPDATE roles SET name = :name, statement = :statement, rules = :rules, updated = :now
    WHERE uuid = :role"""
)

DELETE_ROLE = Statement("DELETE FROM roles WHERE uuid = :role")

INSERT_USER = Statement(
    """INSERT INTO users (uuid, account, role, name, description, activity, created, updated)
    VALUES (:user, :account, :role, :name, :description, :activity, :now, :now)"""
)

SELECT_USER = Statement(
    """SELECT uuid, account, role, name, description, activity, created, updated FROM users
    WHERE uuid = :user AND account = :account"""
)

SELECT_USERS = Statement(
    """SELECT uuid, account, role, name, description, activity, created, updated FROM users
    WHERE account = :account ORDER BY created, uuid"""
)

UPDATE_USER = Statement(
    """UPDATE users SET role = :role, name = :name, description = :description,
        activity = :activity, updated = :now
    WHERE uuid = :user"""
)

DELETE_USER = Statement("DELETE FROM users WHERE uuid = :user")

INSERT_SECRET = Statement(
    """INSERT INTO secrets (digest, holder, fingerprint, validity, created, updated)
    VALUES (:digest, :user, :fingerprint, :validity, :now, :now)"""
)

SELECT_SECRET = Statement(
    """SELECT s.holder, s.fingerprint, s.validity, s.created, s.updated
    FROM secrets AS s JOIN users AS u ON u.uuid = s.holder
    WHERE s.holder = :user AND u.account = :account"""
)

UPDATE_SECRET = Statement(
    "UPDATE secrets SET validity = :validity, updated = :now WHERE holder = :user"
)

DELETE_SECRET = Statement("DELETE FROM secrets WHERE holder = :user")

_PRINCIPAL = """SELECT u.account, u.uuid, u.role, a.operator, r.statement, r.rules, u.description,
        s.validity, s.digest
    FROM secrets AS s
    JOIN users AS u ON u.uuid = s.holder
    JOIN accounts AS a ON a.uuid = u.account
    LEFT JOIN roles AS r ON r.uuid = u.role"""

PRINCIPAL_BY_DIGEST = Statement(_PRINCIPAL + " WHERE s.digest = :digest")
"""The `PrincipalRow` of a secret."""

PRINCIPAL_BY_USER = Statement(_PRINCIPAL + " WHERE s.holder = :user")
"""The `PrincipalRow` of a user's secret."""

PUT_PIN = Statement(
    """INSERT INTO pins (holder, account, digest, validity, expires, wrong)
    VALUES (:user, :account, :digest, :validity, :expires, 0)
    ON CONFLICT (holder) DO UPDATE SET digest = excluded.digest, validity = excluded.validity,
        expires = excluded.expires, wrong = 0"""
)

SELECT_PINS = Statement(
    """SELECT holder, digest, validity, expires, wrong FROM pins
    WHERE account = :account {for_update}"""
)
"""Every `PinRow` of an account."""

COUNT_WRONG_PIN = Statement("UPDATE pins SET wrong = wrong + 1 WHERE account = :account")

DELETE_PIN = Statement("DELETE FROM pins WHERE holder = :user")

DELETE_DEAD_PINS = Statement(
    "DELETE FROM pins WHERE account = :account AND (expires <= :now OR wrong >= :most_wrong)"
)
