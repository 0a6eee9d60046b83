"""The few questions a rule asks of a stored value, in the SQL of each engine.

Whatever a user wrote becomes a parameter: texts, numbers and JSON paths alike. No expression can
raise on a row that holds valid JSON. The engines hold numbers in other forms than Python does:
SQLite as 64-bit integers or floats, PostgreSQL as the decimals of the text. So numbers are looked
for in an interval a little larger than the number.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from decimal import Decimal

from twinhold.rules.columns import Column, Json, Text

__all__ = ["ENGINES", "Dialect", "Stored"]

# `:r0::x` would confuse whoever replaces the placeholders; so casts are written out.
# jsonb refuses numbers of absurd exponents, which JSON allows if they come to zero.
_UNSAFE = r"\\u0000|[:\[,\s]-?[0-9.]+[eE][-+]?[0-9]{4}"

_MOST_LACKED = 4
_LONGEST_END = 32

Bind = Callable[[object], str]


class Stored:
    """A value in a row: a text column, or a path into a JSON column."""

    def __init__(self, column: Column, keys: tuple[str, ...]) -> None:
        self.column = column
        self.keys = keys


class Dialect(ABC):
    """One engine's SQL; `bind` takes a value and returns the placeholder for it.

    Each method returns a condition that is true where the answer is yes, and false or null
    elsewhere.
    """

    def __init__(self, bind: Bind) -> None:
        self.bind = bind

    @abstractmethod
    def kind(self, stored: Stored, kinds: Collection[str]) -> str:
        """Is it of one of these kinds: null, boolean, number, string, array, object?"""

    @abstractmethod
    def boolean(self, stored: Stored, *, value: bool) -> str:
        """Is it this boolean?"""

    @abstractmethod
    def text(self, stored: Stored) -> str:
        """Return the expression of its text; meaningful where it is a string."""

    @abstractmethod
    def near(self, stored: Stored, low: Decimal | None, high: Decimal | None) -> str:
        """Is it a number in this interval?"""

    @abstractmethod
    def has_text(self, stored: Stored, text: str) -> str:
        """Is it an array with this text, an object with this key or a string with it inside?"""

    def number(
        self,
        stored: Stored,
        symbol: str,
        constant: float,  # noqa: ARG002 - not every engine can use it
        around: tuple[Decimal, Decimal],
    ) -> tuple[str, str]:
        """Is it a number in this order to a constant? Second, what holds at most where it is.

        Args:
            stored: where the value is.
            symbol: `<`, `<=`, `>`, `>=` or `=`.
            constant: what it is compared with.
            around: between these the engine may read a number otherwise than Python.
        """
        below, above = around
        low, high = None if symbol[0] == "<" else below, None if symbol[0] == ">" else above
        return self.near(stored, low, high), "FALSE"

    @abstractmethod
    def guarded(self, columns: Collection[str], condition: str, otherwise: str = "TRUE") -> str:
        """Return the condition, or else what holds where the engine cannot read these columns."""

    @abstractmethod
    def part(self, text: str, part: str) -> str:
        """Does the text contain this part?"""

    collation = ""
    reads_all = False
    """Whether it reads every JSON text that is stored."""

    def part_in_any_case(self, stored: Stored, part: str) -> str:
        """Does its text contain this ASCII part, whatever the case? Texts beyond ASCII may."""
        text = self.text(stored)
        lowered = self.part(f"lower({text}{self.collation})", part.lower())
        return f"({lowered} OR {self.beyond_ascii(stored)})"

    def beyond_ascii(self, stored: Stored) -> str:
        """Does its text hold characters that are not ASCII?"""
        text = self.text(stored)
        return f"octet_length({text}) <> length({text})"

    def one_of(self, stored: Stored, texts: Collection[str]) -> str:
        """Is it one of these texts?"""
        values = ", ".join(self.string(text) for text in texts)
        one = f"= {values}" if len(texts) == 1 else f"IN ({values})"
        return self._of_text(stored, f"{self.text(stored)} {one}")

    def none_of(self, stored: Stored, texts: Collection[str]) -> str:
        """Is it anything but one of these texts?"""
        values = ", ".join(self.string(text) for text in texts)
        others = self.kind(stored, ("null", "boolean", "number", "array", "object"))
        return f"({others} OR {self.text(stored)} NOT IN ({values}))"

    def lacks(self, stored: Stored, texts: Collection[str]) -> str:
        """Does the JSON, unread, show that none of these texts is in it? If so, it is none of them.

        Without a backslash every text in it stands there as it is, in front of a quotation mark.
        """
        if not isinstance(stored.column, Json) or len(texts) > _MOST_LACKED:
            return "FALSE"
        ends = [f'{text[-_LONGEST_END:]}"' for text in texts]
        return " AND ".join(self._lacks(stored.column.name, part) for part in ("\\", *ends))

    @abstractmethod
    def _lacks(self, column: str, part: str) -> str:
        """Is this part not in a text?"""

    def before(self, stored: Stored, operator: str, text: str) -> str:
        """Is it a text in this order to another?"""
        compared = f"{self.text(stored)}{self.collation} {operator} {self.string(text)}"
        return self._of_text(stored, compared)

    def _of_text(self, stored: Stored, compared: str) -> str:
        # Few rows pass the comparison, so that the second look into the JSON is rare.
        whole = f"({compared} AND {self.is_string(stored)})"
        return compared if isinstance(stored.column, Text) else whole

    def is_string(self, stored: Stored) -> str:
        """Is it a text?"""
        return self.kind(stored, ("string",))

    def string(self, text: str) -> str:
        """Return the placeholder of a text."""
        return self.bind(text)


def _text_kind(column: Text, kinds: Collection[str]) -> str:
    if "null" in kinds:
        return "TRUE" if "string" in kinds else f"{column.name} IS NULL"
    return f"{column.name} IS NOT NULL" if "string" in kinds else "FALSE"


class Sqlite(Dialect):
    """SQLite's json functions, which read the text anew only when the row changes."""

    reads_all = True
    _TYPES = {  # noqa: RUF012 - a constant table
        "null": ("null",),
        "boolean": ("true", "false"),
        "number": ("integer", "real"),
        "string": ("text",),
        "array": ("array",),
        "object": ("object",),
    }

    def kind(self, stored: Stored, kinds: Collection[str]) -> str:
        """See `Dialect`."""
        if isinstance(stored.column, Text):
            return _text_kind(stored.column, kinds)
        names = ", ".join(f"'{name}'" for kind in kinds for name in self._TYPES[kind])
        known = f"{self._type(stored)} IN ({names})"
        return f"({known} OR {self._type(stored)} IS NULL)" if "null" in kinds else known

    def boolean(self, stored: Stored, *, value: bool) -> str:
        """See `Dialect`."""
        if isinstance(stored.column, Text):
            return "FALSE"
        return f"{self._type(stored)} = '{str(value).lower()}'"

    def text(self, stored: Stored) -> str:
        """See `Dialect`."""
        return self._call("json_extract", stored)

    def near(self, stored: Stored, low: Decimal | None, high: Decimal | None) -> str:
        """See `Dialect`."""
        value, conditions = self.text(stored), [self.kind(stored, ("number",))]
        if low is not None:
            conditions.append(f"{value} >= {self.bind(float(low))}")
        if high is not None:
            conditions.append(f"{value} <= {self.bind(float(high))}")
        return f"({' AND '.join(conditions)})"

    def number(
        self, stored: Stored, symbol: str, constant: float, around: tuple[Decimal, Decimal]
    ) -> tuple[str, str]:
        """See `Dialect`; integers are held, or where too large kept far enough, to compare well."""
        if isinstance(stored.column, Text):
            return "FALSE", "FALSE"
        value = self.text(stored)
        below, above = (self.bind(float(bound)) for bound in around)
        perhaps, sure = {
            "<": (f"{value} <= {above}", f"{value} <= {below}"),
            ">": (f"{value} >= {below}", f"{value} >= {above}"),
            "=": (f"{value} >= {below} AND {value} <= {above}", "FALSE"),
        }[symbol[0]]
        whole = f"WHEN 'integer' THEN {value} {symbol} {self.bind(constant)}"
        at_least, at_most = (
            f"CASE {self._type(stored)} {whole} WHEN 'real' THEN {real} ELSE FALSE END"
            for real in (perhaps, sure)
        )
        return at_least, at_most

    def one_of(self, stored: Stored, texts: Collection[str]) -> str:
        """See `Dialect`."""
        if any(text[:1] in ("{", "[") for text in texts):
            return super().one_of(stored, texts)
        # Of the values that are no texts, only arrays and objects come as a text.
        values = ", ".join(self.string(text) for text in texts)
        return (
            f"{self.text(stored)} IN ({values})"
            if len(texts) > 1
            else f"{self.text(stored)} = {values}"
        )

    def none_of(self, stored: Stored, texts: Collection[str]) -> str:
        """See `Dialect`."""
        if any(text[:1] in ("{", "[") for text in texts):
            return super().none_of(stored, texts)
        value, values = self.text(stored), ", ".join(self.string(text) for text in texts)
        if len(texts) == 1:
            return f"{value} IS NOT {values}"
        return f"({value} IS NULL OR {value} NOT IN ({values}))"

    def has_text(self, stored: Stored, text: str) -> str:
        """See `Dialect`."""
        if isinstance(stored.column, Text):
            return self.part(stored.column.name, text)
        each = self._call("json_each", stored)
        place = self.bind(text)
        found = (
            "SELECT 1 FROM"  # S608 sees no statement put together: none of its parts is a user's
        )
        same = f"item.value = {place} AND item.type = 'text'"
        return (
            f"CASE {self._type(stored)}"
            f" WHEN 'array' THEN EXISTS ({found} {each} AS item WHERE {same})"
            f" WHEN 'object' THEN EXISTS ({found} {each} AS item WHERE item.key = {place})"
            f" WHEN 'text' THEN {self.part(self.text(stored), text)} ELSE FALSE END"
        )

    def guarded(self, columns: Collection[str], condition: str, otherwise: str = "TRUE") -> str:
        """See `Dialect`."""
        valid = " AND ".join(f"({name} IS NULL OR json_valid({name}))" for name in columns)
        return f"CASE WHEN {valid} THEN {condition} ELSE {otherwise} END"

    def part(self, text: str, part: str) -> str:
        """See `Dialect`."""
        return f"instr({text}, {self.bind(part)}) > 0"

    def _lacks(self, column: str, part: str) -> str:
        # Several times as fast as instr(), which goes on by one character after the other.
        pattern = re.sub(r"[*?\[]", r"[\g<0>]", part)
        return f"{column} NOT GLOB {self.bind(f'*{pattern}*')}"

    def _type(self, stored: Stored) -> str:
        return self._call("json_type", stored)

    def _call(self, function: str, stored: Stored) -> str:
        if not isinstance(stored.column, Json):
            return stored.column.name if isinstance(stored.column, Text) else "NULL"
        path = "$" + "".join(f'."{key}"' for key in stored.keys)
        return f"{function}({stored.column.name}, {self.bind(path)})"


