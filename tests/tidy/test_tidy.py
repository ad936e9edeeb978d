#!/usr/bin/env python3
"""Each rule of tidy.py fails on an input that breaks it and passes one that does not."""

import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

import class_rules
import comment_rules
import format_rule
import house
import include_rules
import source_tree
import tidy
import width_rules

TIDY = pathlib.Path(__file__).resolve().parent / "tidy.py"


def guarded(path, text=""):
    """Returns a header of this path with its guard around `text`."""
    guard = "TQDB_" + path.upper().replace("/", "_").replace(".", "_") + "_"
    return f"#ifndef {guard}\n#define {guard}\n{text}\n#endif  // {guard}\n"


class RuleTest(unittest.TestCase):
    """Runs one rule on files in memory."""

    def places(self, rule, files):
        """Returns where `rule` finds something, as "path:line"."""
        tree = source_tree.SourceTree.of(files)
        return [f"{finding.path}:{finding.line}" for finding in rule(tree)]


class LayersTest(RuleTest):
    def test_a_folder_includes_what_its_row_allows(self):
        self.assertEqual([], self.places(include_rules.layers, {
            "base/words.h": "",
            "values/filter.cc": '#include "base/words.h"\n#include <vector>\n',
            "storage/api/collection.h": '#include "values/filter.h"\n',
            "storage/sparse/scan.cc": '#include "core/scan/top_k.h"\n',
            "server/grpc/call.cc": '#include "tqdb/v1/points.pb.h"\n',
            "tests/storage/keys_test.cc": '#include "storage/disk/keys.h"\n',
        }))

    def test_an_include_of_a_higher_row_is_found(self):
        self.assertEqual(
            ["base/words.cc:2", "storage/memory/space.cc:1", "storage/sparse/scan.cc:1",
             "service/paging.cc:1"],
            [place for path, text in {
                "base/words.cc": '#include <string>\n#include "values/filter.h"\n',
                "storage/memory/space.cc": '#include "storage/write/writes.h"\n',
                "storage/sparse/scan.cc": '#include "core/scan/scan.h"\n',
                "service/paging.cc": '#include "server/grpc/call.h"\n',
            }.items() for place in self.places(include_rules.layers, {path: text})])

    def test_nobody_outside_of_storage_includes_the_engine(self):
        for folder in ("service", "server/grpc", "server", "client/cli", "bench"):
            path = folder + "/file.cc"
            self.assertEqual([path + ":1"], self.places(include_rules.layers, {
                path: '#include "storage/engine/collection_impl.h"\n'}), folder)

    def test_a_file_belongs_to_the_row_that_names_it_most_closely(self):
        self.assertEqual("core/codec tables", house.row_of("core/codec/codebook.cc").name)
        self.assertEqual("core/codec", house.row_of("core/codec/codec.cc").name)
        self.assertEqual("server", house.row_of("server/main.cc").name)
        self.assertEqual("server/grpc", house.row_of("server/grpc/call.h").name)

    def test_a_folder_without_a_row_is_found(self):
        self.assertEqual(["attic/old.cc:1"],
                         self.places(include_rules.layers, {"attic/old.cc": ""}))

    def test_rows_use_only_rows_above_them(self):
        above = []
        for row in house.LAYERS:
            for use in row.uses:
                found = any(house.covers(use, other, use) for other in above)
                if use.endswith(".h"):
                    found = house.row_of(use) in above
                self.assertTrue(found, f"{row.name} uses {use}, which no row above it is")
            above.append(row)


