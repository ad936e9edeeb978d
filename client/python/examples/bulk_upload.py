"""Times a bulk upload of random vectors.

    python bulk_upload.py [--address HOST:PORT] [--rows N] [--dim D]

The collection `bulk-upload` is made anew and removed again. Prints one line, such as

    100,000 x 768 float32, store_vectors none, 1.13 s: 88,612 vectors/s, 272 MB/s; client
    0.50 s of CPU
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
import uuid
from typing import Any

import numpy as np

import tqdb

COLLECTION = "bulk-upload"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", default="localhost:6334")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--store-vectors", choices=["none", "f16", "f32"], default="none")
    parser.add_argument("--dtype", choices=["float32", "float16"], default="float32")
    parser.add_argument("--payloads", action="store_true", help="of some 60 bytes")
    parser.add_argument("--uuids", action="store_true", help="ids are UUIDs")
    parser.add_argument("--asyncio", action="store_true", help="with AsyncClient")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--in-flight", type=int)
    parser.add_argument("--progress", action="store_true")
    options = parser.parse_args()

    rows = np.random.default_rng(1).standard_normal((options.rows, options.dim), np.float32)
    ids: Any = range(options.rows)
    if options.uuids:
        ids = [uuid.UUID(int=i) for i in ids]
    payloads = None
    if options.payloads:
        texts = itertools.cycle(["one of many texts that could be longer", "another"])
        payloads = [{"number": i, "text": next(texts)} for i in range(options.rows)]
    arguments = dict(
        dtype=options.dtype,
        batch_size=options.batch_size,
        in_flight=options.in_flight,
        progress=options.progress,
    )

    def timed(upload: Any) -> None:
        began, cpu = time.perf_counter(), time.process_time()
        result = upload()
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        assert result.written == options.rows
        megabytes = rows.nbytes / (2 if options.dtype == "float16" else 1) / 1e6
        print(
            f"{options.rows:,} x {options.dim} {options.dtype}, store_vectors "
            f"{options.store_vectors}, {seconds:.2f} s: {options.rows / seconds:,.0f} vectors/s, "
            f"{megabytes / seconds:.0f} MB/s; client {cpu:.2f} s of CPU"
        )

    async def upload_async() -> tqdb.WriteResult:
        async with tqdb.AsyncClient(options.address) as client:
            return await client.upload(COLLECTION, rows, ids, payloads, **arguments)

    with tqdb.Client(options.address) as client:
        if COLLECTION in [collection.name for collection in client.list_collections()]:
            client.delete_collection(COLLECTION)
        client.create_collection(COLLECTION, options.dim, store_vectors=options.store_vectors)
        try:
            if options.asyncio:
                timed(lambda: asyncio.run(upload_async()))
            else:
                timed(lambda: client.upload(COLLECTION, rows, ids, payloads, **arguments))
        finally:
            client.delete_collection(COLLECTION)


if __name__ == "__main__":
    main()
