"""Client of tqdb, an embedding vector database.

import tqdb
client = tqdb.Client("localhost:6334")
client.create_collection("notes", dim=384)
client.upload("notes", vectors, ids=range(1000), payloads=payloads)
hits = client.search("notes", vector, limit=5, filter=tqdb.Field("year") >= 2020)
"""

from ._channel import TLS
from ._retry import NO_RETRY, Retry
from ._version import __version__
from .aio import AsyncClient
from .client import Client
from .errors import (
    Aborted,
    AlreadyExists,
    Cancelled,
    DataLoss,
    DeadlineExceeded,
    Error,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from .filters import Field, Filter, all_of, any_of, at_least, has_id
from .ids import id_from_text
from .types import (
    CollectionInfo,
    FacetCount,
    Group,
    Mmr,
    Page,
    PayloadIndexInfo,
    Point,
    Query,
    Record,
    ScoredPoint,
    SearchArrays,
    ServerInfo,
    SparseSpace,
    SparseSpaceInfo,
    SparseVector,
    TextQuery,
    VectorSpace,
    VectorSpaceInfo,
    WriteResult,
)

__all__ = [
    "__version__", "TLS", "NO_RETRY", "Retry", "AsyncClient", "Client", "id_from_text",
    "Aborted", "AlreadyExists", "Cancelled", "DataLoss", "DeadlineExceeded", "Error",
    "FailedPrecondition", "Internal", "InvalidArgument", "NotFound", "PermissionDenied",
    "ResourceExhausted", "Unauthenticated", "Unavailable", "Unimplemented",
    "Field", "Filter", "all_of", "any_of", "at_least", "has_id",
    "CollectionInfo", "FacetCount", "Group", "Mmr", "Page", "PayloadIndexInfo", "Point", "Query",
    "Record", "ScoredPoint", "SearchArrays", "ServerInfo", "SparseSpace", "SparseSpaceInfo",
    "SparseVector", "TextQuery", "VectorSpace", "VectorSpaceInfo", "WriteResult",
]  # fmt: skip