class PostgreSQL(Dialect):
    """PostgreSQL's jsonb, read once a row; what jsonb refuses is left to Python."""

    collation = ' COLLATE "C"'

    def kind(self, stored: Stored, kinds: Collection[str]) -> str:
        """See `Dialect`."""
        if isinstance(stored.column, Text):
            return _text_kind(stored.column, kinds)
        names = ", ".join(f"'{name}'" for name in kinds)
        known = f"jsonb_typeof({self._value(stored)}) IN ({names})"
        return f"({known} OR {self._value(stored)} IS NULL)" if "null" in kinds else known

    def boolean(self, stored: Stored, *, value: bool) -> str:
        """See `Dialect`."""
        if isinstance(stored.column, Text):
            return "FALSE"
        return f"{self._value(stored)} = CAST('{str(value).lower()}' AS jsonb)"

    def text(self, stored: Stored) -> str:
        """See `Dialect`."""
        if isinstance(stored.column, Text):
            return stored.column.name
        return f"({self._value(stored)} #>> CAST('{{}}' AS text[]))"

    def near(self, stored: Stored, low: Decimal | None, high: Decimal | None) -> str:
        """See `Dialect`."""
        value, conditions = self._value(stored), [self.kind(stored, ("number",))]
        if low is not None:
            conditions.append(f"{value} >= to_jsonb(CAST({self.bind(low)} AS numeric))")
        if high is not None:
            conditions.append(f"{value} <= to_jsonb(CAST({self.bind(high)} AS numeric))")
        return f"({' AND '.join(conditions)})"

    def number(
        self, stored: Stored, symbol: str, constant: float, around: tuple[Decimal, Decimal]
    ) -> tuple[str, str]:
        """See `Dialect`."""
        perhaps, _ = super().number(stored, symbol, constant, around)
        below, above = around
        if symbol == "=":
            return perhaps, "FALSE"
        beyond = (None, below) if symbol[0] == "<" else (above, None)
        return perhaps, self.near(stored, *beyond)

    def has_text(self, stored: Stored, text: str) -> str:
        """See `Dialect`."""
        if isinstance(stored.column, Text):
            return self.part(stored.column.name, text)
        value = self._value(stored)
        return (
            f"CASE jsonb_typeof({value})"
            f" WHEN 'string' THEN {self.part(self.text(stored), text)}"
            f" ELSE jsonb_exists({value}, {self.string(text)}) END"
        )

    def guarded(self, columns: Collection[str], condition: str, otherwise: str = "TRUE") -> str:
        """See `Dialect`."""
        unsafe = " OR ".join(f"{name} ~ '{_UNSAFE}'" for name in columns)
        values = ", ".join(f"CAST({name} AS jsonb) AS {_alias(name)}" for name in columns)
        read = f"SELECT {condition} FROM (SELECT {values} OFFSET 0) AS rule_json"  # noqa: S608
        return f"CASE WHEN {unsafe} THEN {otherwise} ELSE ({read}) END"

    def part(self, text: str, part: str) -> str:
        """See `Dialect`."""
        return f"strpos({text}, {self.string(part)}) > 0"

    def _lacks(self, column: str, part: str) -> str:
        return f"strpos({column}, {self.string(part)}) = 0"

    def string(self, text: str) -> str:
        """See `Dialect`."""
        return f"CAST({self.bind(text)} AS text)"

    def _value(self, stored: Stored) -> str:
        if not isinstance(stored.column, Json):
            return "NULL"
        path = f"CAST({self.bind(list(stored.keys))} AS text[])"
        return f"(rule_json.{_alias(stored.column.name)} #> {path})"


def _alias(name: str) -> str:
    return name.replace(".", "__")


ENGINES: dict[str, type[Dialect]] = {"sqlite": Sqlite, "postgresql": PostgreSQL}
