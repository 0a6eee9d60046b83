"""Statements about identities.

Their columns have names that twins have not, so that a join needs no qualifiers: a dialect's shape
of a twin fits in. Many rows travel as one parameter: a JSON array, whose items the engine takes
apart.
"""

from typing import NamedTuple

from twinhold.store.statement import Statement
from twinhold.store.twins import FACTS


class IdentityRow(NamedTuple):
    """An identity; times in microseconds, the visibility as JSON text."""

    account: str
    identity: str
    validity: int | None
    visibility: str | None
    created: int
    updated: int


_IDENTITY = "account, identity, validity, visibility, attached, changed"

SELECT = Statement(
    f"""SELECT {_IDENTITY}, {FACTS}, {{document}}, {{generation}}
    FROM twins LEFT JOIN identities
        ON twin = uuid AND account = :account AND identity = :identity
    WHERE uuid = :twin"""
)
"""An account's identity of a twin, nulls where there is none, and the `Facts` of the twin."""

SELECT_FOR_UPDATE = Statement(
    f"""SELECT {_IDENTITY} FROM identities
    WHERE twin = :twin AND account = :account AND identity = :identity {{for_update}}"""
)

OF_TWIN = Statement(
    f"""SELECT {_IDENTITY} FROM identities
    WHERE twin = :twin AND account = :account AND identity > :after
    ORDER BY identity LIMIT :count"""
)
"""An account's identities of a twin behind one of them."""

# CROSS JOIN makes SQLite go from the identities to their twins, and the cast makes it go on behind
# the last page instead of starting each page at the first twin of an account.
_RESOLVED = f"""SELECT {_IDENTITY}, {FACTS}, {{document}}, {{generation}}
    FROM identities CROSS JOIN twins
    WHERE uuid = twin AND identity = :identity AND (account, twin) > (:account, :twin)
        AND (validity IS NULL OR validity > :now) AND {{which}}
    ORDER BY account, twin LIMIT :count"""

RESOLVE_FOR_ONE = Statement(_RESOLVED.replace("{which}", "account <= :last"))
"""The valid attachments of an identity up to an account, and the `Facts` of the twins.

They come in the order of accounts and twins, from behind one of these pairs on; from the account's
first pair on they are all its own.
"""

RESOLVE_OWN = Statement(
    """SELECT {document}, {generation} FROM (
        SELECT twin AS uuid, validity FROM identities
        WHERE identity = :identity AND account = :account
    ) AS attached
    WHERE validity IS NULL OR validity > :now
    ORDER BY uuid LIMIT :count"""
)
"""The twins that an account's valid identity stands for, where nothing but their UUID is shown."""

RESOLVE = Statement(
    _RESOLVED.replace(
        "{which}",
        """account <= :last AND CAST(account AS {uuid}) IN (
            SELECT CAST(value AS {uuid}) FROM {json_texts}(CAST(:accounts AS {json})))""",
    )
)
"""The same by some accounts only."""

RESOLVE_ALL = Statement(_RESOLVED.replace("{which}", "(account = :own OR visibility IS NOT NULL)"))
"""The same of the own account and of all others that show theirs to anybody."""

INSERT = Statement(
    """INSERT INTO identities (twin, account, identity, validity, visibility, attached, changed)
    SELECT CAST(:twin AS {uuid}), CAST(:account AS {uuid}), value ->> 0,
        CAST(value ->> 1 AS {bigint}), value ->> 2, CAST(:now AS {bigint}), CAST(:now AS {bigint})
    FROM {json_items}(CAST(:rows AS {json})) WHERE TRUE
    ON CONFLICT (twin, account, identity) DO NOTHING
    RETURNING identity"""
)
"""Attach identities; names those that were not there yet."""

UPDATE = Statement(
    """UPDATE identities SET validity = :validity, visibility = :visibility, changed = :now
    WHERE twin = :twin AND account = :account AND identity = :identity"""
)

DELETE = Statement(
    "DELETE FROM identities WHERE twin = :twin AND account = :account AND identity = :identity"
)

DELETE_OF_TWIN = Statement("DELETE FROM identities WHERE twin = :twin")
