"""Contexts: versions, order, extensions by policy, limits, and how they merge down a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twinhold import dtdl

Make = Callable[..., dict[str, Any]]
Refused = Callable[..., list[tuple[str, str]]]
Codes = Callable[..., set[str]]
Accepts = Callable[..., bool]

V2, V3, V4 = (f"dtmi:dtdl:context;{version}" for version in (2, 3, 4))
CENTRAL, OPERATIONS = "dtmi:iotcentral:context;2", "dtmi:iotoperations:context;4"
HISTORIZED = "dtmi:dtdl:extension:historization;2"
ONVIF, LIMITLESS, LIMITS = "dtmi:dtdl:limits:onvif;1", f"{V4}#limitless", f"{V4}#limits"


@pytest.fixture
def accepts(codes: Codes) -> Callable[..., bool]:
    """Tells whether an empty Interface with an @context is accepted."""

    def accept(context: object, **options: Any) -> bool:
        document = {"@context": context, "@id": "dtmi:test:thing;1", "@type": "Interface"}
        found = codes(document, **options)
        assert found <= {"dtdl.context_invalid", "dtdl.context_unknown"}
        return not found

    return accept


@pytest.mark.parametrize(
    "context",
    [
        V2,
        V3,
        V4,
        [V3],
        [V2, V2],
        [V2, V3],
        [V3, HISTORIZED],
        [V3, "dtmi:dtdl:extension:historization;1", HISTORIZED],
        [CENTRAL, V2],
        [V2, CENTRAL],
        [V2, "dtmi:some:thing;1"],
        [LIMITLESS, LIMITS],
        [LIMITLESS, V4],
        [LIMITLESS, LIMITS, HISTORIZED],
    ],
)
def test_accepted_contexts(accepts: Accepts, context: object) -> None:
    """A DTDL context first, extensions after it, limits right behind #limitless."""
    assert accepts(context)


@pytest.mark.parametrize(
    "context",
    [
        None,
        5,
        True,
        {},
        {"a": "dtmi:b;1"},
        [],
        [None],
        [[V3]],
        [V3, {"a": "b"}],
        "dtmi:dtdl:context",
        "dtmi:dtdl:context;1",
        "dtmi:dtdl:context;5",
        "dtmi:dtdl:context;3.1",
        "context;3",
        HISTORIZED,
        [HISTORIZED, V3],
        [V3, HISTORIZED, V3],
        [CENTRAL, V3],
        [CENTRAL],
        [V2, CENTRAL, V2],
        [V3, "http://example.com"],
        [V3, "dtmi://example.com"],
        [V3, "dtmi:some:thing"],
        [V3, "dtmi:some:thing;1"],
        [V2, "dtmi:some:thing;1.1"],
        [V3, "dtmi:dtdl:extension:historization;100"],
        [V3, f"{HISTORIZED}#limits"],
        "dtmi:dtdl:context;3#limitless",
        f"{V4}#foobar",
        LIMITLESS,
        LIMITS,
        [LIMITLESS, LIMITLESS],
        [LIMITLESS, LIMITLESS, LIMITS],
        [LIMITLESS, LIMITS, LIMITS],
        [LIMITLESS, f"{V4}#foobar"],
        [LIMITLESS, HISTORIZED, LIMITS],
        [V4, LIMITS],
        [V4, ONVIF],
        [LIMITLESS, ONVIF],
        [LIMITLESS, f"{ONVIF}#limits"],
    ],
)
def test_refused_contexts(accepts: Accepts, context: object) -> None:
    """Anything else is refused, at the @context."""
    assert not accepts(context)


@pytest.mark.parametrize(
    ("undefined", "v2", "v3"),
    [
        (dtdl.Undefined.ALLOW, True, True),
        (dtdl.Undefined.REFUSE, False, False),
        (dtdl.Undefined.BY_VERSION, True, False),
    ],
)
def test_unknown_extensions_by_policy(
    accepts: Accepts, undefined: dtdl.Undefined, *, v2: bool, v3: bool
) -> None:
    """By default v2 tolerates extensions it does not know, and later versions do not."""
    assert accepts([V2, "dtmi:some:thing;1"], undefined=undefined) is v2
    assert accepts([V3, "dtmi:some:thing;1.1"], undefined=undefined) is v3
    assert accepts([V4, "dtmi:dtdl:extension:mqtt;99"], undefined=undefined) is v3


def test_the_highest_version_is_an_option(accepts: Accepts) -> None:
    """A service may accept lower versions only."""
    assert accepts(V3, max_version=3)
    assert not accepts(V4, max_version=3)


@pytest.mark.parametrize("accepted", ["dtmi:dtdl:limits:onvif", ONVIF])
def test_limits_must_be_accepted_by_option(accepts: Accepts, accepted: str) -> None:
    """By family or by version."""
    assert accepts([LIMITLESS, ONVIF], limits=(accepted,))
    assert not accepts([LIMITLESS, ONVIF], limits=("dtmi:dtdl:limits:onvif;2",))
    assert not accepts([LIMITLESS, "dtmi:dtdl:limits:aio;1"], limits=(accepted,))


