"""Rules about who includes whom."""

import fnmatch

import house
from source_tree import Finding


def layers(tree):
    """A folder includes only what its row of house.LAYERS allows."""
    for path in tree.cpp:
        row = house.row_of(path)
        if row is None:
            yield Finding(path, 1, "layers", "", "this folder has no row in LAYERS of "
                          "tests/tidy/house.py: say there what it may use")
            continue
        for line, included in tree.includes[path]:
            target = house.row_of(included)
            if target in (None, row) or any(
                    house.covers(use, target, included) for use in row.uses):
                continue
            yield Finding(
                path, line, "layers", included,
                f"{row.name} includes {included} of {target.name}, but may use only "
                f"{', '.join(row.uses) or 'itself'}: move what it needs down, or pass it in")


def libraries(tree):
    """A library is named only where house.LIBRARIES says, and not at all in headers that everybody
    includes."""
    for path in tree.cpp:
        if path.startswith("tests/"):
            continue
        plain = path.endswith(".h") and house.lies_in(path, house.PLAIN_HEADERS)
        for line, included in tree.includes[path]:
            places = next((places for start, places in house.LIBRARIES.items()
                           if included.startswith(start)), None)
            if places is None:
                continue
            if not house.lies_in(path, places):
                yield Finding(path, line, "libraries", included,
                              f"{included} may be named only in {', '.join(places)}: "
                              "use what is offered there")
            elif plain:
                yield Finding(path, line, "libraries", included,
                              "headers of this folder name no library but Abseil: "
                              f"move {included} to the source")


def circles(tree):
    """No file includes itself by way of others."""
    # A walk in depth: a file is open while the files that it includes are visited. Whoever includes
    # an open file closes a circle.
    opened, done = [], set()

    def visit(path):
        opened.append(path)
        for line, included in tree.includes[path]:
            if included in opened:
                circle = opened[opened.index(included):]
                yield Finding(path, line, "circles", included,
                              f"closes a circle of includes: {' -> '.join([*circle, included])}; "
                              "move what both ends need to a file below them")
            elif included in tree.includes and included not in done:
                yield from visit(included)
        done.add(opened.pop())

    for path in tree.cpp:
        if path not in done:
            yield from visit(path)


def headers(tree):
    """Every header is included by a file that is not its own source."""
    included_by = {}
    for path in tree.cpp:
        for _, included in tree.includes[path]:
            included_by.setdefault(included, set()).add(path)
    for path in tree.cpp:
        if path.endswith(".h") and not included_by.get(path, set()) - {path[:-2] + ".cc"}:
            yield Finding(path, 1, "headers", "", "nobody includes this header: remove it")


def guards(tree):
    """The guard of a header is its path."""
    for path in tree.cpp:
        if not path.endswith(".h") or any(
                fnmatch.fnmatch(path, pattern) for pattern in house.UNGUARDED):
            continue
        guard = "TQDB_" + path.upper().replace("/", "_").replace(".", "_") + "_"
        directives = [(number, line.split()) for number, line in enumerate(tree.lines(path), 1)
                      if line.startswith("#")]
        if [words for _, words in directives[:2]] != [["#ifndef", guard], ["#define", guard]]:
            line = directives[0][0] if directives else 1
            yield Finding(path, line, "guards", "", f"the header's guard must be {guard}")
