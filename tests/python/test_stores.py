"""What people meet with the stores for LangChain and LlamaIndex: copies, foreign payloads, filters
in the style of MongoDB, documents without a vector."""

from __future__ import annotations

import copy
import datetime
import pickle
import uuid

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.structured_query import Comparator, Comparison, Operation, Operator
from langchain_core.structured_query import StructuredQuery
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import VectorStoreQuery

import tqdb
import tqdb.langchain
import tqdb.llama_index
from tqdb import Field
from tqdb.langchain import TqdbTranslator, TqdbVectorStore

from .test_transport import certificate  # noqa: F401

KEY = "a-secret-key-of-this-test"
FAKE = DeterministicFakeEmbedding(size=32)
VECTOR = [1.0] * 16


class Lengths(Embeddings):
    """Texts of blanks have no vector."""

    def embed_query(self, text):
        return [float(bool(text.strip())), float(len(text)), *[0.0] * 14]

    def embed_documents(self, texts):
        return [self.embed_query(text) * bool(text.strip()) or [0.0] * 16 for text in texts]


# --- Copies.


def copies_of(store):
    yield pickle.loads(pickle.dumps(store))
    yield copy.deepcopy(store)
    if hasattr(store, "to_dict"):
        yield type(store).from_dict(store.to_dict())
        yield type(store).from_json(store.to_json())


def test_a_copy_of_a_llama_index_store_has_its_server(server, client, name):
    """RyanCodrai/turbovec#148: the copy talked to localhost:6334."""
    node = TextNode(text="fig", id_="n1", embedding=VECTOR)
    for settings in (dict(address=server.address), dict(client=client)):
        client.delete_collection(name) if client.collection_exists(name) else None
        store = tqdb.llama_index.TqdbVectorStore(name, **settings, search_options={"exact": True})
        store.add([node])
        for each in copies_of(store):
            query = VectorStoreQuery(query_embedding=VECTOR, similarity_top_k=1)
            assert each.query(query).ids == ["n1"] and each.search_options == {"exact": True}
            assert each.client.settings.address == server.address


def test_a_copy_of_a_langchain_store_has_its_server(server, client, name):
    for settings in (dict(address=server.address), dict(client=client)):
        store = TqdbVectorStore(name, FAKE, **settings, content_key="body")
        store.add_texts(["tea"], ids=["1"])
        for each in copies_of(store):
            assert each.similarity_search("tea", k=1) == [Document(id="1", page_content="tea")]


def test_a_copy_has_everything_but_the_key(certificate, monkeypatch):  # noqa: F811
    monkeypatch.delenv("TQDB_API_KEY", raising=False)
    tls = tqdb.TLS(ca=certificate[0], server_name="localhost")
    settings = dict(address="db.invalid:7", api_key=KEY, tls=tls, create=False, text_index=False)
    store = tqdb.llama_index.TqdbVectorStore("c", **settings)
    for each in (*copies_of(store), *copies_of(next(copies_of(store)))):
        own = each._connection.settings
        assert own.address == "db.invalid:7" and own.tls.server_name == "localhost"
        assert str(own.tls.ca) == str(certificate[0])
        assert (each.create, each.text_index, each.needs_api_key) == (False, False, True)
    for each in (pickle.loads(pickle.dumps(store)), type(store).from_dict(store.to_dict())):
        with pytest.raises(tqdb.Unauthenticated, match="without the API key"):
            each.client.server_info()
    assert KEY.encode() not in pickle.dumps(store) and KEY not in store.to_json() + repr(store)
    given = type(store).from_dict(store.to_dict(), api_key="another-key-of-this-test")
    assert given.client.settings.api_key == "another-key-of-this-test"
    chain = TqdbVectorStore("c", FAKE, **settings)
    assert KEY.encode() not in pickle.dumps(chain)
    monkeypatch.setenv("TQDB_API_KEY", KEY)
    for each in (pickle.loads(pickle.dumps(store)), type(store).from_json(store.to_json())):
        assert each.client.settings.api_key == KEY
    assert pickle.loads(pickle.dumps(chain)).client.settings.api_key == KEY


# --- Payloads of others.


@pytest.fixture()
def foreign(client, name):
    client.create_collection(name, dim=32)
    payload = {"page.content": "tea", "lang": "en", "id": 7, "about": {"year": 2024}}
    client.upload(name, [FAKE.embed_query("tea")], [1], [payload])
    return name


