"""LangChain's own suite for vector stores, synchronous and asynchronous, and what it leaves out."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_tests.integration_tests import VectorStoreIntegrationTests

import tqdb
from tqdb import Field
from tqdb.langchain import TqdbVectorStore


class TestStandard(VectorStoreIntegrationTests):
    @pytest.fixture()
    def vectorstore(self, server, name):
        store = TqdbVectorStore(name, self.get_embeddings(), address=server.address)
        try:
            yield store
        finally:
            try:
                store.client.delete_collection(name)
            except tqdb.NotFound:
                pass  # nothing was written


class TestStandardWithACollectionOfTheCaller(VectorStoreIntegrationTests):
    """Clients and collection are there already; float16 originals, scores from them."""

    @pytest.fixture()
    def vectorstore(self, server, client, name):
        client.create_collection(name, dim=8, metric="dot", store_vectors="f16")
        yield TqdbVectorStore(
            name,
            self.get_embeddings(),
            client=client,
            address=server.address,
            metric="dot",
            create=False,
            search_options={"rerank": True},
        )


class Angles(Embeddings):
    """Texts are angles in degrees; their vectors lie on a circle."""

    def embed_query(self, text):
        angle = math.radians(float(text))
        return [math.cos(angle), math.sin(angle)]

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


TEXTS = ["0", "5", "10", "80", "90", "180"]
METADATAS = [{"n": i, "kind": "even" if i % 2 == 0 else "odd", "a.b": i} for i in range(6)]


class Both:
    """Calls a method of the store, or its asynchronous twin."""

    def __init__(self, store, kind):
        self.store, self._kind = store, kind

    def __getattr__(self, name):
        if self._kind == "sync":
            return getattr(self.store, name)
        method = getattr(self.store, f"a{name}")
        return lambda *args, **kwargs: asyncio.run(method(*args, **kwargs))


@pytest.fixture(params=["sync", "async"])
def store(request, server, name):
    settings = dict(collection=name, address=server.address, search_options={"exact": True})
    made = Both(TqdbVectorStore, request.param).from_texts(
        TEXTS, Angles(), METADATAS, ids=[f"id {t}" for t in TEXTS], **settings
    )
    return Both(made, request.param)


def texts(documents):
    return [d.page_content for d in documents]


def test_scores_are_cosines(store):
    found = store.similarity_search_with_score("3", k=3)
    assert texts(d for d, _ in found) == ["5", "0", "10"]
    expected = [math.cos(math.radians(a)) for a in (2, 3, 7)]
    np.testing.assert_allclose([score for _, score in found], expected, atol=1e-5)
    assert found[0][0] == Document(id="id 5", page_content="5", metadata=METADATAS[1])
    relevance = store.similarity_search_with_relevance_scores("3", k=6)
    assert all(0 <= score <= 1 for _, score in relevance) and len(relevance) == 6
    assert texts(store.similarity_search_by_vector([0.0, 1.0], k=2)) == ["90", "80"]


@pytest.mark.parametrize(
    "filter, expected",
    [
        ({"kind": "odd"}, ["5", "80", "180"]),
        ({"kind": "odd", "n": [1, 5]}, ["5", "180"]),
        ({"a.b": 3}, ["80"]),
        (Field("metadata.n") >= 4, ["90", "180"]),
        ({"must_not": [{"key": "metadata.n", "range": {"lt": 4}}]}, ["90", "180"]),
        (Field("text").any("0", "90"), ["0", "90"]),
        ({"kind": []}, []),
    ],
)
def test_filters(store, filter, expected):
    assert texts(store.similarity_search("0", k=6, filter=filter)) == expected
    found = store.similarity_search_with_score("0", k=6, filter=filter)
    assert texts(d for d, _ in found) == expected
    mmr = store.max_marginal_relevance_search("0", k=6, lambda_mult=1.0, filter=filter)
    assert texts(mmr) == expected


def test_mmr_prefers_what_differs(store):
    assert texts(store.similarity_search("4", k=2)) == ["5", "0"]
    picked = store.max_marginal_relevance_search("4", k=2, fetch_k=5, lambda_mult=0.2)
    assert texts(picked) == ["5", "90"]
    assert texts(store.max_marginal_relevance_search("4", k=2, fetch_k=3, lambda_mult=0.2)) == [
        "5",
        "0",
    ]
    assert texts(store.max_marginal_relevance_search("4", k=3, lambda_mult=1.0)) == ["5", "0", "10"]
    assert len(store.max_marginal_relevance_search("4", k=50, fetch_k=2)) == 6


def test_retriever_of_each_kind(store):
    for kind, more in (
        ("similarity", {}),
        ("mmr", {"fetch_k": 6}),
        ("similarity_score_threshold", {"score_threshold": 0.9}),
    ):
        found = store.store.as_retriever(search_type=kind, search_kwargs={"k": 2, **more}).invoke(
            "0"
        )
        assert texts(found)[0] == "0" and len(found) == 2


def test_delete_by_filter_and_all(store):
    assert store.delete(filter={"kind": "odd"}) is True
    assert sorted(texts(store.similarity_search("0", k=10))) == ["0", "10", "90"]
    assert store.delete(["id 0", "nothing"]) is True
    assert store.get_by_ids(["id 0", "id 10"])[0].page_content == "10"
    assert store.delete() is True
    assert store.similarity_search("0", k=10) == []


def test_repeated_and_missing_ids(store):
    ids = store.add_texts(["20", "30", "40"], ids=["same", None, "same"])
    assert ids[0] == ids[2] == "same" and len(ids[1]) == 36
    [document] = store.get_by_ids(["same"])
    assert document.page_content == "40"
    assert store.get_by_ids([ids[1]])[0].id == ids[1]


def test_ids_that_are_uuids_are_the_same_in_either_case(store):
    id = "6BA7B810-9dad-11d1-80b4-00c04fd430c8"
    store.add_texts(["20", "30"], ids=[id, id.lower()])
    assert texts(store.get_by_ids([id])) == ["30"]


def test_wrong_use_is_told(store, server):
    with pytest.raises(ValueError, match="metadatas has 1 values for 2 texts"):
        store.add_texts(["1", "2"], [{}])
    with pytest.raises(tqdb.InvalidArgument, match=r"metadatas\[0\] does not make JSON"):
        store.add_texts(["1"], [{"a": object()}])
    missing = TqdbVectorStore("not-there", Angles(), address=server.address, create=False)
    with pytest.raises(tqdb.NotFound):
        missing.similarity_search("1")
    with pytest.raises(tqdb.NotFound):
        missing.add_texts(["1"])


def test_l2_relevance(server, name):
    store = TqdbVectorStore(name, Angles(), address=server.address, metric="l2")
    store.add_texts(["0", "90"])
    [(first, near), (_, far)] = store.similarity_search_with_relevance_scores("0", k=2, exact=True)
    assert first.page_content == "0" and near == pytest.approx(1, abs=1e-4)
    assert far == pytest.approx(1 / 3, abs=1e-4)


def test_many_documents_go_in_parts(server, name):
    store = TqdbVectorStore(name, Angles(), address=server.address)
    store.add_texts([str(i / 10) for i in range(2500)], ids=[str(i) for i in range(2500)])
    assert store.client.count(name) == 2500
    assert len(store.get_by_ids([str(i) for i in range(2500)])) == 2500
    store.delete([str(i) for i in range(2400)])
    assert store.client.count(name) == 100
