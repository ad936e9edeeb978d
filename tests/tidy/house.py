"""The tables of the house: what each folder may include, and what is excused.

A change to a table is a change to the architecture: ARCHITECTURE.md tells it too.
"""

import typing


class Row(typing.NamedTuple):
    """A folder, or some files of one, and what they may include besides each other."""

    name: str
    uses: tuple[str, ...]  # rows by name ("core" stands for all of core/...), or single files
    files: tuple[str, ...] = ()  # files without their ending; (): the folder called `name`


# From the bottom to the top. A row uses only rows above it in this list, so there is no circle.
# A file belongs to the row that names it most closely.
BELOW_STORAGE = ("base", "values", "core", "storage/payload", "storage/sparse")
LAYERS = (
    # Helpers that know nothing of vectors: bytes, threads, times, words.
    Row("base", ()),
    # The words that clients, server and storage share: ids, metrics, filters, sparse vectors.
    Row("values", ("base",)),
    # The messages of the API, generated from proto/.
    Row("proto", ()),

    # The codec and the scan. The tables of the codec lie below the kernels, which are compiled for
    # one instruction set each; the segments, which hold codes, lie below the scan that reads them.
    Row("core/codec tables", ("base", "values"),
        files=("core/codec/codebook", "core/codec/prng", "core/codec/record_packing")),
    Row("core/kernels", ("base", "values", "core/codec tables")),
    Row("core/codec", ("base", "values", "core/codec tables", "core/kernels")),
    Row("core/segments", ("base", "values", "core/codec tables", "core/kernels", "core/codec"),
        files=("core/space/arena", "core/space/segment")),
    Row("core/scan",
        ("base", "values", "core/codec tables", "core/kernels", "core/codec", "core/segments")),
    Row("core/space",
        ("base", "values", "core/codec tables", "core/kernels", "core/codec", "core/segments",
         "core/scan")),

    # The embedded database. Indexes of payloads and of sparse vectors know no disk and not each
    # other. Of the folders of storage proper, each uses the ones before it.
    Row("storage/payload", ("base", "values", "core/scan/row_filter.h", "core/scan/top_k.h")),
    Row("storage/sparse", ("base", "values", "core/scan/row_filter.h", "core/scan/top_k.h")),
    Row("storage/api", BELOW_STORAGE),
    Row("storage/disk", (*BELOW_STORAGE, "storage/api")),
    Row("storage/memory", (*BELOW_STORAGE, "storage/api", "storage/disk")),
    Row("storage/write", (*BELOW_STORAGE, "storage/api", "storage/disk", "storage/memory")),
    Row("storage/read",
        (*BELOW_STORAGE, "storage/api", "storage/disk", "storage/memory", "storage/write")),
    # Loops over ordinary searches: they stand on the interface alone.
    Row("storage/search", (*BELOW_STORAGE, "storage/api")),
    Row("storage/upkeep",
        (*BELOW_STORAGE, "storage/api", "storage/disk", "storage/memory", "storage/write",
         "storage/read", "storage/search")),
    # Nobody else includes it: storage/api/database.h is the door.
    Row("storage/engine",
        (*BELOW_STORAGE, "storage/api", "storage/disk", "storage/memory", "storage/write",
         "storage/read", "storage/search", "storage/upkeep")),

    # What a call means, without a protocol.
    Row("service", ("base", "values", "core", "storage/api", "storage/search")),

    # The server: parts that protocols share, the protocols, and what starts them all.
    Row("server/parts", ("base", "values", "core/kernels", "storage/api", "service"),
        files=("server/listen_address", "server/logging")),
    Row("server/http", ("base", "values", "storage/api", "storage/search", "service",
                        "server/parts")),
    Row("server/security", ("base", "values", "storage/api", "storage/search", "service",
                            "server/parts")),
    Row("server/grpc", ("base", "values", "storage/api", "storage/search", "proto", "service",
                        "server/parts", "server/security")),
    Row("server", ("base", "values", "core/kernels", "storage/api", "service", "server/parts",
                   "server/http", "server/security", "server/grpc")),

    # The clients, who know the protocol and the values.
    Row("client/cpp", ("base", "values", "proto")),
    Row("client/cli", ("base", "values", "client/cpp")),

    # Measurements and tests. Figures are taken below the server, or through the client.
    Row("bench", ("base", "values", "core", "storage/api", "storage/memory", "storage/search",
                  "storage/sparse", "storage/payload", "client")),
    Row("tests", ("base", "values", "proto", "core", "storage", "service", "server", "client",
                  "bench")),
)

