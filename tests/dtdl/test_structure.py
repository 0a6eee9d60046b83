"""What takes several elements: inheritance, components, nesting, partitions, sizes, resolving."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from twinhold import dtdl

Make = Callable[..., dict[str, Any]]
Refused = Callable[..., list[tuple[str, str]]]


def prop(name: str, schema: object = "double") -> dict[str, Any]:
    """A Property."""
    return {"@type": "Property", "name": name, "schema": schema}


def chain(interface: Make, length: int, v: int = 3) -> list[dict[str, Any]]:
    """Interfaces i0 to i<length>, each but the first extending the one before."""
    links = [interface("i0", v=v)]
    links += [
        interface(f"i{n}", v=v, extends=f"dtmi:test:i{n - 1};1") for n in range(1, length + 1)
    ]
    return links


@pytest.mark.parametrize(("v", "depth"), [(2, 10), (3, 10), (4, 12)])
def test_depth_of_extends(interface: Make, refused: Refused, v: int, depth: int) -> None:
    """The limit of the version holds, whatever the order of the documents."""
    links = chain(interface, depth, v)
    random.Random(0).shuffle(links)
    models = dtdl.parse(links)
    assert models[f"dtmi:test:i{depth};1"].ancestors == tuple(
        f"dtmi:test:i{n};1" for n in reversed(range(depth))
    )
    assert refused(*chain(interface, depth + 1, v)) == [("dtdl.depth_exceeded", "")]


def test_number_of_extends(interface: Make, refused: Refused) -> None:
    """v2 allows two direct parents; v3 any number, up to 1,024 ancestors."""
    parents = [interface(f"p{n}", v=2) for n in range(3)]
    child = interface("child", v=2, extends=["dtmi:test:p0;1", "dtmi:test:p1;1"])
    assert dtdl.parse([*parents, child])
    child["extends"].append("dtmi:test:p2;1")
    assert refused(*parents, child) == [("dtdl.too_many", "/extends")]
    parents = [interface(f"p{n}") for n in range(1025)]
    child = interface("child", extends=[f"dtmi:test:p{n};1" for n in range(1024)])
    assert len(dtdl.parse([*parents, child])["dtmi:test:child;1"].ancestors) == 1024
    child["extends"].append("dtmi:test:p1024;1")
    assert refused(*parents, child) == [("dtdl.too_many", "")]


def test_cycles_of_extends(interface: Make, refused: Refused) -> None:
    """No Interface extends itself, directly or not."""
    assert refused(interface("a", extends="dtmi:test:a;1")) == [("dtdl.recursive", "")]
    a, b = interface("a", extends="dtmi:test:b;1"), interface("b", extends="dtmi:test:a;1")
    assert ("dtdl.recursive", "") in refused(a, b)


def test_inherited_contents(interface: Make) -> None:
    """Contents come from all ancestors, a diamond brings them once, own ones come last."""
    top = interface("top", contents=prop("t"))
    left = interface("left", extends="dtmi:test:top;1", contents=prop("l"))
    right = interface("right", extends="dtmi:test:top;1", contents=prop("r"))
    bottom = interface(
        "bottom", extends=["dtmi:test:left;1", "dtmi:test:right;1"], contents=prop("b")
    )
    model = dtdl.parse([bottom, left, right, top])["dtmi:test:bottom;1"]
    assert set(model.contents) == {"t", "l", "r", "b"}
    assert list(model.contents)[-1] == "b"
    assert model.contents["t"].dtmi == "dtmi:test:top:_contents:__t;1"
    assert model.ancestors == ("dtmi:test:left;1", "dtmi:test:right;1", "dtmi:test:top;1")
    assert model.is_a("dtmi:test:top;1")
    assert model.is_a("dtmi:test:bottom;1")
    assert not model.is_a("dtmi:test:other;1")


def test_names_are_unique_over_the_hierarchy(interface: Make, refused: Refused) -> None:
    """An inherited name is neither redefined nor inherited twice from different Interfaces."""
    top = interface("top", contents=prop("p"))
    assert refused(top, interface("low", extends="dtmi:test:top;1", contents=prop("p"))) == [
        ("dtdl.name_duplicate", "/contents")
    ]
    other = interface("other", contents=prop("p", "string"))
    both = interface("both", extends=["dtmi:test:top;1", "dtmi:test:other;1"])
    below = interface("below", extends="dtmi:test:both;1")
    assert refused(top, other, both, below) == [("dtdl.name_duplicate", "")]
    twice = interface("twice", contents=[prop("p"), prop("p", "string")])
    assert refused(twice) == [("dtdl.name_duplicate", "/contents/1")]
    with_ids = [prop("p") | {"@id": f"dtmi:test:p{n};1"} for n in (1, 2)]
    assert refused(interface("ids", contents=with_ids)) == [("dtdl.name_duplicate", "/contents/1")]


def test_v2_counts_inherited_contents(interface: Make, refused: Refused) -> None:
    """At most 300, the inherited ones included."""
    top = interface("top", v=2, contents=[prop(f"a{n}") for n in range(200)])
    low = interface(
        "low", v=2, extends="dtmi:test:top;1", contents=[prop(f"b{n}") for n in range(100)]
    )
    assert len(dtdl.parse([top, low])["dtmi:test:low;1"].contents) == 300
    low["contents"].append(prop("c"))
    assert refused(top, low) == [("dtdl.too_many", "")]


def test_components_do_not_nest(interface: Make, refused: Refused) -> None:
    """The Interface of a component has none itself, not even inherited ones."""

    def part(schema: str) -> dict[str, Any]:
        return {"@type": "Component", "name": "part", "schema": f"dtmi:test:{schema};1"}

    leaf, owner = interface("leaf"), interface("owner", contents=part("leaf"))
    assert dtdl.parse([leaf, owner])
    heir = interface("heir", extends="dtmi:test:owner;1")
    for name in ("owner", "heir"):
        top = interface("top", contents=part(name))
        assert ("dtdl.excluded_type", "/contents/schema") in refused(leaf, owner, heir, top)
    assert refused(interface("self", contents=part("self"))) == [
        ("dtdl.excluded_type", "/contents/schema")
    ]


def nested(kind: str, depth: int) -> dict[str, Any]:
    """A schema of `depth` levels."""
    inner: object = "double"
    for _ in range(depth):
        if kind == "Array":
            inner = {"@type": "Array", "elementSchema": inner}
        elif kind == "Map":
            value = {"name": "v", "schema": inner}
            inner = {"@type": "Map", "mapKey": {"name": "k", "schema": "string"}, "mapValue": value}
        else:
            inner = {"@type": "Object", "fields": [{"name": "f", "schema": inner}]}
    assert isinstance(inner, dict)
    return inner


@pytest.mark.parametrize("kind", ["Array", "Map", "Object"])
@pytest.mark.parametrize(("v", "depth"), [(2, 5), (3, 5), (4, 8)])
def test_depth_of_schemas(interface: Make, refused: Refused, v: int, depth: int, kind: str) -> None:
    """The number of steps from a schema to its innermost one is limited."""
    content = {"@type": "Telemetry", "name": "t"}
    assert dtdl.parse([interface(v=v, contents=content | {"schema": nested(kind, depth)})])
    deeper = interface(v=v, contents=content | {"schema": nested(kind, depth + 1)})
    assert refused(deeper) == [("dtdl.depth_exceeded", "/contents/schema")]


def test_recursive_schemas_need_v4(interface: Make, refused: Refused) -> None:
    """A schema that contains itself is refused before v4; in v4 its values nest freely."""
    field = {"name": "child", "schema": "dtmi:test:node;1"}
    node = {
        "@id": "dtmi:test:node;1",
        "@type": "Object",
        "fields": [field, {"name": "v", "schema": "integer"}],
    }
    document = interface(v=3, schemas=[node], contents=prop("tree", "dtmi:test:node;1"))
    assert refused(document) == [("dtdl.recursive", "/schemas/0")]
    models = dtdl.parse([document | {"@context": "dtmi:dtdl:context;4"}])
    value: dict[str, Any] = {"v": 1}
    for _ in range(50):
        value = {"child": value}
    assert models["dtmi:test:thing;1"].validate({"tree": value}) == []
    wrong = models["dtmi:test:thing;1"].validate({"tree": {"child": {"child": {"v": "x"}}}})
    assert [found.pointer for found in wrong] == ["/tree/child/child/v"]


def test_schemas_are_visible_inside_their_interface_only(interface: Make, refused: Refused) -> None:
    """Neither an heir nor an owner sees the reusable schemas of another Interface."""
    schema = {"@id": "dtmi:test:e;1", "@type": "Enum", "valueSchema": "integer"}
    top = interface("top", schemas=[schema], contents=prop("p", "dtmi:test:e;1"))
    assert dtdl.parse([top])
    low = interface("low", extends="dtmi:test:top;1", contents=prop("q", "dtmi:test:e;1"))
    assert refused(top, low) == [("dtdl.reference_outside", "/contents/schema")]
    inside = interface("inside", contents=prop("q", "dtmi:test:e;1"))
    owner = top | {"contents": {"@type": "Component", "name": "c", "schema": inside}}
    assert refused(owner) == [("dtdl.reference_outside", "/contents/schema/contents/schema")]


def test_an_inline_schema_may_be_reused(interface: Make) -> None:
    """Any schema with an @id can be named by another place of the same Interface."""
    enum = {"@id": "dtmi:test:e;1", "@type": "Enum", "valueSchema": "integer"}
    document = interface(contents=[prop("p", enum), prop("q", "dtmi:test:e;1")])
    model = dtdl.parse([document])["dtmi:test:thing;1"]
    assert model.properties["q"].schema == model.properties["p"].schema == "dtmi:test:e;1"


def test_interfaces_may_be_written_inside_others(interface: Make) -> None:
    """As bases and as component schemas; all of them become models."""
    base = interface("base", contents=prop("b"))
    part = interface("part", contents=prop("p"))
    component = {"@type": "Component", "name": "c", "schema": part}
    models = dtdl.parse([interface(extends=[base], contents=[component])])
    assert set(models) == {"dtmi:test:thing;1", "dtmi:test:base;1", "dtmi:test:part;1"}
    assert models["dtmi:test:thing;1"].interface.depends_on == (
        "dtmi:test:base;1",
        "dtmi:test:part;1",
    )


def test_size_of_the_text(interface: Make, refused: Refused) -> None:
    """One Interface has at most 1 MiB of JSON text, from v3 on."""
    contents = [prop(f"n{n}") | {"comment": "c" * 500} for n in range(2000)]
    assert refused(interface(contents=contents)) == [("dtdl.too_large", "")]
    assert refused(interface(v=2, contents=contents)) == [("dtdl.too_many", "")]


def test_number_of_elements(interface: Make, refused: Refused) -> None:
    """At most 100,000 elements with those of ancestors and components."""
    parts = [
        {"@type": "Component", "name": f"c{n}", "schema": "dtmi:test:part;1"} for n in range(21)
    ]
    part = interface(
        "part",
        contents=[{"@type": "Telemetry", "name": f"t{n}", "schema": "date"} for n in range(5000)],
    )
    assert dtdl.parse([part, interface(contents=parts[:19])])
    assert refused(part, interface(contents=parts)) == [("dtdl.too_many", "")]


def test_the_resolver_is_asked_until_nothing_is_missing(interface: Make) -> None:
    """With the missing DTMIs in order, once each; what it returns may need more."""
    store = {f"dtmi:test:{name};1": interface(name) for name in ("a", "b", "c")}
    store["dtmi:test:a;1"]["extends"] = ["dtmi:test:c;1"]
    asked: list[list[str]] = []

    def resolve(dtmis: Sequence[str]) -> list[object]:
        asked.append(list(dtmis))
        return [store[dtmi] for dtmi in dtmis]

    models = dtdl.parse([interface(extends=["dtmi:test:a;1", "dtmi:test:b;1"])], resolve)
    assert asked == [["dtmi:test:a;1", "dtmi:test:b;1"], ["dtmi:test:c;1"]]
    assert set(models) == {"dtmi:test:thing;1", *store}


@pytest.mark.parametrize("answer", [None, [], ()])
def test_what_the_resolver_does_not_know_is_reported(interface: Make, answer: object) -> None:
    """With all places that refer to it."""
    document = interface(
        extends=["dtmi:test:a;1"],
        contents={"@type": "Component", "name": "c", "schema": "dtmi:test:a;1"},
    )
    with pytest.raises(dtdl.InvalidModelError) as caught:
        dtdl.parse([document], lambda _: answer)  # type: ignore[arg-type, return-value]
    assert caught.value.unresolved == ("dtmi:test:a;1",)
    assert [found.pointer for found in caught.value.violations] == [
        "/extends/0",
        "/contents/schema",
    ]


def test_resolved_documents_are_checked_too(interface: Make) -> None:
    """Their violations are counted on after the documents passed."""
    with pytest.raises(dtdl.InvalidModelError) as caught:
        dtdl.parse([interface(extends="dtmi:test:a;1")], lambda _: [interface("a", foo=1)])
    assert [(found.document, found.pointer) for found in caught.value.violations] == [(1, "/foo")]


def test_old_spellings_are_tolerated_on_request_in_v2_only(
    interface: Make, refused: Refused
) -> None:
    """References as objects, reserved ids, repeated contents without @id."""
    base = interface("base", v=2, contents=[prop("p"), prop("p", "integer")])
    document = interface(v=2, at_id="dtmi:dtdl:mine;1", extends=[{"@id": "dtmi:test:base;1"}])
    assert len(refused(base, document)) == 3
    models = dtdl.parse([base, document], options=dtdl.Options(tolerate=True))
    assert models["dtmi:dtdl:mine;1"].ancestors == ("dtmi:test:base;1",)
    newer = [item | {"@context": "dtmi:dtdl:context;3"} for item in (base, document)]
    assert len(refused(*newer, tolerate=True)) == 3
    assert dtdl.parse(
        [interface("x", v=2, extends="dtmi:dtdl:mine;1") | {"extends": "dtmi:test:y;1"}],
        lambda _: [interface("y", v=2, extends=[{"@id": "dtmi:test:z;1"}]), interface("z", v=2)],
        dtdl.Options(tolerate_resolved=True),
    )


def test_wide_inheritance_costs_no_product(interface: Make) -> None:
    """A thousand heirs of a thousand contents take no million steps of memory or time."""
    top = interface("top", contents=[prop(f"p{n}") for n in range(1000)])
    heirs = [
        interface(f"h{n}", extends="dtmi:test:top;1", contents=prop("own")) for n in range(1000)
    ]
    start = time.process_time()
    models = dtdl.parse([top, *heirs])
    assert time.process_time() - start < 2
    assert len(models["dtmi:test:h7;1"].contents) == 1001
