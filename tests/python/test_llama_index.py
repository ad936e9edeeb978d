"""The vector store for LlamaIndex: its conventions, each with both clients."""

from __future__ import annotations

import asyncio
import math

import pytest
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)

import tqdb
from tqdb.llama_index import TqdbVectorStore


def at(degrees):
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]


def node(degrees, document, **metadata):
    return TextNode(
        id_=f"node-{degrees}",
        text=f"angle {degrees}",
        metadata=metadata,
        embedding=at(degrees),
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document)},
    )


NODES = [
    node(0, "doc-a", theme="Mafia", director="Coppola", year=1972, tags=["crime", "family"]),
    node(5, "doc-a", theme="Fiction", director="Nolan", year=2010, price=1.5),
    node(10, "doc-b", theme="Friendship", year=1994, tags=["prison"], note=""),
    node(90, "doc-b", theme="mafia and more", year=1999, **{"a.b": 7}),
]
TWINS = {"add": "async_add"}


class Both:
    def __init__(self, store, kind):
        self.store, self._kind = store, kind

    def __getattr__(self, name):
        if self._kind == "sync":
            return getattr(self.store, name)
        method = getattr(self.store, TWINS.get(name, f"a{name}"))
        return lambda *args, **kwargs: asyncio.run(method(*args, **kwargs))


@pytest.fixture(params=["sync", "async"])
def empty(request, server, name):
    store = TqdbVectorStore(name, address=server.address, search_options={"exact": True})
    return Both(store, request.param)


@pytest.fixture()
def store(empty):
    assert empty.add(NODES) == [n.node_id for n in NODES]
    return empty


def found(store, degrees=0, top_k=10, **query):
    kwargs = query.pop("kwargs", {})
    result = store.query(
        VectorStoreQuery(query_embedding=at(degrees), similarity_top_k=top_k, **query), **kwargs
    )
    assert [n.node_id for n in result.nodes] == result.ids
    return [int(id.split("-")[1]) for id in result.ids]


def numbers(nodes):
    return sorted(int(n.node_id.split("-")[1]) for n in nodes)


def where(key, operator, value, **more):
    filters = [MetadataFilter(key=key, operator=operator, value=value)]
    return MetadataFilters(filters=filters, **more)


def test_an_empty_store_answers(empty):
    assert found(empty) == [] and empty.get_nodes() == []
    empty.delete("doc-a")
    empty.delete_nodes(["node-0"])
    empty.clear()


def test_nodes_come_back_whole(store):
    result = store.query(VectorStoreQuery(query_embedding=at(4), similarity_top_k=2))
    assert result.ids == ["node-5", "node-0"]
    assert result.similarities == pytest.approx(
        [math.cos(math.radians(a)) for a in (1, 4)], abs=1e-5
    )
    best = result.nodes[0]
    assert best.text == "angle 5" and best.metadata == NODES[1].metadata
    assert best.ref_doc_id == "doc-a" and best.class_name() == "TextNode"


def test_adding_again_replaces(store):
    changed = node(0, "doc-a", theme="Changed")
    store.add([changed])
    assert [n.metadata for n in store.get_nodes(["node-0"])] == [{"theme": "Changed"}]
    assert len(store.get_nodes()) == 4


def test_delete_by_document_by_node_by_filter(store):
    store.delete("doc-a")
    assert numbers(store.get_nodes()) == [10, 90]
    store.delete_nodes(filters=where("year", FilterOperator.LT, 1995))
    assert numbers(store.get_nodes()) == [90]
    store.delete_nodes(["node-90", "node-1"])
    assert store.get_nodes() == []


def test_delete_needs_both_to_hold_when_both_are_given(store):
    store.delete_nodes(["node-0", "node-5"], where("year", FilterOperator.GT, 2000))
    assert numbers(store.get_nodes()) == [0, 10, 90]
    with pytest.raises(tqdb.InvalidArgument, match="needs node_ids or filters"):
        store.delete_nodes()
    with pytest.raises(tqdb.InvalidArgument):
        store.delete_nodes(filters=MetadataFilters(filters=[]))


def test_clear(store):
    store.clear()
    assert store.get_nodes() == []
    store.add(NODES[:1])
    assert numbers(store.get_nodes()) == [0]


def test_get_nodes(store):
    assert numbers(store.get_nodes()) == [0, 5, 10, 90]
    assert numbers(store.get_nodes(["node-5", "node-1"])) == [5]
    assert numbers(store.get_nodes(filters=where("year", FilterOperator.GTE, 1999))) == [5, 90]
    both = store.get_nodes(["node-5", "node-10"], where("year", FilterOperator.GTE, 1999))
    assert numbers(both) == [5]


