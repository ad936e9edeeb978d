#!/usr/bin/env python3
"""Cuts the sample that tqdb ships out of a larger set of WordNet gloss embeddings.

    make_sample.py --data DIR [--out DIR]

DIR holds use-512.base.f16.npy and use-512.query.f16.npy, row-major float16 of width 512, and beside
each a .jsonl.gz with one object per row: {"id", "text", "source"}. Rows whose source is
"wordnet-gloss" are taken at even distances over the whole file until there are enough of them, so
that the sample is as varied as the set. Nothing is random and no row is picked by hand; run again,
the script writes the same bytes.

Writes wordnet-512.{base,query}.f16.npy, and beside each a .jsonl.gz whose line i is {"text"} of
row i.
"""

import argparse
import gzip
import io
import json
import pathlib
import sys

import numpy as np

SOURCE = "wordnet-gloss"
NAME = "wordnet-512"


def read_texts(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def cut(data, part, rows):
    """The `rows` glosses of a part, evenly spaced: (vectors, texts)."""
    vectors = np.load(data / f"use-512.{part}.f16.npy")
    texts = read_texts(data / f"use-512.{part}.jsonl.gz")
    if vectors.dtype != np.float16 or vectors.ndim != 2 or len(vectors) != len(texts):
        sys.exit(f"make_sample: {part}: {vectors.dtype} {vectors.shape}, {len(texts)} texts; "
                 "wanted is float16 with one text per row")
    glosses = [row for row, text in enumerate(texts) if text["source"] == SOURCE]
    if len(glosses) < rows:
        sys.exit(f"make_sample: {part}: {len(glosses)} rows of {SOURCE}; {rows} are needed")
    chosen = [glosses[i * len(glosses) // rows] for i in range(rows)]
    return vectors[chosen], [texts[row]["text"] for row in chosen]


def write(out, part, vectors, texts):
    np.save(out / f"{NAME}.{part}.f16.npy", np.ascontiguousarray(vectors))
    buffer = io.BytesIO()
    # No file name and no time in the header: the same rows are the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=9, mtime=0) as file:
        for text in texts:
            line = json.dumps({"text": text}, ensure_ascii=False)
            file.write(line.encode("utf-8") + b"\n")
    (out / f"{NAME}.{part}.jsonl.gz").write_bytes(buffer.getvalue())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of the larger set")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent,
                        help="where to write (default: beside this script)")
    parser.add_argument("--rows", type=int, default=5000, help="base rows (default: 5000)")
    parser.add_argument("--queries", type=int, default=50, help="query rows (default: 50)")
    arguments = parser.parse_args()
    for part, rows in (("base", arguments.rows), ("query", arguments.queries)):
        vectors, texts = cut(arguments.data, part, rows)
        write(arguments.out, part, vectors, texts)
        print(f"{NAME}.{part}: {vectors.shape[0]} x {vectors.shape[1]} {vectors.dtype}")


if __name__ == "__main__":
    main()