class LibrariesTest(RuleTest):
    def test_a_library_is_named_in_its_place_and_in_tests(self):
        self.assertEqual([], self.places(include_rules.libraries, {
            "storage/disk/rocks_store.cc": "#include <rocksdb/db.h>\n",
            "tests/server/call_test.cc": "#include <grpcpp/grpcpp.h>\n",
            "values/filter_json.cc": "#include <nlohmann/json.hpp>\n",
            "values/filter.h": '#include "absl/types/span.h"\n',
        }))

    def test_a_library_elsewhere_is_found(self):
        self.assertEqual(["storage/disk/store.h:1"], self.places(include_rules.libraries, {
            "storage/disk/store.h": "#include <rocksdb/db.h>\n"}))

    def test_headers_that_everybody_includes_name_no_library(self):
        self.assertEqual(["values/filter_json.h:1"], self.places(include_rules.libraries, {
            "values/filter_json.h": "#include <nlohmann/json.hpp>\n"}))


class CirclesTest(RuleTest):
    def test_two_ways_to_one_file_are_no_circle(self):
        self.assertEqual([], self.places(include_rules.circles, {
            "a.h": '#include "b.h"\n#include "c.h"\n', "b.h": '#include "c.h"\n', "c.h": ""}))

    def test_a_circle_is_found_once(self):
        self.assertEqual(["c.h:2"], self.places(include_rules.circles, {
            "a.h": '#include "b.h"\n', "b.h": '#include "c.h"\n',
            "c.h": '#include <map>\n#include "a.h"\n', "d.cc": '#include "a.h"\n'}))


class HeadersTest(RuleTest):
    def test_a_header_that_only_its_own_source_includes_is_found(self):
        files = {"a.h": "", "a.cc": '#include "a.h"\n'}
        self.assertEqual(["a.h:1"], self.places(include_rules.headers, files))
        files["b.cc"] = '#include "a.h"\n'
        self.assertEqual([], self.places(include_rules.headers, files))


class GuardsTest(RuleTest):
    def test_the_guard_is_the_path(self):
        self.assertEqual([], self.places(include_rules.guards, {
            "base/words.h": "// Words.\n" + guarded("base/words.h"),
            "core/kernels/avx2_begin.h": "#pragma GCC push_options\n"}))

    def test_another_guard_or_none_is_found(self):
        self.assertEqual(
            ["base/words.h:2"],
            self.places(include_rules.guards,
                        {"base/words.h": "// Words.\n" + guarded("storage/words.h")}))
        self.assertEqual(["base/words.h:1"],
                         self.places(include_rules.guards, {"base/words.h": "int Count();\n"}))


class SourcesTest(RuleTest):
    def test_a_source_has_a_header_or_main_or_is_announced(self):
        self.assertEqual([], self.places(class_rules.sources, {
            "base/words.h": "", "base/words.cc": "",
            "server/main.cc": "int main() { return 0; }\n",
            "tests/base/words_test.cc": "",
            "core/kernels/scalar_scan.cc": '#include "core/kernels/scalar_parts.h"\n'}))

    def test_a_source_of_its_own_is_found(self):
        self.assertEqual(
            ["base/words.cc:1", "core/kernels/scalar_scan.cc:1"],
            self.places(class_rules.sources, {
                "base/words.cc": "// main() is elsewhere.\n", "core/kernels/scalar_scan.cc": ""}))


class ClassesTest(RuleTest):
    HEADER = "namespace tqdb {\nclass Space : public Base {\n public:\n  int Rows();\n};\n}\n"
    ROWS = '#include "space.h"\n\nint Space::Rows() {\n  return 1;\n}\n'
    NAME = '#include "space.h"\n\nconst std::string& Space::name() const { return name_; }\n'

    def test_one_source_may_define_all_members(self):
        self.assertEqual([], self.places(class_rules.classes, {
            "space.h": self.HEADER, "space.cc": self.ROWS + self.NAME,
            # Calls its members, and defines some of a class of its own that has the same name.
            "user.cc": '#include "space.h"\nint Use() {\n  return Space::Rows();\n}\n',
            "other.cc": "class Space {\n  int Rows();\n};\nint Space::Rows() { return 2; }\n"}))

    def test_members_in_two_sources_are_found_at_the_class(self):
        self.assertEqual(["space.h:2"], self.places(class_rules.classes, {
            "space.h": self.HEADER, "space.cc": self.ROWS, "space_name.cc": self.NAME}))

    def test_constructors_and_nested_classes_count(self):
        header = "class Space {\n  class Part;\n};\n"
        include = '#include "space.h"\n'
        self.assertEqual(["space.h:1"], self.places(class_rules.classes, {
            "space.h": header,
            "space.cc": include + "Space::Space(int rows)\n    : rows_(rows) {}\n",
            "part.cc": include + "absl::StatusOr<int>\nSpace::Part::Count(int rows) {\n"}))


