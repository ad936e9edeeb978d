"""Filters over the metadata of documents: equality, and operators in the style of MongoDB.

    {"year": 2024, "lang": ["en", "de"]}             both hold; of a list, one of the values
    {"year": {"$gte": 2020, "$lt": 2024}}
    {"$or": [{"year": {"$gt": 2020}}, {"lang": {"$nin": ["en"]}}]}
"""

from __future__ import annotations

import datetime
from typing import Any, Callable, Dict, List, Mapping, Union

from .._stores import one_of
from ..errors import InvalidArgument
from ..filters import Field, Filter, FilterLike, all_of, any_of
from .documents import Layout

_PARTS = {"must", "should", "must_not", "min_should"}
StoreFilter = Union[FilterLike, Mapping[str, Any]]


def filter_of(filter: StoreFilter, layout: Layout) -> FilterLike:
    """A dict with keys of tqdb's own form, a `Filter` and JSON text are taken as they are."""
    if isinstance(filter, (Filter, str)):
        return filter
    if not isinstance(filter, Mapping):
        raise InvalidArgument(
            f"filter is a {type(filter).__name__}; need a dict, a tqdb.Filter or JSON text"
        )
    if _PARTS.issuperset(filter):
        return filter
    return all_of([_condition(name, value, layout) for name, value in filter.items()])


def equal(field: Field, value: Any) -> Filter:
    """As MongoDB has it: null is a missing value, too."""
    if value is None:
        return field.is_empty()
    if isinstance(value, (datetime.date, datetime.datetime)):
        return field.between(value, value)
    return field.eq(value)


def _condition(name: Any, value: Any, layout: Layout) -> Filter:
    if not isinstance(name, str):
        raise InvalidArgument(f"filter has the key {name!r}; need text")
    if name in _GROUPS:
        return _GROUPS[name](_filters(name, value, layout))
    if name.startswith("$"):
        raise _unknown(name, [*_GROUPS])
    if layout.metadata_key is not None and name.startswith(f"{layout.metadata_key}."):
        inner = name[len(layout.metadata_key) + 1 :]
        raise InvalidArgument(
            f"filter[{name!r}]: keys are those of the metadata, so {inner!r} is meant; "
            f"tqdb.Field({name!r}) is a path in the payload"
        )
    return _test(Field(layout.metadata_path(name)), value, f"filter[{name!r}]")


def _filters(name: str, value: Any, layout: Layout) -> List[Filter]:
    if isinstance(value, Mapping) and name == "$not":
        value = [value]
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
        raise InvalidArgument(f"filter[{name!r}] is {value!r}; need a list of filters")
    return [all_of([filter_of(each, layout)]) for each in value]


def _test(field: Field, value: Any, where: str) -> Filter:
    if isinstance(value, Mapping):
        if not value:
            raise InvalidArgument(f"{where} is empty; need a value, a list or operators")
        return all_of([_operator(field, name, each, where) for name, each in value.items()])
    if isinstance(value, (list, tuple, set, frozenset)):
        return one_of(field, list(value))
    return equal(field, value)


def _operator(field: Field, name: Any, value: Any, where: str) -> Filter:
    if name == "$not":
        return ~_test(field, value, f"{where}['$not']")
    if name not in _OPERATORS:
        raise _unknown(name, [*_OPERATORS, "$not"], where)
    if name in ("$in", "$nin"):
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise InvalidArgument(f"{where}[{name!r}] is {value!r}; need a list")
        value = list(value)
    return _OPERATORS[name](field, value)


_GROUPS: Dict[str, Callable[[List[Filter]], Filter]] = {
    "$and": all_of,
    "$or": any_of,
    "$nor": lambda filters: ~any_of(filters),
    "$not": lambda filters: ~all_of(filters),
}
_OPERATORS: Dict[str, Callable[[Field, Any], Filter]] = {
    "$eq": equal,
    "$ne": lambda field, value: ~equal(field, value),
    "$gt": lambda field, value: field > value,
    "$gte": lambda field, value: field >= value,
    "$lt": lambda field, value: field < value,
    "$lte": lambda field, value: field <= value,
    "$in": one_of,
    "$nin": lambda field, values: ~one_of(field, values),
    "$exists": lambda field, value: field.exists() if value else ~field.exists(),
    "$text": lambda field, words: field.text(words),
}


def _unknown(name: Any, known: List[str], where: str = "filter") -> InvalidArgument:
    return InvalidArgument(f"{where}[{name!r}] is unknown; allowed are {', '.join(known)}")
