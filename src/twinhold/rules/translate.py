r"""A regular expression of Python in the syntax of RE2.

Python's own parser reads the pattern, so that both engines are given the same meaning; what would
mean something else to RE2 is spelled out: `\d`, `\w`, `\s` are Unicode classes, and `$` also
stands before a final line break. Word boundaries are those of ASCII text. Look-around, references
to groups and atomic groups have no equivalent and are refused.
"""

from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

from twinhold.rules.errors import RuleSyntaxError

__all__ = ["positions", "to_re2"]

_SPACE = (
    r"\t-\r\x{1c}- \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}"
    r"\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
)
_UNICODE = {
    sre.CATEGORY_DIGIT: r"\p{Nd}",
    sre.CATEGORY_WORD: r"\p{L}\p{N}_",
    sre.CATEGORY_SPACE: _SPACE,
}
# The same on a text of ASCII only, with a program a hundred times smaller.
_NARROW = {
    sre.CATEGORY_DIGIT: "0-9",
    sre.CATEGORY_WORD: "0-9A-Za-z_",
    sre.CATEGORY_SPACE: r"\t-\r\x{1c}- ",
}
_ASCII = {
    sre.CATEGORY_DIGIT: "0-9",
    sre.CATEGORY_WORD: "0-9A-Za-z_",
    sre.CATEGORY_SPACE: r"\t-\r ",
}
_OPPOSITE = {
    sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT,
    sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD,
    sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
}
_ANCHORS = {
    sre.AT_BEGINNING_STRING: r"\A",
    sre.AT_END_STRING: r"\z",
    sre.AT_BOUNDARY: r"\b",
    sre.AT_NON_BOUNDARY: r"\B",
}
_REFUSED = {
    sre.ASSERT: "look-ahead and look-behind",
    sre.ASSERT_NOT: "look-ahead and look-behind",
    sre.GROUPREF: "a reference to a group",
    sre.GROUPREF_EXISTS: "a condition on a group",
}


def to_re2(tree: Any, *, narrow: bool) -> str:
    """Return the pattern of RE2 that matches what a parsed pattern matches.

    Args:
        tree: What Python's parser made of the pattern.
        narrow: It is for texts of ASCII only.

    Raises:
        RuleSyntaxError: It uses what RE2 cannot do in bounded time.
    """
    return _Translation(tree.state.flags, narrow=narrow).sequence(tree, at_end=True)


def positions(tree: Any) -> int:
    """Return in how many places of a parsed pattern a match can be at the same time, at most."""
    total = 0
    for operation, argument in tree:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, body = argument
            total += max(1, low if high is sre.MAXREPEAT else high) * positions(body)
        elif operation is sre.SUBPATTERN:
            total += positions(argument[3])
        elif operation is sre.BRANCH:
            total += sum(positions(branch) for branch in argument[1])
        else:
            total += 1
    return total


class _Translation:
    """One translation under a set of flags; a group with flags of its own starts another."""

    def __init__(self, flags: int, *, narrow: bool) -> None:
        self.flags = flags
        self.narrow = narrow
        wide = _NARROW if narrow else _UNICODE
        self.classes = _ASCII if flags & sre_parser.SRE_FLAG_ASCII else wide

    def sequence(self, tree: Any, *, at_end: bool) -> str:
        parts = list(tree)
        body = "".join(
            self.part(operation, argument, at_end=at_end and position == len(parts) - 1)
            for position, (operation, argument) in enumerate(parts)
        )
        return f"(?i:{body})" if self.flags & sre_parser.SRE_FLAG_IGNORECASE else body

    def part(self, operation: Any, argument: Any, *, at_end: bool) -> str:
        if operation is sre.LITERAL:
            return _character(argument)
        if operation is sre.NOT_LITERAL:
            return f"[^{_character(argument)}]"
        if operation is sre.ANY:
            return r"(?s:.)" if self.flags & sre_parser.SRE_FLAG_DOTALL else r"[^\n]"
        if operation is sre.IN:
            return self.set(argument)
        if operation is sre.AT:
            return self.anchor(argument, at_end=at_end)
        return self.structure(operation, argument, at_end=at_end)

    def structure(self, operation: Any, argument: Any, *, at_end: bool) -> str:
        if operation is sre.BRANCH:
            _, branches = argument
            return "(?:" + "|".join(self.sequence(b, at_end=at_end) for b in branches) + ")"
        if operation is sre.SUBPATTERN:
            group, added, removed, tree = argument
            inner = _Translation((self.flags | added) & ~removed, narrow=self.narrow)
            body = inner.sequence(tree, at_end=at_end)
            unfolded = "(?-i:" if removed & sre_parser.SRE_FLAG_IGNORECASE else "(?:"
            return ("(" if group else "(?:") + unfolded + body + "))"
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, tree = argument
            count = f"{{{low},{'' if high is sre.MAXREPEAT else high}}}"
            lazy = "?" if operation is sre.MIN_REPEAT else ""
            return f"(?:{self.sequence(tree, at_end=False)}){count}{lazy}"
        what = _REFUSED.get(operation, "an atomic group or possessive repetition")
        raise RuleSyntaxError(f"A regular expression cannot use {what}: its time has no bound.")

    def anchor(self, kind: Any, *, at_end: bool) -> str:
        if kind in _ANCHORS:
            return _ANCHORS[kind]
        multiline = self.flags & sre_parser.SRE_FLAG_MULTILINE
        if kind is sre.AT_BEGINNING:
            return "(?m:^)" if multiline else r"\A"
        if multiline:
            return "(?m:$)"
        if not at_end:
            raise RuleSyntaxError("In a regular expression `$` can only stand at the end.")
        return r"(?:\n?\z)"

    def set(self, members: Any) -> str:
        negated = members[0][0] is sre.NEGATE
        members = members[1:] if negated else members
        inside, outside = "", []
        for kind, argument in members:
            if kind is sre.LITERAL:
                inside += _character(argument)
            elif kind is sre.RANGE:
                inside += f"{_character(argument[0])}-{_character(argument[1])}"
            elif argument in _OPPOSITE:
                outside.append(f"[^{self.classes[_OPPOSITE[argument]]}]")
            else:
                inside += self.classes[argument]
        if not negated:
            return "(?:" + "|".join(([f"[{inside}]"] if inside else []) + outside) + ")"
        if not outside:
            return f"[^{inside}]"
        if inside or len(outside) > 1:
            raise RuleSyntaxError(
                r"In a regular expression `[^...]` cannot hold \D, \W or \S with anything else."
            )
        return outside[0].replace("[^", "[", 1)


def _character(code: int) -> str:
    text = chr(code)
    return text if text.isascii() and text.isalnum() else f"\\x{{{code:x}}}"
