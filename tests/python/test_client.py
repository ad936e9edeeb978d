"""Both clients against the real server: each test runs with `Client` and with `AsyncClient`."""

from __future__ import annotations

import inspect
import math
import re
import uuid

import numpy as np
import pytest

import tqdb
from tqdb import Field, Point, TextQuery, VectorSpace

UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


@pytest.fixture()
def client(either_client):
    return either_client


def vectors_of(rows, dim=32, seed=1):
    return np.random.default_rng(seed).standard_normal((rows, dim), np.float32)


async def test_collections_live_and_die(client, name):
    made = await client.create_collection(
        name, dim=16, metric="l2", code_bits=8, residual="none", centering="off",
        store_vectors="f16", seed=7, metadata={"model": "m"},
    )  # fmt: skip
    assert made.vector_spaces == [VectorSpace(16, "", "l2", 8, "none", "off", "f16", 7)]
    assert (made.name, made.status, made.error, made.points) == (name, "ready", "", 0)
    assert (made.dim, made.metric, made.metadata) == (16, "l2", {"model": "m"})
    with pytest.raises(tqdb.AlreadyExists, match=name):
        await client.create_collection(name, dim=16)
    assert (await client.update_collection(name, {"a": "b"})).metadata == {"a": "b"}
    assert (await client.get_collection(name)).metadata == {"a": "b"}
    assert name in [c.name for c in await client.list_collections()]
    assert await client.delete_collection(name) is None
    with pytest.raises(tqdb.NotFound, match=name):
        await client.get_collection(name)


async def test_settings_are_checked_by_name(client, name):
    with pytest.raises(
        tqdb.InvalidArgument, match="'cosmic' is no Metric; allowed are cosine, dot, l2"
    ):
        await client.create_collection(name, dim=16, metric="cosmic")
    with pytest.raises(tqdb.InvalidArgument, match="dim is missing"):
        await client.create_collection(name)
    with pytest.raises(tqdb.InvalidArgument, match="leave out dim"):
        await client.create_collection(name, dim=16, vector_spaces=[VectorSpace(16)])
    with pytest.raises(tqdb.InvalidArgument, match="dim is 16.5"):
        await client.create_collection(name, dim=16.5)
    with pytest.raises(tqdb.InvalidArgument, match="dim"):  # the server's
        await client.create_collection(name, dim=16385)


async def test_points_come_back_as_they_were_written(client, name):
    await client.create_collection(name, dim=32)
    rows = vectors_of(3)
    written = await client.upsert(
        name,
        [
            Point(2**64 - 1, rows[0], {"title": "Ünïcode", "n": [1, {"a": None}]}),
            Point(uuid.UUID(UUID), rows[1].astype(np.float64)),
            Point(0, rows[2].tolist(), '{"as": "text"}'),
        ],
    )
    assert (written.inserted, written.replaced, written.written) == (3, 0, 3)
    first, second, third = await client.get(
        name, [2**64 - 1, UUID.upper(), 9, 0], with_vectors=True
    )
    assert (first.id, second.id, third.id) == (2**64 - 1, UUID, 0)
    assert first.payload == {"title": "Ünïcode", "n": [1, {"a": None}]}
    assert (second.payload, third.payload) == ({}, {"as": "text"})
    for record, row in zip((first, second, third), rows):
        assert record.vector.dtype == np.float32
        np.testing.assert_array_equal(record.vector, row)
    [bare] = await client.get(name, [0], with_payload=False)
    assert bare.payload == {} and bare.vectors == {} and bare.vector is None
    assert await client.delete(name, ids=[0, 1, UUID]) == 2
    assert await client.count(name) == 1


async def test_half_floats_travel_both_ways(client, name):
    await client.create_collection(name, dim=32, store_vectors="f16")
    rows = vectors_of(10).astype(np.float16)
    await client.upload(name, rows, ids=range(10))
    records = await client.get(name, range(10), with_vectors=True)
    np.testing.assert_array_equal(np.stack([r.vector for r in records]), rows)
    assert (await client.search(name, rows[4], limit=1))[0].id == 4


