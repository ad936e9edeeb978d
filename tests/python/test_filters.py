"""Filters: the JSON form, the builder, what both find on a real server, errors with their place."""

from __future__ import annotations

import datetime
import json

import numpy as np
import pytest

import tqdb
from tqdb import Field, all_of, any_of, at_least, has_id
from tqdb.filters import filter_to_proto, quoted_key

POINTS = {
    1: {
        "color": "red",
        "size": 10,
        "price": 1.5,
        "tags": ["a", "b"],
        "text": "The quick brown fox",
    },
    2: {"color": "blue", "size": 20, "price": 2.0, "tags": [], "when": "2024-05-01T10:00:00Z"},
    3: {
        "color": "red",
        "size": 30,
        "ok": True,
        "tags": None,
        "when": "2025-05-01T10:00:00.5+02:00",
    },
    4: {"size": [1, 20], "parts": [{"n": 1, "w": "x"}, {"n": 2, "w": "y"}]},
    5: {"a.b": 1, "deep": {"er": {"still": "yes"}}},
}


@pytest.fixture(scope="module")
def stored(server):
    with tqdb.Client(server.address) as client:
        client.create_collection("filters", dim=8)
        client.upsert("filters", [tqdb.Point(i, np.ones(8), p) for i, p in POINTS.items()])
        yield client


CASES = [
    (Field("color") == "red", {"key": "color", "match": {"value": "red"}}, {1, 3}),
    (Field("size") == 20, {"key": "size", "match": {"value": 20}}, {2, 4}),
    (Field("ok") == True, {"key": "ok", "match": {"value": True}}, {3}),  # noqa: E712
    (Field("price") == 1.5, {"key": "price", "range": {"gte": 1.5, "lte": 1.5}}, {1}),
    (
        Field("color") != "red",
        {"must_not": [{"key": "color", "match": {"value": "red"}}]},
        {2, 4, 5},
    ),
    (
        Field("color").any("red", "green"),
        {"key": "color", "match": {"any": ["red", "green"]}},
        {1, 3},
    ),
    (Field("size").any(), {"key": "size", "match": {"any": []}}, set()),
    (Field("size").any(10, 1), {"key": "size", "match": {"any": [10, 1]}}, {1, 4}),
    (Field("color").other_than("red"), {"key": "color", "match": {"except": ["red"]}}, {2}),
    (Field("size").other_than(20), {"key": "size", "match": {"except": [20]}}, {1, 3, 4}),
    (Field("text").text("FOX quick"), {"key": "text", "match": {"text": "FOX quick"}}, {1}),
    (Field("size") > 20, {"key": "size", "range": {"gt": 20}}, {3}),
    (Field("size").between(10, 20), {"key": "size", "range": {"gte": 10, "lte": 20}}, {1, 2, 4}),
    (Field("size").range(gte=5, lt=20.0), {"key": "size", "range": {"gte": 5, "lt": 20.0}}, {1}),
    (Field("when") >= "2025-01-01", {"key": "when", "range": {"gte": "2025-01-01"}}, {3}),
    (
        Field("when") <= datetime.datetime(2024, 5, 1, 10, tzinfo=datetime.timezone.utc),
        {"key": "when", "range": {"lte": "2024-05-01T10:00:00Z"}},
        {2},
    ),
    (
        Field("when").between(datetime.date(2025, 5, 1), "2025-05-01 08:00:00.500"),
        {"key": "when", "range": {"gte": "2025-05-01", "lte": "2025-05-01T08:00:00.500000Z"}},
        {3},
    ),
    (Field("tags").count(gte=2), {"key": "tags", "values_count": {"gte": 2}}, {1}),
    (Field("tags").exists(), {"exists": {"key": "tags"}}, {1, 2, 3}),
    (Field("tags").is_empty(), {"is_empty": {"key": "tags"}}, {2, 3, 4, 5}),
    (Field("tags").is_null(), {"is_null": {"key": "tags"}}, {3}),
    (Field("deep.er.still") == "yes", {"key": "deep.er.still", "match": {"value": "yes"}}, {5}),
    (Field('"a.b"') == 1, {"key": '"a.b"', "match": {"value": 1}}, {5}),
    (has_id(2, np.uint64(4), 99), {"has_id": [2, 4, 99]}, {2, 4}),
    (has_id(), {"has_id": []}, set()),
    (
        Field("parts").nested((Field("n") == 1) & (Field("w") == "y")),
        {
            "nested": {
                "key": "parts",
                "filter": {
                    "must": [
                        {"key": "n", "match": {"value": 1}},
                        {"key": "w", "match": {"value": "y"}},
                    ]
                },
            }
        },
        set(),
    ),
    (
        (Field("color") == "red") & (Field("size") < 20),
        {
            "must": [
                {"key": "color", "match": {"value": "red"}},
                {"key": "size", "range": {"lt": 20}},
            ]
        },
        {1},
    ),
    (
        ((Field("color") == "blue") | (Field("size") == 1)) & ~has_id(4),
        {
            "must": [
                {
                    "should": [
                        {"key": "color", "match": {"value": "blue"}},
                        {"key": "size", "match": {"value": 1}},
                    ]
                },
                {"must_not": [{"has_id": [4]}]},
            ]
        },
        {2},
    ),
    (all_of([]), {"must": []}, {1, 2, 3, 4, 5}),
    (any_of([]), {"has_id": []}, set()),
    (any_of([Field("ok") == True, has_id(5)]), None, {3, 5}),  # noqa: E712
    (
        at_least(2, [Field("color") == "red", Field("size") == 10, Field("tags").exists()]),
        None,
        {1, 3},
    ),
]


