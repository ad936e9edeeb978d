// Arguments and errors of the command line; no server is running.
#include "client/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "client/cli/flags/collection_flags.h"
#include "tests/support/temp_dir.h"

namespace tqdb::client {
namespace cli_test {

using ::testing::HasSubstr;

struct Result {
  int code = 0;
  std::string out;
  std::string err;
};

// Nothing listens on this socket: its directory does not exist.
Result RunTqdb(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"tqdb", "--address", "unix:/nonexistent/tqdb.sock"});
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out;
  std::ostringstream err;
  Result result;
  result.code = RunCli(static_cast<int>(argv.size()), argv.data(), Terminal(), out, err);
  result.out = out.str();
  result.err = err.str();
  return result;
}

TEST(CliTest, EveryCommandHasHelpWithExamples) {
  for (const char* command :
       {"create", "list", "info", "update", "drop", "index", "import", "export", "search", "scroll",
        "sample", "get", "delete", "count", "facet", "payload", "status", "ping", "completion"}) {
    const Result result = RunTqdb({command, "--help"});
    EXPECT_EQ(result.code, kExitOk) << command;
    EXPECT_THAT(result.out, HasSubstr("Examples:\n  tqdb " + std::string(command)));
    EXPECT_EQ(result.err, "");
    EXPECT_THAT(RunTqdb({"--help"}).out, HasSubstr(std::string("\n  ") + command + " "));
  }
  EXPECT_THAT(RunTqdb({"--version"}).out, HasSubstr("tqdb 0."));
}

TEST(CliTest, EveryCommandOfACommandHasHelpWithExamples) {
  const std::vector<std::vector<std::string>> commands = {
      {"index", "create"},      {"index", "list"},          {"index", "delete"}, {"payload", "set"},
      {"payload", "overwrite"}, {"payload", "delete-keys"}, {"payload", "clear"}};
  for (const std::vector<std::string>& command : commands) {
    const Result result = RunTqdb({command[0], command[1], "--help"});
    EXPECT_EQ(result.code, kExitOk) << command[1];
    EXPECT_THAT(result.out, HasSubstr("Examples:\n  tqdb " + command[0] + " " + command[1]));
    EXPECT_EQ(result.err, "");
    EXPECT_THAT(RunTqdb({command[0], "--help"}).out, HasSubstr("\n  " + command[1] + " "));
  }
}

TEST(CliTest, WrongUsageExitsWithTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"bogus"},
      {"create"},
      {"create", "c"},
      {"create", "c", "--dim", "x"},
      {"create", "c", "--dim", "0"},
      {"create", "c", "--dim", "-8"},
      {"create", "c", "--dim", "8", "--metric", "hamming"},
      {"create", "c", "--dim", "8", "--code-bits", "5"},
      {"create", "c", "--dim", "8", "--space", "name=a,dim=8"},
      {"create", "c", "--space", "name=a"},
      {"create", "c", "--space", "name=a,dim=8,colour=red"},
      {"create", "c", "--dim", "8", "--metadata", "novalue"},
      {"info"},
      {"update", "c"},
      {"drop", "c"},
      {"import", "c"},
      {"import", "c", "x.txt"},
      {"import", "c", "x.npy", "--batch-size", "0"},
      {"import", "c", "x.npy", "--id-field", "id"},
      {"import", "c", "x.npy", "--id-start", "-1"},
      {"import", "c", "x.npy", "--skip=-1"},
      {"import", "c", "x.npy", "--rows", "-5"},
      {"import", "c", "x.npy", "--retry-for", "soon"},
      {"import", "c", "x.npy", "--payload-rest"},
      {"import", "c", "x.npy", "--array", "a"},
      {"import", "c", "x.parquet"},
      {"import", "c", "-", "--format", "npy", "--ids", "-"},
      {"completion"},
      {"completion", "powershell"},
      {"import", "c", "x.npy", "--format", "csv"},
      {"export", "c", "x.parquet"},
      {"export", "c", "x.npy", "--no-vectors"},
      {"search", "c"},
      {"search", "c", "--vector", "[1,2", "--limit", "3"},
      {"search", "c", "--vector", "1,2"},
      {"search", "c", "--vector", "[]"},
      {"search", "c", "--vector", "[1]", "--id", "7"},
      {"search", "c", "--id", "x"},
      {"search", "c", "--id", "7", "--row", "1"},
      {"search", "c", "--id", "7", "--exact", "--rerank"},
      {"search", "c", "--id", "7", "--limit", "-1"},
      {"search", "c", "--vector-file", "q.npy", "--batch-size", "0"},
      {"get", "c"},
      {"get", "c", "seven"},
      {"delete", "c"},
      {"delete", "c", "-1"},
      {"delete", "c", "7", "--filter", "{}"},
      {"delete", "c", "7", "--dry-run"},
      {"delete", "c", "--filter", R"({"must":[{"has_id":[1]}]})"},  // not confirmed
      {"search", "c", "--id", "7", "--filter", "lang=en"},
      {"scroll", "c", "--filter", R"({"must":[{"key":"a"}]})"},
      {"scroll", "c", "--limit", "0"},
      {"scroll", "c", "--desc"},
      {"search", "c", "--like", "7", "--id", "8"},
      {"search", "c", "--text", "whale"},
      {"search", "c", "--text-key", "title", "--id", "7"},
      {"search", "c", "--text", "whale", "--text-key", "title", "--exact"},
      {"search", "c", "--text", "whale", "--text-key", "title", "--vector-file", "q.npy"},
      {"search", "c", "--text", "whale", "--text-key", "title", "--id", "7", "--mmr", "0.5"},
      {"search", "c", "--text", "whale", "--text-key", "title", "--id", "7", "--group-by", "a"},
      {"search", "c", "--text", "whale", "--text-key", "title", "--id", "7", "--weights", "1"},
      {"search", "c", "--text", "whale", "--text-key", "title", "--id", "7", "--weights", "1,0"},
      {"search", "c", "--text", "whale", "--text-key", "title", "--id", "7", "--fusion", "max"},
      {"search", "c", "--id", "7", "--fusion", "weighted"},
      {"search", "c", "--id", "7", "--weights", "1"},
      {"search", "c", "--id", "7", "--candidates", "50"},
      {"search", "c", "--sparse", R"({"indices":[1],"values":[1]})"},
      {"search", "c", "--sparse-name", "terms", "--id", "7"},
      {"search", "c", "--sparse-name", "terms", "--sparse", "[1]"},
      {"search", "c", "--sparse-name", "terms", "--sparse", R"({"indices":[1],"values":[]})"},
      {"search", "c", "--sparse-name", "t", "--sparse", R"({"indices":[1],"values":[1]})",
       "--exact"},
      {"create", "c", "--dim", "8", "--sparse", "terms:bm25"},
      {"import", "c", "x.jsonl", "--create", "--sparse", "terms:"},
      {"search", "c", "--like", "x"},
      {"search", "c", "--like", "7", "--unlike", "x"},
      {"search", "c", "--id", "7", "--mmr", "1.5"},
      {"search", "c", "--id", "7", "--mmr-candidates", "50"},
      {"search", "c", "--id", "7", "--group-size", "2"},
      {"search", "c", "--id", "7", "--group-by", "a", "--group-size", "0"},
      {"facet", "c"},
      {"facet", "c", "lang", "--limit", "0"},
      {"facet", "c", "lang", "--filter", "[]"},
      {"index"},
      {"index", "bogus"},
      {"index", "create", "c", "lang"},
      {"index", "create", "c", "lang", "geo"},
      {"index", "list"},
      {"index", "delete", "c"},
      {"payload"},
      {"payload", "set", "c", "--id", "7"},
      {"payload", "set", "c", "{}"},  // which points?
      {"payload", "set", "c", "[1]", "--id", "7"},
      {"payload", "set", "c", "{", "--id", "7"},
      {"payload", "set", "c", "{}", "--id", "seven"},
      {"payload", "set", "c", "{}", "--id", "7", "--dry-run"},
      {"payload", "overwrite", "c", "null", "--id", "7"},
      {"payload", "delete-keys", "c", "--id", "7"},
      {"payload", "clear", "c"},
      {"payload", "clear", "c", "--filter", "{}"},  // not confirmed
      {"sample", "c", "--seed", "x"},
      {"sample", "c", "--filter", ""},
      {"count", "c", "--filter", "[]"},
      {"export", "c", "x.jsonl", "--filter", "{"},
      {"export", "c", "x.npy.gz"},
      {"list", "--timeout", "soon"},
      {"list", "--timeout", "0"},
      {"list", "--timeout", "-3s"},
      {"list", "--address", ""},
      {"list", "--address", "http://localhost:6334"},
      {"list", "--address", "localhost:port"},
      {"list", "--address", "localhost:0"},
      {"list", "surplus"},
  };
  for (const auto& arguments : wrong) {
    const Result result = RunTqdb(arguments);
    EXPECT_EQ(result.code, kExitUsage) << ::testing::PrintToString(arguments) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err, "");
  }
}