def test_documents_of_a_collection_that_others_made(server, foreign):
    """langchain-ai/langchain#14515: page_content was empty."""
    plain = TqdbVectorStore.from_existing_collection(foreign, FAKE, address=server.address)
    with pytest.raises(tqdb.InvalidArgument) as told:
        plain.similarity_search("tea")
    assert told.value.key == "text"
    assert "point 1 has no text at the key 'text'; its keys are" in str(told.value)
    flat = TqdbVectorStore(
        foreign, FAKE, address=server.address, content_key="page.content", metadata_key=None
    )
    [document] = flat.similarity_search("tea", filter={"lang": "en"})
    metadata = {"lang": "en", "about": {"year": 2024}}
    assert document == Document(id="1", page_content="tea", metadata=metadata)
    nested = TqdbVectorStore(
        foreign, FAKE, address=server.address, content_key="page.content", metadata_key="about"
    )
    [document] = nested.similarity_search("tea", filter={"year": {"$gte": 2024}})
    assert document.metadata == {"year": 2024}
    flat.add_texts(["green tea"], [{"lang": "de"}], ids=["9"])
    assert [d.metadata for d in flat.get_by_ids(["9"])] == [{"lang": "de"}]
    with pytest.raises(tqdb.InvalidArgument, match=r"metadatas\[0\] has the key 'page.content'"):
        flat.add_texts(["tea"], [{"page.content": "x"}])


def test_texts_under_a_key_of_choice_are_found_by_their_words(server, name):
    store = TqdbVectorStore(name, FAKE, address=server.address, content_key="a.b")
    store.add_texts(["green tea", "coffee"])
    found = store.similarity_search("tea", retrieval_mode="text")
    assert [d.page_content for d in found] == ["green tea"]
    assert store.delete() is True and store.similarity_search("tea") == []


def test_a_missing_collection_is_told_where_it_must_be_there(server, name):
    store = TqdbVectorStore.from_existing_collection(name, FAKE, address=server.address)
    with pytest.raises(tqdb.NotFound):
        store.similarity_search("tea")


# --- Filters.

WHEN = datetime.datetime(2024, 5, 1, 12)
ROWS = [
    {"year": 2021, "tags": ["a", "b"], "price": 1.5, "title": "quick fox"},
    {"year": 2024, "tags": ["c"], "price": 2.5, "title": "lazy dog", "when": WHEN},
    {"year": 2030, "tags": [], "none": None},
]


@pytest.fixture(scope="module")
def years(server):
    store = TqdbVectorStore("years", FAKE, address=server.address)
    store.add_texts(["a b", "c d", "e f"], ROWS)
    yield store
    store.client.delete_collection("years")


def years_of(store, filter):
    return sorted(d.metadata["year"] for d in store.similarity_search("x", k=9, filter=filter))


@pytest.mark.parametrize(
    "filter, expected",
    [
        ({"year": {"$gte": 2022}}, [2024, 2030]),
        ({"year": {"$gt": 2021, "$lt": 2030}}, [2024]),
        ({"year": {"$lte": 2021}}, [2021]),
        ({"year": {"$eq": 2024}}, [2024]),
        ({"year": {"$ne": 2024}}, [2021, 2030]),
        ({"year": {"$in": [2024, 2030]}}, [2024, 2030]),
        ({"year": {"$in": []}}, []),
        ({"year": {"$nin": [2024]}}, [2021, 2030]),
        ({"price": {"$in": [1.5, 7]}}, [2021]),
        ({"price": 2.5}, [2024]),
        ({"price": {"$exists": False}}, [2030]),
        ({"price": {"$exists": True}}, [2021, 2024]),
        ({"price": None}, [2030]),
        ({"tags": "c"}, [2024]),
        ({"tags": ["a", "c"]}, [2021, 2024]),
        ({"title": {"$text": "FOX"}}, [2021]),
        ({"when": WHEN}, [2024]),
        ({"when": {"$gte": datetime.date(2024, 5, 1)}}, [2024]),
        ({"$and": [{"year": {"$gt": 2022}}, {"year": {"$lt": 2030}}]}, [2024]),
        ({"$or": [{"year": 2021}, {"tags": "c"}]}, [2021, 2024]),
        ({"$nor": [{"year": 2021}, {"tags": "c"}]}, [2030]),
        ({"$not": {"year": 2021}}, [2024, 2030]),
        ({"year": {"$not": {"$gt": 2022}}}, [2021]),
        ({"$or": [{"$and": [{"year": 2021}, {"tags": "b"}]}, {"year": 2030}]}, [2021, 2030]),
        ({"year": 2021, "tags": "c"}, []),
        ({}, [2021, 2024, 2030]),
        (Field("metadata.year") > 2024, [2030]),
        ({"$and": [Field("metadata.year") > 2021, {"tags": "c"}]}, [2024]),
    ],
)
def test_filters_in_the_style_of_mongodb(years, filter, expected):
    """langchain-ai/langchain#25798, #22272, #29603."""
    assert years_of(years, filter) == expected


