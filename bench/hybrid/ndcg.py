"""How well hybrid search finds known items in real text, beside its two parts. See README.md here.

A document is the long description of a Debian package; a query is the title of one, which its
document does not have. Its document is the one right answer: nDCG@10 is 1 / log2(1 + rank) of it,
or 0 from rank 11 on, and recall@10 says whether it is among the ten.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import math
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "client/python/examples/rag"))

import corpus  # noqa: E402
import embedder  # noqa: E402

import tqdb  # noqa: E402

TOP = 10
BATCH = 8
COLLECTION = "hybrid-ndcg"


class Item(NamedTuple):
    title: str
    body: str


def read_items(work: Path, seed: int, limit: int) -> List[Item]:
    """Packages with titles and bodies that no other one has, in random order."""
    items: List[Item] = []
    titles, bodies = set(), set()
    for document in corpus.read_debian(work, sys.maxsize, sections=None):
        title, _, body = document.text.partition(".\n\n")
        body = " ".join(body.split())
        if len(body.split()) < 15 or len(title.split()) < 3:
            continue
        if title.lower() in titles or body in bodies:
            continue
        titles.add(title.lower())
        bodies.add(body)
        items.append(Item(title, body))
    order = np.random.default_rng(seed).permutation(len(items))[:limit]
    return [items[i] for i in order]


def is_query(item: Item) -> bool:
    """Not when the body has the title word for word: words alone would find it."""
    return _words(item.title) not in _words(item.body)


def _words(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+", text.lower())) + " "


def embed(work: Path, name: str, texts: Sequence[str], max_tokens: int) -> np.ndarray:
    """(texts, 384); kept in parts, so that a run that was stopped goes on where it was."""
    rows = np.zeros((len(texts), embedder.DIM), np.float32)
    model = None
    began, part_size = time.monotonic(), 1000
    for begin in range(0, len(texts), part_size):
        part = texts[begin : begin + part_size]
        key = hashlib.sha256("\0".join([str(max_tokens), *part]).encode()).hexdigest()[:16]
        path = work / "embeddings" / f"{key}.npy"
        if not path.exists():
            model = model or embedder.Embedder(max_tokens)
            found = np.zeros((len(part), embedder.DIM), np.float32)
            # Texts of about the same length make a batch, so that little is spent on padding.
            order = sorted(range(len(part)), key=lambda i: len(part[i]))
            for first in range(0, len(order), BATCH):
                batch = order[first : first + BATCH]
                found[batch] = model.embed([part[i] for i in batch])
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, found)
            done = begin + len(part)
            print(
                f"{name}: {done} of {len(texts)}, {time.monotonic() - began:.0f} s", file=sys.stderr
            )
        rows[begin : begin + len(part)] = np.load(path)
    return rows


@contextlib.contextmanager
def serve(program: Path) -> Iterator[str]:
    """Address of a server on an empty data directory."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "log")
        command = [
            program,
            "--data-dir",
            f"{directory}/data",
            "--grpc-port",
            "0",
            "--http-port",
            "0",
        ]
        with log.open("w") as file:
            process = subprocess.Popen([str(c) for c in command], stdout=file, stderr=file)
        try:
            found = None
            while found is None:
                found = re.search(r"serving gRPC.* on \S*:(\d+)", log.read_text())
                if process.poll() is not None:
                    raise SystemExit(f"{program}: {log.read_text()}")
                time.sleep(0.1)
            yield f"127.0.0.1:{found.group(1)}"
        finally:
            process.terminate()
            process.wait()


def upload(client: tqdb.Client, items: Sequence[Item], rows: np.ndarray) -> None:
    with contextlib.suppress(tqdb.NotFound):
        client.delete_collection(COLLECTION)
    client.create_collection(COLLECTION, dim=embedder.DIM)
    client.create_payload_index(COLLECTION, "body", "text")
    payloads = ({"body": item.body} for item in items)
    client.upload(COLLECTION, rows, range(len(items)), payloads, progress=False)


Search = Callable[[str, np.ndarray], List[tqdb.ScoredPoint]]


def searches(client: tqdb.Client, candidates: int) -> Dict[str, Search]:
    """By name; of a query's text and vector."""

    def text(title: str) -> tqdb.TextQuery:
        return tqdb.TextQuery("body", title)

    def hybrid(fusion: str, dense_weight: float) -> Search:
        def search(title: str, row: np.ndarray) -> List[tqdb.ScoredPoint]:
            parts = [
                tqdb.Query(row, candidates, weight=dense_weight),
                tqdb.Query(text=text(title), limit=candidates, weight=1 - dense_weight),
            ]
            return client.search_hybrid(COLLECTION, parts, TOP, fusion=fusion, with_payload=False)

        return search

    found: Dict[str, Search] = {
        "dense": lambda title, row: client.search(COLLECTION, row, TOP, with_payload=False),
        "BM25": lambda title, row: client.search(
            COLLECTION, text=text(title), limit=TOP, with_payload=False
        ),
        "hybrid, reciprocal rank": hybrid("rrf", 0.5),
    }
    for weight in (0.3, 0.5, 0.7):
        found[f"hybrid, weighted, dense {weight}"] = hybrid("weighted", weight)
    return found


def ndcg(search: Search, queries: Sequence[Tuple[int, str, np.ndarray]]) -> np.ndarray:
    """nDCG@10 of each query."""
    found = np.zeros(len(queries))
    for i, (answer, title, row) in enumerate(queries):
        ids = [hit.id for hit in search(title, row)]
        if answer in ids:
            found[i] = 1 / math.log2(2 + ids.index(answer))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", help="of a server; without it, one is started")
    parser.add_argument("--server", type=Path, default=ROOT / "build/release/server/tqdb-server")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument(
        "--candidates", type=int, default=100, help="of each part of a hybrid search"
    )
    parser.add_argument(
        "--max-tokens", type=int, default=embedder.MAX_TOKENS, help="that the model sees of a text"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=ROOT / "build/hybrid")
    parser.add_argument("--embed-only", action="store_true", help="fill the cache, and stop")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)

    items = read_items(options.work, options.seed, options.documents)
    asked = [i for i, item in enumerate(items) if is_query(item)][: options.queries]
    titles = [items[i].title for i in asked]
    title_rows = embed(options.work, "queries", titles, options.max_tokens)
    rows = embed(options.work, "documents", [item.body for item in items], options.max_tokens)
    if options.embed_only:
        return
    queries = list(zip(asked, titles, title_rows))
    with contextlib.ExitStack() as stack:
        address = options.address or stack.enter_context(serve(options.server))
        client = stack.enter_context(tqdb.Client(address))
        upload(client, items, rows)
        scores = {
            name: ndcg(s, queries) for name, s in searches(client, options.candidates).items()
        }
        client.delete_collection(COLLECTION)
    words = sum(len(item.body.split()) for item in items) / len(items)
    print(f"{len(items)} documents, {words:.0f} words each, {len(queries)} queries, "
          f"{options.candidates} candidates, seed {options.seed}\n")  # fmt: skip
    best = max(scores["dense"], scores["BM25"], key=np.mean)
    print("| search | nDCG@10 | recall@10 | nDCG@10 beyond the better part |")
    print("|---|--:|--:|--:|")
    for name, found in scores.items():
        gain = found - best
        error = 1.96 * gain.std() / math.sqrt(len(gain))
        more = f"{gain.mean():+.3f} +- {error:.3f}" if name.startswith("hybrid") else "-"
        print(f"| {name} | {found.mean():.3f} | {(found > 0).mean():.3f} | {more} |")


if __name__ == "__main__":
    main()
