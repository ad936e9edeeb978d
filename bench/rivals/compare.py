#!/usr/bin/env python3
"""Compares tqdb with turbovec and faiss on one thread; README.md says how and what."""

import argparse
import json
import os
import platform
import statistics
import sys

# Before the libraries start their threads. Indexes are built with all cores, searches use one.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"  # builds on a machine that others use

import data as rows  # noqa: E402
from programs import Faiss, Tqdb, Turbovec  # noqa: E402

SETS = ["use-512", "generated-1536", "openai-1536-tiled"]


def parse():
    here = os.path.dirname(os.path.abspath(__file__))
    bench = os.path.normpath(os.path.join(here, "../../build/release/bench/tqdb-bench"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", default=bench, help="tqdb-bench; default: of build/release")
    parser.add_argument("--data", required=True, help="directory of the real sets and shapes")
    parser.add_argument("--work", default="/tmp/tqdb-rivals", help="where rows are exported to")
    parser.add_argument("--sets", default=",".join(SETS), help="default: %(default)s")
    parser.add_argument("--rows", type=int, default=100_000, help="of generated and tiled sets")
    parser.add_argument("--queries", type=int, default=1000, help="at most, of a set")
    parser.add_argument("--ours", default="4+1,4,2+1,2", help="code bits, +1: residual bit")
    parser.add_argument("--stages", default="", help="of tqdb-bench scan; a list; default: its own")
    parser.add_argument(
        "--rivals", default="", help="only those whose name contains one of this list"
    )
    parser.add_argument("--batch", default="1,64", help="queries a call; a list")
    parser.add_argument("--rounds", type=int, default=5, help="alternations")
    parser.add_argument("--seconds", type=float, default=1, help="of each measurement")
    parser.add_argument("--json", help="also append one JSON object a line to this file")
    return parser.parse_args()


def make_programs(args):
    ours = []
    for code in args.ours.split(","):
        bits, plus, _ = code.partition("+")
        for stages in args.stages.split(","):
            ours.append(Tqdb(args.bench, int(bits), "qjl" if plus else "none", stages or None))
            ours[-1].batches = [int(b) for b in args.batch.split(",")]
    rivals = [
        Turbovec(4),
        Turbovec(2),
        Faiss("RaBitQfs5", 5, rotated=True),
        Faiss("RaBitQfs4", 4),
        Faiss("RaBitQfs4", 4, rotated=True),
        Faiss("PQ{d}x4fs", 4),
        Faiss("PQ{d/2}x4fs", 2),
        Faiss("PQ{d/2}x4fs", 2, rotated=True),
    ]
    wanted = args.rivals.split(",")
    return ours, [r for r in rivals if any(w in r.name for w in wanted)]


def call_overheads(data):
    """What calls from Python cost at most: the figures of ours have no such part."""
    few = data.first(64)
    calls = []
    for program in (Turbovec(4), Faiss("RaBitQfs4", 4)):
        program.build(few)
        program.one_thread()
        calls.append(f"{program.name} {program.measure(few, 1, 0.1) * 1e6:.0f} us")
    return calls


class Result:
    def __init__(self, program, batch, recall):
        self.program = program
        self.batch = batch
        self.recall = recall
        self.seconds = []  # a query, one value a round

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def minimum(self):
        return min(self.seconds)


def run(args, data, programs):
    """Results by (program name, batch)."""
    batches = [int(b) for b in args.batch.split(",")]
    for program in programs:
        note(f"{data.name}: build {program.name}")
        program.build(data)
    results = {}
    for program in programs:
        program.one_thread()
        for batch in batches:
            note(f"{data.name}: recall of {program.name}")
            recall = program.recall(data, batch)
            results[program.name, batch] = Result(program, batch, recall)
    for turn in range(args.rounds):
        for program in programs:
            note(f"{data.name}: round {turn + 1} of {args.rounds}, {program.name}")
            for batch in batches:
                seconds = program.measure(data, batch, args.seconds)
                results[program.name, batch].seconds.append(seconds)
    note("")
    return results


def note(text):
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K" + text)
        sys.stderr.flush()


def print_table(title, head, lines):
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join("---" if i == 0 else "--:" for i in range(len(head))) + "|")
    for line in lines:
        print("| " + " | ".join(line) + " |")


def print_results(data, results, batches):
    count = len(data.base)
    head = ["program", "bits", "code B", "memory B", "build s", "recall@10"]
    for batch in batches:
        head += [f"ms/query, {batch} a call", "minimum", "M rows/s"]
    lines = []
    for name in dict.fromkeys(name for name, _ in results):
        program = results[name, batches[0]].program
        line = [name, str(program.bits), f"{program.code_bytes:.0f}"]
        build = f"{program.build_s:.1f}" if program.build_s else "-"
        line += [f"{program.resident_bytes:.0f}", build]
        line += [f"{results[name, batches[0]].recall:.4f}"]
        for batch in batches:
            result = results[name, batch]
            line += [f"{result.median * 1e3:.3f}", f"{result.minimum * 1e3:.3f}"]
            line += [f"{count / result.median / 1e6:.0f}"]
        lines.append(line)
    print_table(f"{data.name}: {count:,} x {data.dim}, {len(data.queries)} queries", head, lines)


def fastest(ours, batch, results, suits):
    candidates = [results[p.name, batch] for p in ours if suits(results[p.name, batch])]
    return min(candidates, key=lambda r: r.minimum, default=None)


def print_ratios(data, ours, rivals, results, batches):
    """Rate of ours over theirs; below 1 theirs is faster. Others on the machine disturb medians."""
    lines = []
    for rival in rivals:
        for batch in batches:
            theirs = results[rival.name, batch]
            line = [rival.name, str(batch), f"{theirs.recall:.4f}"]
            for suits in (
                lambda r: r.recall >= theirs.recall,
                lambda r: r.program.bits == rival.bits,
            ):
                best = fastest(ours, batch, results, suits)
                if best is None:
                    line += ["none", "-", "-", "-"]
                else:
                    line += [best.program.name, f"{best.recall:.4f}"]
                    line += [verdict(theirs.median / best.median)]
                    line += [verdict(theirs.minimum / best.minimum)]
            lines.append(line)
    head = ["rival", "queries a call", "its recall"]
    head += ["ours, recall no worse", "recall", "of medians", "of minima"]
    head += ["ours, equal bits", "recall", "of medians", "of minima"]
    print_table(f"{data.name}: rate of ours over theirs", head, lines)


def verdict(ratio):
    return f"{ratio:.2f}" if ratio >= 1 else f"{ratio:.2f} (theirs)"


def write_json(path, data, results):
    with open(path, "a") as out:
        for (name, batch), result in results.items():
            program = result.program
            record = {
                "set": data.name,
                "rows": len(data.base),
                "dim": data.dim,
                "program": name,
                "bits": program.bits,
                "code_bytes": program.code_bytes,
                "memory_bytes": program.resident_bytes,
                "build_s": program.build_s,
                "batch": batch,
                "recall_at_10": result.recall,
                "seconds_per_query": result.seconds,
            }
            out.write(json.dumps(record) + "\n")


def main():
    args = parse()
    batches = [int(b) for b in args.batch.split(",")]
    for number, name in enumerate(args.sets.split(",")):
        note(f"{name}: export and ground truth")
        data = rows.export(args.bench, args.data, name, args.rows, args.queries, args.work)
        ours, rivals = make_programs(args)
        calls = call_overheads(data)
        results = run(args, data, ours + rivals)
        if number == 0:
            print_environment(ours)
        print_results(data, results, batches)
        print("\nA call with one query on 64 rows, from Python: " + ", ".join(calls))
        print_ratios(data, ours, rivals, results, batches)
        sys.stdout.flush()
        if args.json:
            write_json(args.json, data, results)


def print_environment(ours):
    import faiss
    import numpy
    import turbovec

    environment = ours[0].environment
    print(
        f"{environment['cpu']}, {os.cpu_count()} cores, {environment['kernels']} kernels, "
        f"tqdb {environment['commit']} ({environment['compiler']}), "
        f"turbovec {turbovec.__version__}, "
        f"faiss {faiss.__version__} ({faiss.get_compile_options().strip()}), "
        f"numpy {numpy.__version__}, Python {platform.python_version()}; 1 thread, k = 10"
    )


if __name__ == "__main__":
    main()
