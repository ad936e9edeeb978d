"""Filters over payloads and ids: as JSON, or put together from conditions.

    client.search("notes", vector, filter={"must": [{"key": "year", "range": {"gte": 2020}}]})
    client.search("notes", vector, filter=(Field("year") >= 2020) & ~Field("tags").any("draft"))

Both are the same: a `Filter` holds the JSON form, which is the one of the command line
(docs/api.md says what each condition means), and is turned into the protocol's messages here. The
form is checked on the way; InvalidArgument names the place, the value got and what is needed. What
only the server knows (limits, the order of bounds) it checks itself.
"""

from __future__ import annotations

import datetime
import json
import re
import uuid
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from . import _proto
from .errors import InvalidArgument
from .ids import id_to_proto
from .types import IdLike

_Filter = _proto.message("Filter")
_Condition = _proto.message("Condition")
_FieldCondition = _proto.message("FieldCondition")

_PARTS = ("must", "should", "must_not", "min_should")
_BOUNDS = ("gt", "gte", "lt", "lte")
_PRESENCE = ("exists", "is_empty", "is_null")
_Json = Mapping[str, Any]
Scalar = Union[str, int, bool]
Bound = Union[int, float, str, datetime.date]


class Filter:
    """A condition or a whole filter. `&`, `|`, `~` combine; `json()` gives the server's form."""

    __slots__ = ("_json",)

    def __init__(self, condition: _Json) -> None:
        self._json = dict(condition)

    def json(self) -> Dict[str, Any]:
        """As a filter: {"must": [..], ..}."""
        if not self._json or any(part in self._json for part in _PARTS):
            return self._json
        return {"must": [self._json]}

    def condition(self) -> Dict[str, Any]:
        """As one condition within a filter."""
        return self._json or {"must": []}

    def _all_of(self, part: str) -> List[Any]:
        """The conditions if this is nothing but a list of `part`; else this one alone."""
        if set(self._json) == {part}:
            return list(self._json[part])
        return [self.condition()]

    def __and__(self, other: Filter) -> Filter:
        return Filter({"must": self._all_of("must") + other._all_of("must")})

    def __or__(self, other: Filter) -> Filter:
        return Filter({"should": self._all_of("should") + other._all_of("should")})

    def __invert__(self) -> Filter:
        return Filter({"must_not": [self.condition()]})

    def __bool__(self) -> bool:
        raise TypeError("combine filters with & | ~, not with and, or, not")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and self._json == other._json

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Filter({json.dumps(self.json())})"


FilterLike = Union[Filter, _Json, str]


def quoted_key(name: str) -> str:
    """One name of a payload as a key, whatever characters it has.

    `quoted_key("v1.2")` is `"v1.2"` in double quotes; a double quote of the name is written twice.
    Names without dots, brackets and quotes are keys as they are. Join names by dots for a path:
    `quoted_key("v1.2") + ".size"`.
    """
    if name and not any(character in name for character in '.[]"'):
        return name
    return '"' + name.replace('"', '""') + '"'


