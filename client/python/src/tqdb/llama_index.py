"""A vector store for LlamaIndex, on both clients: an extra of the package:
`[llama-index]`.

    store = TqdbVectorStore("notes", address="localhost:6334")
    context = StorageContext.from_defaults(vector_store=store)
    index = VectorStoreIndex.from_documents(documents, context)

A node is a point whose payload is LlamaIndex's own metadata dict, so filters name its
keys directly.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from ._channel import KEY_VARIABLE, TLS, PathLike, Settings
from ._payloads import write_payload
from ._stores import Collection, Connection, Steps, as_vector, one_of
from .aio import AsyncClient
from .client import Client
from .errors import InvalidArgument
from .filters import Field, Filter, all_of, any_of, has_id, quoted_key
from .ids import id_from_text as point_id
from .types import Point, Record, ScoredPoint

_CONTENT = "_node_content"  # what node_to_metadata_dict puts the node itself into
_TEXT = "_node_text"  # the text of a node once more, for searches by words


_BY_VECTOR = (VectorStoreQueryMode.DEFAULT, VectorStoreQueryMode.MMR, VectorStoreQueryMode.HYBRID)
_BY_TEXT = (
    VectorStoreQueryMode.TEXT_SEARCH,
    VectorStoreQueryMode.SPARSE,
    VectorStoreQueryMode.HYBRID,
)


class TqdbVectorStore(BasePydanticVectorStore):
    """Nodes in one collection, which the first `add` makes if it is not there.

    `metric` and `collection_settings` (arguments of `Client.create_collection`) are for that.
    `client` and `async_client` share connections; without them the store connects to `address`
    itself, or has a server of its own on the directory `path`. Copies (pickle, to_dict, to_json)
    connect to the same server, without the API key: they take it from $TQDB_API_KEY.
    `search_options`, such as {"rerank": True}, go with every query.

    Query modes:
    - DEFAULT
    - MMR: with `mmr_threshold`, 0.5 (1 asks for likeness alone); candidates are `mmr_prefetch_k`,
      or `mmr_prefetch_factor`, 4, times `similarity_top_k`.
    - TEXT_SEARCH, and SPARSE, the same: by the words of `query_str`, ranked by BM25.
    - HYBRID: the best `similarity_top_k` by embedding and the best `sparse_top_k` by words, fused
      into `hybrid_top_k`; both are `similarity_top_k` when not given. By ranks or, with `alpha`,
      by scores: 1 are those of the embedding alone, 0 those of the words.
    The last two need an index of kind "text" for the key "_node_text", which comes with a
    collection that is made here, unless `text_index` is false.

    Text operators of filters compare words, case aside.
    """

    stores_text: bool = True
    flat_metadata: bool = False
    collection: str
    metric: str = "cosine"
    collection_settings: Dict[str, Any] = {}
    search_options: Dict[str, Any] = {}
    # What a copy made by pickle, to_dict or to_json connects with: the same server, no API key.
    address: Optional[str] = None
    path: Optional[str] = None
    tls: Union[bool, Dict[str, Optional[str]]] = False
    create: bool = True
    text_index: bool = True
    needs_api_key: bool = False

    _connection: Connection = PrivateAttr()
    _points: Collection = PrivateAttr()

    def __init__(
        self,
        collection: str,
        *,
        client: Optional[Client] = None,
        async_client: Optional[AsyncClient] = None,
        address: Optional[str] = None,
        path: Optional[PathLike] = None,
        api_key: Optional[str] = None,
        tls: Union[bool, TLS, Mapping[str, Optional[str]]] = False,
        metric: str = "cosine",
        collection_settings: Optional[Mapping[str, Any]] = None,
        create: bool = True,
        search_options: Optional[Mapping[str, Any]] = None,
        text_index: bool = True,
        needs_api_key: bool = False,
        **kwargs: Any,
    ) -> None:
        files = TLS(**tls) if isinstance(tls, Mapping) else tls
        if api_key is None and needs_api_key:
            api_key = os.environ.get(KEY_VARIABLE)
        settings = Settings(
            address, path, None, api_key, files, lost_key=needs_api_key and api_key is None
        )
        connection = Connection(client, async_client, settings)
        settings = connection.settings
        super().__init__(
            **{
                "collection": collection,
                "metric": metric,
                "address": settings.address,
                "path": None if settings.path is None else str(settings.path),
                "tls": _files_of(settings.tls),
                "create": create,
                "text_index": text_index,
                "needs_api_key": settings.api_key is not None or settings.lost_key,
                "collection_settings": dict(collection_settings or {}),
                "search_options": dict(search_options or {}),
                **kwargs,
            }
        )
        self._connection = connection
        self._points = Collection(
            collection, create, {"metric": metric, **self.collection_settings}, _TEXT, text_index
        )

    @classmethod
    def class_name(cls) -> str:
        return "TqdbVectorStore"

    @property
    def client(self) -> Client:
        return self._connection.client

    @property
    def async_client(self) -> AsyncClient:
        """Of the running event loop."""
        return self._connection.async_client

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> List[str]:
        """Adds or replaces nodes, which have embeddings."""
        self._connection.run(self._add(nodes))
        return [node.node_id for node in nodes]

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> List[str]:
        await self._connection.arun(self._add(nodes))
        return [node.node_id for node in nodes]

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Deletes the nodes of a document."""
        self._connection.run(self._delete_document(ref_doc_id))

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        await self._connection.arun(self._delete_document(ref_doc_id))

    def delete_nodes(
        self,
        node_ids: Optional[List[str]] = None,
        filters: Optional[MetadataFilters] = None,
        **delete_kwargs: Any,
    ) -> None:
        """Deletes nodes by id, by filter, or those of the ids that match. `clear` deletes all."""
        self._connection.run(self._delete_nodes(node_ids, filters))

    async def adelete_nodes(
        self,
        node_ids: Optional[List[str]] = None,
        filters: Optional[MetadataFilters] = None,
        **delete_kwargs: Any,
    ) -> None:
        await self._connection.arun(self._delete_nodes(node_ids, filters))

    def clear(self) -> None:
        self._connection.run(self._points.delete(filter=Field(_CONTENT).exists()))

    async def aclear(self) -> None:
        await self._connection.arun(self._points.delete(filter=Field(_CONTENT).exists()))

    def get_nodes(
        self,
        node_ids: Optional[List[str]] = None,
        filters: Optional[MetadataFilters] = None,
    ) -> List[BaseNode]:
        """Nodes by id, by filter, those of the ids that match, or all."""
        return _nodes(self._connection.run(self._get(node_ids, filters)))

    async def aget_nodes(
        self,
        node_ids: Optional[List[str]] = None,
        filters: Optional[MetadataFilters] = None,
    ) -> List[BaseNode]:
        return _nodes(await self._connection.arun(self._get(node_ids, filters)))

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        return _result(self._connection.run(self._query(query, kwargs)))

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        return _result(await self._connection.arun(self._query(query, kwargs)))

    # --- Once for both.

    def _add(self, nodes: Sequence[BaseNode]) -> Steps[None]:
        points = []
        names = [f"node {node.node_id!r}" for node in nodes]
        for node, name in zip(nodes, names):
            metadata = node_to_metadata_dict(node, flat_metadata=self.flat_metadata)
            metadata[_TEXT] = node.get_content(metadata_mode=MetadataMode.NONE)
            payload = write_payload(metadata, f"metadata of {name}")
            points.append(Point(point_id(node.node_id), as_vector(node.get_embedding()), payload))
        return self._points.write(points, names)

    def _delete_document(self, ref_doc_id: str) -> Steps[int]:
        return self._points.delete(filter=Field("ref_doc_id") == ref_doc_id)

    def _delete_nodes(
        self, node_ids: Optional[List[str]], filters: Optional[MetadataFilters]
    ) -> Steps[int]:
        if node_ids is None and filters is None:
            raise InvalidArgument(
                "delete_nodes needs node_ids or filters; clear() deletes all nodes"
            )
        if filters is None:
            return self._points.delete([point_id(id) for id in node_ids or ()])
        return self._points.delete(filter=all_of(_conditions(node_ids, filters)))

    def _get(
        self, node_ids: Optional[List[str]], filters: Optional[MetadataFilters]
    ) -> Steps[List[Record]]:
        if node_ids is not None and filters is None:
            return self._points.get([point_id(id) for id in node_ids])
        return self._points.scroll(all_of(_conditions(node_ids, filters)))

    def _query(self, query: VectorStoreQuery, given: Mapping[str, Any]) -> Steps[List[ScoredPoint]]:
        mode = query.mode
        if mode not in _BY_VECTOR and mode not in _BY_TEXT:
            have = ", ".join(repr(m.value) for m in dict.fromkeys(_BY_VECTOR + _BY_TEXT))
            raise NotImplementedError(f"query mode {mode.value!r}; TqdbVectorStore has {have}")
        if mode in _BY_VECTOR and query.query_embedding is None:
            raise InvalidArgument(
                f"query_embedding is missing; query mode {mode.value!r} needs one"
            )
        if mode in _BY_TEXT and query.query_str is None:
            raise InvalidArgument(f"query_str is missing; query mode {mode.value!r} needs one")
        # Retrievers send an empty list of ids where nobody gave any.
        conditions = _conditions(query.node_ids or None, query.filters)
        if query.doc_ids:
            conditions.append(Field("ref_doc_id").any(*query.doc_ids))
        filter = all_of(conditions) if conditions else None
        top_k, text = query.similarity_top_k, query.query_str or ""
        if mode not in _BY_VECTOR:
            return self._points.search_text(text, top_k, filter)
        options = {**self.search_options, "filter": filter}
        vector = as_vector(query.query_embedding)
        if mode == VectorStoreQueryMode.DEFAULT:
            return self._points.search(vector, top_k, **options)
        if mode == VectorStoreQueryMode.HYBRID:
            return self._points.search_hybrid(
                vector,
                text,
                top_k if query.hybrid_top_k is None else query.hybrid_top_k,
                dense=top_k,
                by_text=top_k if query.sparse_top_k is None else query.sparse_top_k,
                alpha=query.alpha,
                **options,
            )
        threshold = query.mmr_threshold
        if threshold is None:
            threshold = given.get("mmr_threshold", 0.5)
        candidates = given.get("mmr_prefetch_k") or int(top_k * given.get("mmr_prefetch_factor", 4))
        return self._points.search_mmr(vector, top_k, candidates, threshold, **options)


