"""Documents: descriptions of Debian packages, or a folder of text; and chunks of them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any, Container, Dict, Iterator, List, NamedTuple, Optional

TEXT_SUFFIXES = {".txt", ".md", ".rst", ".adoc", ".tex", ".org"}
# Sections with packages that people choose by what they do.
SECTIONS = """admin comm database editors education electronics games gnome graphics hamradio kde
mail math misc net news science shells sound text utils vcs video web x11 xfce""".split()


class Document(NamedTuple):
    source: str
    text: str
    payload: Dict[str, Any]


class Chunk(NamedTuple):
    document: Document
    number: int
    text: str


def read_folder(folder: Path) -> Iterator[Document]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in TEXT_SUFFIXES or not path.is_file():
            continue
        source = str(path.relative_to(folder))
        text = path.read_text("utf-8", errors="replace")
        yield Document(source, text, {"kind": path.suffix[1:].lower()})


def read_debian(
    work: Path, limit: int, sections: Optional[Container[str]] = SECTIONS
) -> List[Document]:
    """Up to `limit` packages, spread evenly over the alphabet; of all sections with None."""
    lists = _fetch_lists(work.resolve())
    long: Dict[str, str] = {}
    for path in lists.glob("*_i18n_Translation-en*"):
        for fields in _paragraphs(path):
            long.setdefault(fields.get("description-md5", ""), fields.get("description-en", ""))
    documents = []
    for path in sorted(lists.glob("*_binary-*_Packages*")):
        for fields in _paragraphs(path):
            section = fields.get("section", "").split("/")[-1]
            text = long.get(fields.get("description-md5", "")) or fields.get("description", "")
            if (sections is not None and section not in sections) or not text:
                continue
            payload = {
                "section": section,
                "size_kib": int(fields.get("installed-size", 0)),
                "version": fields.get("version", ""),
                "homepage": fields.get("homepage", ""),
            }
            documents.append(Document(fields["package"], _unfold(text), payload))
    documents.sort(key=lambda document: document.source)
    step = max(1.0, len(documents) / limit)
    return [documents[int(i * step)] for i in range(int(len(documents) / step))]


def chunks(document: Document, max_words: int = 120) -> Iterator[Chunk]:
    """Whole sentences, up to `max_words`; each begins with the last sentence of the one before."""
    number, words, held = 0, 0, []
    for sentence in sentences(document.text):
        length = len(sentence.split())
        if held and words + length > max_words:
            yield Chunk(document, number, " ".join(held))
            number += 1
            held = held[-1:] if len(held[-1].split()) < max_words // 3 else []
            words = sum(len(s.split()) for s in held)
        held.append(sentence)
        words += length
    if held:
        yield Chunk(document, number, " ".join(held))


def sentences(text: str) -> List[str]:
    """Headings, empty lines and items of lists separate, too."""
    text = re.sub(r"(?m)^(#+ .*)$", r"\n\1\n", text)
    found = []
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*[-*|])", text):
        joined = " ".join(paragraph.split())
        found += [s for s in re.split(r"(?<=[.!?])\s+(?=[A-Z\"'(`*])", joined) if s]
    return found


def _fetch_lists(work: Path) -> Path:
    """Package lists with long descriptions, which apt's own lists often lack and do not get."""
    state = work / "apt"
    lists = state / "lists"
    if not (work / "apt-done").exists():
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        (state / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        settings = [
            f"Dir::State={state}", f"Dir::State::lists={lists}", f"Dir::Cache={state}/cache",
            "Acquire::Languages=en", "APT::Sandbox::User=" + os.environ.get("USER", "root"),
            "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
        ]  # fmt: skip
        command = ["apt-get", "-qq", "update"]
        for setting in settings:
            command += ["-o", setting]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0 or not any(lists.glob("*_Packages*")):
            raise SystemExit(
                f"rag: apt-get update failed: {done.stderr.strip()}\nrag: --folder takes any texts"
            )
        (work / "apt-done").touch()
    return lists


def _paragraphs(path: Path) -> Iterator[Dict[str, str]]:
    """Of a file in Debian's control format, compressed or not; names of fields in lower case."""
    command = ["/usr/lib/apt/apt-helper", "cat-file", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as reading:
        fields: Dict[str, str] = {}
        name = ""
        assert reading.stdout is not None
        for line in reading.stdout:
            if line == "\n":
                if fields:
                    yield fields
                fields = {}
            elif line[0] in " \t":
                fields[name] += "\n" + line.rstrip("\n")
            else:
                name, _, value = line.partition(":")
                name = name.lower()
                fields[name] = value.strip()
        if fields:
            yield fields


def _unfold(description: str) -> str:
    """Debian's long form: the first line is the title, " ." an empty line."""
    title, _, body = description.partition("\n")
    lines = ["" if line.strip() == "." else line[1:] for line in body.splitlines()]
    return title.strip() + ".\n\n" + "\n".join(lines)
