"""Vectors between NumPy and the protocol, as bytes: never through lists of floats.

float16 arrays travel as half floats, everything else as float32, both little-endian.
"""

from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np
import numpy.typing as npt

from . import _proto
from ._arrays import to_array
from .errors import InvalidArgument

_Vector = _proto.message("Vector")
F32 = np.dtype("<f4")
F16 = np.dtype("<f2")


def as_floats(
    values: Any, ndim: int, field: str, dtype: Any = None, first_row: int = 0
) -> npt.NDArray[Any]:
    """A contiguous array of F32 or F16. Copies only what has another type or layout. Errors count
    rows from `first_row`."""
    array = to_array(values, field, first_row)
    if array.ndim != ndim:
        need = "one row of numbers" if ndim == 1 else "a matrix, one row a point"
        raise InvalidArgument(f"{field} has shape {array.shape}; need {need}")
    try:
        target = F16 if np.dtype(dtype or array.dtype) == np.float16 else F32
        return np.ascontiguousarray(array, dtype=target)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{field} does not make an array of floats: {error}") from None


def vector_to_proto(values: Any, field: str = "vector") -> Any:
    array = as_floats(values, 1, field)
    data = array.tobytes()
    return _Vector(f16=data) if array.dtype == F16 else _Vector(f32=data)


def vector_from_proto(vector: Any) -> npt.NDArray[np.floating[Any]]:
    """Read-only: the array lies over the bytes that were received."""
    form: Optional[str] = vector.WhichOneof("form")
    if form == "f32":
        return np.frombuffer(vector.f32, F32)
    if form == "f16":
        return np.frombuffer(vector.f16, F16)
    return np.array(vector.values.values, np.float32)


def vectors_from_proto(vectors: Any) -> Dict[str, npt.NDArray[np.floating[Any]]]:
    return {named.name: vector_from_proto(named.vector) for named in vectors}