def _files_of(tls: Union[bool, TLS]) -> Union[bool, Dict[str, Optional[str]]]:
    """Of JSON."""
    if not isinstance(tls, TLS):
        return tls
    return {name: None if file is None else str(file) for name, file in vars(tls).items()}


def _conditions(node_ids: Optional[List[str]], filters: Optional[MetadataFilters]) -> List[Filter]:
    conditions = []
    if node_ids is not None:
        conditions.append(has_id(*map(point_id, node_ids)))
    if filters is not None and filters.filters:
        conditions.append(filter_from_llama_index(filters))
    return conditions


def filter_from_llama_index(filters: MetadataFilters) -> Filter:
    """The filter of tqdb that means the same."""
    conditions = [
        filter_from_llama_index(f) if isinstance(f, MetadataFilters) else _condition(f)
        for f in filters.filters
    ]
    if filters.condition == FilterCondition.OR:
        return any_of(conditions)
    if filters.condition == FilterCondition.NOT:
        return all_of([~condition for condition in conditions])
    return all_of(conditions)


def _condition(filter: MetadataFilter) -> Filter:
    field, operator, value = Field(quoted_key(filter.key)), filter.operator, filter.value
    if operator == FilterOperator.IS_EMPTY:
        return field.is_empty() | (field == "")
    if operator in (FilterOperator.IN, FilterOperator.NIN, FilterOperator.ANY, FilterOperator.ALL):
        if not isinstance(value, list):
            raise _wrong(filter, "a list")
        if operator == FilterOperator.ALL:
            return all_of([field == item for item in value])
        found = one_of(field, value)
        return ~found if operator == FilterOperator.NIN else found
    if value is None or isinstance(value, list):
        raise _wrong(filter, "a single value")
    if operator in (FilterOperator.EQ, FilterOperator.CONTAINS):
        return field.eq(value)
    if operator == FilterOperator.NE:
        return ~field.eq(value)
    if operator in (FilterOperator.TEXT_MATCH, FilterOperator.TEXT_MATCH_INSENSITIVE):
        if not isinstance(value, str):
            raise _wrong(filter, "text")
        return field.text(value)
    bounds = {
        FilterOperator.GT: "gt",
        FilterOperator.GTE: "gte",
        FilterOperator.LT: "lt",
        FilterOperator.LTE: "lte",
    }
    if operator in bounds:
        return field.range(**{bounds[operator]: value})
    raise _wrong(filter, "another operator: tqdb has none like it")


def _wrong(filter: MetadataFilter, need: str) -> InvalidArgument:
    return InvalidArgument(
        f"filter on {filter.key!r}: operator {filter.operator.value!r} with {filter.value!r}; "
        f"need {need}"
    )


def _nodes(records: Sequence[Record]) -> List[BaseNode]:
    return [metadata_dict_to_node(record.payload) for record in records]


def _result(hits: Sequence[ScoredPoint]) -> VectorStoreQueryResult:
    nodes = _nodes(hits)
    return VectorStoreQueryResult(
        nodes=nodes,
        similarities=[hit.score for hit in hits],
        ids=[node.node_id for node in nodes],
    )
