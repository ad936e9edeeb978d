"""Plain values that calls take and return."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

#: What names a point: an integer of 0 to 2^64 - 1, or a UUID. UUIDs come back in lower case.
IdLike = Union[int, str, uuid.UUID, "np.integer[Any]"]
Id = Union[int, str]
#: One vector of `dim` numbers. float32 and float16 arrays travel as they are, the rest as float32.
VectorLike = Union["npt.NDArray[Any]", Sequence[float]]
#: One vector, or one for each named vector space.
VectorsLike = Union[VectorLike, Mapping[str, VectorLike]]
#: A sparse vector: {index: value}, (indices, values), or a row of a SciPy matrix.
#: Indices are 0 to 2^32 - 1.
SparseLike = Union["SparseVector", Mapping[int, float], Tuple[Sequence[int], Sequence[float]], Any]
#: An example of `recommend`: the id of a point, or a vector of the space itself. A sparse one is a
#: `SparseVector` or {index: value}.
ExampleLike = Union[IdLike, VectorLike, "SparseVector", Mapping[int, float]]
#: A JSON object, or its text.
PayloadLike = Union[Mapping[str, Any], str, bytes]
#: Whether payloads are returned; or the paths of the parts that are, or a dict of such lists with
#: the keys "include" and "exclude".
WithPayload = Union[bool, Sequence[str], Mapping[str, Sequence[str]]]


class SparseVector(NamedTuple):
    """`values[i]` stands at `indices[i]`. Indices ascend in what was read."""

    indices: "npt.NDArray[np.uint32]"
    values: "npt.NDArray[np.float32]"


@dataclass
class Point:
    """A point to write, or one that was read: then the id is an `Id`, and vectors are arrays."""

    id: IdLike
    #: The vector of the unnamed space, or vectors by the names of their spaces.
    vectors: Optional[VectorsLike] = None
    payload: Optional[PayloadLike] = None
    #: By the name of the sparse space.
    sparse_vectors: Optional[Mapping[str, SparseLike]] = None


@dataclass(frozen=True)
class Record:
    """A point that was read."""

    id: Id
    payload: Dict[str, Any] = field(default_factory=dict)
    #: By the name of the vector space; "" is the unnamed one. Empty when not asked for.
    vectors: Dict[str, "npt.NDArray[np.floating[Any]]"] = field(default_factory=dict, repr=False)
    #: By the name of the sparse space. Empty when vectors were not asked for.
    sparse_vectors: Dict[str, SparseVector] = field(default_factory=dict, repr=False)

    @property
    def vector(self) -> Optional["npt.NDArray[np.floating[Any]]"]:
        """The only vector, or that of the unnamed space."""
        if len(self.vectors) == 1:
            return next(iter(self.vectors.values()))
        return self.vectors.get("")


@dataclass(frozen=True)
class ScoredPoint(Record):
    """A hit of a search. Higher scores are better under every metric."""

    score: float = 0.0


@dataclass(frozen=True)
class Page:
    """Some points of a scroll, and how to go on."""

    points: List[Record]
    #: Empty on the last page.
    next_page_token: str

    def __iter__(self) -> Iterator[Record]:
        return iter(self.points)


@dataclass(frozen=True)
class SearchArrays:
    """Hits of several searches in columns, (queries, limit); rows with fewer hits are filled up."""

    #: uint64 when every id is a number; else objects, and None fills up (0 does among numbers).
    ids: "npt.NDArray[Any]"
    #: NaN fills up.
    scores: "npt.NDArray[np.float32]"
    #: Hits of each row.
    counts: "npt.NDArray[np.intp]"


@dataclass(frozen=True)
class Mmr:
    """Maximal marginal relevance: hits that are good and differ from each other."""

    #: 0 to 1; 0 is the order of scores.
    diversity: float = 0.5
    #: How many of the best are picked from; 0 means four times limit + offset.
    candidates: int = 0


@dataclass(frozen=True)
class TextQuery:
    """Points with words of a text, by BM25. Words are runs of letters and numbers, case aside."""

    #: Of a payload, with an index of kind "text".
    key: str
    #: At least one word.
    text: str


@dataclass(frozen=True)
class Query:
    """One of the searches that `search_hybrid` fuses; fields as the arguments of `search`.

    What to find is `vector`, `sparse` in the sparse space `vector_name`, the words of `text`, or
    what is like the points `positive` and unlike `negative`. `limit` is the number of candidates
    that it contributes, `weight` what they count.
    """

    vector: Optional[VectorLike] = None
    limit: int = 100
    positive: "Sequence[ExampleLike]" = ()
    negative: "Sequence[ExampleLike]" = ()
    filter: Any = None  # FilterLike
    vector_name: str = ""
    offset: int = 0
    score_threshold: Optional[float] = None
    mmr: Optional[Mmr] = None
    exact: bool = False
    rerank: bool = False
    oversampling: float = 0
    error_bound: float = 0
    weight: float = 1.0
    text: Optional[TextQuery] = None
    sparse: Optional[SparseLike] = None


@dataclass(frozen=True)
class Group:
    """The best points that have a value."""

    value: Union[str, int, bool]
    points: List[ScoredPoint]

    def __iter__(self) -> Iterator[ScoredPoint]:
        return iter(self.points)


class FacetCount(NamedTuple):
    """How many points have a value."""

    value: Union[str, int, bool]
    points: int


@dataclass(frozen=True)
class WriteResult:
    inserted: int
    replaced: int
    #: Those that `upload` made, with `ids="uuid"`, in the order of the rows.
    ids: Tuple[Id, ...] = field(default=(), repr=False)
    #: Points that `mode` or `condition` of an upsert left as they were.
    skipped: int = 0

    @property
    def written(self) -> int:
        return self.inserted + self.replaced


@dataclass(frozen=True)
class VectorSpace:
    """How one vector space is stored and searched; None takes the server's choice (docs/api.md)."""

    dim: int
    name: str = ""
    metric: Optional[str] = None  # "cosine", "dot", "l2"
    code_bits: Optional[int] = None  # 1, 2, 3, 4, 8
    residual: Optional[str] = None  # "qjl", "none"
    centering: Optional[str] = None  # "auto", "off"
    store_vectors: Optional[str] = None  # "f32", "f16", "none"
    seed: Optional[int] = None


