"""The operations of Trusted Twin that Twinhold has, and those that it adds, marked as ours.

Each resource's module has its handlers and, at its end, its operations.
Source: spec/trusted-twin.md section 14.
"""

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

DIALECT = Dialect(
    name="trusted_twin",
    title="Trusted Twin",
    prefix="/",
    operations=OPERATIONS,
    later=actions.LATER,
    error=errors.ErrorBody,
    render_error=errors.render,
)