@pytest.mark.parametrize(
    ("limits", "description", "ids"), [("onvif", 4096, 256), ("aio", 2048, 256), ("", 512, 128)]
)
def test_limits_extensions_raise_limits(limits: str, description: int, ids: int) -> None:
    """Descriptions and Interface ids may be longer under them."""
    context = [LIMITLESS, f"dtmi:dtdl:limits:{limits};1"] if limits else V4

    def accepted(length: int, id_length: int) -> bool:
        id_ = "dtmi:" + "a" * (id_length - 7) + ";1"
        document = {
            "@context": context,
            "@id": id_,
            "@type": "Interface",
            "description": "d" * length,
        }
        try:
            dtdl.parse(
                [document],
                options=dtdl.Options(limits=("dtmi:dtdl:limits:onvif", "dtmi:dtdl:limits:aio")),
            )
        except dtdl.InvalidModelError:
            return False
        return True

    assert accepted(description, ids)
    assert not accepted(description + 1, ids)
    assert not accepted(description, ids + 1)


def historized(**members: Any) -> dict[str, Any]:
    """A Property with a co-type of the historization extension."""
    return {"@type": ["Property", "Historized"], "name": "p", "schema": "double"} | members


def test_contexts_merge_down_the_document(interface: Make, refused: Refused) -> None:
    """An extension is in force below the object that names it, and nowhere else."""
    assert dtdl.parse([interface(at_context=[V3, HISTORIZED], contents=[historized()])])
    below = historized(**{"@context": HISTORIZED})
    assert dtdl.parse([interface(contents=[below])])
    assert refused(interface(contents=[below, historized(name="q")])) == [
        ("dtdl.cotype_unknown", "/contents/1/@type")
    ]
    child = interface("child", contents=[historized()]) | {"@context": HISTORIZED}
    component = {"@type": "Component", "name": "c", "schema": child}
    assert dtdl.parse([interface(contents=[component])])


def test_an_empty_context_below_changes_nothing(interface: Make) -> None:
    """It is only refused at the top."""
    content = {"@context": [], "@type": "Telemetry", "name": "t", "schema": "double"}
    assert dtdl.parse([interface(contents=[content])])


def test_a_nested_context_may_change_the_version(interface: Make, refused: Refused) -> None:
    """Contents may be of a lower version than their Interface, not of a higher one."""
    content = {"@context": V2, "@type": "Property", "name": "p", "schema": "double"}
    assert dtdl.parse([interface(v=3, contents=[content])])
    content["@context"] = V4
    assert refused(interface(v=3, contents=[content])) == [("dtdl.version_mismatch", "/contents/0")]


@pytest.mark.parametrize(
    ("v", "incomplete", "types", "members", "valid"),
    [
        (2, False, ["Foobar"], {}, True),
        (2, False, ["http://foo.com/bar"], {}, True),
        (2, False, ["dtmi:foo//bar"], {}, False),
        (2, False, ["dtmi:foo:bar;1"], {}, False),
        (2, False, ["boolean"], {}, False),
        (2, True, ["dtmi:foo:bar;1"], {}, True),
        (2, True, ["boolean"], {}, True),
        (2, False, ["Foobar"], {"foobar": {}}, True),
        (2, False, ["Foobar"], {"dtmi:foo//bar": 1}, True),
        (2, False, ["Foobar"], {"writable": None}, False),
        (2, False, ["Foobar"], {"target": None}, True),
        (2, False, [], {"foobar": {}}, False),
        (2, True, [], {"foobar": {}}, False),
        (3, False, ["Foobar"], {}, False),
        (3, True, ["Foobar"], {}, True),
        (3, True, ["http://foo.com/bar"], {}, False),
        (3, True, ["dtmi:foo//bar"], {}, False),
        (3, True, ["dtmi:foo:bar;1"], {}, True),
        (3, True, ["Foobar"], {"foobar": {}}, True),
        (3, True, ["Foobar"], {"dtmi:foo:bar;1": 1}, True),
        (3, True, ["Foobar"], {"target": None}, True),
        (3, True, ["Foobar"], {"dtmi:foo//bar": 1}, False),
        (3, True, ["Foobar"], {"http://foo.com/bar": 1}, False),
        (3, True, [], {"foobar": {}}, False),
        (4, True, ["Foobar"], {"foobar": {}}, True),
    ],
)
def test_undefined_cotypes_and_properties(
    interface: Make,
    v: int,
    *,
    incomplete: bool,
    types: list[str],
    members: dict[str, Any],
    valid: bool,
) -> None:
    """What no context defines is accepted as the version and an unknown context allow."""
    content = {"@type": ["Property", *types], "name": "p", "schema": "double"} | members
    document = interface(v=v, contents=[content])
    if incomplete:
        document["@context"] = [document["@context"], "dtmi:some:thing;1"]
    try:
        model = dtdl.parse([document], options=dtdl.Options(undefined=dtdl.Undefined.ALLOW))
    except dtdl.InvalidModelError:
        assert not valid
    else:
        assert valid
        assert model["dtmi:test:thing;1"].properties["p"].notes.cotypes == ()


def test_partner_prefixes_are_reserved_under_their_context(
    interface: Make, refused: Refused
) -> None:
    """A document that uses a partner's context must not use the partner's ids."""
    mine = interface(at_id="dtmi:iotoperations:mine;1", v=4)
    assert dtdl.parse([mine])
    assert refused(mine | {"@context": [V4, OPERATIONS]}) == [("dtdl.id_reserved", "/@id")]
    central = interface(at_id="dtmi:iotcentral:mine;1", v=2)
    assert dtdl.parse([central])
    assert refused(central | {"@context": [V2, CENTRAL]}) == [("dtdl.id_reserved", "/@id")]
