"""Statements about offers of ownership."""

from typing import NamedTuple

from twinhold.store.statement import Statement


class TransferRow(NamedTuple):
    """An offer; its end in microseconds."""

    uuid: str
    twin: str
    owner: str
    recipient: str
    validity: int


INSERT = Statement(
    """INSERT INTO transfers (uuid, twin, owner, recipient, validity)
    VALUES (:transfer, :twin, :owner, :recipient, :validity)"""
)

SELECT = Statement(
    """SELECT uuid, twin, owner, recipient, validity FROM transfers
    WHERE uuid = :transfer {for_update}"""
)

DELETE = Statement("DELETE FROM transfers WHERE uuid = :transfer")

DELETE_OF_TWIN = Statement("DELETE FROM transfers WHERE twin = :twin")
