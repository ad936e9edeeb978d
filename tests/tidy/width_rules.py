"""Rules about the size of lines and files."""

import re

from source_tree import Finding

COLUMNS = 100
LINES = 500
CODE_SUFFIXES = (".h", ".cc", ".proto", ".py", ".sh", ".cmake")
LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
FENCE = re.compile(r"\s*(```|~~~)")


def width(tree):
    """Code fits 100 columns, and Markdown does outside of code and tables."""
    for path in sorted(tree.texts):
        name = path.rsplit("/", 1)[-1]
        if path.endswith(".md"):
            lines = markdown_prose(tree.lines(path))
        elif path.endswith(CODE_SUFFIXES) or name == "CMakeLists.txt" or tree.is_script(path):
            lines = enumerate(tree.lines(path), 1)
        else:
            continue
        for number, line in lines:
            if len(line) > COLUMNS:
                yield Finding(path, number, "width", "",
                              f"{len(line)} columns, {COLUMNS} are allowed: wrap the line")


def markdown_prose(lines):
    """Yields the numbered lines that can be wrapped: no code, no table, no single long word."""
    fence = None
    content = 0  # column where the text of the list item begins that a line may belong to
    code = False
    blank_before = True
    for number, line in enumerate(lines, 1):
        match = FENCE.match(line)
        if match and fence in (None, match[1]):
            fence = None if fence else match[1]
            continue
        if fence:
            continue
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            blank_before = True
            continue
        code = indent >= content + 4 and (blank_before or code)
        if not code:
            item = LIST_ITEM.match(line)
            if item:
                content = item.end()
            elif indent < content and blank_before:
                content = 0
            text = line[item.end():] if item else line.strip()
            can_wrap = " " in text and not re.match(r"\[[^]]+\]:\s", text)
            if can_wrap and not text.startswith("|"):
                yield number, line
        blank_before = False


def length(tree):
    """No C++ file is longer than 500 lines."""
    for path in tree.cpp:
        lines = len(tree.lines(path))
        if lines > LINES:
            yield Finding(path, lines, "length", "", f"{lines} lines, {LINES} are allowed: "
                          "find the second noun in it and move that to a file of its own")
