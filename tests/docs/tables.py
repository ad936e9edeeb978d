"""What the documents are run with: all that differs from the text, and what is not run."""

DOCUMENTS = [
    "README.md", "CONTRIBUTING.md", "client/python/README.md", "docs/api.md", "docs/benchmarks.md",
    "docs/command-line.md", "docs/cpp.md", "docs/format.md", "docs/operations.md", "docs/python.md",
    "docs/quantization.md",
]  # fmt: skip

# Ports and paths of a document: (text, what is run in its place). Each must occur. Ports of
# `tqdb-server` and the address of `tqdb` come from the environment.
REPLACED = {
    "README.md": [
        ("deploy/quickstart --stop ", "true "),  # it would stop the server of whoever tests
        ("--data-dir /tmp/tqdb &", "--data-dir fresh"),  # returns when it serves
        ("localhost:6334", "localhost:PORT"),
    ],
    "client/python/README.md": [("localhost:6334", "localhost:PORT")],
    "docs/command-line.md": [('"${fpath[1]}/_tqdb"', "_tqdb")],
    "docs/operations.md": [
        ("/var/lib/tqdb", "fresh"),
        # The sections below it are about a server without TLS.
        ("tqdb ping --tls-ca server.pem", "tqdb ping --tls-ca server.pem && tqdb-server"),
    ],
    "docs/python.md": [("localhost:6334", "localhost:PORT")],
}

# Python before the first block: what a document takes for granted.
BEFORE = {
    "docs/api.md": """
client.create_collection("notes", dim=8)
client.create_collection("books", dim=8)
""",
    "docs/command-line.md": """
client.create_collection("books", dim=8)
line = {"_id": "doc-1", "embedding": [0.1] * 8, "title": "Moby Dick", "year": 1851}
Path("dump.jsonl").write_text(json.dumps(line))
""",
    "docs/operations.md": """
client.create_collection("books", dim=8)
client.upload("books", np.eye(8), range(8), [{"title": "a", "year": 1990, "draft": True}] * 8)
Path("ids.txt").write_text("1\\n2\\n")
""",
    "docs/python.md": """
vectors = np.random.default_rng(1).standard_normal((100, 384), np.float32)
vector, ids = vectors[7], range(100)
payloads = [{"year": 2000 + i % 25, "body": "a quick fox", "author": "Ada"} for i in ids]
sparse_rows = [None] + [{i: 1.0} for i in ids[1:]]

from langchain_core.embeddings import DeterministicFakeEmbedding
from llama_index.core import Document, MockEmbedding, Settings

embedding = DeterministicFakeEmbedding(size=384)
Settings.embed_model = MockEmbedding(384)
documents = [Document(text="A quick fox.")]
""",
}

_BUILDS = "builds, or runs all tests"
_PROGRAMS = "needs the programs of tests; tests/run runs them"
_MEASURES = "measures for minutes, some with data sets that are not in the repository"
_DOCKER = "needs docker"
_INSTALLS = "installs packages, as the environment of this test does"
_INSTALLED = "install_test builds and runs it, against an installation"
_FORMULA = "a formula or a file, not a command"

# Blocks that are not run, by their first line.
NOT_RUN = {
    "README.md": {
        "deploy/quickstart     # installs what is missing, builds, starts a server,": _BUILDS,
        "docker build -t tqdb --build-arg COMMIT=$(git rev-parse --short=12 HEAD) .": _DOCKER,
        "python3 -m venv .venv && . .venv/bin/activate && pip install ./client/python": _INSTALLS,
    },
    "client/python/README.md": {
        "pip install ./client/python      # in a clone; the extras are [langchain] and"
        " [llama-index]": _INSTALLS,
    },
    "CONTRIBUTING.md": {
        "tests/tidy/tidy.py                 # every rule": "takes long; the test tidy is this",
        "tests/run                 # installs, builds build/dev, runs every test": _BUILDS,
        "deploy/build dev core_tests": _BUILDS,
        "TQDB_HISTORIES=10000 build/dev/tests/storage/storage_tests"
        " --gtest_filter='WritePathTest.*'": _PROGRAMS,
        "tests/python/environment build/dev/tests/python": _INSTALLS,
        "deploy/install-packages cross && deploy/sysroot arm64 && deploy/build aarch64": _INSTALLS,
    },
    "docs/benchmarks.md": {
        "tqdb-bench recall --data DATA --order file,shuffled,clustered --centering auto,off":
            _MEASURES,
        "tqdb-bench scan --threads 1 --compare --stages signs,codes,auto --batch 1,16,64 \\":
            _MEASURES,
        "tqdb-bench sparse --threads 2 --queries 100 --query-terms 10,2 --allowed 1,0.001":
            _MEASURES,
        "tqdb-bench filter --rows 200000 --dim 1536 --data DATA --recall-queries 0": _MEASURES,
        "tqdb-bench filter --rows 1000000 --dim 128 --tenants 10000 --percent 1 \\": _MEASURES,
        "cd tests/python && for seed in 1 2; do": _MEASURES,
    },
    "docs/cpp.md": {
        "deploy/build release": _BUILDS,
        "cmake_minimum_required(VERSION 3.25)": _INSTALLED,
        "g++ -std=c++20 remote.cc -o remote $(pkg-config --cflags --libs tqdb-client)": _INSTALLED,
        "#include <iostream>": _INSTALLED,
    },
    "docs/operations.md": {"# indexer": _FORMULA},
    "docs/python.md": {"deploy/build release tqdb-server": _BUILDS},
    "docs/quantization.md": {
        "estimate of <q - mu, x - mu>  =  code_scale <H(q - mu), c>  +  residual_scale"
        " <S H(q - mu), b>": _FORMULA,
    },
}  # fmt: skip
