"""Documents of LangChain, out of points."""

from __future__ import annotations

from typing import List, Tuple

from langchain_core.documents import Document

from ..types import Record, ScoredPoint


def document_of(record: Record) -> Document:
    payload = record.payload
    return Document(
        id=payload.get("id", str(record.id)),
        page_content=payload.get("text", ""),
        metadata=payload.get("metadata", {}),
    )


def scored_of(hits: List[ScoredPoint]) -> List[Tuple[Document, float]]:
    return [(document_of(hit), hit.score) for hit in hits]


def documents_of(scored: List[Tuple[Document, float]]) -> List[Document]:
    return [document for document, _ in scored]