async def test_named_vector_spaces(client, name):
    spaces = [VectorSpace(8, "title"), VectorSpace(16, "body", metric="dot")]
    await client.create_collection(name, vector_spaces=spaces)
    title, body = vectors_of(50, 8), vectors_of(50, 16)
    await client.upload(name, {"title": title, "body": body}, ids=range(50))
    await client.upload_points(name, [Point(50, {"title": title[0] * 2})])
    assert await client.count(name) == 51
    [hit] = await client.search(
        name, body[9], limit=1, vector_name="body", exact=True, with_vectors=True
    )
    assert hit.id == 9 and set(hit.vectors) == {"title", "body"} and hit.vector is None
    np.testing.assert_allclose(hit.score, body[9] @ body[9], rtol=1e-5)
    with pytest.raises(tqdb.InvalidArgument, match="nothing"):
        await client.search(name, body[9], vector_name="nothing")


async def test_searches_agree_with_numpy(client, name):
    await client.create_collection(name, dim=32)
    rows, queries = vectors_of(2000), vectors_of(20, seed=2)
    payloads = [{"n": i, "even": i % 2 == 0} for i in range(2000)]
    await client.upload(name, rows, ids=np.arange(2000), payloads=payloads)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    scores = queries / np.linalg.norm(queries, axis=1, keepdims=True) @ unit.T
    best = np.argsort(-scores, axis=1)[:, :5]

    arrays = await client.search_arrays(name, queries, 5, exact=True)
    np.testing.assert_array_equal(arrays.ids, best)
    np.testing.assert_allclose(arrays.scores, np.take_along_axis(scores, best, 1), atol=1e-5)
    assert arrays.ids.dtype == np.uint64 and arrays.scores.dtype == np.float32
    batch = await client.search_batch(name, queries, 5, exact=True)
    assert [[h.id for h in hits] for hits in batch] == best.tolist()
    hits = await client.search(name, queries[0], 5, rerank=True, oversampling=20)
    assert [h.id for h in hits] == best[0].tolist()
    assert [h.payload for h in hits] == [payloads[i] for i in best[0]]

    even = [i for i in np.argsort(-scores[0]) if i % 2 == 0][:5]
    is_even = Field("even") == True  # noqa: E712
    hits = await client.search(name, queries[0], 5, exact=True, filter=is_even)
    assert [h.id for h in hits] == even
    threshold = float(scores[0, best[0, 2]]) - 1e-4
    hits = await client.search(name, queries[0], 5, exact=True, score_threshold=threshold)
    assert [h.id for h in hits] == best[0, :3].tolist()


async def test_arrays_are_filled_up(client, name):
    await client.create_collection(name, dim=32)
    rows = vectors_of(2)
    await client.upload(name, rows, ids=[7, UUID])
    arrays = await client.search_arrays(name, rows, 3)
    assert arrays.ids.tolist() == [[7, UUID, None], [UUID, 7, None]]
    assert np.isnan(arrays.scores[:, 2]).all() and arrays.counts.tolist() == [2, 2]
    arrays = await client.search_arrays(name, rows, 3, filter=tqdb.has_id(7))
    assert arrays.ids.tolist() == [[7, 0, 0]] * 2 and arrays.counts.tolist() == [1, 1]


async def test_offset_and_diversity(client, name):
    await client.create_collection(name, dim=8)
    angles = np.radians([0, 1, 2, 40, 90])
    rows = np.zeros((5, 8), np.float32)
    rows[:, 0], rows[:, 1] = np.cos(angles), np.sin(angles)
    await client.upload(name, rows, ids=range(5))
    hits = await client.search(name, rows[0], 2, offset=1, exact=True)
    assert [h.id for h in hits] == [1, 2]
    mmr = tqdb.Mmr(diversity=0.7, candidates=5)
    assert [h.id for h in await client.search(name, rows[0], 2, mmr=mmr, exact=True)] == [0, 4]
    arrays = await client.search_arrays(name, rows[:2], 2, mmr=mmr, exact=True)
    assert arrays.ids.tolist() == [[0, 4], [1, 4]]
    batch = await client.search_batch(name, rows[:2], 1, offset=1, exact=True)
    assert [[h.id for h in hits] for hits in batch][0] == [1]
    with pytest.raises(tqdb.InvalidArgument, match="offset is -1"):
        await client.search(name, rows[0], 2, offset=-1)
    with pytest.raises(tqdb.InvalidArgument, match="diversity"):
        await client.search(name, rows[0], 2, mmr=tqdb.Mmr(2))


