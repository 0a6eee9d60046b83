"""What is kept of texts that come again: the last ones, and never more than it may weigh."""

import threading
import weakref
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhold.kept import kept

MOST = 1_000
TEXTS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from((1, 20, 300, 990, 3_000))))


class Made:
    """What is made of a text."""

    def __init__(self, text: str) -> None:
        self.text = text


def maker() -> tuple[Callable[[str], Made], "weakref.WeakSet[Made]"]:
    """A function that remembers its results, and those of them that are in memory."""
    alive: weakref.WeakSet[Made] = weakref.WeakSet()

    @kept(MOST, len)
    def make(text: str) -> Made:
        made = Made(text)
        alive.add(made)
        return made

    return make, alive


@given(TEXTS)
def test_it_answers_as_if_it_remembered_nothing_and_stays_small(
    asked: list[tuple[int, int]],
) -> None:
    make, alive = maker()
    for number, length in asked:
        text = f"{number:03}" * length
        assert make(text).text == text
        assert sum(len(made.text) for made in alive) <= MOST


def test_what_was_asked_for_last_is_not_made_again() -> None:
    make, _ = maker()
    texts = [f"{number:040}" for number in range(15)]
    first = [make(text) for text in texts]
    assert [make(text) for text in texts] == first


def test_what_is_asked_for_again_and_again_stays() -> None:
    make, _ = maker()
    wanted = make("wanted")
    for number in range(1_000):
        make(f"{number:040}")
        assert make("wanted") is wanted


def test_what_is_too_heavy_drives_nothing_out() -> None:
    make, _ = maker()
    wanted = make("wanted")
    for number in range(10):
        make(f"{number}" * MOST)
    assert make("wanted") is wanted


def test_none_is_remembered_and_an_error_is_not() -> None:
    calls = []

    @kept(MOST, len)
    def make(text: str) -> None:
        calls.append(text)
        if text == "wrong":
            raise KeyError(text)

    for text in ("right", "right"):
        make(text)
    for _ in range(2):
        with pytest.raises(KeyError, match="wrong"):
            make("wrong")
    assert calls == ["right", "wrong", "wrong"]


def test_threads_share_it() -> None:
    make, alive = maker()
    wrong = []

    def ask(start: int) -> None:
        for number in range(start, start + 2_000):
            text = f"{number % 97:040}"
            if make(text).text != text:
                wrong.append(text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert sum(len(made.text) for made in alive) <= MOST
