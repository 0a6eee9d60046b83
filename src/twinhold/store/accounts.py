"""Statements about accounts, roles, users and secrets."""

from twinhold.store.statement import Statement

ANY_ACCOUNT = Statement("SELECT uuid FROM accounts LIMIT 1")

INSERT_ACCOUNT = Statement(
    """INSERT INTO accounts (uuid, name, operator, created, updated)
    VALUES (:account, :name, :operator, :now, :now)"""
)

INSERT_ROLE = Statement(
    """INSERT INTO roles (uuid, account, name, statement, rules, created, updated)
    VALUES (:role, :account, :name, :statement, :rules, :now, :now)"""
)

INSERT_USER = Statement(
    """INSERT INTO users (uuid, account, role, name, description, activity, created, updated)
    VALUES (:user, :account, :role, :name, :description, :activity, :now, :now)"""
)

INSERT_SECRET = Statement(
    """INSERT INTO secrets (digest, holder, fingerprint, validity, created, updated)
    VALUES (:digest, :user, :fingerprint, :validity, :now, :now)"""
)

PRINCIPAL_BY_DIGEST = Statement(
    """SELECT u.account, u.uuid, u.role, a.operator, r.statement, u.description, s.validity
    FROM secrets AS s
    JOIN users AS u ON u.uuid = s.holder
    JOIN accounts AS a ON a.uuid = u.account
    JOIN roles AS r ON r.uuid = u.role
    WHERE s.digest = :digest"""
)
"""Account, user, role, operator, statement (JSON), the user's description (JSON), validity."""