@dataclass(frozen=True)
class SparseSpace:
    """A space of sparse vectors, kept and searched as they are."""

    name: str
    #: "none", or "idf": values of a query are multiplied with inverse document frequencies.
    modifier: Optional[str] = None


@dataclass(frozen=True)
class SparseSpaceInfo:
    name: str
    rows: int
    memory_bytes: int


@dataclass(frozen=True)
class VectorSpaceInfo:
    name: str
    rows: int
    memory_bytes: int
    code_bytes: int
    bits_per_dim: float
    ratio_to_f32: float
    mean_versions: int
    current_mean_version: int
    rows_under_current_mean: int


@dataclass(frozen=True)
class PayloadIndexInfo:
    key: str
    #: "keyword", "integer", "float", "bool", "datetime" or "text".
    kind: str
    #: That it has seen; `ready` when that is all of them.
    points: int
    memory_bytes: int
    ready: bool
    #: Points with a value that the index cannot hold: of another type, or a string that is no time.
    unheld_points: int = 0


@dataclass(frozen=True)
class CollectionInfo:
    name: str
    #: "ready", "read_only", "quarantined" or "unavailable"; `error` says why it is not ready.
    status: str
    error: str
    points: int
    disk_bytes: int
    memory_bytes: int
    write_buffer_bytes: int
    #: Writes that the collection was given since it was made.
    sequence: int
    #: Equal for collections that were given the same writes in the same order.
    digest: str
    vector_spaces: List[VectorSpace]
    spaces: List[VectorSpaceInfo]
    payload_indexes: List[PayloadIndexInfo]
    metadata: Dict[str, str]
    sparse_spaces: List[SparseSpace] = field(default_factory=list)
    sparse: List[SparseSpaceInfo] = field(default_factory=list)
    #: Rows of replaced or deleted points that stay in memory for reads in progress.
    kept_rows: int = 0

    @property
    def dim(self) -> int:
        """Of the first vector space."""
        return self.vector_spaces[0].dim

    @property
    def metric(self) -> str:
        """Of the first vector space."""
        return self.vector_spaces[0].metric or ""


@dataclass(frozen=True)
class ServerInfo:
    version: str
    commit: str
    kernels: str
    data_directory: str
    uptime_s: int
    memory_bytes: int
    max_batch_points: int
    max_limit: int
    max_message_bytes: int
