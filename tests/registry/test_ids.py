"""UUIDs of twins: version 4 in form, and in the order of their time."""

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


@given(TIMES, ENTROPY, st.sampled_from([*range(62), *range(68, 80)]))
def test_74_random_bits_all_count(now: int, entropy: bytes, bit: int) -> None:
    other = (int.from_bytes(entropy) ^ 1 << bit).to_bytes(10)
    assert ids.twin_uuid(now, entropy) != ids.twin_uuid(now, other)
