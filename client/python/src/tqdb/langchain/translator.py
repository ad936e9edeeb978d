"""What a SelfQueryRetriever needs: structured queries of LangChain as filters of tqdb.

    SelfQueryRetriever.from_llm(
        llm, store, "articles", fields, structured_query_translator=TqdbTranslator()
    )
"""

from __future__ import annotations

import datetime
from typing import Any, Dict, Optional, Tuple

from langchain_core.structured_query import (
    Comparator,
    Comparison,
    Operation,
    Operator,
    StructuredQuery,
    Visitor,
)

from .._stores import one_of
from ..errors import InvalidArgument
from ..filters import Field, Filter, all_of, any_of
from .documents import Layout
from .filters import equal


class TqdbTranslator(Visitor):
    """`metadata_key` as of the store. CONTAIN asks for an element of a list, LIKE for words."""

    allowed_operators = (Operator.AND, Operator.OR, Operator.NOT)
    allowed_comparators = (
        Comparator.EQ,
        Comparator.NE,
        Comparator.GT,
        Comparator.GTE,
        Comparator.LT,
        Comparator.LTE,
        Comparator.CONTAIN,
        Comparator.LIKE,
        Comparator.IN,
        Comparator.NIN,
    )

    def __init__(self, metadata_key: Optional[str] = "metadata") -> None:
        self._layout = Layout(metadata_key=metadata_key)

    def visit_operation(self, operation: Operation) -> Filter:
        filters = [argument.accept(self) for argument in operation.arguments]
        if operation.operator == Operator.AND:
            return all_of(filters)
        if operation.operator == Operator.OR:
            return any_of(filters)
        return ~all_of(filters)

    def visit_comparison(self, comparison: Comparison) -> Filter:
        field = Field(self._layout.metadata_path(comparison.attribute))
        value, comparator = _plain(comparison.value), comparison.comparator
        if comparator in (Comparator.EQ, Comparator.CONTAIN):
            return equal(field, value)
        if comparator == Comparator.NE:
            return ~equal(field, value)
        if comparator == Comparator.LIKE:
            return field.text(str(value).replace("%", " "))
        if comparator in (Comparator.IN, Comparator.NIN):
            found = one_of(field, list(value) if isinstance(value, (list, tuple)) else [value])
            return found if comparator == Comparator.IN else ~found
        return field.range(**{comparator.value: value})

    def visit_structured_query(
        self, structured_query: StructuredQuery
    ) -> Tuple[str, Dict[str, Any]]:
        if structured_query.filter is None:
            return structured_query.query, {}
        return structured_query.query, {"filter": structured_query.filter.accept(self)}


def _plain(value: Any) -> Any:
    """Dates come as {"date": "2024-05-01", "type": "date"}."""
    if not isinstance(value, dict):
        return value
    text = value.get("datetime", value.get("date"))
    try:
        return datetime.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise InvalidArgument(f"the query has {value!r}; need a date or time") from None