class Field:
    """The values that a key of the payload leads to: `Field("address.city") == "Oslo"`.

    A key is a path of names with dots between them. `quoted_key` makes a key of a name that has
    dots, brackets or quotes itself.
    """

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    def _test(self, name: str, value: Any) -> Filter:
        return Filter({"key": self.key, name: value})

    def eq(self, value: Union[Scalar, float]) -> Filter:
        """Some value is equal. A float is compared by range: see `between`."""
        if isinstance(value, float):
            return self.between(value, value)
        return self._test("match", {"value": _plain(value)})

    def any(self, *values: Union[str, int]) -> Filter:
        """Some value is one of these."""
        return self._test("match", {"any": [_plain(v) for v in values]})

    def other_than(self, *values: Union[str, int]) -> Filter:
        """Some value is none of these. `~field.any(..)` is: no value is one of these."""
        return self._test("match", {"except": [_plain(v) for v in values]})

    def text(self, words: str) -> Filter:
        """All words are there, in any order, case aside."""
        return self._test("match", {"text": words})

    def between(self, low: Bound, high: Bound) -> Filter:
        """Some number or time is within the two, which count as within.

        Numbers are compared exactly: neither integers of 64 bits nor floats are rounded. A bound
        that is an integer beyond 64 bits stands for a float near it, as it does in payloads.
        """
        return self._test("range", {"gte": _plain(low), "lte": _plain(high)})

    def range(
        self,
        *,
        gt: Optional[Bound] = None,
        gte: Optional[Bound] = None,
        lt: Optional[Bound] = None,
        lte: Optional[Bound] = None,
    ) -> Filter:
        """Some number or time is within the bounds. Times are datetimes or RFC 3339 text.

        Numbers are compared exactly, as in `between`.
        """
        bounds = {"gt": gt, "gte": gte, "lt": lt, "lte": lte}
        return self._test("range", {k: _plain(v) for k, v in bounds.items() if v is not None})

    def count(
        self,
        *,
        gt: Optional[int] = None,
        gte: Optional[int] = None,
        lt: Optional[int] = None,
        lte: Optional[int] = None,
    ) -> Filter:
        """So many elements has an array; a single value counts 1, null and no value 0."""
        bounds = {"gt": gt, "gte": gte, "lt": lt, "lte": lte}
        return self._test("values_count", {k: v for k, v in bounds.items() if v is not None})

    def exists(self) -> Filter:
        """The key is there, be it null or an empty array."""
        return Filter({"exists": {"key": self.key}})

    def is_empty(self) -> Filter:
        """The key is missing, null or an empty array."""
        return Filter({"is_empty": {"key": self.key}})

    def is_null(self) -> Filter:
        """The value or an element is null."""
        return Filter({"is_null": {"key": self.key}})

    def nested(self, filter: FilterLike) -> Filter:
        """The filter holds for one of the objects at the key by itself; its keys begin there."""
        return Filter({"nested": {"key": self.key, "filter": filter_to_json(filter)}})

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return self.eq(value)  # type: ignore[arg-type]

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return ~self.eq(value)  # type: ignore[arg-type]

    def __gt__(self, bound: Bound) -> Filter:
        return self.range(gt=bound)

    def __ge__(self, bound: Bound) -> Filter:
        return self.range(gte=bound)

    def __lt__(self, bound: Bound) -> Filter:
        return self.range(lt=bound)

    def __le__(self, bound: Bound) -> Filter:
        return self.range(lte=bound)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Field({self.key!r})"


def has_id(*ids: IdLike) -> Filter:
    """The id of the point is one of these."""
    return Filter({"has_id": [_plain(id) for id in ids]})


def all_of(filters: Iterable[FilterLike]) -> Filter:
    return Filter({"must": [Filter(filter_to_json(f)).condition() for f in filters]})


def any_of(filters: Iterable[FilterLike]) -> Filter:
    """Of no filters, none holds, so no point is found."""
    conditions = [Filter(filter_to_json(f)).condition() for f in filters]
    return Filter({"should": conditions}) if conditions else has_id()


def at_least(count: int, filters: Iterable[FilterLike]) -> Filter:
    """`count` of these or more hold."""
    conditions = [Filter(filter_to_json(f)).condition() for f in filters]
    return Filter({"min_should": {"conditions": conditions, "min_count": count}})


def _plain(value: Any) -> Any:
    """NumPy's numbers, UUIDs and times as JSON has them."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime.datetime) and value.tzinfo is None:
        return value.isoformat() + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def filter_to_json(filter: FilterLike, field: str = "filter") -> Dict[str, Any]:
    if isinstance(filter, Filter):
        return filter.json()
    if isinstance(filter, str):
        try:
            filter = json.loads(filter)
        except ValueError as error:
            raise InvalidArgument(f"{field} is not JSON: {error}") from None
    if not isinstance(filter, Mapping):
        raise _need(field, filter, "a Filter, a dict or JSON text")
    return dict(filter)


def filter_to_proto(filter: FilterLike, field: str = "filter") -> Any:
    """A message Filter."""
    return _filter(filter_to_json(filter, field), field)


# --- From JSON to messages. `field` is the path of the value, for errors.


def _need(field: str, got: Any, need: str) -> InvalidArgument:
    if isinstance(got, Mapping):
        shown = "an object"
    elif isinstance(got, (list, tuple)):
        shown = "an array"
    elif isinstance(got, int) and got.bit_length() > 256:
        shown = f"an integer of {got.bit_length()} bits"
    else:
        shown = repr(got)
    return InvalidArgument(f"{field} is {shown}; need {need}")


def _members(json_value: Any, field: str, known: Sequence[str]) -> _Json:
    if not isinstance(json_value, Mapping):
        raise _need(field, json_value, "an object")
    for name in json_value:
        if name not in known:
            raise InvalidArgument(f"{field}.{name!r} is unknown; allowed are {', '.join(known)}")
    return json_value


def _string(json_value: _Json, name: str, field: str) -> str:
    value = json_value.get(name)
    if not isinstance(value, str):
        raise _need(f"{field}.{name}", value, "a string")
    return value


def _list(json_value: Any, field: str, need: str) -> Sequence[Any]:
    if isinstance(json_value, (str, bytes, Mapping)) or not isinstance(json_value, Iterable):
        raise _need(field, json_value, need)
    return list(json_value)


def _integer(value: Any) -> Optional[int]:
    """An integer of 64 bits, signed or not; 2.0 is one. NumPy's numbers too."""
    if isinstance(value, (bool, str, bytes)) or value is None:
        return None
    try:
        integer = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return integer if integer == value and -(2**63) <= integer < 2**64 else None


