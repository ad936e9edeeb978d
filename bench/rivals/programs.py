"""The programs that are compared: one class each, all with the same four calls.

    build(data)              encodes the rows, on all cores
    recall(data, batch)      recall@10 of all queries, `batch` of them a call
    measure(data, batch)     seconds per query of one alternation, one thread
    bits, code_bytes         what a vector costs

Rows and queries have norm 1, so cosine, inner product and L2 rank alike.
"""

import ctypes
import gc
import json
import os
import subprocess
import time

TOP_K = 10
WARM_UP_S = 0.1


def recall(truth, found):
    hits = sum(len(set(t.tolist()) & set(f.tolist())) for t, f in zip(truth, found))
    return hits / truth.size


def resident_bytes():
    """Of this process, after freed memory went back to the system."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class InProcess:
    """A library with search(queries, k) that is called from here."""

    def build(self, data):
        before = resident_bytes()
        start = time.perf_counter()
        self.fill(data)
        self.build_s = time.perf_counter() - start
        self.search(data.queries[:64])  # what is made by the first search
        self.resident_bytes = (resident_bytes() - before) / len(data.base)

    def one_thread(self):
        pass

    def recall(self, data, batch):
        parts = range(0, len(data.queries), batch)
        found = [row for i in parts for row in self.search(data.queries[i : i + batch])]
        return recall(data.truth, found)

    def measure(self, data, batch, seconds):
        starts = range(0, len(data.queries) - batch + 1, batch)
        calls = [data.queries[i : i + batch] for i in starts]
        self._loop(calls, WARM_UP_S)
        elapsed, done = self._loop(calls, seconds)
        return elapsed / (done * batch)

    def _loop(self, calls, seconds):
        done = 0
        start = time.perf_counter()
        while True:
            self.search(calls[done % len(calls)])
            done += 1
            elapsed = time.perf_counter() - start
            if elapsed >= seconds:
                return elapsed, done


class Turbovec(InProcess):
    """Calibrated on all rows, as its documentation advises; RAYON_NUM_THREADS rules searches."""

    def __init__(self, bits):
        self.name = f"turbovec {bits}"
        self.bits = bits

    def fill(self, data):
        import turbovec

        self.index = turbovec.TurboQuantIndex(data.dim, self.bits)
        self.index.calibrate(data.base)
        self.index.add(data.base)
        self.index.prepare()
        self.code_bytes = len(self.index.to_bytes()) / len(data.base)

    def search(self, queries):
        return self.index.search(queries, TOP_K)[1]


class Faiss(InProcess):
    """An index of the factory under L2, which gives PQ more recall than inner product does here.

    `code` may hold {d} and {d/2}. `rotated` puts an orthonormal map in front: Hadamard where dim is
    a power of two, a dense random one elsewhere.
    """

    def __init__(self, code, bits, rotated=False):
        self.name = f"faiss {'R+' if rotated else ''}{code}"
        self.bits = bits
        self.code = code
        self.rotated = rotated

    def fill(self, data):
        import faiss

        code = self.code.replace("{d/2}", str(data.dim // 2)).replace("{d}", str(data.dim))
        if self.rotated:
            power_of_two = data.dim & (data.dim - 1) == 0
            code = f"{'HR' if power_of_two else f'RR{data.dim}'},{code}"
        faiss.omp_set_num_threads(os.cpu_count())  # of the build
        self.index = faiss.index_factory(data.dim, code, faiss.METRIC_L2)
        self.index.train(data.base)
        self.index.add(data.base)
        inner = self.index
        if self.rotated:
            inner = faiss.downcast_index(self.index.index)
        self.code_bytes = inner.code_size

    def one_thread(self):
        import faiss

        faiss.omp_set_num_threads(1)

    def search(self, queries):
        return self.index.search(queries, TOP_K)[1]


class Tqdb:
    """`tqdb-bench scan` in a process of its own, which encodes the rows anew for every alternation.

    It measures all batches of an alternation in one run; they are kept until they are asked for.
    """

    def __init__(self, bench, code_bits, residual, stages=None):
        self.bits = code_bits + (1 if residual == "qjl" else 0)
        self.name = f"tqdb {code_bits}{'+1' if residual == 'qjl' else ''}"
        self.name += f" {stages}" if stages else ""
        self.command = [bench, "scan", "--threads", "1", "--json", "--k", str(TOP_K)]
        self.command += ["--code-bits", str(code_bits), "--residual", residual]
        self.command += ["--stages", stages] if stages else []
        self.batches = []
        self.kept = {}

    def build(self, data):
        records = self._run(data, 0.1, len(data.queries))
        self.build_s = None  # `tqdb-bench encode` measures it
        self.recalls = {r["batch"]: r[f"recall_at_{TOP_K}"] for r in records}
        self.code_bytes = records[0]["code_bytes"]
        self.resident_bytes = records[0]["bytes_per_vector"]
        keys = ("cpu", "kernels", "compiler", "commit")
        self.environment = {key: records[0][key] for key in keys}
        self.survivors = {r["batch"]: r["survivors"] for r in records}

    def one_thread(self):
        pass

    def recall(self, data, batch):
        return self.recalls[batch]

    def measure(self, data, batch, seconds):
        if batch not in self.kept:
            records = self._run(data, seconds, 0)
            self.kept = {r["batch"]: 1 / r["queries_per_s"] for r in records}
        return self.kept.pop(batch)

    def _run(self, data, seconds, recall_queries):
        command = self.command + ["--data", data.directory, "--set", data.name]
        command += ["--seconds", str(seconds), "--recall-queries", str(recall_queries)]
        command += ["--batch", ",".join(map(str, self.batches))]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]
