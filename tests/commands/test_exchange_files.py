"""Exchange files are read in batches that grow."""

import io

from twinhold.commands import exchange_files
from twinhold.commands.exchange_files import Position


def test_batches_grow_up_to_the_most_that_is_asked_for() -> None:
    """Each has as many lines as came before it, so that the first is soon there to be stored."""
    file = io.BytesIO(b'{"Section":"Twins"}\n' + b"{}\n" * 20_000)
    batches = list(exchange_files.read(file, Position(), 6_000))
    assert [len(batch.lines) for batch in batches] == [2_000, 2_000, 4_000, 6_000, 6_000]
    assert [line for batch in batches for line in batch.numbers] == list(range(2, 20_002))
    again = next(exchange_files.read(file, batches[0].end, 6_000))
    assert (again.section, again.numbers[0]) == ("twins", 2_002)
