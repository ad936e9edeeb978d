"""Hybrid search, by meaning and by words, put together in the client.

Two searches, one among all chunks and one among those that have all the words, are fused by
reciprocal rank (Cormack, Clarke and Buettcher, 2009): a hit scores the sum of 1 / (60 + rank). When
the server fuses by itself, this file becomes one call.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional

import tqdb

RANK_OFFSET = 60
CANDIDATES = 50


def search_hybrid(
    client: tqdb.Client,
    collection: str,
    vector: Any,
    words: str,
    limit: int,
    filter: Optional[tqdb.Filter],
) -> List[tqdb.ScoredPoint]:
    has_words = tqdb.Field("text").text(words)
    fused: Dict[Any, float] = {}
    points: Dict[Any, tqdb.ScoredPoint] = {}
    for one in (filter, has_words if filter is None else filter & has_words):
        hits = client.search(collection, vector, CANDIDATES, filter=one)
        for rank, hit in enumerate(hits, 1):
            fused[hit.id] = fused.get(hit.id, 0.0) + 1 / (RANK_OFFSET + rank)
            points[hit.id] = hit
    best = sorted(fused, key=lambda id: -fused[id])[:limit]
    return [replace(points[id], score=fused[id]) for id in best]
