// The command sparse: the inverted indexes of sparse vectors and of texts. It reports the time to
// build them, their memory, and the latency of searches. With --check it compares hits with brute
// force.
#include <time.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/zipf_documents.h"
#include "bench/measure/parallel.h"
#include "bench/measure/progress.h"
#include "bench/measure/stopwatch.h"
#include "core/codec/prng.h"
#include "core/scan/row_filter.h"
#include "storage/sparse/bm25_index.h"
#include "storage/sparse/scoring.h"
#include "storage/sparse/sparse_index.h"

namespace tqdb::bench {
namespace {

using storage::SparseSearchStats;
using storage::SparseVector;

enum class Index : uint8_t { kDot, kBm25 };
enum class QueryWords : uint8_t { kDocuments, kMiddle };

// Options of the command.
struct SparseFlags {
  CommonFlags common;
  std::vector<Index> indexes = {Index::kDot, Index::kBm25};
  std::vector<QueryWords> query_words = {QueryWords::kMiddle, QueryWords::kDocuments};
  size_t rows = 1'000'000;
  ZipfDocuments::Options documents;
  std::vector<size_t> query_terms = {2, 5, 10, 30};
  std::vector<double> allowed = {1, 0.1, 0.001};
  size_t queries = 200;
  size_t top_k = 10;
  size_t check = 0;
};

const std::map<std::string, Index>& IndexNames() {
  static const auto& names =
      *new std::map<std::string, Index>{{"dot", Index::kDot}, {"bm25", Index::kBm25}};
  return names;
}

const std::map<std::string, QueryWords>& QueryWordsNames() {
  static const auto& names = *new std::map<std::string, QueryWords>{
      {"documents", QueryWords::kDocuments}, {"middle", QueryWords::kMiddle}};
  return names;
}

// An index of either kind; the other pointer is null.
struct Built {
  std::unique_ptr<storage::SparseIndex> dot;
  std::unique_ptr<storage::Bm25Index> bm25;
  uint64_t postings = 0;
  double add_cpu_seconds = 0;
  double worst_add_seconds = 0;

  size_t memory_bytes() const {
    return dot != nullptr ? dot->memory_bytes() : bm25->memory_bytes();
  }
};

// Returns the CPU time of this thread in seconds. Unlike wall time it does not depend on how busy
// the machine is.
double CpuSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Builds an index. Only the time of adding rows is measured, not the time of making them.
Built Build(Index kind, const SparseFlags& flags, const ZipfDocuments& documents,
            ProgressBar& progress) {
  constexpr size_t kBatchRows = 10'000;  // rows that are made before they are added
  Built built;
  if (kind == Index::kDot) {
    built.dot = std::make_unique<storage::SparseIndex>(storage::SparseModifier::kNone);
  } else {
    built.bm25 = std::make_unique<storage::Bm25Index>(storage::Bm25Options());
  }
  std::vector<SparseVector> vectors(kBatchRows);
  std::vector<std::string> texts(kBatchRows);
  std::vector<uint64_t> distinct(kBatchRows);
  for (size_t begin = 0; begin < flags.rows; begin += kBatchRows) {
    const size_t count = std::min(kBatchRows, flags.rows - begin);
    ParallelFor(flags.common.ThreadCount(), count, 100, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) {
        vectors[i] = documents.Vector(begin + i);
        distinct[i] = vectors[i].indices.size();
        if (kind == Index::kBm25) texts[i] = documents.Text(begin + i);
      }
    });
    const double cpu_seconds = CpuSeconds();
    for (size_t i = 0; i < count; ++i) {
      const Stopwatch watch;
      if (kind == Index::kDot) {
        built.dot->Add(begin + i, PointId::Number(begin + i), vectors[i].view());
      } else {
        built.bm25->Add(begin + i, PointId::Number(begin + i), {texts[i]});
      }
      built.worst_add_seconds = std::max(built.worst_add_seconds, watch.seconds());
      built.postings += distinct[i];
    }
    built.add_cpu_seconds += CpuSeconds() - cpu_seconds;
    progress.Add(count);
  }
  return built;
}

// A query in the forms of both indexes.
struct Query {
  std::vector<uint32_t> words;
  SparseVector vector;
  std::string text;
};

// Returns queries of `terms` words each.
std::vector<Query> MakeQueries(const SparseFlags& flags, const ZipfDocuments& documents,
                               size_t terms, QueryWords from) {
  std::vector<Query> queries(flags.queries);
  for (size_t q = 0; q < queries.size(); ++q) {
    Query& query = queries[q];
    query.words = documents.QueryWords(q, terms, from == QueryWords::kMiddle);
    query.vector = documents.VectorOf(query.words, ~uint64_t{q});
    query.text = ZipfDocuments::TextOf(query.words);
  }
  return queries;
}

