"""The files of the repository, as the rules read them."""

import dataclasses
import fnmatch
import functools
import os
import re
import subprocess
import typing


class Finding(typing.NamedTuple):
    """One place where a rule is broken. `subject` is what an exception names: an included path, a
    class, or "" where the file alone is enough."""

    path: str
    line: int
    rule: str
    subject: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


class Comment(typing.NamedTuple):
    """A comment that has its line to itself."""

    line: int  # from 1
    column: int  # where the mark (// or #) stands, from 0
    indent: int  # spaces between the mark and the text
    end: int  # the column behind the text
    text: str  # "" for a line with nothing but the mark


C_INCLUDE = re.compile(r'\s*#\s*include\s+["<]([^">]+)[">]')
CPP_SUFFIXES = (".h", ".cc")
SLASH_COMMENTS = (".h", ".cc", ".proto")
HASH_COMMENTS = (".py", ".sh", ".cmake")


@dataclasses.dataclass
class SourceTree:
    """Files by path, relative to the root and with slashes. A file that is not UTF-8 text is in
    `paths` alone."""

    texts: dict[str, str]
    paths: set[str]
    root: str = ""  # "" for a tree that is only in memory
    notes: list[str] = dataclasses.field(default_factory=list)  # what a rule could not check

    @staticmethod
    def of(texts):
        """Makes a tree in memory."""
        return SourceTree(dict(texts), set(texts))

    @staticmethod
    def read(root):
        """Reads the files that git tracks, or all files where there is no repository."""
        paths = tracked_files(root)
        if paths is None:
            paths = walked_files(root)
        texts = {}
        for path in paths:
            try:
                with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
                    texts[path] = file.read()
            except UnicodeDecodeError:
                pass
        return SourceTree(texts, set(paths), str(root))

    def lines(self, path):
        """Returns the lines of a file, without their ends."""
        lines = self.texts[path].split("\n")
        return lines[:-1] if lines and not lines[-1] else lines

    @functools.cached_property
    def cpp(self):
        """Paths of the C++ headers and sources, sorted."""
        return sorted(path for path in self.texts if path.endswith(CPP_SUFFIXES))

    @functools.cached_property
    def includes(self):
        """The includes of each C++ file: (line, included path) in order."""
        return {
            path: [
                (number, match[1])
                for number, line in enumerate(self.lines(path), 1)
                if (match := C_INCLUDE.match(line))
            ]
            for path in self.cpp
        }

    def is_script(self, path):
        return self.texts[path].startswith("#!")

    def comment_mark(self, path):
        """Returns what begins a comment in this file, or None if comments are not read there."""
        if path.endswith(SLASH_COMMENTS):
            return "//"
        name = path.rsplit("/", 1)[-1]
        if path.endswith(HASH_COMMENTS) or name == "CMakeLists.txt" or self.is_script(path):
            return "#"
        return None

    def comment_blocks(self, path):
        """Yields each run of comments on neighbouring lines with their marks in one column.

        Leaves out what `// clang-format off` protects, and the first line of a script.
        """
        mark = self.comment_mark(path)
        block = []
        protected = False
        for number, line in enumerate(self.lines(path), 1):
            stripped = line.lstrip()
            comment = None
            if stripped.startswith(mark) and not line.startswith("#!"):
                after = stripped[len(mark):]
                text = after.strip()
                if text.startswith("clang-format "):
                    protected = text == "clang-format off"
                elif not protected:
                    comment = Comment(number, len(line) - len(stripped),
                                      len(after) - len(after.lstrip()), len(line.rstrip()), text)
            if block and (comment is None or comment.column != block[0].column):
                yield block
                block = []
            if comment is not None:
                block.append(comment)
        if block:
            yield block


def tracked_files(root):
    """Returns the paths that git tracks and that are there, or None if `root` is no repository."""
    if not os.path.exists(os.path.join(root, ".git")):
        return None
    result = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True,
                            check=False)
    if result.returncode != 0:
        return None  # For example a repository of another user, which git refuses to read.
    paths = result.stdout.decode().split("\0")
    return sorted(path for path in paths if os.path.isfile(os.path.join(root, path)))


def walked_files(root):
    """Returns the paths of all files but those that .gitignore names."""
    ignored = [".git"]
    try:
        with open(os.path.join(root, ".gitignore"), encoding="utf-8") as file:
            ignored += file.read().split()
    except FileNotFoundError:
        pass

    def is_ignored(path):
        name = path.rsplit("/", 1)[-1]
        return any(
            path == pattern.strip("/") if "/" in pattern.rstrip("/")
            else fnmatch.fnmatch(name, pattern.rstrip("/"))
            for pattern in ignored)

    paths = []
    for folder, folders, names in os.walk(root):
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if inside == "." else inside + "/"
        folders[:] = [name for name in folders if not is_ignored(prefix + name)]
        paths += [prefix + name for name in names if not is_ignored(prefix + name)]
    return sorted(paths)