@pytest.mark.parametrize(
    "filter, message",
    [
        ({"metadata.year": 2023}, r"filter\['metadata.year'\]: keys are .* so 'year' is meant"),
        ({"year": {"$near": 3}}, r"filter\['year'\]\['\$near'\] is unknown; allowed are \$eq"),
        ({"$xor": []}, r"filter\['\$xor'\] is unknown; allowed are \$and"),
        ({"year": {"gte": 3}}, r"filter\['year'\]\['gte'\] is unknown"),
        ({"year": {}}, "is empty"),
        ({"year": {"$in": 3}}, r"\['\$in'\] is 3; need a list"),
        ({"$or": {"year": 3}}, r"filter\['\$or'\] is .*; need a list of filters"),
        ({3: 4}, "filter has the key 3"),
        (lambda document: True, "filter is a function; need a dict"),
        (7, "filter is a int; need a dict"),
        ({"year": object()}, "filter"),
    ],
)
def test_filters_that_mean_nothing(years, filter, message):
    with pytest.raises(tqdb.InvalidArgument, match=message):
        years.similarity_search("x", filter=filter)


def test_structured_queries_of_a_self_query_retriever(years):
    def is_(attribute, comparator, value):
        return Comparison(attribute=attribute, comparator=comparator, value=value)

    day = {"date": "2024-05-01", "type": "date"}
    for filter, expected in (
        (is_("year", Comparator.GTE, 2024), [2024, 2030]),
        (is_("year", Comparator.NE, 2024), [2021, 2030]),
        (is_("year", Comparator.IN, [2021]), [2021]),
        (is_("year", Comparator.NIN, [2021]), [2024, 2030]),
        (is_("tags", Comparator.CONTAIN, "b"), [2021]),
        (is_("title", Comparator.LIKE, "%lazy%"), [2024]),
        (is_("when", Comparator.GT, day), [2024]),
        (is_("when", Comparator.LT, {"datetime": "2024-05-01T00:00:00Z"}), []),
    ):
        query = StructuredQuery(query="x", filter=filter, limit=None)
        text, arguments = TqdbTranslator().visit_structured_query(query)
        assert text == "x" and years_of(years, **arguments) == expected
    both = [is_("year", Comparator.LT, 2030), is_("tags", Comparator.EQ, "c")]
    for operator, expected in (
        (Operator.AND, [2024]),
        (Operator.OR, [2021, 2024]),
        (Operator.NOT, [2021, 2030]),
    ):
        filter = Operation(operator=operator, arguments=both)
        query = StructuredQuery(query="x", filter=filter, limit=None)
        assert years_of(years, **TqdbTranslator().visit_structured_query(query)[1]) == expected
    empty = StructuredQuery(query="x", filter=None, limit=None)
    assert TqdbTranslator().visit_structured_query(empty) == ("x", {})
    with pytest.raises(tqdb.InvalidArgument, match="need a date or time"):
        TqdbTranslator().visit_comparison(is_("when", Comparator.GT, {"date": "soon"}))


# --- Writing.


def test_a_document_without_a_vector_is_named(server, name):
    """elastic/elasticsearch#81167."""
    store = TqdbVectorStore(name, Lengths(), address=server.address)
    with pytest.raises(tqdb.InvalidArgument, match=r"texts\[2\] \(id 'blank'\): ") as told:
        store.add_texts(["soup", "salad", " ", "tea"], ids=["same", "b", "blank", "same"])
    assert told.value.row == told.value.position == 2
    many = [str(i) for i in range(1500)]
    many[1400] = " "
    with pytest.raises(tqdb.InvalidArgument, match=r"texts\[1400\] \(id "):
        store.add_texts(many)
    nodes = [TextNode(text="a", id_=f"n{i}", embedding=VECTOR) for i in range(3)]
    nodes[1].embedding = [0.0] * 16
    with pytest.raises(tqdb.InvalidArgument, match="node 'n1': "):
        tqdb.llama_index.TqdbVectorStore(name, address=server.address).add(nodes)


def test_ids_that_are_numbers_or_uuids(server, name):
    store = TqdbVectorStore(name, FAKE, address=server.address)
    own = uuid.uuid4()
    assert store.add_texts(["a", "b"], ids=[7, own]) == ["7", str(own)]
    assert [d.id for d in store.get_by_ids([own, 7])] == [str(own), "7"]
    store.delete([7])
    assert store.get_by_ids(["7"]) == []
    for ids in ([1.5, "a"], [True, "a"], ["a", object()]):
        with pytest.raises(tqdb.InvalidArgument, match=r"ids\[\d\] is .*; need text, an integer"):
            store.add_texts(["a", "b"], ids=ids)


def test_products_of_long_vectors_are_no_relevance(server, name):
    """langchain-ai/langchain#10864: 18.36, and a warning."""
    store = TqdbVectorStore(name, FAKE, address=server.address, metric="dot")
    store.add_texts(["a", "b"])
    with pytest.raises(tqdb.InvalidArgument, match="not of unit length"):
        store.similarity_search_with_relevance_scores("a", k=2)
    unit = TqdbVectorStore(name + "u", Lengths(), address=server.address, metric="dot")
    unit._embedding.embed_query = lambda text: [1.0, *[0.0] * 15]
    unit.add_texts(["a"])
    [(_, relevance)] = unit.similarity_search_with_relevance_scores("a")
    np.testing.assert_allclose(relevance, 1, atol=0.05)
