"""A vector store for LangChain, on both clients: `pip install tqdb[langchain]`.

    store = TqdbVectorStore("notes", OpenAIEmbeddings(), address="localhost:6334")
    store.add_texts(["..."], metadatas=[{"year": 2024}])
    store.similarity_search("...", k=4, filter={"year": 2024})

A document is a point with the payload {"id", "text", "metadata"}. So `filter` is
- a dict of metadata and what it is to equal, or a list of what it may equal,
- a filter of tqdb, in which metadata has keys such as "metadata.year".
"""

from .store import RetrievalMode, TqdbVectorStore

__all__ = ["RetrievalMode", "TqdbVectorStore"]
