"""Statements about stickers.

Their columns have names that twins have not, so that a join needs no qualifiers. An expired sticker
is not there: each statement that looks for stickers leaves it out.
"""

from typing import NamedTuple

from twinhold.store.statement import Statement
from twinhold.store.twins import FACTS


class StickerRow(NamedTuple):
    """A sticker; times in microseconds, note, recipients and publish as JSON texts."""

    twin: str
    account: str
    color: str
    note: str | None
    recipients: str
    publish: str | None
    validity: int
    created: int


_STICKER = "twin, account, color, note, recipients, publish, validity, placed"
_ACCOUNTS = "(SELECT CAST(value AS {uuid}) FROM {json_texts}(CAST(:accounts AS {json})))"
_OF_ACCOUNTS = f"(CAST(:accounts AS {{json}}) IS NULL OR account IN {_ACCOUNTS})"
_ADDRESSED = """EXISTS (SELECT 1 FROM sticker_recipients AS r
        WHERE r.twin = stickers.twin AND r.account = stickers.account AND r.color = stickers.color
            AND r.recipient IN (:user, :role, :own))"""

SELECT = Statement(
    f"""SELECT {_STICKER} FROM stickers
    WHERE twin = :twin AND account = :account AND color = :color AND validity > :now"""
)

OF_TWIN = Statement(
    f"""SELECT {_STICKER} FROM stickers
    WHERE twin = :twin AND validity > :now AND {_OF_ACCOUNTS} AND {_ADDRESSED}
        AND (account, color) > (:account, :color)
    ORDER BY account, color LIMIT :count"""
)
"""The stickers of a twin for the caller, by some accounts or (null) by all, behind one of them."""

FIRST_OF_COLOR = Statement(
    f"""SELECT {_STICKER} FROM stickers
    WHERE twin = :twin AND color = :color AND validity > :now AND {_OF_ACCOUNTS} AND {_ADDRESSED}
    ORDER BY placed, account LIMIT 1 {{for_update}}"""
)
"""The oldest sticker of a color on a twin for the caller."""


def _addressed_to(recipient: str) -> str:
    """The newest stickers for one recipient, as one part of a page."""
    return f"""SELECT * FROM (
            SELECT placed AS put_at, account AS put_by, twin AS put_on, color AS hue
            FROM sticker_recipients
            WHERE recipient = :{recipient} AND validity > :now AND placed >= :since
                AND (placed, account, twin, color) < (:placed, :account, :twin, :color)
                AND (CAST(:only AS {{text}}) IS NULL OR color = :only) AND {_OF_ACCOUNTS}
            ORDER BY placed DESC, account DESC, twin DESC, color DESC LIMIT :count
        ) AS for_{recipient}"""


NEWEST = Statement(
    f"""SELECT {_STICKER}, {FACTS}, {{document}}, {{generation}}
    FROM (
        SELECT * FROM (
            {" UNION ".join(map(_addressed_to, ("user", "role", "own")))}
        ) AS found
        ORDER BY put_at DESC, put_by DESC, put_on DESC, hue DESC LIMIT :count
    ) AS page
    CROSS JOIN stickers CROSS JOIN twins
    WHERE twin = put_on AND account = put_by AND color = hue AND uuid = put_on
    ORDER BY put_at DESC, put_by DESC, put_on DESC, hue DESC"""
)
"""The stickers for the caller with the `Facts` of their twins, the newest first, behind one."""

INSERT = Statement(
    """INSERT INTO stickers (twin, account, color, note, recipients, publish, validity, placed)
    SELECT CAST(:twin AS {uuid}), CAST(:account AS {uuid}), value ->> 0, value ->> 1, value ->> 2,
        value ->> 3, CAST(value ->> 4 AS {bigint}), CAST(:now AS {bigint})
    FROM {json_items}(CAST(:rows AS {json})) WHERE TRUE
    ON CONFLICT (twin, account, color) DO NOTHING
    RETURNING color"""
)
"""Put stickers on a twin; names the colors that were not there yet."""

INSERT_RECIPIENTS = Statement(
    """INSERT INTO sticker_recipients (twin, account, color, recipient, validity, placed)
    SELECT CAST(:twin AS {uuid}), CAST(:account AS {uuid}), value ->> 0,
        CAST(value ->> 1 AS {uuid}), CAST(value ->> 2 AS {bigint}), CAST(:now AS {bigint})
    FROM {json_items}(CAST(:rows AS {json}))"""
)

_EXPIRED = "twin = :twin AND account = :account AND validity <= :now"

DELETE_EXPIRED = Statement(f"DELETE FROM stickers WHERE {_EXPIRED}")

DELETE_EXPIRED_RECIPIENTS = Statement(f"DELETE FROM sticker_recipients WHERE {_EXPIRED}")

DELETE = Statement(
    "DELETE FROM stickers WHERE twin = :twin AND account = :account AND color = :color"
)

DELETE_RECIPIENTS = Statement(
    "DELETE FROM sticker_recipients WHERE twin = :twin AND account = :account AND color = :color"
)

DELETE_OF_TWIN = Statement("DELETE FROM stickers WHERE twin = :twin")

DELETE_RECIPIENTS_OF_TWIN = Statement("DELETE FROM sticker_recipients WHERE twin = :twin")
