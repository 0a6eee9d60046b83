"""User tokens: signed by the registry, for front ends that must not hold a secret.

A token is a JWT (RFC 7519, HS256). It inherits the permissions of its user, and never outlives what
it descends from: it ends with the secret behind it, and a token made from a token keeps its
dictionary, has at most its options, and ends with it unless that one may be refreshed.
"""

from collections.abc import Mapping
from typing import Any

import jwt
import msgspec
from jwt.types import Options

from twinhold.registry.errors import PermissionDeniedError, UnauthenticatedError
from twinhold.registry.principal import Principal, Token

ALGORITHM = "HS256"
_NOT_CHECKED_HERE: Options = {"verify_exp": False, "verify_sub": False, "verify_iat": False}
_MICROSECONDS = 1_000_000


class Claims(msgspec.Struct, frozen=True):
    """What a token says; its end in microseconds, None means with its secret."""

    user: str
    secret: str
    dictionary: dict[str, Any]
    options: list[str]
    validity: int | None


class Keyring:
    """The keys that sign tokens: the newest signs, all of them verify."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take the keys by their identifiers, in the order of their age."""
        self._keys = dict(keys)
        self._newest = next(reversed(self._keys))

    @property
    def count(self) -> int:
        """How many keys verify."""
        return len(self._keys)

    def knows(self, token: str) -> bool:
        """Whether the key that a token names is here.

        Raises:
            UnauthenticatedError: it is no token.
        """
        try:
            return jwt.get_unverified_header(token).get("kid") in self._keys
        except jwt.InvalidTokenError:
            raise _not_valid() from None

    def sign(self, claims: Claims) -> str:
        """The token that says this."""
        return jwt.encode(
            msgspec.to_builtins(claims),
            self._keys[self._newest],
            algorithm=ALGORITHM,
            headers={"kid": self._newest},
        )

    def read(self, token: str) -> Claims:
        """What a token says, once its signature is verified; its end is not looked at.

        Raises:
            UnauthenticatedError: it is no token of this registry.
        """
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            said = jwt.decode(token, key, algorithms=[ALGORITHM], options=_NOT_CHECKED_HERE)
            return msgspec.convert(said, Claims)
        except (jwt.InvalidTokenError, KeyError, msgspec.ValidationError):
            raise _not_valid() from None


def looks_like_token(credential: str) -> bool:
    """Whether a credential has the form of a JWT; a secret has no dot."""
    return credential.count(".") == 2


def create(
    actor: Principal, dictionary: dict[str, Any], options: frozenset[str], validity: int | None
) -> Claims:
    """What a new token of the caller says.

    Raises:
        PermissionDeniedError: it would have an option that the caller's own token lacks.
    """
    parent = actor.token
    if parent is not None:
        if not options <= parent.options:
            raise PermissionDeniedError("A token cannot make one with options it does not have.")
        dictionary = dictionary | parent.dictionary
        if "refresh" not in parent.options:
            validity = earlier(validity, actor.validity)
    return Claims(actor.user, actor.secret, dictionary, sorted(options), validity)


def refresh(actor: Principal, validity: int | None) -> Claims:
    """A copy of the caller's token with another end.

    Raises:
        PermissionDeniedError: the caller has no token.
    """
    if actor.token is None:
        raise PermissionDeniedError("Only a token can be refreshed.")
    token = actor.token
    return Claims(actor.user, actor.secret, token.dictionary, sorted(token.options), validity)


def carried(claims: Claims) -> Token:
    """What a principal knows of their token."""
    return Token(claims.dictionary, frozenset(claims.options))


def earlier(one: int | None, other: int | None) -> int | None:
    """The earlier of two ends; None is never."""
    ends = [end for end in (one, other) if end is not None]
    return min(ends, default=None)


def _not_valid() -> UnauthenticatedError:
    return UnauthenticatedError("The token is not valid.")
