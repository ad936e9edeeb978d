"""The store itself."""

from __future__ import annotations

from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    Union,
)

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from .._channel import TLS, PathLike, Settings
from .._payloads import write_payload
from .._stores import Collection, Connection, Steps, as_vector
from ..aio import AsyncClient
from ..client import Client
from ..errors import InvalidArgument
from ..filters import Field
from ..ids import id_from_text as point_id
from ..types import Point, ScoredPoint
from .arguments import (
    RetrievalMode,
    checked_mode,
    checked_texts,
    ids_of,
    relevance_of_product,
)
from .documents import Layout, documents_of
from .filters import StoreFilter, filter_of


class TqdbVectorStore(VectorStore):
    """Documents in one collection, which the first `add_texts` makes if it is not there.

    `metric` and `collection_settings` (arguments of `Client.create_collection`) are for that.
    `client` and `async_client` share connections; without them the store connects to `address`
    itself, or has a server of its own on the directory `path`. A copy made by pickle connects to
    the same server, without the API key: it takes it from $TQDB_API_KEY.

    `search_options`, such as {"rerank": True}, go with every search; arguments of one search
    override them. `score`s are tqdb's: higher is better.

    `retrieval_mode`, of the store or of one search, says how `similarity_search` and its kin find
    documents: "dense", by embeddings; "text", by the words of the query, ranked by BM25; "hybrid",
    by both. Those need an index of kind "text" for the key "text", which comes with a collection
    that is made here, unless `text_index` is false.

    `content_key` and `metadata_key` are the keys of a payload that hold text and metadata. With
    `metadata_key=None`, all other keys of the payload are the metadata. A point without a text
    raises InvalidArgument.
    """

    def __init__(
        self,
        collection: str,
        embedding: Embeddings,
        *,
        client: Optional[Client] = None,
        async_client: Optional[AsyncClient] = None,
        address: Optional[str] = None,
        path: Optional[PathLike] = None,
        api_key: Optional[str] = None,
        tls: Union[bool, TLS] = False,
        metric: str = "cosine",
        collection_settings: Optional[Mapping[str, Any]] = None,
        create: bool = True,
        search_options: Optional[Mapping[str, Any]] = None,
        relevance_score_fn: Optional[Callable[[float], float]] = None,
        retrieval_mode: RetrievalMode = "dense",
        text_index: bool = True,
        content_key: str = "text",
        metadata_key: Optional[str] = "metadata",
    ) -> None:
        settings = Settings(address, path, None, api_key, tls)
        self._connection = Connection(client, async_client, settings)
        self._layout = Layout(content_key, metadata_key)
        self._collection = Collection(
            collection,
            create,
            {"metric": metric, **(collection_settings or {})},
            self._layout.content_path(),
            text_index,
        )
        self._retrieval_mode = checked_mode(retrieval_mode)
        self._embedding = embedding
        self._metric = metric
        self._search_options = dict(search_options or {})
        self._relevance_score_fn = relevance_score_fn

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    @property
    def collection(self) -> str:
        return self._collection.name

    @property
    def client(self) -> Client:
        return self._connection.client

    @property
    def async_client(self) -> AsyncClient:
        """Of the running event loop."""
        return self._connection.async_client

    # --- Writing.

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: Optional[List[Dict[str, Any]]] = None,
        *,
        ids: Optional[List[str]] = None,
        **kwargs: Any,
    ) -> List[str]:
        """Adds or replaces. Ids are any strings; those that are missing or None are made up."""
        texts, ids = checked_texts(texts, metadatas, ids)
        vectors = self._embedding.embed_documents(texts)
        self._connection.run(self._write(texts, vectors, metadatas, ids))
        return ids

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: Optional[List[Dict[str, Any]]] = None,
        *,
        ids: Optional[List[str]] = None,
        **kwargs: Any,
    ) -> List[str]:
        texts, ids = checked_texts(texts, metadatas, ids)
        vectors = await self._embedding.aembed_documents(texts)
        await self._connection.arun(self._write(texts, vectors, metadatas, ids))
        return ids

    def delete(
        self,
        ids: Optional[List[str]] = None,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> bool:
        """Deletes by id or by filter; all documents when neither is given."""
        self._connection.run(self._delete(ids, filter))
        return True

    async def adelete(
        self,
        ids: Optional[List[str]] = None,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> bool:
        await self._connection.arun(self._delete(ids, filter))
        return True

    # --- Reading.

    def get_by_ids(self, ids: Sequence[str], /) -> List[Document]:
        records = self._connection.run(self._collection.get(map(point_id, ids_of(ids))))
        return [self._layout.document_of(record) for record in records]

    async def aget_by_ids(self, ids: Sequence[str], /) -> List[Document]:
        records = await self._connection.arun(self._collection.get(map(point_id, ids_of(ids))))
        return [self._layout.document_of(record) for record in records]

    def similarity_search(
        self, query: str, k: int = 4, *, filter: Optional[StoreFilter] = None, **kwargs: Any
    ) -> List[Document]:
        """The `k` documents most similar to `query`.

        `kwargs` are as of `Client.search`, and `retrieval_mode`.

        With "hybrid", the best `fetch_k` (100, or `k`) by embedding and as many by words are fused
        by their ranks; or, with `alpha`, by their scores: 1 are those of the embedding alone, 0
        those of the words.
        """
        return documents_of(self.similarity_search_with_score(query, k, filter=filter, **kwargs))

    async def asimilarity_search(
        self, query: str, k: int = 4, *, filter: Optional[StoreFilter] = None, **kwargs: Any
    ) -> List[Document]:
        return documents_of(
            await self.asimilarity_search_with_score(query, k, filter=filter, **kwargs)
        )

    def similarity_search_with_score(
        self, query: str, k: int = 4, *, filter: Optional[StoreFilter] = None, **kwargs: Any
    ) -> List[Tuple[Document, float]]:
        mode, given = self._mode(kwargs)
        vector = [] if mode == "text" else self._embedding.embed_query(query)
        steps = self._find(mode, query, vector, k, filter, given)
        return self._layout.scored_of(self._connection.run(steps))

    async def asimilarity_search_with_score(
        self, query: str, k: int = 4, *, filter: Optional[StoreFilter] = None, **kwargs: Any
    ) -> List[Tuple[Document, float]]:
        mode, given = self._mode(kwargs)
        vector = [] if mode == "text" else await self._embedding.aembed_query(query)
        steps = self._find(mode, query, vector, k, filter, given)
        return self._layout.scored_of(await self._connection.arun(steps))

    def _similarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> List[Tuple[Document, float]]:
        self._check_relevance(kwargs)
        return super()._similarity_search_with_relevance_scores(query, k, **kwargs)

    async def _asimilarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> List[Tuple[Document, float]]:
        self._check_relevance(kwargs)
        return await super()._asimilarity_search_with_relevance_scores(query, k, **kwargs)

    def similarity_search_by_vector(
        self,
        embedding: List[float],
        k: int = 4,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> List[Document]:
        return documents_of(
            self.similarity_search_with_score_by_vector(embedding, k, filter=filter, **kwargs)
        )

    async def asimilarity_search_by_vector(
        self,
        embedding: List[float],
        k: int = 4,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> List[Document]:
        return documents_of(
            await self.asimilarity_search_with_score_by_vector(
                embedding, k, filter=filter, **kwargs
            )
        )

    def similarity_search_with_score_by_vector(
        self,
        embedding: List[float],
        k: int = 4,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> List[Tuple[Document, float]]:
        steps = self._search(embedding, k, filter, kwargs)
        return self._layout.scored_of(self._connection.run(steps))

    async def asimilarity_search_with_score_by_vector(
        self,
        embedding: List[float],
        k: int = 4,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> List[Tuple[Document, float]]:
        steps = self._search(embedding, k, filter, kwargs)
        return self._layout.scored_of(await self._connection.arun(steps))

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> List[Document]:
        """Picks `k` that differ of the best `fetch_k`; `lambda_mult` 1 asks for likeness alone."""
        vector = self._embedding.embed_query(query)
        return self.max_marginal_relevance_search_by_vector(
            vector, k, fetch_k, lambda_mult, filter=filter, **kwargs
        )

    async def amax_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> List[Document]:
        vector = await self._embedding.aembed_query(query)
        return await self.amax_marginal_relevance_search_by_vector(
            vector, k, fetch_k, lambda_mult, filter=filter, **kwargs
        )

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: List[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> List[Document]:
        steps = self._mmr(embedding, k, fetch_k, lambda_mult, filter, kwargs)
        return [self._layout.document_of(hit) for hit in self._connection.run(steps)]

    async def amax_marginal_relevance_search_by_vector(
        self,
        embedding: List[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Optional[StoreFilter] = None,
        **kwargs: Any,
    ) -> List[Document]:
        steps = self._mmr(embedding, k, fetch_k, lambda_mult, filter, kwargs)
        return [self._layout.document_of(hit) for hit in await self._connection.arun(steps)]

    # --- From texts.

    @classmethod
    def from_texts(
        cls: Type[TqdbVectorStore],
        texts: List[str],
        embedding: Embeddings,
        metadatas: Optional[List[Dict[str, Any]]] = None,
        *,
        ids: Optional[List[str]] = None,
        collection: str = "langchain",
        **kwargs: Any,
    ) -> TqdbVectorStore:
        """A store with these texts in it; `kwargs` are those of the class."""
        store = cls(collection, embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(
        cls: Type[TqdbVectorStore],
        texts: List[str],
        embedding: Embeddings,
        metadatas: Optional[List[Dict[str, Any]]] = None,
        *,
        ids: Optional[List[str]] = None,
        collection: str = "langchain",
        **kwargs: Any,
    ) -> TqdbVectorStore:
        store = cls(collection, embedding, **kwargs)
        await store.aadd_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    def from_existing_collection(
        cls: Type[TqdbVectorStore], collection: str, embedding: Embeddings, **kwargs: Any
    ) -> TqdbVectorStore:
        """A store over a collection that is there: a missing one is NotFound, and not made."""
        return cls(collection, embedding, create=False, **kwargs)

    # --- Once for both.

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        if self._relevance_score_fn is not None:
            return self._relevance_score_fn
        if self._metric == "l2":
            return lambda score: 1 / (1 - min(score, 0))  # of minus a squared distance
        return relevance_of_product

    def _write(
        self,
        texts: List[str],
        vectors: List[List[float]],
        metadatas: Optional[List[Dict[str, Any]]],
        ids: List[str],
    ) -> Steps[None]:
        points = []
        for i, (text, vector, id) in enumerate(zip(texts, vectors, ids)):
            metadata = metadatas[i] if metadatas else {}
            payload = self._layout.payload_of(id, text, metadata, f"metadatas[{i}]")
            text_of_it = write_payload(payload, f"metadatas[{i}]")
            points.append(Point(point_id(id), as_vector(vector), text_of_it))
        names = [f"texts[{i}] (id {id!r})" for i, id in enumerate(ids)]
        return self._collection.write(points, names)

    def _delete(self, ids: Optional[List[str]], filter: Optional[StoreFilter]) -> Steps[int]:
        if ids is not None:
            return self._collection.delete([point_id(id) for id in ids_of(ids)])
        if filter is None:
            filter = Field(self._layout.content_path()).exists()
        return self._collection.delete(filter=filter_of(filter, self._layout))

    def _options(self, filter: Optional[StoreFilter], given: Mapping[str, Any]) -> Dict[str, Any]:
        return {
            **self._search_options,
            **given,
            "filter": None if filter is None else filter_of(filter, self._layout),
        }

    def _mode(self, given: Mapping[str, Any]) -> Tuple[RetrievalMode, Dict[str, Any]]:
        """And the rest of what was given."""
        rest = dict(given)
        return checked_mode(rest.pop("retrieval_mode", self._retrieval_mode)), rest

    def _check_relevance(self, given: Mapping[str, Any]) -> None:
        mode, _ = self._mode(given)
        if mode != "dense" and self._relevance_score_fn is None:
            raise InvalidArgument(
                f"retrieval_mode is {mode!r}, whose scores say nothing of relevance from 0 to 1; "
                "need 'dense', or a relevance_score_fn"
            )

    def _find(
        self,
        mode: RetrievalMode,
        query: str,
        embedding: List[float],
        k: int,
        filter: Optional[StoreFilter],
        given: Dict[str, Any],
    ) -> Steps[List[ScoredPoint]]:
        if mode == "dense":
            return self._search(embedding, k, filter, given)
        if mode == "text":
            return self._collection.search_text(
                query, k, None if filter is None else filter_of(filter, self._layout)
            )
        alpha = given.pop("alpha", None)
        candidates = given.pop("fetch_k", max(k, 100))
        return self._collection.search_hybrid(
            as_vector(embedding),
            query,
            k,
            dense=candidates,
            by_text=candidates,
            alpha=alpha,
            **self._options(filter, given),
        )

    def _search(
        self,
        embedding: List[float],
        k: int,
        filter: Optional[StoreFilter],
        given: Mapping[str, Any],
    ) -> Steps[List[ScoredPoint]]:
        return self._collection.search(as_vector(embedding), k, **self._options(filter, given))

    def _mmr(
        self,
        embedding: List[float],
        k: int,
        fetch_k: int,
        lambda_mult: float,
        filter: Optional[StoreFilter],
        given: Mapping[str, Any],
    ) -> Steps[List[ScoredPoint]]:
        return self._collection.search_mmr(
            as_vector(embedding), k, fetch_k, lambda_mult, **self._options(filter, given)
        )
