// The score of one code record, through the same query preparation and kernel as a search.
#ifndef TQDB_TESTS_SUPPORT_SCORE_H_
#define TQDB_TESTS_SUPPORT_SCORE_H_

#include <cstring>
#include <vector>

#include "core/codebook.h"
#include "core/codec.h"
#include "core/query.h"

namespace tqdb::testing {

// `query` is normalised under COSINE.
inline CenteredQuery PrepareQuery(const Codec& codec, absl::Span<const float> query, const Mean* mean) {
  std::vector<float> rotated(codec.padded_dim());
  codec.Rotate(query.data(), rotated.data());
  return CenteredQuery(codec, query, rotated, mean);
}

inline float Score(const Codec& codec, const CenteredQuery& query, const uint8_t* code) {
  CodeHeader header;
  std::memcpy(&header, code, sizeof(header));
  std::vector<uint8_t> signs(codec.padded_dim() / 8), fields(codec.padded_dim());
  std::memcpy(signs.data(), code + sizeof(header), codec.sign_bytes());
  codec.packing().Unpack(code + sizeof(header) + codec.sign_bytes(), fields.data());
  float dots[2];
  codec.kernels().refine(query.rotated(), query.residual(), codec.padded_dim(),
                         Codebook::Get(codec.options().code_bits),
                         codec.options().residual == Residual::kQjl ? 1 : 0, signs.data(), fields.data(), dots);
  return query.constant() + header.bias +
         query.weight() * (header.code_scale * dots[0] + header.residual_scale * dots[1]);
}

}  // namespace tqdb::testing

#endif  // TQDB_TESTS_SUPPORT_SCORE_H_
