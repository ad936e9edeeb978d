// Searches of the client library and their hits, as plain types. All members have initialisers, so
// that a caller names only the ones that it sets: {.vector = embedding, .limit = 5}.
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

// Finds points that are like the positive examples and unlike the negative ones; with negative ones
// alone, what is least like them (not under L2). Points that are examples are not found.
struct Recommend {
  std::vector<PointId> positive = {};
  std::vector<PointId> negative = {};                     // 1 to 1,000 examples of all sorts
  std::vector<std::vector<float>> positive_vectors = {};  // of a vector space
  std::vector<std::vector<float>> negative_vectors = {};
  std::vector<SparseVector> positive_sparse = {};  // of a sparse space
  std::vector<SparseVector> negative_sparse = {};
};

// Maximal marginal relevance: hits that are good and also unlike each other. From the best
// candidates the server picks, again and again, the one with the highest
// (1 - diversity) * score - diversity * (highest similarity to a hit picked before).
struct Mmr {
  float diversity = 0.5f;   // 0 to 1; 0 gives the order of scores
  uint32_t candidates = 0;  // limit + offset to 1,000; 0: four times limit + offset
};

// Finds points that have any of the words of a text, and ranks them by BM25.
struct TextQuery {
  std::string key = {};   // a payload key with an index of kind text
  std::string text = {};  // 1 to 4,096 words
};

// A search. Exactly one of `vector`, `recommend`, `text` and `sparse` is set.
struct Query {
  std::vector<float> vector = {};
  std::string vector_name = {};  // name of the vector space, or of the sparse space
  uint32_t limit = 10;           // number of hits
  std::optional<float> score_threshold = std::nullopt;  // lowest score of a hit; unset: none
  Select select = {};
  bool exact = false;       // whether to score the stored originals of all points
  bool rerank = false;      // whether to score the best candidates again, from stored originals
  double oversampling = 0;  // candidates to rerank, as a multiple of limit + offset; 0: 3
  float error_bound = 0;    // error bound of the scan in standard deviations; 0: 3
  std::optional<Filter> filter = std::nullopt;  // points that may be hits; unset: all
  uint32_t offset = 0;                          // number of best points to skip
  std::optional<Recommend> recommend = std::nullopt;
  std::optional<Mmr> mmr = std::nullopt;
  std::optional<TextQuery> text = std::nullopt;
  std::optional<SparseVector> sparse = std::nullopt;  // scored by the exact dot product
};

// A hit. Payload and vectors are set if they were selected.
struct ScoredPoint {
  PointId id;
  float score = 0;  // higher is better
  std::string payload;
  std::vector<NamedVector> vectors;
  std::vector<NamedSparseVector> sparse_vectors = {};
};

// Settings of a search by groups.
struct GroupOptions {
  std::string by = {};  // a payload key; its strings, integers and booleans name the groups
  uint32_t size = 0;    // points of a group, 1 to 1,000; 0: the server's default, 3
};

// One value of the key and its best points. A point with several values is in the group of each.
struct PointGroup {
  PayloadValue value;
  std::vector<ScoredPoint> points;  // by descending score
};

// One of several searches. Its limit is the number of candidates that it contributes.
struct HybridPart {
  Query query = {};
  float weight = 1;  // factor of this part, above 0
};

// Fuses by ranks: a point's score is the sum of weight / (constant + rank) over the parts that
// found it. The best point of a part has rank 1.
struct ReciprocalRankFusion {
  float constant = 0;  // 0: the server's default, 60
};
// Fuses by scores: a point's score is the sum of weight * (score - worst) / (best - worst) over the
// parts that found it. Best and worst are the scores at the ends of the part's list.
struct WeightedFusion {};

// Several searches of one collection whose results are fused into one list.
struct HybridQuery {
  std::vector<HybridPart> parts = {};  // 1 to 16
  std::variant<ReciprocalRankFusion, WeightedFusion> fusion = ReciprocalRankFusion();
  uint32_t limit = 10;
  uint32_t offset = 0;
  Select select = {};  // the selections of the parts are ignored
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_QUERY_H_