async def test_recommendation(client, name):
    await client.create_collection(name, dim=32)
    rows = vectors_of(100)
    await client.upload(name, rows, ids=range(100))
    liked = await client.recommend(name, [3], limit=5, exact=True)
    expected = await client.search(name, rows[3], 6, exact=True)
    assert [h.id for h in liked] == [h.id for h in expected[1:]]
    apart = await client.recommend(name, [3], [expected[1].id], limit=3)
    assert expected[1].id not in [h.id for h in apart]
    with pytest.raises(tqdb.InvalidArgument, match=r"negative\[0\] is 'x'"):
        await client.recommend(name, [3], ["x"])


async def test_groups(client, name):
    await client.create_collection(name, dim=32)
    rows = vectors_of(30)
    kinds = ["a", 7, True]
    await client.upload(name, rows, range(30), ({"kind": kinds[i % 3]} for i in range(30)))
    groups = await client.search_groups(name, rows[4], "kind", 3, group_size=2, exact=True)
    assert groups[0].value == 7 and groups[0].points[0].id == 4
    assert {type(g.value) for g in groups} == {str, int, bool}
    assert [len(list(g)) for g in groups] == [2, 2, 2]
    assert all(p.payload["kind"] == g.value for g in groups for p in g)


async def test_hybrid_search_fuses_ranks(client, name):
    await client.create_collection(name, dim=32)
    rows = vectors_of(100)
    payloads = ({"text": "needle" if i in (50, 60) else "hay"} for i in range(100))
    await client.upload(name, rows, range(100), payloads)
    needle = Field("text").text("needle")
    parts = [
        tqdb.Query(rows[0], 10, exact=True),
        tqdb.Query(rows[0], 10, filter=needle, exact=True),
    ]
    plain = [h.id for h in await client.search(name, rows[0], 10, exact=True)]
    needles = [h.id for h in await client.search(name, rows[0], 10, filter=needle, exact=True)]
    scores = {}
    for ids in (plain, needles):
        for rank, id in enumerate(ids, 1):
            scores[id] = scores.get(id, 0) + 1 / (60 + rank)
    hits = await client.search_hybrid(name, parts, 4)
    np.testing.assert_allclose([h.score for h in hits], [scores[h.id] for h in hits], rtol=1e-5)
    np.testing.assert_allclose(
        [h.score for h in hits], sorted(scores.values(), reverse=True)[:4], rtol=1e-5
    )
    assert hits[0].payload["text"]
    [best] = await client.search_hybrid(
        name, [tqdb.Query(positive=[5]), tqdb.Query(rows[9], weight=100.0)], 1, fusion="weighted"
    )
    assert best.id == 9
    with pytest.raises(tqdb.InvalidArgument, match="need 'rrf' or 'weighted'"):
        await client.search_hybrid(name, parts, fusion="sum")
    with pytest.raises(tqdb.InvalidArgument, match=r"queries\[1\]\.filter\.must is 7"):
        await client.search_hybrid(name, [parts[0], tqdb.Query(rows[0], filter={"must": 7})])


TEXTS = [
    "The quick brown fox jumps over the lazy dog",
    "A fox, a FOX: foxes are not counted",
    "Dogs and cats; the dog sleeps",
    "nothing of the kind",
    "quick, quick! said the dog to the fox",
]


def bm25(query, k1=1.2, b=0.75):
    """(score, id), best first, of the formula."""
    words = [re.findall(r"\w+", text.lower()) for text in TEXTS]
    mean = sum(map(len, words)) / len(words)
    found = []
    for i, document in enumerate(words):
        score = 0.0
        for word in re.findall(r"\w+", query.lower()):
            n, tf = sum(word in other for other in words), document.count(word)
            idf = math.log(1 + (len(words) - n + 0.5) / (n + 0.5))
            score += idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * len(document) / mean))
        if score > 0:
            found.append((score, i))
    return sorted(found, reverse=True)