// Searches whichever index there is.
absl::StatusOr<std::vector<Hit>> Search(const Built& built, const Query& query, size_t top_k,
                                        const RowFilter* filter, SparseSearchStats* stats) {
  storage::SparseSearchOptions options;
  options.top_k = top_k;
  options.filter = filter;
  return built.dot != nullptr ? built.dot->Search(query.vector.view(), options, stats)
                              : built.bm25->Search(query.text, options, stats);
}

// Returns the best scores of each query, in descending order. Every document is scored in double,
// without an index.
std::vector<std::vector<double>> BruteForce(const SparseFlags& flags,
                                            const ZipfDocuments& documents, const Built& built,
                                            const std::vector<Query>& queries,
                                            const RowFilter* filter) {
  // For each word, the queries that have it, and its weight in them.
  absl::flat_hash_map<uint32_t, std::vector<std::pair<size_t, double>>> weights;
  for (size_t q = 0; q < queries.size(); ++q) {
    for (size_t i = 0; i < queries[q].words.size(); ++i) {
      if (built.dot != nullptr) {
        weights[queries[q].vector.indices[i]].push_back({q, queries[q].vector.values[i]});
        continue;
      }
      const uint32_t word = queries[q].words[i];
      const uint64_t frequency = built.bm25->Frequency(absl::StrCat("word", word));
      weights[word].push_back(
          {q, storage::InverseDocumentFrequency(built.bm25->rows(), frequency)});
    }
  }
  std::vector<std::vector<double>> best(queries.size());
  absl::Mutex mutex;
  ParallelFor(flags.common.ThreadCount(), flags.rows, 10'000, [&](size_t begin, size_t end) {
    std::vector<std::vector<double>> found(queries.size());
    std::map<size_t, double> scores;
    for (size_t row = begin; row < end; ++row) {
      if (filter != nullptr && !filter->Allows(row)) continue;
      scores.clear();
      const SparseVector vector = documents.Vector(row);
      const std::vector<uint32_t> words = documents.Words(row);
      for (size_t i = 0; i < vector.indices.size(); ++i) {
        const auto it = weights.find(vector.indices[i]);
        if (it == weights.end()) continue;
        double impact = vector.values[i];
        if (built.bm25 != nullptr) {
          const auto tf = static_cast<double>(std::count(words.begin(), words.end(), it->first));
          const double k1 = storage::kDefaultBm25K1, b = storage::kDefaultBm25B;
          const double length = static_cast<double>(words.size());
          impact = tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / built.bm25->average_length()));
        }
        for (const auto& [q, weight] : it->second) scores[q] += weight * impact;
      }
      for (const auto& [q, score] : scores) found[q].push_back(score);
    }
    const absl::MutexLock lock(&mutex);
    for (size_t q = 0; q < queries.size(); ++q) {
      best[q].insert(best[q].end(), found[q].begin(), found[q].end());
      std::sort(best[q].begin(), best[q].end(), std::greater<>());
      if (best[q].size() > flags.top_k) best[q].resize(flags.top_k);
    }
  });
  return best;
}

// Returns Internal if the scores of some queries differ from brute force.
absl::Status Check(const SparseFlags& flags, const ZipfDocuments& documents, const Built& built,
                   std::vector<Query> queries, const RowFilter* filter) {
  if (queries.size() > flags.check) queries.resize(flags.check);
  const auto best = BruteForce(flags, documents, built, queries, filter);
  for (size_t q = 0; q < queries.size(); ++q) {
    TQDB_ASSIGN_OR_RETURN(const std::vector<Hit> hits,
                          Search(built, queries[q], flags.top_k, filter, nullptr));
    bool good = hits.size() == best[q].size();
    for (size_t i = 0; good && i < hits.size(); ++i) {
      good = std::fabs(hits[i].score - best[q][i]) <= 1e-6 * best[q][i];
    }
    if (!good) {
      return absl::InternalError(
          absl::StrCat("query ", q, " '", queries[q].text, "' has other hits than brute force"));
    }
  }
  return absl::OkStatus();
}

