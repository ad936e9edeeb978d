"""A vector store for LangChain, on both clients; an extra of the package: `[langchain]`.

    store = TqdbVectorStore("notes", OpenAIEmbeddings(), address="localhost:6334")
    store.add_texts(["..."], metadatas=[{"year": 2024}])
    store.similarity_search("...", k=4, filter={"year": {"$gte": 2020}})

A document is a point with the payload {"id", "text", "metadata"}. So `filter` is
- a dict of metadata and what it is to equal, a list of what it may equal, or operators:
  $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $text (words), $not, $and, $or, $nor;
- a filter of tqdb, in which metadata has keys such as "metadata.year".
"""

from .arguments import RetrievalMode
from .store import TqdbVectorStore
from .translator import TqdbTranslator

__all__ = ["RetrievalMode", "TqdbTranslator", "TqdbVectorStore"]
