"""Retrieval for question answering: chunks of text in tqdb, questions by meaning, filter and words.

There is no language model here. The answer is made of the sentences of the retrieved chunks that
are nearest to the question, each with its source; give `context` of an Answer to a model of yours.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Iterable, List, NamedTuple, Optional, Tuple

import corpus
import tqdb
from embedder import DIM, Embedder
from tqdm import tqdm

EMBED_BATCH = 4  # 7 chunks/s on busy cores, 5 with 32: activations stay in the cache


class Answer(NamedTuple):
    sentences: List[Tuple[str, str]]  # and the source of each
    hits: List[tqdb.ScoredPoint]

    @property
    def context(self) -> str:
        return "\n\n".join(f"[{h.payload['source']}] {h.payload['text']}" for h in self.hits)


class Rag:
    def __init__(self, client: tqdb.Client, collection: str) -> None:
        self.client = client
        self.collection = collection
        self.embedder = Embedder()

    def load(self, documents: Iterable[corpus.Document]) -> int:
        """Chunks, embeds and uploads; loading the same again replaces. Returns the chunks."""
        try:
            self.client.create_collection(self.collection, dim=DIM)
            self.client.create_payload_index(self.collection, "text", "text")
        except tqdb.AlreadyExists:
            pass
        chunks = [chunk for document in documents for chunk in corpus.chunks(document)]
        # Texts of about the same length make a batch, so that little is spent on padding.
        chunks.sort(key=lambda chunk: len(chunk.text))

        def batches():
            for begin in tqdm(range(0, len(chunks), EMBED_BATCH), "embedding", unit=" batches"):
                yield self.embedder.embed(
                    [titled(chunk) for chunk in chunks[begin : begin + EMBED_BATCH]]
                )

        result = self.client.upload(
            self.collection,
            batches(),
            ids=(chunk_id(chunk) for chunk in chunks),
            payloads=(
                {
                    "source": chunk.document.source,
                    "chunk": chunk.number,
                    "text": chunk.text,
                    **chunk.document.payload,
                }
                for chunk in chunks
            ),
            progress=False,
        )
        return result.written

    def ask(
        self,
        question: str,
        *,
        filter: Optional[tqdb.Filter] = None,
        words: Optional[str] = None,
        limit: int = 5,
    ) -> Answer:
        [vector] = self.embedder.embed([question])
        if words:
            # By meaning and by words (BM25), fused by rank.
            queries = [
                tqdb.Query(vector, filter=filter),
                tqdb.Query(text=tqdb.TextQuery("text", words), filter=filter),
            ]
            hits = self.client.search_hybrid(self.collection, queries, limit)
        else:
            hits = self.client.search(self.collection, vector, limit, filter=filter)
        found = [
            (sentence, hit.payload["source"])
            for hit in hits
            for sentence in corpus.sentences(hit.payload["text"])
            if len(sentence.split()) >= 4
        ]
        if not found:
            return Answer([], hits)
        nearness = self.embedder.embed([sentence for sentence, _ in found]) @ vector
        best = sorted(range(len(found)), key=lambda i: -nearness[i])
        distinct = dict.fromkeys(found[i] for i in best)
        return Answer(list(itertools.islice(distinct, 3)), hits)


def titled(chunk: corpus.Chunk) -> str:
    """What is embedded: the name of the source says what a chunk is about."""
    return f"{Path(chunk.document.source).stem}: {chunk.text}"


def chunk_id(chunk: corpus.Chunk) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{chunk.document.source}#{chunk.number}")


def parse_where(conditions: List[str]) -> Optional[tqdb.Filter]:
    """KEY=VALUE, KEY<=NUMBER or KEY>=NUMBER; all are to hold."""
    parts = []
    for condition in conditions:
        for operator in ("<=", ">=", "="):
            key, found, value = condition.partition(operator)
            if found:
                break
        else:
            raise SystemExit(
                f"rag: --where {condition}: need KEY=VALUE, KEY<=NUMBER or KEY>=NUMBER"
            )
        field = tqdb.Field(key)
        if operator == "=":
            parts.append(field == (int(value) if value.isdigit() else value))
        else:
            parts.append(field.range(**{"lte" if operator == "<=" else "gte": float(value)}))
    return tqdb.all_of(parts) if parts else None


def show(question: str, where: List[str], words: Optional[str], answer: Answer) -> None:
    print(f"\n\033[1m{question}\033[0m" if sys.stdout.isatty() else f"\nQuestion: {question}")
    if where or words:
        print(f"  among: {', '.join([*where, *([f'hybrid with {words!r}'] if words else [])])}")
    for sentence, source in answer.sentences:
        print(f"  - {sentence} [{source}]")
    if not answer.sentences:
        print("  nothing found")
    print("  sources:")
    for hit in answer.hits:
        more = ", ".join(
            f"{k} {v}" for k, v in hit.payload.items() if k in ("section", "size_kib", "kind")
        )
        print(f"    {hit.score:.3f}  {hit.payload['source']} #{hit.payload['chunk']}  ({more})")


EXAMPLES = [
    ("Which program can I use to retouch photos?", [], None),
    ("a board game against the computer", ["section=games"], None),
    ("small tool to see what is using the disk", ["section=utils", "size_kib<=500"], None),
    ("watch how much traffic goes through the network", [], "bandwidth"),
]


def main() -> None:
    parser = argparse.ArgumentParser(prog="run", description="Answers questions from text.")
    parser.add_argument("questions", nargs="*", metavar="QUESTION")
    parser.add_argument("--folder", type=Path, help="text files in place of Debian's packages")
    parser.add_argument("--packages", type=int, default=1500, help="how many packages (1500)")
    parser.add_argument("--where", action="append", default=[], metavar="KEY=VALUE",
                        help="filter, also <= and >=; may be repeated")  # fmt: skip
    parser.add_argument("--words", help="hybrid: texts with these words, too")
    parser.add_argument("--limit", type=int, default=5, help="chunks for an answer (5)")
    parser.add_argument("--reload", action="store_true", help="read the text again")
    parser.add_argument("--work", type=Path, default=Path("build/rag"), help=argparse.SUPPRESS)
    options = parser.parse_args()

    name = "debian-packages"
    if options.folder:
        name = "folder-" + uuid.uuid5(uuid.NAMESPACE_URL, str(options.folder.resolve())).hex[:12]
    with tqdb.Client(os.environ.get("TQDB_ADDRESS", "localhost:6334")) as client:
        rag = Rag(client, name)
        if options.reload or not is_loaded(client, name):
            began = time.monotonic()
            documents = (
                list(corpus.read_folder(options.folder))
                if options.folder
                else corpus.read_debian(options.work, options.packages)
            )
            if not documents:
                raise SystemExit("rag: no text found")
            count = rag.load(documents)
            client.update_collection(name, {"loaded": "yes"})
            print(f"{len(documents)} texts, {count} chunks in {time.monotonic() - began:.0f} s")
        asked = [(q, options.where, options.words) for q in options.questions]
        for question, where, words in asked or ([] if options.folder else EXAMPLES):
            answer = rag.ask(question, filter=parse_where(where), words=words, limit=options.limit)
            show(question, where, words, answer)


def is_loaded(client: tqdb.Client, name: str) -> bool:
    try:
        return "loaded" in client.get_collection(name).metadata
    except tqdb.NotFound:
        return False


if __name__ == "__main__":
    main()
