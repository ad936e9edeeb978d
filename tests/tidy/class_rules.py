"""Rules about nouns: a class has one header and one source of one name."""

import re

import house
from source_tree import Finding

MAIN = re.compile(r"^int main\(", re.MULTILINE)
DECLARATION = re.compile(
    r"^[ ]*(?:class|struct)\s+(?:[A-Z_]+(?:\([^)]*\))?\s+)?(\w+)(?:\s+final)?\s*(?::[^;{]*)?\{",
    re.MULTILINE)
# A member defined outside of its class: `Type Class::Member(`, at the beginning of a line.
DEFINITION = re.compile(
    r"^(?![#/}])(?:[^\s()=][^()=;]*?[\s*&])?((?:\w+::)+)(?:~?\w+|operator\S+?)\(")


def sources(tree):
    """A source has a header of its name, or one in house.ANNOUNCED_BY that it includes, or main."""
    for path in tree.cpp:
        if (path.endswith(".h") or path.endswith("_test.cc") or path[:-3] + ".h" in tree.texts
                or MAIN.search(tree.texts[path])):
            continue
        announced_by = next((headers for place, headers in house.ANNOUNCED_BY.items()
                             if house.lies_in(path, (place,))), ())
        if not any(included in announced_by for _, included in tree.includes[path]):
            yield Finding(path, 1, "sources", "", f"there is no {path[:-3]}.h: name the source "
                          "after the noun whose header announces it")


def classes(tree):
    """The members of a class are defined in one source."""
    declared_in = {}  # name of a class -> files that declare one
    for path in tree.cpp:
        for match in DECLARATION.finditer(tree.texts[path]):
            declared_in.setdefault(match[1], set()).add(path)
    defined_in = {}  # (header, class) -> {source: line}
    for path in tree.cpp:
        if path.endswith(".h"):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            match = DEFINITION.match(line)
            if not match:
                continue
            # The outermost class: namespaces are in lower case.
            name = next((part for part in match[1].split("::") if part[:1].isupper()), None)
            header = header_of(tree, path, declared_in.get(name, set()))
            if header is not None:
                defined_in.setdefault((header, name), {}).setdefault(path, number)
    for (header, name), places in defined_in.items():
        if len(places) > 1:
            line = next(number for number, text in enumerate(tree.lines(header), 1)
                        if re.search(rf"\b(class|struct)\b.*\b{name}\b", text))
            yield Finding(header, line, "classes", name,
                          f"members of {name} are defined in {', '.join(sorted(places))}: a class "
                          "that needs two sources is two classes")


def header_of(tree, path, candidates):
    """Returns the file among `candidates` that is nearest to `path` by includes, or None."""
    seen, level = {path}, [path]
    while level:
        found = sorted(candidates.intersection(level))
        if found:
            return found[0] if found[0].endswith(".h") else None
        level = [included for file in level for _, included in tree.includes[file]
                 if included in tree.includes and included not in seen]
        level = list(dict.fromkeys(level))
        seen.update(level)
    return None
