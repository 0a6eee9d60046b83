"""Handlers of imports and exports, ours: lines of exchange files, section by section."""

from typing import get_args

import msgspec

from twinhold.api.kit.forms import Cursor
from twinhold.api.kit.operations import Operation, Parameter, Reply
from twinhold.api.kit.request import Request
from twinhold.api.twinhold import wire
from twinhold.registry import documents, exports, imports, modelled_twins
from twinhold.registry.errors import InvalidValueError, quoted
from twinhold.registry.exports import Section
from twinhold.registry.imports import Outcome
from twinhold.registry.model_imports import ModelImport

NDJSON = "application/x-ndjson"
LARGEST_BODY = 32 * 1024 * 1024
"""Bytes of an import: all models come in one, of which a large ontology has some 2 MB."""

MOST_LINES = {"models": 100_000, "twins": 10_000, "relationships": 10_000}
"""Lines of an import, blank ones too."""

_SECTIONS: dict[str, Section] = {section: section for section in get_args(Section)}


async def import_lines(request: Request) -> bytes:
    """POST /imports."""
    section = _section(request)
    if request.body.count(b"\n") > MOST_LINES[section]:
        raise InvalidValueError(f"At most {MOST_LINES[section]} lines are taken at once.", "")
    if request.query.boolean("ids", default=False):
        return msgspec.json.encode(await _check_ids(request, section))
    lines = imports.lines_of(request.body)
    if section == "models":
        request.kept = work = request.kept or ModelImport(lines)
        return msgspec.json.encode(await work.run(request))
    return msgspec.json.encode(await imports.store_lines(request, section, lines))


async def _check_ids(request: Request, section: Section) -> Outcome:
    """What keeps the twins whose ids are the lines of a body from being imported."""
    if section == "models":
        raise InvalidValueError("Ids are those of twins, also where relationships leave them.")
    ids = documents.parse_array(b"[%b]" % b",".join(request.body.splitlines()))
    wrong = [
        problem
        for number, id_ in enumerate(ids)
        for problem in modelled_twins.check_id(id_, f"/{number}")
    ]
    if wrong:
        raise InvalidValueError(wrong[0].message, wrong[0].pointer)
    return await imports.check_ids(request, section, ids)


async def export_lines(request: Request) -> Reply:
    """GET /exports."""
    page = await request.search(
        exports.page, _section(request), request.query.text("cursor") or None
    )
    headers = {"x-twinhold-left-out": str(page.left_out)}
    if page.cursor is not None:
        headers["x-twinhold-cursor"] = page.cursor
    body = "".join(f"{line}\n" for line in page.lines).encode()
    return Reply(200, body, NDJSON, headers)


def _section(request: Request) -> Section:
    text = request.query.text("section") or ""
    section = _SECTIONS.get(text)
    if section is None:
        known = ", ".join(_SECTIONS)
        raise InvalidValueError(f"The section must be one of {known}, not {quoted(text)}.")
    return section


_SECTION = Parameter(
    "section", Section, None, "What the lines hold: models, twins or relationships.", required=True
)

OPERATIONS = (
    Operation(
        name="import_lines",
        method="POST",
        path="/imports",
        handler=import_lines,
        summary="Store lines of an exchange file; bad ones are left out and reported.",
        query=(
            _SECTION,
            Parameter(
                "ids",
                bool,
                False,
                "The lines are only ids of twins, as JSON texts: say which could not be put, or be "
                "left by relationships, as they are now; store nothing.",
            ),
        ),
        request=str,
        request_media=NDJSON,
        largest_body=LARGEST_BODY,
        response=wire.Imported,
        needs=("upload_models", "create_twin", "update_twin", "put_relationship"),
    ),
    Operation(
        name="export_lines",
        method="GET",
        path="/exports",
        handler=export_lines,
        summary="Read what the account has as lines of an exchange file, a page at a time; "
        "the header x-twinhold-cursor has where the next page begins.",
        query=(
            _SECTION,
            Parameter("cursor", Cursor, None, "Where the page begins; none for the first."),
        ),
        response_media=NDJSON,
        needs=("get_models", "scan_twins", "get_relationships"),
    ),
)
