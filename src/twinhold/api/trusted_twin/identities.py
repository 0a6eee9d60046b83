"""Handlers of the identity operations."""

from typing import Literal

import msgspec

from twinhold.api.kit import forms
from twinhold.api.kit.decode import decode, decode_mapping
from twinhold.api.kit.operations import Operation, Parameter
from twinhold.api.kit.request import Query, Request
from twinhold.api.trusted_twin.wire import contexts
from twinhold.api.trusted_twin.wire import identities as wire
from twinhold.api.trusted_twin.wire import twins as twins_wire
from twinhold.registry import documents, identities, ids, rule_texts
from twinhold.registry.identities import Lookup, Selection


async def create_twin_identity(request: Request) -> bytes:
    """POST /twins/{twin}/identities."""
    twin, sent = _twin(request), decode_mapping(request.body, "identities", wire.IdentityInput)
    places = {name: f"/identities/{documents.escape(name)}" for name in sent}
    for name, place in places.items():
        identities.check_name(name, place)
    await _check_rules({places[name]: one for name, one in sent.items()})
    wanted = {name: wire.change(one, places[name]) for name, one in sent.items()}
    made = await request.write(identities.create, twin, wanted)
    return msgspec.json.encode({"identities": {one.identity: wire.written(one) for one in made}})


async def get_twin_identities(request: Request) -> bytes:
    """GET /twins/{twin}/identities."""
    selection, own = _selection(request.query), request.call.actor.account
    found = await request.read_any(identities.get_all, _twin(request), selection)
    return msgspec.json.encode(
        {"identities": {one.identity: wire.listed(one, own) for one in found}}
    )


async def get_twin_identity(request: Request) -> bytes:
    """GET /twins/{twin}/identities/{identity}."""
    found = await request.read(identities.get, _twin(request), _identity(request))
    return msgspec.json.encode(wire.written(found))


async def update_twin_identity(request: Request) -> bytes:
    """PATCH /twins/{twin}/identities/{identity}."""
    twin, identity = _twin(request), _identity(request)
    sent = decode(request.body, wire.IdentityInput)
    await _check_rules({"": sent})
    found = await request.write(identities.update, twin, identity, wire.change(sent))
    return msgspec.json.encode(wire.written(found))


async def delete_twin_identity(request: Request) -> bytes:
    """DELETE /twins/{twin}/identities/{identity}."""
    found = await request.write(identities.delete, _twin(request), _identity(request))
    return msgspec.json.encode(wire.written(found))


async def resolve_twin_identity(request: Request) -> bytes:
    """GET /resolve/{identity}."""
    details = request.query.boolean("details", default=False)
    lookup = Lookup(
        identity=_identity(request),
        accounts=contexts.accounts(request, default="personal"),
        visible_only=details,
        shape=twins_wire.TWIN if details else twins_wire.TWIN_UUID,
    )
    found = await request.read_any(identities.resolve, lookup)
    return f'{{"twins":[{",".join(found)}]}}'.encode()


async def _check_rules(sent: dict[str, wire.IdentityInput]) -> None:
    """Read the visibilities before anything is stored; each costs about a millisecond."""
    await rule_texts.check(
        (one.visibility, f"{place}/visibility")
        for place, one in sent.items()
        if isinstance(one.visibility, str)
    )


def _selection(query: Query) -> Selection:
    return Selection(
        personal=query.boolean("show_personal", default=True),
        foreign=_foreign(query.text("show_foreign")),
        expired=query.boolean("show_expired", default=False),
        valid=query.boolean("show_valid", default=True),
        public=query.boolean("show_public", default=True),
        private=query.boolean("show_private", default=True),
    )


def _foreign(text: str | None) -> str | None:
    """The other account that is asked for; the vendor writes false for none."""
    if text is None or text.lower() in {"false", "0"}:
        return None
    return ids.parse_uuid(text, "show_foreign")


def _twin(request: Request) -> str:
    return ids.parse_uuid(request.path["twin"], "twin")


def _identity(request: Request) -> str:
    return identities.check_name(request.path["identity"])


_FOREIGN = forms.Uuid | Literal["false"]

OPERATIONS = (
    Operation(
        name="get_twin_identities",
        method="GET",
        path="/twins/{twin}/identities",
        handler=get_twin_identities,
        summary="List identities of a twin.",
        query=(
            Parameter("show_personal", bool, True, "Those of the caller's account."),
            Parameter("show_expired", bool, False, "Of these, those whose validity has ended."),
            Parameter("show_valid", bool, True, "Of these, those that are valid."),
            Parameter("show_public", bool, True, "Of these, those with a visibility."),
            Parameter("show_private", bool, True, "Of these, those without a visibility."),
            Parameter(
                "show_foreign", _FOREIGN, "false", "Those of another account, named by its UUID."
            ),
        ),
        response=wire.IdentityList,
    ),
    Operation(
        name="create_twin_identity",
        method="POST",
        path="/twins/{twin}/identities",
        handler=create_twin_identity,
        summary="Attach identities to a twin, all of them or none.",
        status=201,
        request=wire.IdentitiesInput,
        response=wire.IdentitiesCreated,
    ),
    Operation(
        name="get_twin_identity",
        method="GET",
        path="/twins/{twin}/identities/{identity}",
        handler=get_twin_identity,
        summary="Read an identity of the caller's account.",
        response=wire.IdentityOfTwin,
    ),
    Operation(
        name="update_twin_identity",
        method="PATCH",
        path="/twins/{twin}/identities/{identity}",
        handler=update_twin_identity,
        summary="Change an identity of the caller's account.",
        status=201,
        request=wire.IdentityInput,
        response=wire.IdentityOfTwin,
    ),
    Operation(
        name="delete_twin_identity",
        method="DELETE",
        path="/twins/{twin}/identities/{identity}",
        handler=delete_twin_identity,
        summary="Take an identity of the caller's account off a twin.",
        response=wire.IdentityOfTwin,
    ),
    Operation(
        name="resolve_twin_identity",
        method="GET",
        path="/resolve/{identity}",
        handler=resolve_twin_identity,
        summary="Find the twins that an identity stands for.",
        query=(
            Parameter("context", contexts.Context, "personal", contexts.CONTEXT),
            Parameter("details", bool, False, "Return whole twins, those that the caller may see."),
        ),
        response=wire.Resolved,
    ),
)
