// Searches of the client library, as plain types, and their hits.
//
// Members have initialisers so that callers can name only those that they set.
#ifndef TQDB_CLIENT_CPP_QUERY_H_
#define TQDB_CLIENT_CPP_QUERY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/cpp/filter.h"
#include "client/cpp/payload.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// What is like the positive examples and unlike the negative ones, without the examples themselves.
struct Recommend {
  std::vector<PointId> positive = {};  // one or more
  std::vector<PointId> negative = {};  // at most 1000 altogether
};

// Of the best candidates, one after the other, the one with the highest
// (1 - diversity) * score - diversity * (highest similarity to those picked).
struct Mmr {
  float diversity = 0.5f;   // 0..1; 0 is the order of scores
  uint32_t candidates = 0;  // limit + offset..1000; 0: four times limit + offset
};

// The points with words of a text, ranked by BM25.
struct TextQuery {
  std::string key = {};  // a payload key with an index of kind text
  std::string text = {};
};

// Finds by one of `vector`, `recommend`, `text` and `sparse`.
struct Query {
  std::vector<float> vector = {};
  std::string vector_name = {};  // of the space, or sparse space; empty is the unnamed one
  uint32_t limit = 10;
  std::optional<float> score_threshold = std::nullopt;  // hits below are left out
  Select select = {};
  bool exact = false;       // brute force over stored originals
  bool rerank = false;      // rescore the best candidates from stored originals
  double oversampling = 0;  // candidates to rerank, by limit + offset; 0: the server's default
  float error_bound = 0;    // in standard deviations; 0: the server's default
  std::optional<Filter> filter = std::nullopt;  // of the points that may be hits; unset: all
  uint32_t offset = 0;                          // so many of the best are left out
  std::optional<Recommend> recommend = std::nullopt;
  std::optional<Mmr> mmr = std::nullopt;
  std::optional<TextQuery> text = std::nullopt;
  std::optional<SparseVector> sparse = std::nullopt;  // best by dot product, exactly
};

struct ScoredPoint {
  PointId id;
  float score = 0;
  std::string payload;
  std::vector<NamedVector> vectors;
  std::vector<NamedSparseVector> sparse_vectors = {};
};

struct GroupOptions {
  std::string by = {};  // a payload key: its strings, integers and booleans are groups
  uint32_t size = 0;    // points of a group, 1..1000; 0: the server's default, 3
};

struct PointGroup {
  PayloadValue value;
  std::vector<ScoredPoint> points;  // best first; a point is in the group of each of its values
};

// One search of several. Its limit is the number of candidates that it contributes.
struct HybridPart {
  Query query = {};
  float weight = 1;  // above 0
};

// Score: the sum of weight / (constant + rank) over the parts, ranks from 1.
struct ReciprocalRankFusion {
  float constant = 0;  // 0: the server's default, 60
};
// Score: the sum of weight * (score - worst) / (best - worst) over the parts.
struct WeightedFusion {};

struct HybridQuery {
  std::vector<HybridPart> parts = {};  // 1..16
  std::variant<ReciprocalRankFusion, WeightedFusion> fusion = ReciprocalRankFusion();
  uint32_t limit = 10;
  uint32_t offset = 0;
  Select select = {};  // those of the parts are not used
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_QUERY_H_
