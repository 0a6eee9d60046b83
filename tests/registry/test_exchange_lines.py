"""Lines of twins that follow their models: read quickly, and never otherwise than the others."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.material import component, interface

from twinhold import dtdl
from twinhold.registry import exchange_lines
from twinhold.registry.errors import RegistryError
from twinhold.registry.exchange_lines import ConformingTwins

THING = "dtmi:test:Thing;1"
MANY = 1_000
PROPERTIES = [
    {"@type": "Property", "name": "text", "schema": "string"},
    {"@type": "Property", "name": "count", "schema": "integer"},
]
PART = interface("Part", contents=PROPERTIES)
WHOLE = interface("Thing", contents=[*PROPERTIES, component("part", "Part")])
MODEL = dtdl.parse([PART, WHOLE])[THING]


def line_of(members: dict[str, Any], *, blanks: bool = False) -> bytes:
    """A line with or without blanks."""
    separators = (", ", ": ") if blanks else (",", ":")
    return json.dumps(members, separators=separators, ensure_ascii=blanks).encode()


def twin(**contents: Any) -> dict[str, Any]:
    """A twin of the model."""
    return {"$dtId": "one", "$metadata": {"$model": THING}, **contents}


@pytest.fixture(scope="module")
def conforming() -> ConformingTwins:
    """Knows the model by having met it often."""
    made = ConformingTwins()
    assert made.read(line_of(twin())) is None
    for _ in range(MANY):
        made.meet(MODEL)
    return made


def shuffled(drawn: tuple[dict[str, Any], Random]) -> dict[str, Any]:
    """Members in any order."""
    members, random = drawn
    return {name: members[name] for name in random.sample(list(members), len(members))}


VALUES = st.none() | st.integers(-3, 2**32) | st.text(max_size=3) | st.just({"count": 1})
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "$dtId": st.text(max_size=3) | st.integers(),
        "$metadata": st.sampled_from(
            ["x", {}, {"$model": THING}, {"$model": THING, "x": 1}, {"$model": "dtmi:test:Part;1"}]
        ),
        "$etag": st.just("x"),
        "text": VALUES,
        "count": VALUES,
        "part": VALUES,
        "unknown": VALUES | st.just({"$model": THING}),
    },
)


@given(
    line=st.builds(
        lambda drawn, blanks: line_of(shuffled(drawn), blanks=blanks),
        st.tuples(MEMBERS, st.randoms()),
        st.booleans(),
    )
)
def test_a_line_is_read_as_the_others_are(conforming: ConformingTwins, line: bytes) -> None:
    """Or not at all."""
    known = conforming.read(line)
    if known is not None:
        draft, model = known
        assert draft == exchange_lines.read_twin(line)
        assert model is MODEL
        assert model.validate(draft.contents) == []


@pytest.mark.parametrize("blanks", [False, True])
@pytest.mark.parametrize(
    "contents",
    [{}, {"text": "Käse", "count": None}, {"part": {"$metadata": {}, "text": "x"}}],
)
def test_lines_of_a_model_that_comes_often_are_known(
    conforming: ConformingTwins, contents: dict[str, Any], *, blanks: bool
) -> None:
    """Whatever of the model they have."""
    line = line_of(twin(**contents), blanks=blanks)
    known = conforming.read(line)
    assert known is not None
    assert known[0] == exchange_lines.read_twin(line)


@pytest.mark.parametrize(
    "line",
    [
        line_of(twin(text="x"))[:-1] + b',"text":"x"}',
        line_of(twin(text="x"), blanks=True)[:-1] + b', "text": "x"}',
        line_of(twin(text="x:"), blanks=True)[:-1] + b', "unknown": "x:"}',
        line_of(twin(text="\n")).replace(rb"\n", rb"\ud800"),
        line_of(twin(text="x")).replace(b'"x"', b'"\xff"'),
        line_of(twin(part={"text": "x"})).replace(b'"x"', b'"x","text":"x"'),
        line_of(twin(text="x"))[:-1],
        line_of(twin(count=1))[:-1] + b".0}",
        line_of(twin(count="x")),
        line_of(twin(unknown=1)),
        line_of(twin() | {"$dtId": "\x7f"}),
        line_of(twin() | {"$dtId": ""}),
        b'{"$model":"' + THING.encode() + b'"}',
        b"",
    ],
)
def test_bad_lines_are_left_to_who_tells_what_is_wrong(
    conforming: ConformingTwins, line: bytes
) -> None:
    """They are bad to the other reader, or to the model."""
    assert conforming.read(line) is None
    try:
        draft = exchange_lines.read_twin(line)
    except RegistryError:
        return
    assert MODEL.validate(draft.contents) != []
