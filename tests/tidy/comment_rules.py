"""Rules about what comments and documents say."""

import posixpath
import re

from source_tree import Finding
from width_rules import COLUMNS

SENTENCE_END = re.compile(r"[.:;!?]['\")]*$")
SHORT = 60  # columns: a line of prose that ends before them has been broken on purpose
BULLET = re.compile(r"[-*] |\d+[.)] ")
FORMULA = 4  # spaces at most by which a formula is set off from the sentence that it ends


def torn(tree):
    """No formatter has torn a table or a list in a comment.

    A formatter that meets a line of more than 100 columns moves the words that are too many to a
    line of their own, and the next row of the table follows behind them:

        //   first    a row of the table that was just a little too long for the columns that
        //   there
        //   second   the next row

    So the line is torn if the one before it is full, its indent is not that of a continuation, and
    it stops early without the end of a sentence although the next word would have fitted. A
    sentence that goes on in a formula of its own line is not torn.
    """
    for path in sorted(tree.texts):
        if tree.comment_mark(path) is None:
            continue
        for block in tree.comment_blocks(path):
            for before, line, after in zip(block, block[1:], block[2:]):
                if (before.text and line.text and after.text
                        and before.end + 1 + len(line.text.split()[0]) > COLUMNS
                        and line.indent <= before.indent
                        and line.end - line.column < SHORT
                        and line.end + 1 + len(after.text.split()[0]) <= COLUMNS
                        and not SENTENCE_END.search(line.text)
                        and not introduces_formula(before, line, after)):
                    yield Finding(path, line.line, "torn", "", f"'{line.text}' looks torn off the "
                                  "line before: restore the rows, and protect a table by "
                                  "`// clang-format off`")


def introduces_formula(before, line, after):
    """True if the next line is set off a little, and is not the second line of a list's item."""
    return 0 < after.indent - line.indent <= FORMULA and not BULLET.match(before.text)


# A block that begins like this needs the name on the next line as its subject.
FRAGMENT = re.compile(r"Of (?!course\b)|The same(?:,| of\b)")


def fragments(tree):
    """A block of comments begins with a sentence of its own."""
    for path in sorted(tree.texts):
        if tree.comment_mark(path) is None:
            continue
        for block in tree.comment_blocks(path):
            if FRAGMENT.match(block[0].text):
                yield Finding(path, block[0].line, "fragments", "",
                              f"'{block[0].text[:40]}...' has no subject: begin with a verb "
                              "(Returns, Requires), or with a noun and its unit")


# Documents that are not in the repository. Spelled so that this file does not name them.
ELSEWHERE = re.compile(r"\bFACT[S]\b|\bDESIGN[-]\w*")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FILE = r"[\w./-]*\w\.(?:md|h|cc|proto|py)"
QUOTED_FILE = re.compile(rf"`({FILE})`")
PLAIN_FILE = re.compile(rf"(?<![\w<\"/.*{{}}$-])({FILE})\b(?![\w\"*/-])")


def references(tree):
    """A file that a document or a comment names is in the repository."""
    # "scan.h" is understood wherever the file lies, and headers of libraries are known too.
    names = {included for includes in tree.includes.values() for _, included in includes}
    names |= set(tree.paths)
    known = {name[start:] for name in names
             for start in [0, *(match.end() for match in re.finditer("/", name))]}
    folders = {posixpath.dirname(path) for path in tree.paths}
    for path in sorted(tree.texts):
        for number, line in enumerate(tree.lines(path), 1):
            match = ELSEWHERE.search(line)
            if match:
                yield Finding(path, number, "references", "", f"'{match[0]}' names a document that "
                              "is not in the repository: cite the paper's section or docs/")
        for number, name in named_files(tree, path):
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            if name not in known and beside not in tree.paths and beside not in folders:
                yield Finding(path, number, "references", "",
                              f"there is no {name}: name the file that is meant now")


def named_files(tree, path):
    """Yields (line, name) of the files that a document or the comments of a source name."""
    if path.endswith(".md"):
        for number, line in enumerate(tree.lines(path), 1):
            for match in LINK.finditer(line):
                if ":" not in match[1]:  # no https: or mailto:
                    yield number, match[1]
            for match in QUOTED_FILE.finditer(line):
                yield number, match[1]
    elif tree.comment_mark(path) == "//":
        for number, line in enumerate(tree.lines(path), 1):
            comment = re.search(r"(?:^|\s)//(.*)", line)
            for match in PLAIN_FILE.finditer(comment[1] if comment else ""):
                yield number, match[1]
    elif tree.comment_mark(path) == "#":
        for block in tree.comment_blocks(path):
            for comment in block:
                for match in PLAIN_FILE.finditer(comment.text):
                    yield comment.line, match[1]
