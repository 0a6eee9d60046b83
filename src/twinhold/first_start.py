"""The first start: a registry without accounts is given one, and its operator the credentials."""

from pathlib import Path

from twinhold import credentials
from twinhold.credentials import Credentials
from twinhold.registry import accounts
from twinhold.store import Store, Transaction
from twinhold.store.keys import ALONE

OPERATOR_NAME = "Operator"


async def ensure_account(store: Store, data: Path, url: str, now: int) -> Credentials | None:
    """Make the operator's account when there is none; answer its credentials only then."""
    return await store.write(_ensure, data, url, now)


async def _ensure(transaction: Transaction, data: Path, url: str, now: int) -> Credentials | None:
    await transaction.run(ALONE, {})
    if await accounts.exist(transaction):
        return None
    draft = accounts.draft()
    made = Credentials(url, draft.account, draft.user, draft.role, draft.secret)
    credentials.write(data, made)
    await accounts.create(transaction, OPERATOR_NAME, draft, now, operator=True)
    return made
