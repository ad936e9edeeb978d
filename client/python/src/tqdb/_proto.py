"""Messages and methods of the protocol, made at import from the descriptors in tqdb.binpb.

They live in a pool of their own, so they cannot clash with code that somebody generated from the
same protos, and no release of protobuf is too new for them.

    Point = message("Point")            a message class of package tqdb.v1
    number("Metric", "COSINE")          2 ... of METRIC_COSINE
    METHODS["PointService.Search"]      path and message classes of a call
"""

from __future__ import annotations

from importlib import resources
from typing import Any, Dict, List, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "tqdb.v1"


class Method(NamedTuple):
    path: str
    request: Any
    response: Any


def _load() -> Any:
    data = resources.files("tqdb").joinpath("tqdb.binpb").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(data).file
    for file in files:  # what a file imports comes before it
        pool.AddSerializedFile(file.SerializeToString())
    methods: Dict[str, Method] = {}
    for file in files:
        for service in file.service:
            name = f"{file.package}.{service.name}"
            for method in pool.FindServiceByName(name).methods:
                methods[f"{service.name}.{method.name}"] = Method(
                    f"/{name}/{method.name}",
                    message_factory.GetMessageClass(method.input_type),
                    message_factory.GetMessageClass(method.output_type),
                )
    return pool, methods


_pool, _methods = _load()
METHODS: Dict[str, Method] = _methods


def message(name: str) -> Any:
    """The class of a message, `Outer.Inner` for one within another."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def _prefix(enum: str) -> str:
    """VectorKind -> VECTOR_KIND_, which its values begin with."""
    return "".join(f"_{c}" if c.isupper() else c.upper() for c in enum).lstrip("_") + "_"


def number(enum: str, name: str) -> int:
    values = _pool.FindEnumTypeByName(f"{_PACKAGE}.{enum}").values_by_name
    return int(values[_prefix(enum) + name].number)


def names(enum: str) -> List[str]:
    """Short names of an enum's values, in order of their numbers; without UNSPECIFIED."""
    values = _pool.FindEnumTypeByName(f"{_PACKAGE}.{enum}").values
    return [value.name[len(_prefix(enum)) :] for value in values if value.number != 0]
