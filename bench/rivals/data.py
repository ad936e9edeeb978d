"""The rows that all programs see, exported by tqdb-bench, normalised here; and exact answers."""

import copy
import os
import subprocess

import numpy

TOP_K = 10


class Data:
    """base and queries: float32 of norm 1; truth: (queries, 10) row numbers by exact search."""

    def __init__(self, name, directory):
        self.name = name
        self.directory = directory
        self.base = self._load("base")
        self.queries = self._load("query")
        self.dim = self.base.shape[1]
        self.truth = nearest(self.base, self.queries)

    def first(self, count):
        """The first rows, without their truth."""
        few = copy.copy(self)
        few.base = self.base[:count]
        few.truth = None
        return few

    def _load(self, kind):
        rows = numpy.load(os.path.join(self.directory, f"{self.name}.{kind}.f32.npy"))
        rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
        return numpy.ascontiguousarray(rows, dtype=numpy.float32)


def nearest(base, queries):
    truth = []
    for begin in range(0, len(queries), 100):
        scores = queries[begin : begin + 100] @ base.T
        top = numpy.argpartition(-scores, TOP_K, axis=1)[:, :TOP_K]
        truth.append(top)
    return numpy.concatenate(truth)


def export(bench, sets, name, rows, queries, work):
    """Writes the rows `name` below `work` unless they are there, and returns them.

    generated-DIM: rows of the cluster tree in the shape that `sets` has for DIM.
    NAME: the set of that name as it is. NAME-tiled: the set, repeated up to `rows` rows.
    """
    made = name.startswith("generated-") or name.endswith("-tiled")
    label = f"{name}-{rows}" if made else name
    directory = os.path.join(work, label)
    done = os.path.join(directory, f"done-{queries}")  # an interrupted export has none
    if not os.path.exists(done):
        os.makedirs(directory, exist_ok=True)
        command = [bench, "generate", "--out", os.path.join(directory, label)]
        command += ["--queries", str(queries)]
        if name.startswith("generated-"):
            dim = name[len("generated-") :]
            command += ["--generator", sets, "--dim", dim, "--rows", str(rows)]
        else:
            real = name.removesuffix("-tiled")
            command += ["--data", sets, "--set", real]
            command += ["--rows", str(rows if real != name else whole_rows(sets, real))]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        open(done, "w").close()
    return Data(label, directory)


def whole_rows(sets, name):
    for kind in ("f32", "f16", "i8"):
        path = os.path.join(sets, f"{name}.base.{kind}.npy")
        if os.path.exists(path):
            return len(numpy.load(path, mmap_mode="r"))
    raise SystemExit(f"compare.py: no {name}.base.*.npy in {sets}")