class WidthTest(RuleTest):
    LONG = "word " * 19 + "longer"  # 101 columns

    def test_100_columns_are_allowed_and_101_found(self):
        for path in ("a.h", "a.cc", "a.proto", "a.py", "a.sh", "a.cmake", "CMakeLists.txt", "a.md"):
            self.assertEqual([], self.places(width_rules.width, {path: self.LONG[:-1] + "\n"}))
            self.assertEqual([path + ":1"],
                             self.places(width_rules.width, {path: self.LONG + "\n"}), path)

    def test_characters_count_and_not_bytes(self):
        self.assertEqual([], self.places(width_rules.width, {"a.py": "# " + "→" * 98 + "\n"}))

    def test_scripts_are_known_by_their_first_line(self):
        self.assertEqual(["run:2"], self.places(width_rules.width, {
            "run": "#!/bin/sh\n" + self.LONG + "\n", "data": self.LONG + "\n"}))

    def test_code_and_tables_of_markdown_are_not_wrapped(self):
        self.assertEqual([], self.places(width_rules.width, {"a.md": "\n".join([
            "Text.", "```", self.LONG, "```", "| " + self.LONG + " |", "", "    " + self.LONG, "",
            "- " + "x" * 120, "[1]: https://example.org/" + "x" * 100, ""])}))

    def test_text_of_lists_and_after_code_is_wrapped(self):
        self.assertEqual(["a.md:4", "a.md:6", "a.md:7"], self.places(width_rules.width, {
            "a.md": "\n".join(["```", self.LONG, "```", self.LONG, "",
                               "- " + self.LONG, "  " + self.LONG, ""])}))


class LengthTest(RuleTest):
    def test_500_lines_are_allowed_and_501_found(self):
        self.assertEqual([], self.places(width_rules.length, {"a.cc": "\n" * 500}))
        self.assertEqual(["a.cc:501"], self.places(width_rules.length, {"a.cc": "\n" * 501}))


