"""Filters over the metadata of documents."""

from __future__ import annotations

from typing import Any, Mapping, Union

from .._payloads import quoted
from ..filters import Field, Filter, FilterLike, all_of

_PARTS = {"must", "should", "must_not", "min_should"}
StoreFilter = Union[FilterLike, Mapping[str, Any]]


def filter_of(filter: StoreFilter) -> FilterLike:
    if isinstance(filter, (Filter, str)) or _PARTS.issuperset(filter):
        return filter
    conditions = []
    for name, value in filter.items():
        field = Field(f"metadata.{quoted(name)}")
        conditions.append(
            field.any(*value) if isinstance(value, (list, tuple, set)) else field.eq(value)
        )
    return all_of(conditions)
