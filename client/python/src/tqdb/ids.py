"""Ids of points: integers of 64 bits and UUIDs."""

from __future__ import annotations

import re
import uuid
from typing import Any

import numpy as np

from . import _proto
from .errors import InvalidArgument
from .types import Id, IdLike

_PointId = _proto.message("PointId")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MAX = 2**64 - 1
_NAMESPACE = uuid.UUID("b1f0a1f4-6f0c-5a83-9c0e-2d1c8f6c7b1e")  # of id_from_text; frozen


def is_uuid(text: str) -> bool:
    """Whether it is a UUID of 36 characters, the only form that the server takes."""
    return _UUID.fullmatch(text) is not None


def id_from_text(text: str) -> str:
    """The UUID (version 5) that stands for any text, always the same: for sources whose own ids are
    neither numbers nor UUIDs. A UUID stands for itself. The stores make their ids like this."""
    if not isinstance(text, str):
        raise InvalidArgument(f"id is {text!r}; need text")
    return text.lower() if is_uuid(text) else str(uuid.uuid5(_NAMESPACE, text))


def id_to_proto(id: IdLike, field: str = "id") -> Any:
    if isinstance(id, (int, np.integer)) and not isinstance(id, bool):
        if 0 <= id <= _MAX:
            return _PointId(number=int(id))
    elif isinstance(id, uuid.UUID):
        return _PointId(uuid=str(id))
    elif isinstance(id, str) and is_uuid(id):
        return _PointId(uuid=id)
    raise InvalidArgument(
        f"{field} is {id!r}; need an integer of 0 to 2^64 - 1 or a UUID of 36 characters"
        + ("; tqdb.id_from_text makes one of any text" if isinstance(id, str) else "")
    )


def id_from_proto(id: Any) -> Id:
    return id.uuid or int(id.number)