// Builds each index once and searches it with every kind of query and filter.
absl::Status RunSparse(const SparseFlags& flags) {
  ZipfDocuments::Options options = flags.documents;
  options.seed = flags.common.seed;
  const ZipfDocuments documents(options);
  const std::unique_ptr<Report> report = flags.common.StartReport("sparse");
  for (const Index kind : flags.indexes) {
    ProgressBar progress = StartProgress("sparse", flags.rows);
    const Built built = Build(kind, flags, documents, progress);
    for (const QueryWords from : flags.query_words) {
      for (const size_t terms : flags.query_terms) {
        const std::vector<Query> queries = MakeQueries(flags, documents, terms, from);
        for (const double allowed : flags.allowed) {
          RowFilter some(0, flags.rows);
          for (uint64_t row = 0; row < flags.rows; ++row) {
            const double uniform =
                static_cast<double>(RandomWord(~flags.common.seed, row)) * 0x1p-64;
            if (uniform < allowed) some.Allow(row);
          }
          const RowFilter* filter = allowed < 1 ? &some : nullptr;
          if (flags.check > 0) {
            TQDB_RETURN_IF_ERROR(Check(flags, documents, built, queries, filter));
          }
          Latencies latencies;
          SparseSearchStats total;
          double cpu_seconds = 0;
          for (const Query& query : queries) {
            SparseSearchStats stats;
            const double cpu_start = CpuSeconds();
            const Stopwatch watch;
            const auto hits = Search(built, query, flags.top_k, filter, &stats);
            latencies.Add(watch.seconds());
            cpu_seconds += CpuSeconds() - cpu_start;
            TQDB_RETURN_IF_ERROR(hits.status());
            total.postings += stats.postings;
            total.added += stats.added;
            total.scored += stats.scored;
          }
          const double count = static_cast<double>(queries.size());
          const double postings = static_cast<double>(built.postings);
          report->Add(
              Record()
                  .Set("threads", 1)
                  .Set("index", kind == Index::kDot ? "dot" : "bm25")
                  .Set("rows", uint64_t{flags.rows})
                  .Set("postings_per_row", postings / static_cast<double>(flags.rows))
                  .Set("rows_per_s", static_cast<double>(flags.rows) / built.add_cpu_seconds)
                  .Set("worst_add_ms", built.worst_add_seconds * 1e3)
                  .Set("bytes_per_posting", static_cast<double>(built.memory_bytes()) / postings)
                  .Set("query_words", from == QueryWords::kMiddle ? "middle" : "documents")
                  .Set("query_terms", uint64_t{terms})
                  .Set("allowed", allowed)
                  .Set("postings", static_cast<double>(total.postings) / count)
                  .Set("added", static_cast<double>(total.added) / count)
                  .Set("scored", static_cast<double>(total.scored) / count)
                  .Set("cpu_ms", cpu_seconds / count * 1e3)
                  .Set("p50_ms", latencies.QuantileMs(0.5))
                  .Set("p99_ms", latencies.QuantileMs(0.99))
                  .Set("checked", uint64_t{std::min(flags.check, queries.size())}));
        }
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

Command AddSparseCommand(FlagSet app) {
  auto flags = std::make_shared<SparseFlags>();
  FlagSet command = app.AddCommand("sparse",
                                   "The inverted indexes of sparse vectors and of texts: "
                                   "rate of building, bytes a posting, latency of single "
                                   "searches on one thread");
  command.AddChoices("--index", flags->indexes, IndexNames(), "A list; default both");
  command.Add("--rows", flags->rows, "Documents").InRange(1, 1 << 30).ShowDefault();
  command.Add("--words", flags->documents.words, "Of a document on average")
      .InRange(2, 10'000)
      .ShowDefault();
  command.Add("--vocabulary", flags->documents.vocabulary, "Words that there are")
      .InRange(100, 100'000'000)
      .ShowDefault();
  command.AddChoices(
      "--query-words", flags->query_words, QueryWordsNames(),
      "Where queries have their words from: as documents, or ranks 100 to 10,000; a list; "
      "default both");
  command.Add("--query-terms", flags->query_terms, "Words of a query; a list")
      .Separator(',')
      .InRange(1, 1000)
      .ShowDefault();
  command
      .Add("--allowed", flags->allowed, "Share of rows that a filter allows, 1: no filter; a list")
      .Separator(',')
      .InRange(0.0, 1.0)
      .ShowDefault();
  command.Add("--queries", flags->queries, "Of each kind").InRange(1, 1'000'000).ShowDefault();
  command.Add("--top-k", flags->top_k, "Hits of a search").InRange(1, 10'000).ShowDefault();
  command.Add("--check", flags->check, "Queries of each kind to compare with brute force first")
      .InRange(0, 1'000'000)
      .ShowDefault();
  AddCommonFlags(command, &flags->common);
  command.Footer("Example: tqdb-bench sparse --rows 100000 --check 20");
  return {command, [flags] { return RunSparse(*flags); }};
}

}  // namespace tqdb::bench