@pytest.mark.parametrize("built, as_json, expected", CASES)
def test_builder_and_json_find_what_they_should(stored, built, as_json, expected):
    assert {r.id for r in stored.scroll("filters", filter=built)} == expected
    assert stored.count("filters", filter=json.dumps(built.json())) == len(expected)
    if as_json is None:
        return
    parts = ("must", "should", "must_not", "min_should")
    as_filter = as_json if any(p in as_json for p in parts) else {"must": [as_json]}
    assert {h.id for h in stored.search("filters", np.ones(8), filter=as_filter)} == expected
    assert filter_to_proto(as_filter) == filter_to_proto(built)


def test_integers_beyond_doubles_are_bounds_as_they_are():
    sent = filter_to_proto(tqdb.Field("x") > 1768907725507217522)
    assert sent.must[0].field.number_range.gt.integer == 1768907725507217522
    sent = filter_to_proto(tqdb.Field("x").range(gte=0.5, lt=np.uint64(2**64 - 1)))
    assert sent.must[0].field.number_range.gte.real == 0.5
    assert sent.must[0].field.number_range.lt.unsigned_integer == 2**64 - 1
    # Servers of every version understand floats, so these go wherever they say the same.
    sent = filter_to_proto(tqdb.Field("x").between(2**53, 2**63))
    assert sent.must[0].field.range.lte == 2.0**63
    # An integer beyond 64 bits does not become one of 64 bits.
    sent = filter_to_proto(tqdb.Field("x") > -(2**63) - 1)
    assert sent.must[0].field.range.gt < -(2.0**63)
    sent = filter_to_proto(tqdb.Field("x").any(-1, 2**63))
    assert sent.must[0].field.match.any_integers.values == [-1]
    assert sent.must[0].field.match.any_integers.unsigned_values == [2**63]


@pytest.mark.parametrize(
    "text, micros",
    [
        ("2016-12-31T23:59:60.5Z", 1483228800500000),  # the fraction of a leap second counts
        ("2023-02-08T11:49:00+0100", 1675853340000000),
        ("2023-02-08 11:49+01", 1675853340000000),
        ("2023-02-08T10:49:00,5Z", 1675853340500000),
    ],
)
def test_a_time_of_a_looser_form_is_found_by_itself(stored, text, micros):
    bound = filter_to_proto(tqdb.Field("t") <= text).must[0].field.datetime_range.lte
    assert bound.seconds * 1_000_000 + bound.nanos // 1000 == micros
    stored.upsert("filters", [tqdb.Point(99, np.ones(8), {"t": text})])
    found = stored.scroll("filters", filter=tqdb.Field("t").between(text, text))
    assert [r.id for r in found] == [99]
    stored.delete("filters", [99])


@pytest.mark.parametrize("key", ["27\" screen", '"', 'a.b"c', "a\\b", "", "x[0]"])
def test_every_name_can_be_a_key(client, name, key):
    client.create_collection(name, dim=8)
    client.upsert(name, [tqdb.Point(1, np.ones(8), {key: 5}), tqdb.Point(2, np.ones(8), {"a": 5})])
    field = tqdb.Field(quoted_key(key))
    assert [r.id for r in client.scroll(name, filter=field == 5)] == [1]
    client.create_payload_index(name, field.key, "integer")
    assert [index.key for index in client.get_collection(name).payload_indexes] == [field.key]
    assert [r.id for r in client.scroll(name, filter=field == 5)] == [1]
    client.delete_payload_keys(name, [field.key], [1])
    assert client.get(name, [1])[0].payload == {}