# Where a library may be named outside tests/: by how its includes begin.
LIBRARIES = {
    "rocksdb/": ("storage/disk/rocks_options.h", "storage/disk/rocks_options.cc",
                 "storage/disk/rocks_store.cc", "storage/disk/rocks_view.h"),
    "roaring/": ("storage/payload",),
    "nlohmann/": ("values", "storage", "service", "client/cli", "bench"),
    "google/protobuf/": ("server/grpc", "client/cpp"),
    "grpc/": ("server", "client/cpp"),
    "grpcpp/": ("server", "client/cpp"),
    "prometheus/": ("server", "service"),
    "boost/": ("server/http/http_server.cc",),
    "openssl/": ("server/security", "client/cpp/credentials.cc"),
    "spdlog/": ("server", "service"),
    "CLI/": ("base/flags.cc", "server/config.cc"),
    "zlib.h": ("client/cli",),
    "unicode/": ("base/characters.cc",),
}
# Folders whose headers name no library but Abseil: everybody includes them.
PLAIN_HEADERS = ("base", "values", "core", "storage/api")

# Headers without a guard: they open and close the region of an instruction set.
UNGUARDED = ("core/kernels/*_begin.h", "core/kernels/*_end.h")

# Sources without a header of their own name, and the headers that announce them instead.
ANNOUNCED_BY = {
    "bench/commands": ("bench/commands/command.h",),
    "bench/measure/instruction_rates.cc": ("bench/measure/machine_limits.h",),
    "bench/measure/read_bandwidth.cc": ("bench/measure/machine_limits.h",),
    "client/cli/commands": ("client/cli/commands/commands.h",),
    "core/kernels": ("core/kernels/kernels.h", "core/kernels/avx2_parts.h",
                     "core/kernels/avx512_parts.h", "core/kernels/neon_parts.h",
                     "core/kernels/scalar_parts.h"),
    "storage/disk/rocks_store.cc": ("storage/disk/store.h",),
    "storage/engine/database.cc": ("storage/api/database.h",),
}


class Exemption(typing.NamedTuple):
    """One finding that is excused. `subject` is what the finding is about."""

    rule: str
    path: str
    subject: str
    why: str


# May only become fewer: an exception that nothing needs is a finding.
EXCEPTIONS = (
    Exemption("layers", "core/space/segment.cc", "core/scan/query.h",
              "a rounding constant of queries scales a bound that segments keep per block"),
)


def line_of(exemption):
    """Returns the line of this file that an exemption begins on."""
    start = f'Exemption("{exemption.rule}", "{exemption.path}", "{exemption.subject}"'
    with open(__file__, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if start in line:
                return number
    return 1


def row_of(path):
    """Returns the row that a file belongs to, or None if there is none."""
    if path.startswith("tqdb/v1/"):
        return next(row for row in LAYERS if row.name == "proto")
    stem = path.rsplit(".", 1)[0]
    best = None
    length = -1
    for row in LAYERS:
        for part in row.files or (row.name,):
            matches = stem == part if row.files else path.startswith(part + "/")
            if matches and len(part) > length:
                best, length = row, len(part)
    return best


def covers(use, row, path):
    """True if an entry of `uses` allows a file, which belongs to `row`."""
    return use in (row.name, path) or row.name.startswith(use + "/")


def lies_in(path, places):
    """True if a file is one of `places` or lies in a folder that is one of them."""
    return any(path == place or path.startswith(place + "/") for place in places)
