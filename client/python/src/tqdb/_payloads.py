"""Payloads as JSON. What JSON has no form for is refused with its key, and with what to do."""

from __future__ import annotations

import datetime
import json
import math
import uuid
from typing import Any, Iterable, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from .errors import InvalidArgument
from .filters import quoted_key
from .types import PayloadLike


def write_payload(payload: Optional[PayloadLike], field: str) -> bytes:
    """JSON in UTF-8. Text is taken as it is; the server checks it."""
    if payload is None:
        return b""
    if isinstance(payload, (str, bytes)):
        return payload.encode() if isinstance(payload, str) else payload
    if not isinstance(payload, Mapping):
        raise InvalidArgument(f"{field} is a {type(payload).__name__}; need a dict or JSON text")
    try:
        return _encode_json(payload).encode()
    except (TypeError, ValueError, RecursionError) as error:
        key, why = _first_wrong(payload, "") or ("", str(error))
        told = f"{field} does not make JSON: {key} {why}" if key else f"{field}: {why}"
        raise InvalidArgument(told, key=key or None) from None


def _plain(value: Any) -> Any:
    """NumPy's values, ids and times as JSON has them."""
    if isinstance(value, np.generic):
        return _time(value) if value.dtype.kind in "mM" else value.item()
    if isinstance(value, np.ndarray):
        return list(value) if value.dtype.kind in "mMO" and value.ndim else value.tolist()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "isoformat") and value == value:  # pandas' NaT has one and equals nothing
        return value.isoformat()
    raise TypeError(f"a value of type {type(value).__name__}")


def _time(value: Any) -> str:
    """A datetime64 of any unit as text, of UTC; what is below a microsecond is cut off."""
    if value.dtype.kind != "M" or np.isnat(value):
        raise TypeError(f"a value of type {value.dtype}")
    unit = np.datetime_data(value.dtype)[0]
    time = value.astype("datetime64[D]" if unit in "YMWD" else "datetime64[us]").item()
    if not isinstance(time, datetime.date):
        raise ValueError(f"{value} is outside of the years 1 to 9999")
    return time.isoformat()


_encode_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
).encode


def _first_wrong(value: Any, path: str) -> Optional[Tuple[str, str]]:
    """Path of the first value that JSON has no form for, and what is wrong with it."""
    if isinstance(value, float) and not math.isfinite(value):
        return path, f"is {value}; need a finite number, or None"
    if value is None or isinstance(value, (str, int, float)):
        return None
    if isinstance(value, Mapping):
        for name, inner in value.items():
            own = f"{path}.{quoted_key(str(name))}" if path else quoted_key(str(name))
            if not (name is None or isinstance(name, (str, int, float))):
                return own, f"has a key of type {type(name).__name__}; need text"
            wrong = _first_wrong(inner, own)
            if wrong:
                return wrong
        return None
    if isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            wrong = _first_wrong(inner, f"{path}[{i}]")
            if wrong:
                return wrong
        return None
    try:
        return _first_wrong(_plain(value), path)
    except (TypeError, ValueError, RecursionError):
        return path, f"is {_shown(value)}; need {_instead(value)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 40 else text[:37] + '...'}, a {type(value).__name__}"


def _instead(value: Any) -> str:
    kind = type(value).__name__
    if kind in ("NaTType", "NAType", "datetime64"):
        return "a value, or None for none"
    for wanted, names in (
        ("text, such as base64", ("bytes", "bytearray", "memoryview")),
        ("float(..) or str(..)", ("Decimal", "Fraction", "complex", "complex128", "complex64")),
        ("a list", ("set", "frozenset", "deque", "range", "generator", "dict_keys", "dict_values")),
        ("total_seconds()", ("timedelta", "timedelta64", "Timedelta")),
    ):
        if kind in names:
            return wanted
    if hasattr(value, "model_dump"):
        return "model_dump()"
    if hasattr(value, "__dataclass_fields__"):
        return "dataclasses.asdict(..)"
    if hasattr(value, "__fspath__"):
        return "str(..)"
    if hasattr(type(value), "__members__"):
        return "its .value"
    return "what JSON has: objects, lists, text, numbers, booleans, None"


# --- Of tables.

_CHUNK_ROWS = 1024


def payload_rows(payloads: Any) -> Any:
    """Payloads as an iterable: of a table, a dict a row. What is missing there is None."""
    if hasattr(payloads, "iloc") and hasattr(payloads, "columns"):  # pandas
        return _rows_of_pandas(payloads)
    if hasattr(payloads, "iter_rows") and hasattr(payloads, "columns"):  # polars
        return payloads.iter_rows(named=True)
    if hasattr(payloads, "to_batches") and hasattr(payloads, "schema"):  # a table of Arrow
        return (row for batch in payloads.to_batches() for row in batch.to_pylist())
    if hasattr(payloads, "to_pylist"):  # of Arrow: structs, text, or a batch of a table
        return payloads.to_pylist()
    return payloads


def _rows_of_pandas(frame: Any) -> Iterator[Mapping[str, Any]]:
    names: List[str] = [str(name) for name in frame.columns]
    for begin in range(0, len(frame), _CHUNK_ROWS):
        part = frame.iloc[begin : begin + _CHUNK_ROWS]
        columns: List[Iterable[Any]] = [part.iloc[:, i].tolist() for i in range(len(names))]
        for values in zip(*columns):
            yield {n: None if _is_missing(v) else v for n, v in zip(names, values)}


def _is_missing(value: Any) -> bool:
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NAType", "NaTType")