@pytest.fixture()
async def texts(client, name):
    await client.create_collection(name, dim=32)
    await client.create_payload_index(name, "a.text", "text")
    payloads = ({"a": {"text": t}, "kind": "odd" if i % 2 else "even"} for i, t in enumerate(TEXTS))
    await client.upload(name, vectors_of(len(TEXTS)), range(len(TEXTS)), payloads)
    return name


async def test_searches_by_text_are_ranked_by_bm25(client, texts):
    for query in ("quick fox", "DOG dog", "the lazy", "sleeps"):
        hits = await client.search(texts, text=TextQuery("a.text", query))
        expected = bm25(query)
        assert [h.id for h in hits] == [id for _, id in expected]
        np.testing.assert_allclose([h.score for h in hits], [s for s, _ in expected], rtol=1e-4)
    quick = TextQuery("a.text", "quick fox")
    hits = await client.search(texts, None, 1, text=quick, filter=Field("kind") == "odd")
    assert [h.payload["a"]["text"] for h in hits] == [TEXTS[1]]
    assert await client.search(texts, text=TextQuery("a.text", "unheard")) == []
    groups = await client.search_groups(texts, group_by="kind", text=quick, group_size=1)
    best = [id for _, id in bm25("quick fox")]
    assert [(g.value, g.points[0].id) for g in groups] == [("even", best[0]), ("odd", 1)]


async def test_hybrid_search_fuses_a_vector_and_a_text(client, texts):
    vectors = vectors_of(len(TEXTS))
    dense = await client.search(texts, vectors[3], 5, exact=True)
    parts = [
        tqdb.Query(vectors[3], exact=True, weight=2.0),
        tqdb.Query(text=TextQuery("a.text", "the fox")),
    ]
    by_rank, by_score = {}, {}
    for weight, ranking in (
        (2.0, [(h.score, h.id) for h in dense]),
        (1.0, bm25("the fox")),
    ):
        best, worst = ranking[0][0], ranking[-1][0]
        for rank, (score, id) in enumerate(ranking, 1):
            by_rank[id] = by_rank.get(id, 0) + weight / (60 + rank)
            by_score[id] = by_score.get(id, 0) + weight * (score - worst) / (best - worst)
    for fusion, expected in (("rrf", by_rank), ("weighted", by_score)):
        hits = await client.search_hybrid(texts, parts, fusion=fusion)
        assert sorted(h.id for h in hits) == sorted(expected)
        np.testing.assert_allclose(
            [h.score for h in hits], sorted(expected.values(), reverse=True), rtol=1e-3, atol=1e-5
        )


def test_an_index_can_be_waited_for_after_a_restart(own_server):
    rows = 20_000
    words = [f"w{i % 7} w{i % 1000}" for i in range(rows)]
    with tqdb.Client(own_server.address, retry=tqdb.NO_RETRY) as client:
        client.create_collection("c", dim=32)
        client.create_payload_index("c", "text", "text")
        client.upload("c", vectors_of(rows), range(rows), ({"text": w} for w in words))
        query = TextQuery("text", "w999")
        before = client.search("c", text=query)
        assert [h.payload["text"].split()[1] for h in before] == ["w999"] * 10
    own_server.stop()
    own_server.start()
    with tqdb.Client(own_server.address, retry=tqdb.NO_RETRY) as client:
        try:
            assert client.search("c", text=query) == before
        except tqdb.Unavailable as error:
            assert "is being built" in str(error)
        assert client.create_payload_index("c", "text", "text").ready
        assert client.search("c", text=query) == before


