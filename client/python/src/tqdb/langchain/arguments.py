"""Arguments of the store, checked; and what scores say of relevance."""

from __future__ import annotations

import uuid
from typing import Any, Dict, Iterable, List, Literal, Optional, Tuple

from ..errors import InvalidArgument

RetrievalMode = Literal["dense", "text", "hybrid"]


def checked_texts(
    texts: Iterable[str], metadatas: Optional[List[Dict[str, Any]]], ids: Optional[List[str]]
) -> Tuple[List[str], List[str]]:
    texts = list(texts)
    for name, values in (("metadatas", metadatas), ("ids", ids)):
        if values is not None and len(values) != len(texts):
            raise InvalidArgument(f"{name} has {len(values)} values for {len(texts)} texts")
    if ids is None:
        return texts, [str(uuid.uuid4()) for _ in texts]
    made = [str(uuid.uuid4()) if id is None or id == "" else id for id in ids]
    return texts, ids_of(made)


def ids_of(ids: Iterable[Any]) -> List[str]:
    """Numbers and UUIDs as their text."""
    listed = [ids] if isinstance(ids, str) else list(ids)
    for i, id in enumerate(listed):
        if isinstance(id, bool) or not isinstance(id, (str, int, uuid.UUID)):
            raise InvalidArgument(f"ids[{i}] is {id!r}; need text, an integer or a UUID")
    return [str(id) for id in listed]


# Scores of unit vectors are estimates, which may leave -1 to 1 by so much.
_SLACK = 0.1


def relevance_of_product(score: float) -> float:
    """Of a cosine, and of products of unit vectors."""
    if abs(score) > 1 + _SLACK:
        raise InvalidArgument(
            f"the score {score:g} says nothing of relevance from 0 to 1: the vectors are not of "
            "unit length; need metric 'cosine', or a relevance_score_fn"
        )
    return min(1.0, max(0.0, (1 + score) / 2))


def checked_mode(mode: Any) -> RetrievalMode:
    if mode not in ("dense", "text", "hybrid"):
        raise InvalidArgument(f"retrieval_mode is {mode!r}; need 'dense', 'text' or 'hybrid'")
    return mode  # type: ignore[no-any-return]