class FormatTest(RuleTest):
    """Against programs that answer as clang-format does."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def program(self, version, check):
        path = os.path.join(self.folder, f"clang-format-{version}")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n"
                       "if [ $1 = --version ]; then\n"
                       f"  echo 'Debian clang-format version {version}.0.6'\n  exit\nfi\n"
                       f"{check}\n")
        os.chmod(path, stat.S_IRWXU)
        return path

    def run_rule(self, program):
        tree = source_tree.SourceTree({"a.cc": ""}, {"a.cc"}, self.folder)
        return list(format_rule.formatted(tree, (program,))), tree.notes

    def test_a_file_that_is_laid_out_otherwise_is_found_once(self):
        error = "error: code should be clang-formatted [-Wclang-format-violations]"
        findings, notes = self.run_rule(self.program(
            14, f"echo 'a.cc:3:1: {error}' >&2\necho 'a.cc:9:1: {error}' >&2\nexit 1"))
        self.assertEqual(["a.cc:3"], [f"{f.path}:{f.line}" for f in findings])
        self.assertEqual([], notes)

    def test_formatted_files_pass(self):
        self.assertEqual(([], []), self.run_rule(self.program(14, "exit 0")))

    def test_a_program_that_fails_otherwise_is_found(self):
        findings, _ = self.run_rule(self.program(14, "echo 'no such style' >&2\nexit 1"))
        self.assertIn("no such style", findings[0].text)

    def test_another_version_is_said_and_not_used(self):
        findings, notes = self.run_rule(self.program(19, "exit 1"))
        self.assertEqual([], findings)
        self.assertEqual(["clang-format 14 not found: formatting not checked"], notes)


class TornTest(RuleTest):
    # With "//   " in front, 96 columns.
    FULL = "first    " + "a row of a table that was a little too long ".ljust(82, ".")

    def test_words_that_were_moved_to_a_line_of_their_own_are_found(self):
        self.assertEqual(["a.h:2"], self.places(comment_rules.torn, {
            "a.h": f"//   {self.FULL} 100\n//   columns\n//   second   the next row\n"}))
        self.assertEqual(["a.py:2"], self.places(comment_rules.torn, {
            "a.py": f"#    {self.FULL} 100\n#    columns\n#    second   the next row\n"}))

    def test_hanging_indents_ends_of_sentences_and_paragraphs_are_not_torn(self):
        for second in ("//            columns\n", "//   columns.\n", "//   columns\n//\n"):
            self.assertEqual([], self.places(comment_rules.torn, {
                "a.h": f"//   {self.FULL} 100\n{second}//   second   the next row\n"}), second)

    def test_items_of_lists_are_torn_and_sentences_that_end_in_a_formula_are_not(self):
        rest = " 100\n// columns\n//   and the rest\n"
        self.assertEqual(["a.h:2"], self.places(comment_rules.torn,
                                                {"a.h": f"// * {self.FULL}{rest}"}))
        self.assertEqual([], self.places(comment_rules.torn, {"a.h": f"// a {self.FULL}{rest}"}))

    def test_full_lines_of_prose_are_not_torn(self):
        self.assertEqual([], self.places(comment_rules.torn, {
            "a.h": f"// {self.FULL} 100\n" * 4 + "// end\n"}))

    def test_what_is_kept_from_the_formatter_is_not_read(self):
        self.assertEqual([], self.places(comment_rules.torn, {
            "a.h": f"// clang-format off\n//   {self.FULL} 100\n//   columns\n//   second\n"
                   "// clang-format on\n"}))


class FragmentsTest(RuleTest):
    def test_a_block_that_needs_the_next_line_is_found(self):
        self.assertEqual(["a.h:1", "a.h:3", "run:2"], self.places(comment_rules.fragments, {
            "a.h": "// Of a row, all values.\nint Values();\n  // The same, sorted.\nint Sort();\n",
            "run": "#!/bin/sh\n# The same of a file.\n"}))

    def test_sentences_pass(self):
        self.assertEqual([], self.places(comment_rules.fragments, {
            "a.h": "// Returns all values\n// Of a row.\nint Values();\n\n// Of course.\nint x;\n"
                   "// The same values come back.\nint y;  // Of a row.\n"}))


class ReferencesTest(RuleTest):
    def test_documents_that_are_elsewhere_are_found(self):
        elsewhere = "FACT" + "S-codec 8.1"
        self.assertEqual(["a.h:1", "a.md:2"], self.places(comment_rules.references, {
            "a.h": f"// See {elsewhere}.\n", "a.md": "# A\nAs " + "DESIGN" + "-house says.\n"}))

    def test_files_that_are_not_there_are_found(self):
        self.assertEqual(["a.cc:1", "a.cc:2", "docs/a.md:1", "docs/a.md:2"], self.places(
            comment_rules.references, {
                "a.cc": "// Words: storage/words.h.\nint x;  // see rocks.cc\n",
                "docs/a.md": "See [the format](form.md#keys).\n`core/types.h` has them.\n"}))

    def test_files_that_are_there_pass(self):
        self.assertEqual([], self.places(comment_rules.references, {
            "base/words.h": "",
            "a.cc": '#include <arm_neon.h>\n// words.h, base/words.h; arm_neon.h; docs/a.md\n'
                    'const char* path = "no/such.h";\n',
            "docs/a.md": "[B](../a.cc), [docs](.), [site](https://example.org/x.md), `words.h`.\n"
                         "[anchor](#there)\n"}))


class ExceptionsTest(unittest.TestCase):
    RULES = {"length": width_rules.length}

    def check(self, lines, *exceptions):
        tree = source_tree.SourceTree.of({"a.cc": "\n" * lines})
        return tidy.check(tree, self.RULES, exceptions)

    def test_an_exception_excuses_its_finding_alone(self):
        self.assertEqual([], self.check(501, house.Exemption("length", "a.cc", "", "why")))
        paths = [finding.path for finding in self.check(
            501, house.Exemption("length", "b.cc", "", "why"))]
        self.assertIn("a.cc", paths)

    def test_an_exception_that_is_not_needed_is_a_finding(self):
        findings = self.check(500, house.Exemption("length", "a.cc", "", "why"))
        self.assertEqual(["tests/tidy/house.py"], [finding.path for finding in findings])

    def test_exceptions_of_rules_that_did_not_run_are_left_alone(self):
        self.assertEqual([], self.check(500, house.Exemption("width", "a.cc", "", "why")))

    def test_an_exception_is_found_by_its_line(self):
        with open(house.__file__, encoding="utf-8") as file:
            lines = file.read().split("\n")
        for exemption in house.EXCEPTIONS:
            self.assertIn(exemption.path, lines[house.line_of(exemption) - 1])


class FilesTest(unittest.TestCase):
    """The program as a whole, on files on disk."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for module in TIDY.parent.glob("*.py"):
            self.write(f"tests/tidy/{module.name}", module.read_text(encoding="utf-8"))

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def run_tidy(self, *rules):
        result = subprocess.run(
            [sys.executable, "-B", self.root / "tests/tidy/tidy.py", *rules],
            capture_output=True, text=True, check=False)
        return result.returncode, result.stdout + result.stderr

    def test_exits_0_without_and_1_with_a_finding(self):
        status, output = self.run_tidy("width")
        self.assertEqual(0, status, output)
        self.write("a.cc", "x" * 101 + "\n")
        status, output = self.run_tidy("width")
        self.assertEqual(1, status)
        self.assertIn("a.cc:1: width: 101 columns, 100 are allowed: wrap the line\n", output)

    def test_an_unknown_rule_is_refused(self):
        status, output = self.run_tidy("widht")
        self.assertEqual(2, status)
        self.assertIn("unknown rule 'widht'", output)

    def test_reads_what_git_tracks(self):
        self.write("tracked.cc", "")
        self.write("untracked.cc", "")
        self.write("deleted.cc", "")
        git = ["git", "-C", str(self.root)]
        subprocess.run([*git, "init", "--quiet"], check=True)
        subprocess.run([*git, "add", "tracked.cc", "deleted.cc"], check=True)
        os.unlink(self.root / "deleted.cc")
        self.assertEqual({"tracked.cc"}, source_tree.SourceTree.read(self.root).paths)

    def test_walks_without_git_and_leaves_out_what_gitignore_names(self):
        self.write(".gitignore", "/build/\n*.pyc\n__pycache__/\n")
        for path in ("build/x.cc", "a/build/x.cc", "a/x.pyc", "a/__pycache__/x.py"):
            self.write(path, "")
        paths = source_tree.SourceTree.read(self.root).paths
        self.assertIn("a/build/x.cc", paths)
        self.assertFalse(paths & {"build/x.cc", "a/x.pyc", "a/__pycache__/x.py"})

    def test_files_that_are_no_text_have_a_path_alone(self):
        (self.root / "a.npy").write_bytes(b"\x93NUMPY\xff")
        tree = source_tree.SourceTree.read(self.root)
        self.assertIn("a.npy", tree.paths)
        self.assertNotIn("a.npy", tree.texts)


if __name__ == "__main__":
    unittest.main()
