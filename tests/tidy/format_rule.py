"""The rule about the layout of C++ code."""

import re
import shutil
import subprocess

from source_tree import Finding

# Later versions lay out some lines in another way, and the code has one layout.
VERSION = 14
VIOLATION = re.compile(r"(.+?):(\d+):\d+: error: .*\[-Wclang-format-violations\]")


def formatted(tree, programs=(f"clang-format-{VERSION}", "clang-format")):
    """C++ is as clang-format 14 writes it, where that version is installed."""
    program = next((name for name in programs if version_of(name) == VERSION), None)
    if program is None:
        tree.notes.append(f"clang-format {VERSION} not found: formatting not checked")
        return
    result = subprocess.run([program, "--dry-run", "--Werror", *tree.cpp], cwd=tree.root,
                            capture_output=True, text=True, check=False)
    reported = set()
    for match in VIOLATION.finditer(result.stderr):
        if match[1] not in reported:
            reported.add(match[1])
            yield Finding(match[1], int(match[2]), "format", "",
                          f"not formatted: run clang-format -i {match[1]} (version {VERSION})")
    if result.returncode != 0 and not reported:
        yield Finding(".clang-format", 1, "format", "", f"{program} failed: {result.stderr[:500]}")


def version_of(program):
    """Returns the major version of an installed clang-format, or None."""
    path = shutil.which(program)
    if path is None:
        return None
    result = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"version (\d+)\.", result.stdout)
    return int(match[1]) if match else None
