"""UUIDs of twins: version 4 in form, and in the order in which they are made."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from twinhold.registry import ids

TIMES = st.integers(0, (1 << 48) * 1000 - 1)
ENTROPY = st.binary(min_size=10, max_size=10)


@given(TIMES, ENTROPY)
def test_the_form_is_version_4(now: int, entropy: bytes) -> None:
    made = uuid.UUID(ids.twin_uuid(now, entropy))
    assert made.version == 4
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == now // 1000


@given(TIMES, TIMES, ENTROPY, ENTROPY)
def test_an_earlier_millisecond_sorts_first(a: int, b: int, x: bytes, y: bytes) -> None:
    if a // 1000 < b // 1000:
        assert ids.twin_uuid(a, x) < ids.twin_uuid(b, y)


@given(TIMES, ENTROPY, st.integers(0, 73))
def test_74_random_bits_all_count(now: int, entropy: bytes, bit: int) -> None:
    other = (int.from_bytes(entropy) ^ 1 << bit).to_bytes(10)
    assert ids.twin_uuid(now, entropy) != ids.twin_uuid(now, other)


@given(st.lists(st.tuples(st.integers(0, 3), ENTROPY), max_size=100))
def test_those_of_one_process_sort_as_they_are_made(steps: list[tuple[int, bytes]]) -> None:
    made, now = ids.TwinUuids(), 1_700_000_000_000_000
    uuids = [made.next(now := now + 500 * step, entropy) for step, entropy in steps]
    assert uuids == sorted(set(uuids))
    assert all(uuid.UUID(text).version == 4 for text in uuids)


def test_one_for_an_earlier_time_stands_there_and_changes_nothing_for_others() -> None:
    made, now = ids.TwinUuids(), 1_700_000_000_000_000
    first = made.next(now, bytes(10))
    late = made.next(now - 2000, b"\xff" * 10)
    second = made.next(now, bytes(10))
    assert late < first < second
    assert uuid.UUID(late).int >> 80 == (now - 2000) // 1000


@given(ENTROPY, st.integers(0, 63))
def test_the_next_of_a_millisecond_has_64_random_bits(entropy: bytes, bit: int) -> None:
    """Whoever knows one cannot guess the next."""
    one, other = ids.TwinUuids(), ids.TwinUuids()
    assert one.next(0, bytes(10)) == other.next(0, bytes(10))
    changed = (int.from_bytes(entropy) ^ 1 << bit).to_bytes(10)
    assert one.next(0, entropy) != other.next(0, changed)


def test_there_is_room_for_all_that_a_process_can_make_in_a_millisecond() -> None:
    made = ids.TwinUuids()
    uuids = [made.next(0, b"\xff" * 10) for _ in range(500)]
    assert uuids == sorted(set(uuids))