TEST(CliTest, AnUnknownCommandIsNamed) {
  EXPECT_THAT(RunTqdb({"bogus"}).err, HasSubstr("\"bogus\" is no command of tqdb\n"));
  EXPECT_THAT(RunTqdb({"index", "bogus"}).err,
              HasSubstr("\"bogus\" is no command of tqdb index\n"));
}

TEST(CliTest, UsageErrorsAreJsonWhenAskedFor) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--json", "bogus"},
                                                    {"create", "c", "--json"},
                                                    {"search", "c", "--json", "--nonsense"}}) {
    const Result result = RunTqdb(arguments);
    EXPECT_EQ(result.code, kExitUsage);
    const Json error = Json::parse(result.err, nullptr, false);
    ASSERT_TRUE(error.is_object()) << result.err;
    EXPECT_EQ(error["error"]["code"], "USAGE");
    EXPECT_NE(error["error"]["message"], "");
  }
}

TEST(CliTest, AnUnreachableServerIsAnErrorWithItsAddress) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"list"},
           {"info", "c"},
           {"count", "c"},
           {"create", "c", "--dim", "8"},
           {"drop", "c", "--yes"},
           {"get", "c", "1"},
           {"search", "c", "--vector", "[1, 2]"},
           {"scroll", "c"},
           {"scroll", "c", "--order-by", "year", "--desc"},
           {"sample", "c"},
           {"search", "c", "--like", "7", "--like", "8", "--unlike", "9", "--mmr", "0.5"},
           {"search", "c", "--vector", "[1, 2]", "--group-by", "lang", "--group-size", "2"},
           {"search", "c", "--text", "whale", "--text-key", "title"},
           {"search", "c", "--sparse-name", "terms", "--sparse", R"({"indices":[1],"values":[1]})"},
           {"search", "c", "--text", "whale", "--text-key", "title", "--id", "7", "--weights",
            "1,0.5", "--fusion", "weighted", "--candidates", "50"},
           {"create", "c", "--dim", "8", "--sparse", "terms:idf", "--sparse", "more"},
           {"facet", "c", "lang"},
           {"index", "create", "c", "lang", "Keyword"},
           {"index", "list", "c"},
           {"index", "delete", "c", "lang"},
           {"payload", "set", "c", R"({"a":1})", "--id", "7", "--id", "8"},
           {"payload", "set", "c", R"({"a":1})", "--at", "b", "--filter", "{}", "--yes"},
           {"payload", "overwrite", "c", "--id", "7", R"({"a":1})"},
           {"payload", "delete-keys", "c", "a", "b.c", "--id", "7"},
           {"payload", "clear", "c", "--id", "7", "--filter", R"({"must":[{"has_id":[1]}]})"},
           {"delete", "c", "--filter", R"({"must":[{"has_id":[1]}]})", "--yes"},
           {"status"},
           {"ping"}}) {
    const Result result = RunTqdb(arguments);
    EXPECT_EQ(result.code, kExitError) << arguments[0];
    EXPECT_THAT(result.err, HasSubstr("unix:/nonexistent/tqdb.sock"));
  }
  const Result json = RunTqdb({"list", "--json"});
  EXPECT_EQ(json.code, kExitError);
  EXPECT_EQ(Json::parse(json.err)["error"]["code"], "UNAVAILABLE");
  EXPECT_EQ(json.out, "");
}

TEST(CliTest, ABadFileIsFoundBeforeTheServerIsAsked) {
  testing::TempDir dir;
  const Result result = RunTqdb({"import", "c", dir.Write("x.npy", "not an array")});
  EXPECT_EQ(result.code, kExitError);
  EXPECT_THAT(result.err, HasSubstr("not a .npy file"));
  EXPECT_EQ(RunTqdb({"import", "c", dir.File("none.npy")}).code, kExitError);
}