def _filter(json_value: Any, field: str) -> Any:
    _members(json_value, field, _PARTS)
    filter = _Filter()
    for part in ("must", "should", "must_not"):
        if part in json_value:
            getattr(filter, part).extend(_conditions(json_value[part], f"{field}.{part}"))
    if "min_should" in json_value:
        own = f"{field}.min_should"
        least = _members(json_value["min_should"], own, ("conditions", "min_count"))
        for name in ("conditions", "min_count"):
            if name not in least:
                raise InvalidArgument(f"{own} has no {name}; need conditions and min_count")
        filter.min_should.conditions.extend(_conditions(least["conditions"], f"{own}.conditions"))
        filter.min_should.min_count = _count(least["min_count"], f"{own}.min_count")
    return filter


def _conditions(json_value: Any, field: str) -> List[Any]:
    values = _list(json_value, field, "a list of conditions")
    return [_condition(value, f"{field}[{i}]") for i, value in enumerate(values)]


def _condition(json_value: Any, field: str) -> Any:
    if isinstance(json_value, Filter):
        json_value = json_value.condition()
    if not isinstance(json_value, Mapping):
        raise _need(field, json_value, "a condition")
    if "key" in json_value:
        return _Condition(field=_field_condition(json_value, field))
    if "has_id" in json_value:
        _members(json_value, field, ("has_id",))
        own = f"{field}.has_id"
        ids = _list(json_value["has_id"], own, "a list of ids")
        condition = _Condition()
        condition.has_id.ids.extend(id_to_proto(id, f"{own}[{i}]") for i, id in enumerate(ids))
        condition.has_id.SetInParent()
        return condition
    if "nested" in json_value:
        _members(json_value, field, ("nested",))
        own = f"{field}.nested"
        nested = _members(json_value["nested"], own, ("key", "filter"))
        condition = _Condition()
        condition.nested.key = _string(nested, "key", own)
        if "filter" not in nested:
            raise InvalidArgument(f"{own} has no filter; need one")
        inner = filter_to_json(nested["filter"], f"{own}.filter")
        condition.nested.filter.CopyFrom(_filter(inner, f"{own}.filter"))
        return condition
    for name in _PRESENCE:
        if name in json_value:
            _members(json_value, field, (name,))
            own = f"{field}.{name}"
            key = _string(_members(json_value[name], own, ("key",)), "key", own)
            presence = _proto.number("Presence", name.upper())
            return _Condition(field=_FieldCondition(key=key, presence=presence))
    if any(part in json_value for part in _PARTS):
        return _Condition(filter=_filter(json_value, field))
    what = (
        f"{field} is empty" if not json_value else f"{field}.{next(iter(json_value))!r} is unknown"
    )
    raise InvalidArgument(
        f"{what}; need a condition: key with match, range or values_count; exists, is_empty, "
        "is_null; "
        "has_id; nested; or must, should, must_not, min_should"
    )


def _field_condition(json_value: _Json, field: str) -> Any:
    _members(json_value, field, ("key", "match", "range", "values_count"))
    condition = _FieldCondition(key=_string(json_value, "key", field))
    if len(json_value) != 2:
        raise InvalidArgument(
            f"{field} has {len(json_value) - 1} members beside key; "
            "need one of match, range, values_count"
        )
    if "match" in json_value:
        _match(json_value["match"], f"{field}.match", condition.match)
    elif "range" in json_value:
        own = f"{field}.range"
        bounds = _members(json_value["range"], own, _BOUNDS)
        if any(isinstance(bound, (str, datetime.date)) for bound in bounds.values()):
            _bounds(bounds, own, _datetime, condition.datetime_range)
        else:
            _number_bounds(bounds, own, condition)
    else:
        own = f"{field}.values_count"
        bounds = _members(json_value["values_count"], own, _BOUNDS)
        _bounds(bounds, own, _count, condition.values_count)
    return condition


