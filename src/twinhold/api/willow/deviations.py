"""What is told to a client whose twin or relationship was kept although it breaks its model."""

from collections.abc import Mapping
from urllib.parse import quote

from twinhold.api.kit.operations import Reply
from twinhold.registry.validation import Deviations

_MOST_TOLD = 5
_LONGEST = 100


def reply(
    body: str, deviations: Deviations | None, headers: Mapping[str, str] | None = None
) -> Reply:
    """An answer that says in the header `Warning` where the model was not followed, if it was not.

    Pointers are percent-encoded, as in a fragment of a URI (RFC 6901, section 6).
    """
    said = dict(headers or {})
    if deviations is not None:
        said["warning"] = f'199 twinhold "{_sentence(deviations)}"'
    return Reply(200, body.encode(), headers=said, deviations=deviations)


def _sentence(deviations: Deviations) -> str:
    count = deviations.count
    values = "1 value does" if count == 1 else f"{count} values do"
    told = [quote(one.pointer, safe="/~$")[:_LONGEST] for one in deviations.first[:_MOST_TOLD]]
    more = ", ..." if count > len(told) else ""
    return f"{values} not follow the model: {', '.join(told)}{more}"