TEST(CliTest, ANegativeNumberIsRefusedInAFewWords) {
  EXPECT_THAT(RunTqdb({"create", "c", "--dim", "-16"}).err, HasSubstr("--dim: -16 is below 0\n"));
  EXPECT_THAT(RunTqdb({"create", "c", "--dim", "0"}).err, HasSubstr("--dim: 0 is not above 0\n"));
}

TEST(CliTest, CompletesCommandsFlagsAndValues) {
  const auto words = [](std::vector<std::string> typed) {
    typed.insert(typed.begin(), {"completion", "words"});
    std::vector<const char*> argv = {"tqdb"};
    for (const std::string& word : typed) argv.push_back(word.c_str());
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(RunCli(static_cast<int>(argv.size()), argv.data(), Terminal(), out, err), kExitOk);
    return out.str();
  };
  EXPECT_EQ(words({"im"}), "import\n");
  EXPECT_EQ(words({"payload", "set", "c", "--dry"}), "--dry-run\n");
  EXPECT_EQ(words({"import", "c", "x", "--metric", "d"}), "dot\n");
  EXPECT_EQ(words({"import", "c", "x", "--format", "b"}), "bvecs\n");
  EXPECT_EQ(words({"import", "c", "x.n"}), "");
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(RunTqdb({"completion", shell}).out, HasSubstr("tqdb completion words"));
  }
}

TEST(TimeoutTest, ParsesSecondsAndUnits) {
  EXPECT_EQ(*ParseTimeoutText("30"), absl::Seconds(30));
  EXPECT_EQ(*ParseTimeoutText("1.5s"), absl::Milliseconds(1500));
  EXPECT_EQ(*ParseTimeoutText("2m"), absl::Minutes(2));
  EXPECT_EQ(*ParseTimeoutText("inf"), absl::InfiniteDuration());
  for (const char* text : {"", "0", "-1", "0s", "nan", "1 hour"}) {
    EXPECT_FALSE(ParseTimeoutText(text).ok()) << text;
  }
}

TEST(ApiKeyTest, IsTheFirstOfTheFile) {
  testing::TempDir dir;
  EXPECT_EQ(*ReadApiKey(dir.Write("a", "# indexer\n\n  0123456789abcdef ro # old\nother\n")),
            "0123456789abcdef");
  EXPECT_EQ(*ReadApiKey(dir.Write("b", "0123456789abcdef")), "0123456789abcdef");
  EXPECT_EQ(ReadApiKey(dir.Write("c", "# none\n")).status().code(),
            absl::StatusCode::kInvalidArgument);
  const absl::Status absent = ReadApiKey(dir.File("d")).status();
  EXPECT_EQ(absent.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(absent.message()), HasSubstr("--api-key-file: opening " + dir.File("d")));
}

TEST(CollectionFlagsTest, ASpaceTakesDefaultsFromTheFlags) {
  CollectionFlags flags;
  flags.metric = "L2";
  flags.code_bits = 2;
  const auto space = ParseSpace(flags, "name=title,dim=384,residual=none,store-vectors=f16");
  ASSERT_TRUE(space.ok()) << space.status();
  EXPECT_EQ(space->name, "title");
  EXPECT_EQ(space->dim, 384u);
  EXPECT_EQ(space->metric, Metric::kL2);
  EXPECT_EQ(space->code_bits, 2u);
  EXPECT_EQ(space->residual, Residual::kNone);
  EXPECT_EQ(space->centering, Centering::kAuto);
  EXPECT_EQ(space->store_vectors, StoreVectors::kF16);
}

TEST(MetadataTest, SplitsAtTheFirstEqualsSign) {
  const auto metadata = ParseMetadata({"a=1", "b=x=y", "c="});
  ASSERT_TRUE(metadata.ok());
  EXPECT_EQ(metadata->at("b"), "x=y");
  EXPECT_EQ(metadata->at("c"), "");
  EXPECT_FALSE(ParseMetadata({"=x"}).ok());
}

}  // namespace cli_test
}  // namespace tqdb::client