BAD = [
    ({"musst": []}, r"filter\.'musst' is unknown; allowed are must, should, must_not, min_should"),
    ({"must": {}}, r"filter\.must is an object; need a list of conditions"),
    ({"must": [7]}, r"filter\.must\[0\] is 7; need a condition"),
    ({"must": [{}]}, r"filter\.must\[0\] is empty; need a condition"),
    ({"must": [{"match": {}}]}, r"filter\.must\[0\]\.'match' is unknown; need a condition"),
    ({"must": [{"key": 7, "match": {"value": 1}}]}, r"filter\.must\[0\]\.key is 7; need a string"),
    ({"must": [{"key": "a"}]}, r"filter\.must\[0\] has 0 members beside key"),
    ({"must": [{"key": "a", "match": {}}]}, r"\.match has 0 members; need one of value"),
    ({"must": [{"key": "a", "match": {"value": 1.5}}]}, r"\.match\.value is 1\.5; need a string"),
    ({"must": [{"key": "a", "match": {"value": None}}]}, r"\.match\.value is None; need a string"),
    ({"must": [{"key": "a", "match": {"any": "red"}}]}, r"\.match\.any is 'red'; need a list"),
    (
        {"must": [{"key": "a", "match": {"any": ["red", 1]}}]},
        r"\.match\.any\[1\] is 1; need a list",
    ),
    ({"must": [{"key": "a", "match": {"any": [1, True]}}]}, r"\.match\.any\[1\] is True"),
    ({"must": [{"key": "a", "match": {"text": 1}}]}, r"\.match\.text is 1; need a string"),
    ({"should": [{"key": "a", "range": {"gte": "soon"}}]}, r"\.range\.gte is 'soon'; need a time"),
    ({"should": [{"key": "a", "range": {"gte": True}}]}, r"\.range\.gte is True; need a number"),
    (
        {"should": [{"key": "a", "range": {"above": 1}}]},
        r"\.range\.'above' is unknown; allowed are gt",
    ),
    (
        {"should": [{"key": "a", "values_count": {"gt": -1}}]},
        r"\.gt is -1; need a number of values",
    ),
    ({"must": [{"has_id": 7}]}, r"has_id is 7; need a list of ids"),
    ({"must": [{"has_id": [1, "x"]}]}, r"has_id\[1\] is 'x'; need an integer"),
    ({"must": [{"nested": {"key": "a"}}]}, r"nested has no filter; need one"),
    ({"must": [{"exists": {"kee": "a"}}]}, r"exists\.'kee' is unknown; allowed are key"),
    ({"min_should": {"conditions": []}}, r"min_should has no min_count"),
    ({"must": [{"must": [{"should": [1]}]}]}, r"filter\.must\[0\]\.must\[0\]\.should\[0\] is 1"),
    ("{", r"filter is not JSON"),
    (7, r"filter is 7; need a Filter, a dict or JSON text"),
]  # fmt: skip


@pytest.mark.parametrize("filter, message", BAD)
def test_errors_name_the_place(filter, message):
    with pytest.raises(tqdb.InvalidArgument, match=message):
        filter_to_proto(filter)


def test_the_server_names_the_place_of_what_only_it_knows(stored):
    with pytest.raises(tqdb.InvalidArgument, match=r"must\[0\]\.range: gte 5 > lte 3"):
        stored.count("filters", filter=Field("size").between(5, 3))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1970-01-01T00:00:01Z", (1, 0)),
        ("1970-01-01 00:00:01.25", (1, 250_000_000)),
        ("1970-01-01T01:00:00.1234567+01:00", (0, 123_456_000)),
        ("1969-12-31T23:59:59.5z", (-1, 500_000_000)),
        ("1970-01-02", (86400, 0)),
        ("2016-12-31T23:59:60Z", (1483228800, 0)),
        *(
            (bad, None)
            for bad in ("", "1970", "1970-1-1", "1970-01-01T00Z", "1970-13-01", "now")
        ),
    ],
)
def test_times_are_read_as_the_server_reads_them(text, expected):
    filter = Field("when") > text
    if expected is None:
        with pytest.raises(tqdb.InvalidArgument, match="need a time such as"):
            filter_to_proto(filter)
    else:
        bound = filter_to_proto(filter).must[0].field.datetime_range.gt
        assert (bound.seconds, bound.nanos) == expected


def test_filters_are_not_truth_values():
    with pytest.raises(TypeError, match="with & | ~"):
        (Field("a") == 1) and (Field("b") == 2)