def _match(json_value: Any, field: str, match: Any) -> None:
    _members(json_value, field, ("value", "any", "except", "text"))
    if len(json_value) != 1:
        raise InvalidArgument(
            f"{field} has {len(json_value)} members; need one of value, any, except, text"
        )
    (form, value), own = next(iter(json_value.items())), f"{field}.{next(iter(json_value))}"
    if form in ("any", "except"):
        _value_list(value, own, form, match)
    elif form == "text":
        if not isinstance(value, str):
            raise _need(own, value, "a string")
        match.text = value
    elif isinstance(value, str):
        match.keyword = value
    elif isinstance(value, bool):
        match.boolean = value
    else:
        integer = _integer(value)
        if integer is None:
            need = (
                "a string, an integer of 64 bits or a boolean; other numbers are compared by range"
            )
            raise _need(own, value, need)
        if integer < 2**63:
            match.integer = integer
        else:
            match.unsigned_integer = integer


def _value_list(json_value: Any, field: str, form: str, match: Any) -> None:
    need = "a list of strings or of integers of 64 bits"
    values = _list(json_value, field, need)
    integers = [_integer(value) for value in values]
    strings = [isinstance(value, str) for value in values]
    for i, value in enumerate(values):
        if strings[i] != strings[0] or (not strings[i] and integers[i] is None):
            raise _need(f"{field}[{i}]", value, need)
    kind = "keywords" if not values or strings[0] else "integers"
    target = getattr(match, f"{form}_{kind}")
    target.SetInParent()
    if kind == "keywords":
        target.values.extend(values)
    for integer in integers:
        if integer is not None:
            (target.values if integer < 2**63 else target.unsigned_values).append(integer)


def _bounds(bounds: _Json, field: str, read: Callable[[Any, str], Any], message: Any) -> None:
    message.SetInParent()
    for name, value in bounds.items():
        bound = read(value, f"{field}.{name}")
        if isinstance(bound, tuple):
            target = getattr(message, name)
            target.SetInParent()
            target.seconds, target.nanos = bound
        else:
            setattr(message, name, bound)


def _number_bounds(bounds: _Json, field: str, condition: Any) -> None:
    """Sets a range of floats if floats can say it, which servers of every version understand."""
    numbers = {name: _number(value, f"{field}.{name}") for name, value in bounds.items()}
    if all(float(number) == number for number in numbers.values()):
        condition.range.SetInParent()
        for name, number in numbers.items():
            setattr(condition.range, name, float(number))
        return
    for name, number in numbers.items():
        bound = getattr(condition.number_range, name)
        if isinstance(number, float):
            bound.real = number
        elif number < 2**63:
            bound.integer = number
        else:
            bound.unsigned_integer = number


#: The first float below -2^63.
_BELOW_INT64 = -9223372036854777856.0


def _number(value: Any, field: str) -> Union[int, float]:
    """An integer of 64 bits, or a float. Integers beyond 64 bits are floats beyond 64 bits."""
    integer = _integer(value)
    if integer is not None:
        return integer
    if not isinstance(value, (bool, str, bytes)):
        try:
            number = float(value)
            # An integer just below -2^63 must not be rounded to it.
            return _BELOW_INT64 if number == -(2.0**63) and value < number else number
        except (TypeError, ValueError, OverflowError):
            pass
    raise _need(field, value, "a number, like the other bounds")


def _count(value: Any, field: str) -> int:
    count = _integer(value)
    if count is None or count < 0:
        raise _need(field, value, "a number of values")
    return count


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def _datetime(value: Any, field: str) -> Tuple[int, int]:
    """Seconds since 1970 and nanoseconds. A time without offset is UTC, a date its midnight."""
    time = _parse_time(value) if isinstance(value, str) else value
    if isinstance(time, datetime.date) and not isinstance(time, datetime.datetime):
        time = datetime.datetime(time.year, time.month, time.day)
    if not isinstance(time, datetime.datetime):
        raise _need(field, value, 'a time such as "2023-02-08T10:49:00Z"')
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.timezone.utc)
    micros = (time - _EPOCH) // datetime.timedelta(microseconds=1)
    return micros // 1_000_000, micros % 1_000_000 * 1000


_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)


def _parse_time(text: str) -> Optional[datetime.datetime]:
    """RFC 3339 and its looser kin; the forms that the server reads (base/datetime.h)."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    date, minutes, seconds, fraction, offset = found.groups("")
    leap = seconds == "60"  # the first second of the next minute
    iso = date
    if minutes:
        iso += f"T{minutes}:{'59' if leap else seconds or '00'}"
        hours, rest = offset[:3], offset[3:].lstrip(":")
        iso += "+00:00" if offset in ("", "Z", "z") else f"{hours}:{rest or '00'}"
    try:
        time = datetime.datetime.fromisoformat(iso)
        time = time.replace(microsecond=int(f"{fraction[:6]:0<6}"))
        return time + datetime.timedelta(seconds=1) if leap else time
    except (ValueError, OverflowError):
        return None
