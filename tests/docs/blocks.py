"""The code blocks of a Markdown document, in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, NamedTuple


class Block(NamedTuple):
    line: int
    language: str  # of the fence; empty for a fence without one and for an indented block
    text: str
    before: str  # the last line of text above it

    @property
    def first(self) -> str:
        return self.text.split("\n", 1)[0].rstrip()


def blocks_of(path: Path) -> List[Block]:
    found: List[Block] = []
    lines = path.read_text(encoding="utf-8").split("\n")
    before, at = "", 0
    while at < len(lines):
        start = at
        if lines[at].startswith("```"):
            at = lines.index("```", at + 1)
            text = lines[start + 1 : at]
            found.append(Block(start + 1, lines[start][3:], "\n".join(text), before))
        elif lines[at].startswith("    "):
            while at + 1 < len(lines) and lines[at + 1].startswith("    "):
                at += 1
            text = [line[4:] for line in lines[start : at + 1]]
            found.append(Block(start + 1, "", "\n".join(text), before))
        elif lines[at].strip():
            before = lines[at]
        at += 1
    return found


class Command(NamedTuple):
    text: str
    output: str


def commands_of(block: Block) -> List[Command]:
    """Of a block with `$ ` before its commands: each with the output that is shown below it."""
    parts = re.split(r"^\$ ", block.text, flags=re.M)[1:]
    if not parts:
        return [Command(block.text, "")]
    found = []
    for part in parts:
        lines = part.split("\n")
        end = 1
        while lines[end - 1].endswith("\\"):
            end += 1
        found.append(Command("\n".join(lines[:end]), "\n".join(lines[end:]).strip("\n")))
    return found
