"""From a credential to the principal behind it.

A principal is remembered by the digest of its credential, so that a request costs one look-up in
memory; unknown credentials are never remembered. What is remembered is only as good as its
generation: the store refuses a call whose principal was loaded before access changed last, and the
call starts over after `renew`.
"""

from typing import TYPE_CHECKING

import msgspec

from twinhold.registry import attribute_indexes, keys, rule_texts, tokens, user_secrets
from twinhold.registry.errors import UnauthenticatedError
from twinhold.registry.principal import Principal, RoleRules, Statement
from twinhold.registry.remembered import Remembered
from twinhold.registry.tokens import Claims, Keyring
from twinhold.store import Store, Transaction
from twinhold.store import accounts as stored
from twinhold.store.accounts import PrincipalRow
from twinhold.store.engine import Row

if TYPE_CHECKING:
    from twinhold.rules import Rule

LONGEST_CREDENTIAL = 16_384
_NO_ACCESS = Statement("allow")
_decode_statement = msgspec.json.Decoder(Statement).decode
_decode_rules = msgspec.json.Decoder(RoleRules).decode


class Authenticator:
    """Knows who is behind a secret or a token."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self.keyring = keyring
        self._store = store
        self._remembered = Remembered()

    async def principal(self, credential: str, now: int) -> Principal:
        """The user behind a credential.

        Raises:
            UnauthenticatedError: nobody is, or it has expired.
        """
        if not 0 < len(credential) <= LONGEST_CREDENTIAL:
            raise UnauthenticatedError("The request carries no credential.")
        digest = user_secrets.digest(credential)
        found = self._remembered.find(digest) or await self._look_up(credential, digest)
        if found.validity is not None and found.validity <= now:
            raise UnauthenticatedError("The credential has expired.")
        return found

    def forget(self, credential: str) -> bool:
        """Load the principal behind a credential anew; whether one was remembered."""
        return self._remembered.remove(user_secrets.digest(credential))

    async def renew(self) -> None:
        """Load principals and keys anew: access has changed."""
        self._remembered.clear()
        self.keyring = (await self._store.read(keys.reload)).tokens

    async def _look_up(self, credential: str, digest: bytes) -> Principal:
        if tokens.looks_like_token(credential):
            claims = await self._claims(credential)
            found = await self._store.read(_of_token, claims)
        else:
            found = await self._store.read(_of_secret, digest)
        if found is None:
            raise UnauthenticatedError("The credential is not known.")
        return self._remembered.add(digest, found, len(credential))

    async def _claims(self, token: str) -> Claims:
        """What a token says; a key that is not known may be one that another process has added."""
        if not self.keyring.knows(token):
            self.keyring = (await self._store.read(keys.reload)).tokens
        return self.keyring.read(token)


async def _of_secret(transaction: Transaction, digest: bytes) -> Principal | None:
    # Read first: a change in between makes the principal stale, never a stale one look fresh.
    generation = await transaction.generation()
    row = await transaction.one(stored.PRINCIPAL_BY_DIGEST, {"digest": digest})
    return None if row is None else await _principal(transaction, row, generation)


async def _of_token(transaction: Transaction, claims: Claims) -> Principal | None:
    generation = await transaction.generation()
    row = await transaction.one(stored.PRINCIPAL_BY_USER, {"user": claims.user})
    if row is None:
        return None
    found = await _principal(transaction, row, generation)
    if found.secret != claims.secret:
        return None
    return msgspec.structs.replace(
        found,
        token=tokens.carried(claims),
        validity=tokens.earlier(found.validity, claims.validity),
    )


async def of_user(transaction: Transaction, user: str) -> Principal | None:
    """A user without a credential, for what is done on their behalf; None when there is none."""
    generation = await transaction.generation()
    row = await transaction.one(stored.PRINCIPAL_BY_USER, {"user": user})
    return None if row is None else await _principal(transaction, row, generation)


async def _principal(transaction: Transaction, found: Row, generation: int) -> Principal:
    row = PrincipalRow._make(found)
    rules = _decode_rules(row.rules) if row.rules else RoleRules()
    twin_rule, identity_rule = _rule(rules.twin_rule), _rule(rules.identity_rule)
    return Principal(
        account=row.account,
        user=row.user,
        role=row.role,
        has_role=row.statement is not None,
        operator=bool(row.operator),
        statement=_decode_statement(row.statement) if row.statement else _NO_ACCESS,
        rules=rules,
        twin_rule=twin_rule,
        entry_rule=_rule(rules.entry_rule),
        identity_rule=identity_rule,
        description=row.description,
        validity=row.validity,
        secret=user_secrets.name_of(row.digest),
        token=None,
        indexes=await attribute_indexes.of_account(transaction, row.account),
        generation=generation,
        rules_read_ledgers=_reads_ledgers(twin_rule) or _reads_ledgers(identity_rule),
    )


def _reads_ledgers(rule: "Rule | None") -> bool:
    return rule is not None and "LEDGER" in rule.variables


def _rule(text: str | None) -> "Rule | None":
    return None if text is None else rule_texts.parse(text)