async def test_wrong_searches_by_text_are_refused(client, texts):
    vector, fox = vectors_of(1)[0], TextQuery("a.text", "fox")
    need = "vector, sparse, text, positive: need one of them"
    with pytest.raises(tqdb.InvalidArgument, match=need):
        await client.search(texts, vector, text=fox)
    with pytest.raises(tqdb.InvalidArgument, match=need):
        await client.search_hybrid(texts, [tqdb.Query(vector, negative=[1])])
    with pytest.raises(tqdb.InvalidArgument, match=r"queries\[1\]\.text is 'fox'; need a tqdb"):
        await client.search_hybrid(texts, [tqdb.Query(vector), tqdb.Query(text="fox")])
    with pytest.raises(tqdb.FailedPrecondition, match="no payload index of texts"):
        await client.search(texts, text=TextQuery("kind", "odd"))
    with pytest.raises(tqdb.InvalidArgument):
        await client.search(texts, text=fox, exact=True)
    with pytest.raises(tqdb.InvalidArgument, match="group_by is empty"):
        await client.search_groups(texts, text=fox)


async def test_queries_without_words_find_nothing(client, texts):
    vector, nothing = vectors_of(1)[0], TextQuery("a.text", "?!")
    assert await client.search(texts, text=nothing) == []
    assert await client.search_groups(texts, text=nothing, group_by="kind") == []
    dense = await client.search(texts, vector, limit=5)
    parts = [tqdb.Query(vector, limit=5), tqdb.Query(text=nothing)]
    fused = await client.search_hybrid(texts, parts, limit=5)
    assert dense and [point.id for point in fused] == [point.id for point in dense]


async def test_payloads_are_edited(client, name):
    await client.create_collection(name, dim=32)
    await client.upload(
        name, vectors_of(10), range(10), ({"n": i, "a": {"b": 1}} for i in range(10))
    )

    async def payload(id):
        return (await client.get(name, [id]))[0].payload

    assert await client.set_payload(name, {"x": "ü"}, [1, 2, 99]) == 2
    assert await payload(1) == {"n": 1, "a": {"b": 1}, "x": "ü"}
    assert await client.set_payload(name, {"c": 2}, [1], key="a") == 1
    assert (await payload(1))["a"] == {"b": 1, "c": 2}
    assert await client.overwrite_payload(name, {"only": 1}, filter=Field("n") >= 8) == 2
    assert await payload(9) == {"only": 1}
    assert await client.delete_payload_keys(name, ["a.b", "x"], [1]) == 1
    assert await payload(1) == {"n": 1, "a": {"c": 2}}
    assert await client.clear_payload(name, [1, 2], filter=Field("n") == 2) == 1
    assert await payload(2) == {} and await payload(1) != {}
    assert await client.clear_payload(name, [], filter={}) == 0
    assert await client.clear_payload(name, filter={}) == 10
    with pytest.raises(tqdb.InvalidArgument, match="needs ids or filter"):
        await client.clear_payload(name)
    with pytest.raises(tqdb.InvalidArgument, match="need a list of keys"):
        await client.delete_payload_keys(name, "a", [1])


async def test_payload_indexes(client, name):
    await client.create_collection(name, dim=32)
    await client.upload(
        name, vectors_of(50), range(50), ({"n": i, "t": f"w{i}"} for i in range(50))
    )
    made = await client.create_payload_index(name, "n", "integer")
    assert (made.key, made.kind, made.points, made.ready) == ("n", "integer", 50, True)
    await client.create_payload_index(name, "t", "text", wait=False)
    indexes = (await client.get_collection(name)).payload_indexes
    assert [(i.key, i.kind) for i in indexes] == [("n", "integer"), ("t", "text")]
    assert await client.count(name, filter=(Field("n") >= 40) & Field("t").text("W45")) == 1
    await client.delete_payload_index(name, "t")
    assert len((await client.get_collection(name)).payload_indexes) == 1
    with pytest.raises(
        tqdb.InvalidArgument, match="'number' is no PayloadIndexKind; allowed are keyword"
    ):
        await client.create_payload_index(name, "n", "number")


async def test_scroll_walks_all_pages(client, name):
    await client.create_collection(name, dim=32)
    await client.upload(name, vectors_of(95), ids=range(95), payloads=({"n": i} for i in range(95)))
    records = await client.scroll(name, page_size=10)
    assert [(r.id, r.payload["n"]) for r in records] == [(i, i) for i in range(95)]
    records = await client.scroll(name, page_size=7, filter=Field("n") >= 50, with_vectors=True)
    assert [r.id for r in records] == list(range(50, 95)) and records[0].vector.shape == (32,)
    page = await client.scroll_page(name, page_size=4)
    assert len(list(page)) == 4 and page.next_page_token
    assert await client.scroll(name, filter=tqdb.has_id(1000)) == []


