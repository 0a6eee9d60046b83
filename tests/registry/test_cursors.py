"""Cursors: sealed for their account, and nothing else opens."""

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhold.registry.cursors import Cursors
from twinhold.registry.errors import CursorInvalidError

CURSORS = Cursors(b"k" * 32)
UUIDS = st.uuids().map(str)


@given(UUIDS, UUIDS)
def test_a_cursor_opens_for_its_account(account: str, last: str) -> None:
    assert CURSORS.open(account, CURSORS.seal(account, last)) == last


@given(UUIDS, UUIDS, UUIDS)
def test_a_cursor_is_closed_to_others(account: str, other: str, last: str) -> None:
    sealed = CURSORS.seal(account, last)
    for cursors, holder in ((CURSORS, other), (Cursors(b"x" * 32), account)):
        if (cursors, holder) != (CURSORS, account):
            with pytest.raises(CursorInvalidError):
                cursors.open(holder, sealed)


@given(UUIDS, st.text(max_size=60))
def test_made_up_cursors_are_refused(account: str, cursor: str) -> None:
    with pytest.raises(CursorInvalidError):
        CURSORS.open(account, cursor)


@given(UUIDS, UUIDS, st.integers(0, 31), st.integers(1, 63))
def test_a_changed_character_is_noticed(account: str, last: str, at: int, by: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sealed = CURSORS.seal(account, last)
    other = alphabet[(alphabet.index(sealed[at]) + by) % 64]
    with pytest.raises(CursorInvalidError):
        CURSORS.open(account, sealed[:at] + other + sealed[at + 1 :])


class TestText:
    @given(UUIDS, st.text(), st.text())
    def test_a_position_opens_for_its_account_and_list(
        self, account: str, purpose: str, position: str
    ) -> None:
        sealed = CURSORS.seal_text(account, purpose, position)
        assert CURSORS.open_text(account, purpose, sealed) == position
        for cursors, holder, other in (
            (CURSORS, account, purpose + "x"),
            (CURSORS, account + "x", purpose),
            (Cursors(b"x" * 32), account, purpose),
        ):
            with pytest.raises(CursorInvalidError):
                cursors.open_text(holder, other, sealed)

    @given(UUIDS, st.text(max_size=60))
    def test_made_up_positions_are_refused(self, account: str, cursor: str) -> None:
        with pytest.raises(CursorInvalidError):
            CURSORS.open_text(account, "list", cursor)

    @given(UUIDS, st.binary(min_size=17, max_size=40), st.integers(0, 39), st.integers(1, 255))
    def test_a_changed_byte_is_noticed(
        self, account: str, position: bytes, at: int, by: int
    ) -> None:
        sealed = bytearray(b64decode(CURSORS.seal_text(account, "list", position.hex()), b"-_"))
        sealed[at] ^= by
        with pytest.raises(CursorInvalidError):
            CURSORS.open_text(account, "list", b64encode(sealed, b"-_").decode())
