#!/usr/bin/env python3
"""Checks the rules that this repository has for itself, as an ordinary test.

    tests/tidy/tidy.py              every rule
    tests/tidy/tidy.py layers ...   some of them, by name

Prints one line for each finding, `file:line: rule: what is wrong and what to do`, and exits 1 if
there is one. Needs Python 3.11 and nothing else; clang-format 14 is used where it is installed.

RULES below is the list of the house's rules. `house.py` holds their tables: what each folder may
include, and the exceptions, which may only become fewer.
"""

import collections
import pathlib
import sys

import class_rules
import comment_rules
import format_rule
import house
import include_rules
import source_tree
import width_rules

# Each rule takes the tree and yields what breaks it.
RULES = {
    # What a folder may know.
    "layers": include_rules.layers,  # A folder includes only what its row of LAYERS allows.
    "libraries": include_rules.libraries,  # A library is named only in its places.
    "circles": include_rules.circles,  # No file includes itself by way of others.
    # One noun, one place.
    "headers": include_rules.headers,  # Every header is included by somebody.
    "guards": include_rules.guards,  # A header's guard is its path.
    "sources": class_rules.sources,  # Every source has the header that announces it.
    "classes": class_rules.classes,  # The members of a class are defined in one source.
    # What can be read.
    "width": width_rules.width,  # Code and Markdown fit 100 columns.
    "length": width_rules.length,  # No source is longer than 500 lines.
    "format": format_rule.formatted,  # C++ is as clang-format 14 writes it.
    "torn": comment_rules.torn,  # No formatter has torn a table or a list in a comment.
    "fragments": comment_rules.fragments,  # A comment does not need the next line as its subject.
    "references": comment_rules.references,  # A file that a text names is in the repository.
}


def without_exceptions(findings, rules, exceptions=house.EXCEPTIONS):
    """Drops the findings that house.py excuses, and adds the excuses that nothing needs."""
    needed = set()
    for finding in findings:
        excuse = (finding.rule, finding.path, finding.subject)
        if excuse in {(e.rule, e.path, e.subject) for e in exceptions}:
            needed.add(excuse)
        else:
            yield finding
    for e in exceptions:
        if e.rule in rules and (e.rule, e.path, e.subject) not in needed:
            yield source_tree.Finding(
                "tests/tidy/house.py", house.line_of(e), e.rule, e.subject,
                f"the exception of {e.path} ({e.subject}) is not needed any more: remove it")


def check(tree, rules=RULES, exceptions=house.EXCEPTIONS):
    """Returns the findings of `rules` in `tree`, in the order of files and lines."""
    findings = [finding for name in rules for finding in rules[name](tree)]
    return sorted(without_exceptions(findings, rules, exceptions))


def main(arguments):
    unknown = [name for name in arguments if name not in RULES]
    if unknown:
        print(f"tidy: unknown rule '{unknown[0]}'; there are {', '.join(RULES)}", file=sys.stderr)
        return 2
    rules = {name: RULES[name] for name in arguments or RULES}
    tree = source_tree.SourceTree.read(pathlib.Path(__file__).resolve().parents[2])
    findings = check(tree, rules)
    for finding in findings:
        print(finding)
    for note in tree.notes:
        print(f"tidy: {note}")
    counts = collections.Counter(finding.rule for finding in findings)
    by_rule = ", ".join(f"{rule} {count}" for rule, count in counts.items())
    print(f"tidy: {len(rules)} rules, {len(tree.paths)} files, {len(findings)} findings"
          + (f" ({by_rule})" if findings else ""))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
