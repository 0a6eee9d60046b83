"""The operations of Trusted Twin that Twinhold has, and those that it adds, marked as ours.

Each resource's module has its handlers and, at its end, its operations.
Source: spec/trusted-twin.md section 14.
"""

from typing import Annotated

from twinhold.api.kit.forms import UUID, Dtmi, Uuid, described
from twinhold.api.kit.operations import Dialect
from twinhold.api.trusted_twin import (
    accounts,
    actions,
    docs,
    errors,
    identities,
    ledgers,
    models,
    roles,
    rules,
    stickers,
    tokens,
    transfers,
    twins,
    uploads,
    user_secrets,
    users,
    whoami,
)
from twinhold.api.trusted_twin.wire.docs import DOC_NAME
from twinhold.api.trusted_twin.wire.identities import IDENTITY
from twinhold.api.trusted_twin.wire.stickers import COLOR

OPERATIONS = (
    *accounts.OPERATIONS,
    *users.OPERATIONS,
    *user_secrets.OPERATIONS,
    *tokens.OPERATIONS,
    *roles.OPERATIONS,
    *whoami.OPERATIONS,
    *twins.OPERATIONS,
    *transfers.OPERATIONS,
    *identities.OPERATIONS,
    *stickers.OPERATIONS,
    *uploads.OPERATIONS,
    *docs.OPERATIONS,
    *ledgers.OPERATIONS,
    *models.OPERATIONS,
    *rules.OPERATIONS,
)

_LEDGER = f"^(personal|owner|creator|{UUID})$"
_PATH_TYPES = {
    **dict.fromkeys(("account", "handler", "role", "transfer", "twin", "user"), Uuid),
    "color": Annotated[str, described(pattern=COLOR, format="color")],
    "doc_name": Annotated[str, described(pattern=DOC_NAME, format="doc")],
    "identity": Annotated[str, described(pattern=IDENTITY, format="identity")],
    "ledger": Annotated[str, described(pattern=_LEDGER, format="ledger")],
    "model": Dtmi,
    "pin": Annotated[str, described(pattern="^[0-9A-Za-z]{6}$")],
}

DIALECT = Dialect(
    name="trusted_twin",
    title="Trusted Twin",
    prefix="/",
    operations=OPERATIONS,
    later=actions.LATER,
    error=errors.ErrorBody,
    render_error=errors.render,
    path_types=_PATH_TYPES,
)
