"""scan_twins, line by line of seed 003, through the vendor's own client."""

import json
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from tests.harness import Account, Server, body, create, error, uuid_of
from trustedtwin.tt_api import TTRESTService

from twinhold.api.trusted_twin.wire import twins as wire
from twinhold.registry import documents
from twinhold.rules import parse


def pages(client: TTRESTService, **params: Any) -> Iterator[Any]:
    """Follow the cursor to the end."""
    cursor = None
    while True:
        page = body(client.scan_twins(params=params | ({"cursor": cursor} if cursor else {})))
        assert set(page) == {"cursor", "twins"}
        yield page
        cursor = page["cursor"]
        if cursor is None:
            return


@pytest.fixture
def twins(client: TTRESTService) -> list[Any]:
    """Twelve twins: numbers 0 to 11, every third without a number, two terminated."""
    made = [create(client, description={"number": n} if n % 3 else {"other": n}) for n in range(12)]
    for twin in made[4:6]:
        client.terminate_twin(uuid_of(twin))
    return [body(client.get_twin(uuid_of(twin))) for twin in made]


class TestPage:
    def test_of_an_empty_account_is_empty(self, client: TTRESTService) -> None:
        assert body(client.scan_twins()) == {"cursor": None, "twins": []}

    def test_answers_uuids_in_the_order_of_creation(
        self, client: TTRESTService, twins: list[Any]
    ) -> None:
        page = body(client.scan_twins())
        assert page == {"cursor": None, "twins": sorted(map(uuid_of, twins))}

    def test_answers_whole_twins_with_details(
        self, client: TTRESTService, twins: list[Any]
    ) -> None:
        page = body(client.scan_twins(params={"details": True}))
        assert page["twins"] == sorted(twins, key=uuid_of)
        msgspec.convert(page["twins"], list[wire.Twin])

    @pytest.mark.parametrize("count", [1, 5, 6, 11, 12, 13, 1000])
    def test_counts_twins_and_ends_with_null(
        self, client: TTRESTService, twins: list[Any], count: int
    ) -> None:
        found = list(pages(client, count=count))
        assert [len(page["twins"]) for page in found[:-1]] == [count] * (len(found) - 1)
        assert len(found) == -(-len(twins) // count)
        assert [uuid for page in found for uuid in page["twins"]] == sorted(map(uuid_of, twins))

    def test_default_count_is_100(self, client: TTRESTService) -> None:
        for _ in range(101):
            client.create_twin()
        first, second = pages(client)
        assert (len(first["twins"]), len(second["twins"])) == (100, 1)

    def test_shows_only_the_own_account(self, twins: list[Any], server: Server) -> None:
        other = server.account().client()
        mine = uuid_of(create(other))
        assert body(other.scan_twins())["twins"] == [mine]

    def test_an_empty_cursor_starts_over(self, client: TTRESTService, twins: list[Any]) -> None:
        assert len(body(client.scan_twins(params={"cursor": ""}))["twins"]) == len(twins)

    @pytest.mark.parametrize("count", ["0", "1001", "x", "-1", "1.0", "", " 5", "9" * 30, "٣"])
    def test_refuses_another_count(self, client: TTRESTService, count: str) -> None:
        assert error(client.scan_twins(params={"count": count})) == (400, "400592")


class TestCursor:
    def test_neither_skips_nor_repeats_while_twins_come_and_go(self, client: TTRESTService) -> None:
        throughout = {uuid_of(create(client)) for _ in range(40)}
        choice, seen = random.Random(7), []
        for page in pages(client, count=7):
            seen += page["twins"]
            for _ in range(3):
                uuid = uuid_of(create(client))
                if choice.random() < 0.5:
                    client.terminate_twin(uuid)
            client.terminate_twin(choice.choice(sorted(throughout)))
            if len(seen) > 100:
                break
        assert len(seen) == len(set(seen))
        assert throughout <= set(seen)

    def test_of_another_account_is_refused(
        self, client: TTRESTService, twins: list[Any], server: Server
    ) -> None:
        cursor = body(client.scan_twins(params={"count": 1}))["cursor"]
        other = server.account().client()
        assert error(other.scan_twins(params={"cursor": cursor})) == (400, "400592")

    @pytest.mark.parametrize("damage", ["flip", "cut", "add", "text", "unicode", "long"])
    def test_damaged_is_refused(self, client: TTRESTService, twins: list[Any], damage: str) -> None:
        cursor = body(client.scan_twins(params={"count": 1}))["cursor"]
        damaged = {
            "flip": ("B" if cursor[0] != "B" else "C") + cursor[1:],
            "cut": cursor[:-4],
            "add": cursor + "AAAA",
            "text": "not a cursor",
            "unicode": "ключ",
            "long": "A" * 4000,
        }[damage]
        assert error(client.scan_twins(params={"cursor": damaged})) == (400, "400592")


class TestMatch:
    @pytest.mark.parametrize(
        ("rule", "numbers"),
        [
            ("TWIN.number > 6", {7, 8, 10, 11}),
            ("TWIN.number in [1, 2, 99]", {1, 2}),
            ("TWIN.number == null", {None}),
            ('twin_status == "terminated"', {4, 5}),
            ('twin_status == "alive" and TWIN.number < 5', {1, 2}),
            ("TWIN.missing.deeper == null and TWIN.number == 8", {8}),
            ("account == twin_owner and twin_owner == twin_creator and TWIN.number == 1", {1}),
            ("user != role and now > 1700000000.5 and TWIN.number == 1", {1}),
            ("USER.anything == null and TWIN.number == 1", {1}),
            ("UNKNOWN == null and TWIN.number == 1", {1}),
            ("false", set()),
        ],
    )
    def test_keeps_the_twins_that_match(
        self, client: TTRESTService, twins: list[Any], rule: str, numbers: set[int | None]
    ) -> None:
        page = body(client.scan_twins(params={"match": rule, "details": True}))
        found = {twin["description"].get("number") for twin in page["twins"]}
        assert found == numbers
        uuids = body(client.scan_twins(params={"match": rule}))["twins"]
        assert uuids == [uuid_of(twin) for twin in page["twins"]]

    def test_count_is_of_twins_looked_at(self, client: TTRESTService, twins: list[Any]) -> None:
        found = list(pages(client, count=4, match="TWIN.number > 8"))
        assert [len(page["twins"]) for page in found] == [0, 0, 2]

    def test_an_error_while_evaluating_skips_the_twin(
        self, client: TTRESTService, twins: list[Any]
    ) -> None:
        page = body(client.scan_twins(params={"match": 'TWIN.number > "text"'}))
        assert page == {"cursor": None, "twins": []}

    def test_reads_the_dictionary_header(self, client: TTRESTService, twins: list[Any]) -> None:
        params = {"match": "TWIN.number == DICT.wanted", "details": True}
        page = body(client.scan_twins(params=params, dictionary={"wanted": 7}))
        assert [twin["description"]["number"] for twin in page["twins"]] == [7]

    def test_names_a_twin(self, client: TTRESTService, twins: list[Any]) -> None:
        uuid = uuid_of(twins[3])
        assert body(client.scan_twins(params={"match": f"twin == '{uuid}'"}))["twins"] == [uuid]

    def test_evaluates_numbers_beyond_a_double(
        self, client: TTRESTService, account: Account
    ) -> None:
        sent = b'{"description": {"big": 123456789012345678901234567890, "huge": 1e999}}'
        uuid = uuid_of(account.request("POST", "/twins", data=sent).json())
        rule = "TWIN.big == 123456789012345678901234567890"
        assert body(client.scan_twins(params={"match": rule}))["twins"] == [uuid]

    @pytest.mark.parametrize("rule", ["TWIN.a ==", "", "a = b", "1 < 2 < 3", "(", "'"])
    def test_refuses_a_rule_that_does_not_parse(self, client: TTRESTService, rule: str) -> None:
        assert error(client.scan_twins(params={"match": rule})) == (400, "400589")

    @pytest.mark.parametrize("header", ["%%%", "bm90IGpzb24=", "W10=", "/w=="])
    def test_refuses_a_header_that_is_no_dictionary(self, account: Account, header: str) -> None:
        answer = account.request("GET", "/twins", headers={"X-TrustedTwin": header})
        assert (answer.status_code, answer.json()["subcode"]) == (400, "400592")
        assert "X-TrustedTwin" in json.loads(answer.text)["description"]


class TestNumbersAtTheEdge:
    """A page says of each number what the rule says, whoever looked at it."""

    NUMBERS = (
        "19",
        "20",
        "20.0",
        "2e1",
        "20.000000000000000000001",
        "19.999999999999999999999",
        "20.000000000000004",
        "19.999999999999996",
        "21",
        "9007199254740993",
        "18446744073709551617",
        "-9223372036854775809",
        "1e400",
        "-1e400",
        "1" + "0" * 5000,
        "5e-324",
        "0",
        "-0.0",
        "true",
        "false",
        "null",
        '"21"',
        "[21]",
        '{"a": 21}',
    )
    CONSTANTS = ("20", "20.000000000000004", "0", "1", "-0.5", "9007199254740993")

    @pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "=="])
    def test_each_is_judged_as_the_rule_judges_it(self, account: Account, operator: str) -> None:
        made = {
            self._create(account, f'{{"description": {{"a": {number}}}}}'): number
            for number in self.NUMBERS
        }
        for constant in self.CONSTANTS:
            rule = parse(f"TWIN.a {operator} {constant}")
            page = account.request("GET", "/twins", params={"match": rule.text}).json()
            found = [made[uuid] for uuid in page["twins"]]
            assert found == [
                number
                for number in self.NUMBERS
                if rule.matches({"TWIN": documents.decode(f'{{"a": {number}}}')})
            ], rule.text

    def _create(self, account: Account, text: str) -> str:
        answer = account.request("POST", "/twins", data=text)
        assert answer.status_code == 201, answer.text
        uuid: str = json.loads(answer.content, parse_int=str)["creation_certificate"]["uuid"]
        return uuid
