"""Random filters over odd JSON, found by the server and by a model in Python, which must agree.

The model shares no code with the server: it evaluates the JSON form of a filter as docs/api.md says
it, and compares integers and floats as Python does, exactly. It is asked in three collections with
the same points: without indexes, with an index for most keys, and with indexes of other kinds than
the values have. Values are odd: integers and floats about 2^53, 2^63 and 2^64, missing keys, nulls,
arrays within arrays, names with dots and quotes.

A run takes 300 filters. TQDB_MODEL_FILTERS asks for another number, TQDB_MODEL_SEED for other ones.
"""

from __future__ import annotations

import collections
import json
import math
import os
import random
import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np
import pytest

import tqdb
from tqdb.filters import quoted_key

FILTERS = int(os.environ.get("TQDB_MODEL_FILTERS", "300"))
SEED = int(os.environ.get("TQDB_MODEL_SEED", "20261130"))
POINTS = 200
FILTERS_OF_A_ROUND = 50  # after which points change

# Numbers as JSON text, so that 1, 1.0 and 10^30 are told apart.
NUMBERS = [
    "0", "1", "1.0", "2", "3", "3.5", "-1", "-0.0", "0.5", "-0", "1e2", "100",
    "1768907725507217521", "1768907725507217522", "1768907725507217523",
    *(str(2**53 + step) for step in (-1, 0, 1)), "9007199254740992.0", "9007199254740994.0",
    *(str(-(2**53) - step) for step in (-1, 0, 1)), "-9007199254740992.0",
    *(str(2**63 + step) for step in (-2, -1, 0, 1, 5)), "9223372036854775808.0",
    "9223372036854774784.0", "9223372036854777856.0",
    *(str(-(2**63) + step) for step in (0, 1, 1024)), "-9223372036854775808.0",
    "-9223372036854777856.0", "-9223372036854774784.0",
    *(str(2**64 + step) for step in (-2048, -2, -1)), "18446744073709549568.0",
    "18446744073709551616.0", "18446744073709555712.0",
    # Beyond 64 bits.
    str(-(2**63) - 1), str(-(2**63) - 1025), str(2**64), str(2**64 + 1),
    str(10**30), str(-(10**30)), "1e300", "-1e300", "1e-300",
]  # fmt: skip
STRINGS = ["", "red", "green", "Blue", "blue", "1", "true", "a red house", "Green houses, roofs"]
TIMES = {
    "2023-02-08T10:49:00Z": 1675853340000000,
    "2023-02-08T11:49:00+01:00": 1675853340000000,
    "2023-02-08T11:49:00+0100": 1675853340000000,
    "2023-02-08 10:49+00": 1675853340000000,
    "2023-02-08T10:49:00.500001": 1675853340500001,
    "2023-02-08 10:49:00,5Z": 1675853340500000,
    "2016-12-31T23:59:60.5Z": 1483228800500000,
    "2017-01-01T00:00:00.5Z": 1483228800500000,
    "1969-12-31T23:59:59.999999Z": -1,
    "1970-01-01": 0,
}
NAMES = ["s", "n", "b", "t", "o", "l", "x.y", '27" screen', "back\\slash"]
ORDERED = "n"


# --- The model.


