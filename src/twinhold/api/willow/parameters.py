"""Parameters of the query, whose names count in any case, as the vendor's service reads them."""

from twinhold.api.kit.request import Query, Request


class AnyCase(Query):
    """Parameters kept under their names in lower case."""

    def text(self, name: str) -> str | None:
        """The last value of a parameter, or None where it is not sent."""
        return super().text(name.lower())


def query(request: Request) -> AnyCase:
    """The parameters of a request."""
    lowered: dict[str, list[str]] = {}
    for name, values in request.query.values.items():
        lowered.setdefault(name.lower(), []).extend(values)
    return AnyCase(lowered)