@pytest.mark.parametrize(
    "key, operator, value, expected",
    [
        ("theme", FilterOperator.EQ, "Mafia", [0]),
        ("year", FilterOperator.EQ, 1994, [10]),
        ("price", FilterOperator.EQ, 1.5, [5]),
        ("director", FilterOperator.NE, "Nolan", [0, 10, 90]),
        ("year", FilterOperator.GT, 1994, [5, 90]),
        ("year", FilterOperator.GTE, 1994, [5, 10, 90]),
        ("year", FilterOperator.LT, 1994, [0]),
        ("year", FilterOperator.LTE, 1994.0, [0, 10]),
        ("theme", FilterOperator.IN, ["Mafia", "Fiction"], [0, 5]),
        ("year", FilterOperator.IN, [1972, 1994], [0, 10]),
        ("price", FilterOperator.IN, [1.5, 2.5], [5]),
        ("year", FilterOperator.IN, [], []),
        ("theme", FilterOperator.NIN, ["Mafia", "Fiction"], [10, 90]),
        ("tags", FilterOperator.ANY, ["crime", "prison"], [0, 10]),
        ("tags", FilterOperator.ALL, ["crime", "family"], [0]),
        ("tags", FilterOperator.ALL, ["crime", "prison"], []),
        ("tags", FilterOperator.CONTAINS, "prison", [10]),
        ("theme", FilterOperator.TEXT_MATCH, "Mafia", [0, 90]),
        ("theme", FilterOperator.TEXT_MATCH_INSENSITIVE, "MORE mafia", [90]),
        ("note", FilterOperator.IS_EMPTY, None, [0, 5, 10, 90]),
        ("tags", FilterOperator.IS_EMPTY, None, [5, 90]),
        ("a.b", FilterOperator.EQ, 7, [90]),
    ],
)
def test_operators(store, key, operator, value, expected):
    assert found(store, filters=where(key, operator, value)) == expected


@pytest.mark.parametrize(
    "operator, value, need",
    [
        (FilterOperator.IN, "Mafia", "need a list"),
        (FilterOperator.EQ, ["Mafia"], "need a single value"),
        (FilterOperator.EQ, None, "need a single value"),
        (FilterOperator.TEXT_MATCH, 7, "need text"),
    ],
)
def test_operators_with_values_they_do_not_take(store, operator, value, need):
    with pytest.raises(tqdb.InvalidArgument, match=f"filter on 'theme': .*{need}"):
        found(store, filters=where("theme", operator, value))


def test_conditions(store):
    parts = [
        MetadataFilter(key="theme", value="Mafia"),
        MetadataFilter(key="year", value=2000, operator=FilterOperator.GT),
    ]
    for condition, expected in (
        (FilterCondition.AND, []),
        (FilterCondition.OR, [0, 5]),
        (FilterCondition.NOT, [10, 90]),
    ):
        assert found(store, filters=MetadataFilters(filters=parts, condition=condition)) == expected
    nested = MetadataFilters(
        filters=[
            MetadataFilters(filters=parts, condition=FilterCondition.OR),
            MetadataFilter(key="director", value="Nolan"),
        ]
    )
    assert found(store, filters=nested) == [5]
    assert found(store, filters=MetadataFilters(filters=[])) == [0, 5, 10, 90]


def test_queries_among_nodes_and_documents(store):
    assert found(store, node_ids=["node-90", "node-5"]) == [5, 90]
    assert found(store, doc_ids=["doc-b"]) == [10, 90]
    assert found(store, doc_ids=["doc-b"], filters=where("year", FilterOperator.GT, 1995)) == [90]


def test_mmr(store):
    mmr = dict(mode=VectorStoreQueryMode.MMR, top_k=2)
    assert found(store, 4, mmr_threshold=0.2, **mmr) == [5, 90]
    assert found(store, 4, mmr_threshold=1.0, **mmr) == [5, 0]
    assert found(store, 4, mmr_threshold=0.2, kwargs={"mmr_prefetch_k": 3}, **mmr) == [5, 0]
    assert found(store, 4, kwargs={"mmr_threshold": 1.0, "mmr_prefetch_factor": 2}, **mmr) == [5, 0]


@pytest.mark.parametrize("mode", ["sparse", "text_search", "semantic_hybrid", "svm"])
def test_other_modes_are_refused(store, mode):
    with pytest.raises(NotImplementedError, match=f"query mode '{mode}'"):
        found(store, mode=VectorStoreQueryMode(mode))


def test_an_index_over_the_store(empty):
    documents = [Document(text=f"text {i}", metadata={"n": i}, doc_id=f"doc-{i}") for i in range(5)]
    context = StorageContext.from_defaults(vector_store=empty.store)
    model = MockEmbedding(embed_dim=16)
    index = VectorStoreIndex.from_documents(documents, storage_context=context, embed_model=model)
    assert len(index.as_retriever(similarity_top_k=3).retrieve("text")) == 3
    retriever = index.as_retriever(filters=where("n", FilterOperator.EQ, 3))
    assert [n.get_content() for n in retriever.retrieve("text")] == ["text 3"]
    index.delete_ref_doc("doc-3")
    assert retriever.retrieve("text") == []
    again = VectorStoreIndex.from_vector_store(empty.store, embed_model=model)
    assert len(again.as_retriever(similarity_top_k=9).retrieve("text")) == 4


def test_keys_are_not_written_with_the_store(server):
    store = TqdbVectorStore("c", address=server.address, api_key="secret")
    assert "secret" not in store.to_json() and store.class_name() == "TqdbVectorStore"