def number(value: Any) -> Any:
    """The number as the server has it, or None. Numbers beyond 64 bits stand for floats."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        near = float(value)
        return near if near != -(2.0**63) else math.nextafter(near, -math.inf)
    return value


def found(value: Any, path: List[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif isinstance(value, dict):
        if path[0] in value:
            yield from found(value[path[0]], path[1:])
    elif isinstance(value, list):
        for element in value:
            if isinstance(element, dict):
                yield from found(element, path)


def values(value: Any, path: List[str]) -> Iterator[Any]:
    for each in found(value, path):
        if isinstance(each, list):
            yield from each
        else:
            yield each


def path_of(key: str) -> List[str]:
    """Names in quotes have their quotes twice; no other test has a path of quoted names."""
    names = re.findall(r'"((?:[^"]|"")*)"|([^".\[\]]+)', key)
    return [plain or quoted.replace('""', '"') for quoted, plain in names]


def equal(a: Any, b: Any) -> bool:
    if number(a) is not None and number(b) is not None:
        return bool(number(a) == number(b))
    return type(a) is type(b) and not isinstance(a, (list, dict)) and a == b


def within(value: Any, bounds: Dict[str, Any]) -> bool:
    tests = {
        "gt": lambda bound: value > bound,
        "gte": lambda bound: value >= bound,
        "lt": lambda bound: value < bound,
        "lte": lambda bound: value <= bound,
    }
    return all(tests[name](bound) for name, bound in bounds.items())


def words(text: str) -> List[str]:
    return re.findall("[a-z0-9]+", text.lower())


def field_holds(condition: Dict[str, Any], payload: Any) -> bool:
    path = path_of(condition["key"])
    if "values_count" in condition:
        counts = [
            len(each) if isinstance(each, list) else int(each is not None)
            for each in found(payload, path)
        ]
        return any(within(count, condition["values_count"]) for count in counts or [0])
    if "range" in condition:
        bounds = condition["range"]
        if isinstance(next(iter(bounds.values())), str):
            bounds = {name: TIMES[bound] for name, bound in bounds.items()}
            times = (v for v in values(payload, path) if isinstance(v, str) and v in TIMES)
            return any(within(TIMES[time], bounds) for time in times)
        bounds = {name: number(bound) for name, bound in bounds.items()}
        numbers = (number(value) for value in values(payload, path))
        return any(within(each, bounds) for each in numbers if each is not None)
    match = condition["match"]
    if "text" in match:
        there = {w for v in values(payload, path) if isinstance(v, str) for w in words(v)}
        return set(words(match["text"])) <= there
    there = [value for value in values(payload, path) if value is not None]
    if "value" in match:
        return any(equal(value, match["value"]) for value in there)
    if "any" in match:
        return any(equal(value, listed) for value in there for listed in match["any"])
    return any(not any(equal(value, listed) for listed in match["except"]) for value in there)


def condition_holds(condition: Dict[str, Any], id: int, payload: Any) -> bool:
    if "key" in condition:
        return field_holds(condition, payload)
    if "has_id" in condition:
        return id in condition["has_id"]
    if "nested" in condition:
        nested = condition["nested"]
        return any(
            isinstance(value, dict) and holds(nested["filter"], id, value)
            for value in values(payload, path_of(nested["key"]))
        )
    for name in ("exists", "is_empty", "is_null"):
        if name in condition:
            path = path_of(condition[name]["key"])
            if name == "exists":
                return any(True for _ in found(payload, path))
            if name == "is_empty":
                return all(each is None or each == [] for each in found(payload, path))
            return any(value is None for value in values(payload, path))
    return holds(condition, id, payload)


def holds(filter: Dict[str, Any], id: int, payload: Any) -> bool:
    def count(conditions: List[Dict[str, Any]]) -> int:
        return sum(condition_holds(condition, id, payload) for condition in conditions)

    least = filter.get("min_should")
    return (
        count(filter.get("must", [])) == len(filter.get("must", []))
        and (not filter.get("should") or count(filter["should"]) > 0)
        and count(filter.get("must_not", [])) == 0
        and (least is None or count(least["conditions"]) >= least["min_count"])
    )


def facet_value(value: Any) -> Optional[Tuple[str, Any]]:
    """Strings, booleans and integers of 64 bits are counted; 1.0 is the integer 1."""
    if isinstance(value, (str, bool)):
        return type(value).__name__, value
    exact = number(value)
    if exact is None or exact != exact // 1 or not -(2**63) <= exact < 2**64:
        return None
    return "int", int(exact)


# --- Random payloads and filters.


class Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one_in(self, n: int) -> bool:
        return self.random.randrange(n) == 0

    def scalar(self, name: str) -> str:
        """JSON text: most often of the type that the name stands for."""
        of = name if not self.one_in(6) else self.random.choice("snbtx")
        pick = self.random.choice
        if of == "n":
            return pick(NUMBERS)
        if of == "t":
            return json.dumps(pick(list(TIMES)))
        if of == "b":
            return pick(["true", "false"])
        return json.dumps(pick(STRINGS)) if of == "s" else pick(["null", *NUMBERS[:5]])

    def value(self, name: str, depth: int) -> str:
        if name in "ol" and depth > 0 and not self.one_in(6):
            if name == "o":
                return self.object(depth - 1)
            return self.array(self.object(depth - 1) for _ in range(self.random.randrange(4)))
        if self.one_in(4):
            scalars = [self.scalar(name) for _ in range(self.random.randrange(4))]
            return self.array(scalars + (["[" + self.scalar(name) + "]"] if self.one_in(8) else []))
        return "null" if self.one_in(10) else self.scalar(name)

    def array(self, texts: Any) -> str:
        return "[" + ", ".join(texts) + "]"

    def object(self, depth: int = 2) -> str:
        names = [name for name in NAMES if not self.one_in(3)]
        members = (f"{json.dumps(name)}: {self.value(name, depth)}" for name in names)
        return "{" + ", ".join(members) + "}"

    def key(self) -> str:
        last = quoted_key(self.random.choice([*NAMES, "n", "n", "n", "missing"]))
        return self.random.choice(["", "", "", "o.", "l.", "l[].", "l.o."]) + last

    def bounds(self, pick: Any, order: Any) -> Dict[str, Any]:
        low, high = sorted((pick(), pick()), key=order)
        same = order(low) == order(high)
        sides = self.random.randrange(3)
        found = {}
        if sides != 1:
            found["gte" if same or self.one_in(2) else "gt"] = low
        if sides != 2:
            found["lte" if same or self.one_in(2) else "lt"] = high
        return found

    def number(self) -> Any:
        return json.loads(self.random.choice(NUMBERS))

    def integer(self) -> int:
        integers = [json.loads(n) for n in NUMBERS if n.lstrip("-").isdigit()]
        return self.random.choice([i for i in integers if -(2**63) <= i < 2**64])

    def listed(self) -> List[Any]:
        count = self.random.randrange(5)
        if self.one_in(3):
            return [self.random.choice(STRINGS) for _ in range(count)]
        return [self.integer() for _ in range(count)]

    def field(self) -> Dict[str, Any]:
        kind = self.random.randrange(13)
        key = self.key()
        pick = self.random.choice
        if kind == 0:
            return {"key": key, "match": {"value": pick([*STRINGS, True, False])}}
        if kind == 1:
            return {"key": key, "match": {"value": self.integer()}}
        if kind == 2:
            return {"key": key, "match": {"any": self.listed()}}
        if kind == 3:
            return {"key": key, "match": {"except": self.listed()}}
        if kind == 4:
            return {"key": key, "match": {"text": pick(["red", "GREEN red", "house", "1"])}}
        if kind < 9:
            return {"key": key, "range": self.bounds(self.number, number)}
        if kind == 9:
            return {"key": key, "range": self.bounds(lambda: pick(list(TIMES)), TIMES.get)}
        if kind == 10:
            counted = self.bounds(lambda: self.random.randrange(4), int)
            return {"key": key, "values_count": counted}
        return {pick(["exists", "is_empty", "is_null"]): {"key": key}}

    def condition(self, depth: int) -> Dict[str, Any]:
        kind = self.random.randrange(10)
        if kind == 0:
            return {"has_id": self.random.sample(range(POINTS + 20), self.random.randrange(60))}
        if kind == 1 and depth > 0:
            key = self.random.choice(["l", "o", "l.l", "l[].o", "s"])
            return {"nested": {"key": key, "filter": self.filter(depth - 1)}}
        if kind == 2 and depth > 0:
            return self.filter(depth - 1) or {"must": []}
        return self.field()

    def filter(self, depth: int = 2) -> Dict[str, Any]:
        def some(most: int) -> List[Dict[str, Any]]:
            return [self.condition(depth) for _ in range(self.random.randint(1, most))]

        filter: Dict[str, Any] = {}
        if not self.one_in(3):
            filter["must"] = some(2)
        if self.one_in(3):
            filter["should"] = some(4)
        if self.one_in(4):
            filter["must_not"] = some(2)
        if self.one_in(6):
            conditions = some(4)
            count = self.random.randint(1, len(conditions))
            filter["min_should"] = {"conditions": conditions, "min_count": count}
        return filter


INDEXES: Dict[str, Dict[str, str]] = {
    "plain": {},
    "indexed": {
        "s": "keyword", "n": "integer", "b": "bool", "t": "datetime", "o.n": "float",
        "l.n": "integer", "l.s": "text", '"x.y"': "float", '"27"" screen"': "integer",
    },
    "odd": {
        "s": "text", "n": "float", "b": "integer", "t": "keyword", "o.n": "keyword",
        "l.n": "float", "l.t": "datetime", "o": "integer", "l": "bool", '"back\\slash"': "float",
    },
}  # fmt: skip


class Collections:
    """The three collections, and the payloads that they must have."""

    def __init__(self, client: tqdb.Client, maker: Maker) -> None:
        self.client = client
        self.maker = maker
        self.payloads: Dict[int, Any] = {}
        for name, indexes in INDEXES.items():
            client.create_collection(name, dim=8)
            for key, kind in indexes.items():
                client.create_payload_index(name, key, kind)
        self.write(range(POINTS))

    def write(self, ids: Any) -> None:
        texts = {id: self.maker.object() for id in ids}
        for name in INDEXES:
            points = [tqdb.Point(id, np.ones(8), text) for id, text in texts.items()]
            self.client.upsert(name, points, durability="async")
        self.payloads.update((id, json.loads(text)) for id, text in texts.items())

    def change(self) -> None:
        """Replaces, deletes, inserts and edits some points."""
        chosen = self.maker.random.sample(range(POINTS), 40)
        self.write(chosen[:15])
        name = self.maker.random.choice(NAMES)
        value = self.maker.value(name, 1)
        members = f"{{{json.dumps(name)}: {value}}}"
        for collection in INDEXES:
            self.client.delete(collection, chosen[15:20], durability="async")
            edited = chosen[20:30]
            self.client.set_payload(collection, members, edited, durability="async")
            self.client.delete_payload_keys(
                collection, [quoted_key(name)], chosen[30:], durability="async"
            )
        for id in chosen[15:20]:
            self.payloads.pop(id, None)
        for id in chosen[20:30]:
            if id in self.payloads:
                self.payloads[id][name] = json.loads(value)
        for id in chosen[30:]:
            self.payloads.get(id, {}).pop(name, None)

    def check_payloads(self) -> None:
        for name in INDEXES:
            stored = {r.id: r.payload for r in self.client.scroll(name)}
            assert repr(sorted(stored)) == repr(sorted(self.payloads))
            for id, payload in self.payloads.items():
                # By text, which tells 1, 1.0 and True apart, and sees every digit.
                assert json.dumps(stored[id]) == json.dumps(payload), (name, id)

    def check_filter(self, filter: Dict[str, Any]) -> int:
        expected = [id for id, p in sorted(self.payloads.items()) if holds(filter, id, p)]
        for name in INDEXES:
            page = self.client.scroll_page(
                name, filter=filter, page_size=POINTS, with_payload=False
            )
            assert [r.id for r in page] == expected, f"{name} {json.dumps(filter)}"
        return len(expected)

    def check_count(self, filter: Dict[str, Any]) -> None:
        expected = sum(holds(filter, id, p) for id, p in self.payloads.items())
        for name in INDEXES:
            assert self.client.count(name, filter=json.dumps(filter)) == expected, (name, filter)

    def check_facets(self, filter: Dict[str, Any]) -> None:
        key = self.maker.key()
        counts: Any = collections.Counter()
        for id, payload in self.payloads.items():
            if holds(filter, id, payload):
                own = map(facet_value, values(payload, path_of(key)))
                counts.update({each for each in own if each is not None})
        for name in INDEXES:
            facet = self.client.facet(name, key, 10_000, filter=filter)
            assert {facet_value(f.value): f.points for f in facet} == counts, (name, key, filter)
            if counts:
                groups = self.client.search_groups(
                    name, np.ones(8), key, limit=1000, group_size=1, filter=filter
                )
                assert {facet_value(g.value) for g in groups} == set(counts), (name, key)

    def check_order(self, filter: Dict[str, Any]) -> None:
        held = {
            "indexed": lambda value: facet_value(value) is not None,  # integers
            "odd": lambda value: True,
        }
        for name, is_held in held.items():
            expected = []
            for id, payload in self.payloads.items():
                if not holds(filter, id, payload):
                    continue
                numbers = {number(v) for v in values(payload, [ORDERED])} - {None}
                expected += [(n, id) for n in numbers if is_held(n)]
            for descending in (False, True):
                ordered, token = [], ""
                while True:
                    page = self.client.scroll_page(
                        name, filter=filter, order_by=ORDERED, descending=descending,
                        page_size=23, page_token=token, with_payload=False,
                    )  # fmt: skip
                    ordered += [r.id for r in page.points]
                    token = page.next_page_token
                    if not token:
                        break
                # Points of one value come in any order here.
                expected.sort(reverse=descending)
                places: Any = collections.defaultdict(list)
                for place, (value, _) in enumerate(expected):
                    places[value].append(place)
                assert len(ordered) == len(expected), (name, descending, filter)
                for place in places.values():
                    ids = sorted(ordered[place[0] : place[-1] + 1])
                    assert ids == sorted(expected[i][1] for i in place), (name, descending)


def test_random_filters_find_what_a_model_finds(own_server: Any) -> None:
    maker = Maker(SEED)
    matched = 0
    with tqdb.Client(own_server.address) as client:
        collections_ = Collections(client, maker)
        for i in range(FILTERS):
            if i % FILTERS_OF_A_ROUND == 0:
                collections_.change()
                collections_.check_payloads()
            filter = maker.filter()
            matched += collections_.check_filter(filter)
            if i % 10 == 0:
                collections_.check_count(filter)
                collections_.check_facets(filter)
            if i % 50 == 0:
                collections_.check_order(filter)
        own_server.stop()
        own_server.start()
        for name in INDEXES:  # the indexes are filled again
            client.count(name)
        for _ in range(20):
            collections_.check_filter(maker.filter())
    # Filters that hold for all points or for none test little.
    assert 0.1 < matched / (FILTERS * POINTS) < 0.9


@pytest.mark.parametrize("value", [2**53 + 1, 2**63 + 5, -(2**63), 2**64 - 1])
def test_a_range_ends_exactly_at_an_integer(client: tqdb.Client, name: str, value: int) -> None:
    below, above = max(value - 1, -(2**63)), min(value + 1, 2**64 - 1)
    client.create_collection(name, dim=8)
    all_values = {0: value, 1: below, 2: above}
    client.upsert(name, [tqdb.Point(i, np.ones(8), {"x": v}) for i, v in all_values.items()])
    x = tqdb.Field("x")
    for kind in (None, "integer", "float"):
        if kind is not None:
            client.create_payload_index(name, "x", kind)
        for filter, expected in (
            (x > value, [i for i, v in all_values.items() if v > value]),
            (x < value, [i for i, v in all_values.items() if v < value]),
            (x.between(value, value), [i for i, v in all_values.items() if v == value]),
            (x == value, [i for i, v in all_values.items() if v == value]),
            (x.any(value), [i for i, v in all_values.items() if v == value]),
            (x.other_than(value), [i for i, v in all_values.items() if v != value]),
        ):
            assert [r.id for r in client.scroll(name, filter=filter)] == expected, filter
        facet = {f.value: f.points for f in client.facet(name, "x")}
        assert facet == collections.Counter(all_values.values())
        groups = client.search_groups(name, np.ones(8), "x")
        assert {g.value for g in groups} == set(all_values.values())
        if kind is not None:
            client.delete_payload_index(name, "x")
