"""Arrays of NumPy out of what callers have vectors in: lists, masked arrays, tensors, and columns
and tables of pandas, polars and Arrow. Rows stay rows.

None of these libraries is imported here: their values are known by their methods.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from .errors import InvalidArgument

Array = npt.NDArray[Any]


def to_array(values: Any, field: str, first_row: int = 0) -> Array:
    """An array of numbers, of whatever shape. Errors count rows from `first_row`."""
    if type(values) is np.ndarray:
        return _numbers(values, field, first_row)
    if isinstance(values, np.ma.MaskedArray):
        return _numbers(_unmasked(values, field, first_row), field, first_row)
    if isinstance(values, (list, tuple)):
        return _of_rows(values, field, first_row)
    if hasattr(values, "detach") and hasattr(values, "cpu"):  # a tensor of PyTorch
        tensor = values.detach().cpu()
        return np.asarray(tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor)
    if hasattr(values, "column_names") and hasattr(values, "columns"):  # a table of Arrow
        return _of_columns(list(values.columns), field, first_row)
    if hasattr(values, "null_count") and hasattr(values, "to_pylist"):  # a column of Arrow
        return _of_arrow(values, field, first_row)
    if hasattr(values, "get_columns") and hasattr(values, "width"):  # polars
        return _of_columns(values.get_columns(), field, first_row)
    if hasattr(values, "null_count") and hasattr(values, "to_numpy"):  # a column of polars
        _check_nulls(values.null_count(), lambda: values.to_list(), field, first_row)
        return _numbers(np.asarray(values.to_numpy()), field, first_row)
    if hasattr(values, "iloc") and hasattr(values, "columns") and values.shape[1] == 1:
        return to_array(values.iloc[:, 0], field, first_row)  # a column of lists, or of numbers
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _no_floats(field, str(error)) from None
    if array.ndim == 0 and array.dtype == object:
        raise _no_floats(field, f"a {type(values).__name__}")
    return _numbers(array, field, first_row)


def is_table(values: Any) -> bool:
    """Whether it is rows by itself, and not an iterable of them."""
    return getattr(values, "ndim", None) == 2 or any(
        hasattr(values, name) for name in ("column_names", "get_columns")
    )


def row_slices(values: Any) -> Optional[Tuple[int, Callable[[int, int], Any]]]:
    """The number of rows and what gives those of [begin, end), for what is more than an iterable of
    rows: then None."""
    if hasattr(values, "iloc"):
        return len(values), lambda begin, end: values.iloc[begin:end]
    if hasattr(values, "null_count") or hasattr(values, "num_rows") or is_table(values):
        if hasattr(values, "slice"):
            return len(values), lambda begin, end: values.slice(begin, end - begin)
    if getattr(values, "ndim", None) is not None and getattr(values, "shape", ()) != ():
        return len(values), lambda begin, end: values[begin:end]
    return None


def _no_floats(field: str, why: str) -> InvalidArgument:
    return InvalidArgument(f"{field} does not make an array of floats: {why}")


def _numbers(array: Array, field: str, first_row: int) -> Array:
    kind = array.dtype.kind
    if kind in "fiub":
        return array
    if kind == "O":
        rows = list(array)
        if array.ndim == 1 and rows and not np.isscalar(rows[0]):
            return _of_rows(rows, field, first_row)
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise _no_floats(field, str(error)) from None
    if kind == "V" and array.dtype.names is None and "float" in array.dtype.name:
        return array.astype(np.float32)  # bfloat16 and its kin, of ml_dtypes
    raise _no_floats(field, f"numbers of type {array.dtype}")


def _unmasked(values: Any, field: str, first_row: int) -> Array:
    mask = np.ma.getmaskarray(values)
    if mask.any():
        place = np.argwhere(mask)[0]
        where = f"{field}[{first_row + place[0]}]" if mask.ndim == 2 else field
        raise InvalidArgument(
            f"{where} has a masked value at coordinate {place[-1]}; need numbers, or filled(..)"
        )
    return np.asarray(values.data)


def _of_rows(rows: Sequence[Any], field: str, first_row: int) -> Array:
    plain = not any(isinstance(row, np.ma.MaskedArray) or hasattr(row, "detach") for row in rows)
    why = ""
    if plain:
        try:
            array = np.asarray(rows)
            if array.dtype.kind in "fiub":
                return array
            if array.dtype.kind == "V" and array.dtype.names is None:
                return _numbers(array, field, first_row)
            why = f"numbers of type {array.dtype}"
        except (TypeError, ValueError) as error:
            why = str(error)
    if not any(_has_rows(row) for row in rows):  # one vector
        if rows and not plain:
            raise _no_floats(field, "a masked value; need numbers")
        bad = next((i for i, value in enumerate(rows) if not _is_number(value)), None)
        if bad is None:
            raise _no_floats(field, why)
        raise _no_floats(f"{field}[{first_row + bad}]", f"{rows[bad]!r}")
    made: List[Array] = []
    for i, row in enumerate(rows):
        where = f"{field}[{first_row + i}]"
        if row is None:
            raise InvalidArgument(f"{where} is None; need a row of numbers")
        array = to_array(row, where)
        if array.dtype.kind not in "fiub":
            raise _no_floats(where, f"numbers of type {array.dtype}")
        if made and array.shape != made[0].shape:
            raise InvalidArgument(
                f"{where} has {array.size} numbers; the rows before it have {made[0].size}"
            )
        made.append(array)
    return np.stack(made)


def _has_rows(value: Any) -> bool:
    return value is not None and not np.isscalar(value) and hasattr(value, "__len__")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) or hasattr(value, "__float__")


def _of_columns(columns: Sequence[Any], field: str, first_row: int) -> Array:
    made = [to_array(column, field, first_row) for column in columns]
    if len(made) == 1 and made[0].ndim == 2:
        return made[0]  # one column of lists
    if any(array.ndim != 1 for array in made):
        raise _no_floats(field, "columns of lists beside others; need the one column of vectors")
    return np.column_stack(made) if made else np.zeros((0, 0), np.float32)


def _check_nulls(count: int, values: Callable[[], List[Any]], field: str, first_row: int) -> None:
    if count:
        row = next(i for i, value in enumerate(values()) if value is None)
        raise InvalidArgument(f"{field}[{first_row + row}] is None; need numbers")


def _of_arrow(column: Any, field: str, first_row: int) -> Array:
    _check_nulls(column.null_count, column.to_pylist, field, first_row)
    if hasattr(column, "combine_chunks"):
        column = column.combine_chunks()
    if hasattr(column, "num_chunks"):  # what has no chunk, or several still, in some releases
        return to_array(column.to_pylist(), field, first_row)
    return _numbers(column.to_numpy(zero_copy_only=False), field, first_row)
