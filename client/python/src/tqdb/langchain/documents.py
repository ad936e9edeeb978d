"""Documents of LangChain in payloads, and out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple

from langchain_core.documents import Document

from ..errors import InvalidArgument
from ..filters import quoted_key
from ..types import Record, ScoredPoint

_ID = "id"  # the id that the document was given: that of the point may be made of it


@dataclass(frozen=True)
class Layout:
    """Where the parts of a document are in the payload of its point. Without `metadata_key`, all
    other keys of the payload are the metadata."""

    content_key: str = "text"
    metadata_key: Optional[str] = "metadata"

    def content_path(self) -> str:
        return quoted_key(self.content_key)

    def metadata_path(self, name: str) -> str:
        own = quoted_key(name)
        return own if self.metadata_key is None else f"{quoted_key(self.metadata_key)}.{own}"

    def payload_of(
        self, id: str, text: str, metadata: Mapping[str, Any], field: str
    ) -> Dict[str, Any]:
        own = {_ID: id, self.content_key: text}
        if self.metadata_key is not None:
            return {**own, self.metadata_key: metadata}
        for key in own:
            if key in metadata:
                raise InvalidArgument(f"{field} has the key {key!r}, which is the store's", key=key)
        return {**metadata, **own}

    def document_of(self, record: Record) -> Document:
        payload = dict(record.payload)
        text = payload.pop(self.content_key, None)
        if not isinstance(text, str):
            keys = ", ".join(map(repr, record.payload)) or "none"
            raise InvalidArgument(
                f"point {record.id!r} has no text at the key {self.content_key!r}; its keys are "
                f"{keys}: choose by TqdbVectorStore(.., content_key=.., metadata_key=..)",
                key=self.content_key,
            )
        id = payload.pop(_ID, None)
        metadata: Any = payload
        if self.metadata_key is not None:
            metadata = payload.get(self.metadata_key)
        return Document(
            id=id if isinstance(id, str) else str(record.id),
            page_content=text,
            metadata=metadata if isinstance(metadata, dict) else {},
        )

    def scored_of(self, hits: List[ScoredPoint]) -> List[Tuple[Document, float]]:
        return [(self.document_of(hit), hit.score) for hit in hits]


def documents_of(scored: List[Tuple[Document, float]]) -> List[Document]:
    return [document for document, _ in scored]