async def test_scroll_by_a_payload_key(client, name):
    await client.create_collection(name, dim=32)
    order = np.random.default_rng(4).permutation(50)
    await client.upload(name, vectors_of(50), range(50), ({"n": int(n)} for n in order))
    await client.create_payload_index(name, "n", "integer")
    records = await client.scroll(name, page_size=7, order_by="n")
    assert [r.payload["n"] for r in records] == list(range(50))
    records = await client.scroll(name, order_by="n", descending=True, filter=Field("n") < 10)
    assert [r.payload["n"] for r in records] == list(range(9, -1, -1))
    await client.set_payload(name, {"n": [3, 60]}, ids=[records[0].id])
    walk = {"order_by": "n", "filter": tqdb.has_id(records[0].id)}
    assert len(await client.scroll(name, **walk)) == 2
    assert len(await client.scroll(name, **walk, once=True, page_size=1)) == 1


async def test_facets(client, name):
    await client.create_collection(name, dim=32)
    values = ["a"] * 5 + [1] * 3 + [True] * 2 + [["a", "b"]]
    await client.upload(name, vectors_of(11), range(11), ({"v": v} for v in values))
    counts = await client.facet(name, "v")
    assert [(type(c.value), c.value, c.points) for c in counts] == [
        (str, "a", 6),
        (int, 1, 3),
        (bool, True, 2),
        (str, "b", 1),
    ]
    assert await client.facet(name, "v", 1, filter=tqdb.has_id(5, 6, 0)) == [(1, 2)]


async def test_delete_by_filter(client, name):
    await client.create_collection(name, dim=32)
    await client.upload(name, vectors_of(20), ids=range(20), payloads=({"n": i} for i in range(20)))
    assert await client.delete(name, filter=Field("n") < 5) == 5
    assert await client.count(name, filter=Field("n").exists()) == 15
    with pytest.raises(tqdb.InvalidArgument, match="ids or filter"):
        await client.delete(name)
    with pytest.raises(tqdb.InvalidArgument, match="need a list of ids"):
        await client.delete(name, ids=UUID)


async def test_errors_carry_the_servers_message(client, name):
    with pytest.raises(tqdb.NotFound) as caught:
        await client.search(name, np.ones(8))
    assert name in str(caught.value) and caught.value.code.name == "NOT_FOUND"
    assert isinstance(caught.value, tqdb.Error) and isinstance(caught.value, LookupError)
    await client.create_collection(name, dim=8, store_vectors="none")
    await client.upload(name, np.ones((1, 8)), ids=[1])
    with pytest.raises(tqdb.FailedPrecondition):
        await client.search(name, np.ones(8), exact=True)
    with pytest.raises(tqdb.InvalidArgument, match="has 9 numbers"):
        await client.search(name, np.ones(9))
    with pytest.raises(tqdb.InvalidArgument, match="vector has shape"):
        await client.search(name, np.ones((2, 8)))
    with pytest.raises(tqdb.InvalidArgument):
        await client.search(name, np.full(8, np.nan))
    with pytest.raises(tqdb.InvalidArgument, match=r"ids\[1\]"):
        await client.get(name, [1, "one"])


async def test_the_server_tells_about_itself(client):
    info = await client.server_info()
    assert info.version and info.max_batch_points == 10_000


def test_both_clients_have_the_same_methods():
    def methods(cls):
        return {
            name: str(inspect.signature(member).replace(return_annotation=inspect.Signature.empty))
            for name, member in vars(cls).items()
            if inspect.isfunction(member) and not name.startswith("_")
        }

    assert methods(tqdb.Client) == methods(tqdb.AsyncClient)
    told = inspect.signature(tqdb.Client.search)
    assert "filter" in told.parameters and told.return_annotation == "List[ScoredPoint]"
    assert "best first" in tqdb.Client.search.__doc__
