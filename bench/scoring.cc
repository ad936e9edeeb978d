#include "bench/scoring.h"

#include <cstring>

#include "bench/gaussian.h"
#include "core/codebook.h"

namespace tqdb::bench {

CenteredQuery PrepareQuery(const Codec& codec, absl::Span<const float> query, const Mean* mean) {
  std::vector<float> vector(query.begin(), query.end());
  if (codec.options().metric == Metric::kCosine) Normalize(vector.data(), vector.size());
  std::vector<float> rotated(codec.padded_dim());
  codec.Rotate(vector.data(), rotated.data());
  return CenteredQuery(codec, vector, rotated, mean);
}

float EstimateScore(const Codec& codec, const CenteredQuery& query, const uint8_t* code) {
  CodeHeader header;
  std::memcpy(&header, code, sizeof(header));
  std::vector<uint8_t> signs(codec.padded_dim() / 8), fields(codec.padded_dim());
  std::memcpy(signs.data(), code + sizeof(header), codec.sign_bytes());
  codec.packing().Unpack(code + sizeof(header) + codec.sign_bytes(), fields.data());
  float dots[2];
  codec.kernels().refine(query.rotated(), query.residual(), codec.padded_dim(),
                         Codebook::Get(codec.options().code_bits),
                         codec.options().residual == Residual::kQjl ? 1 : 0, signs.data(),
                         fields.data(), dots);
  return query.constant() + header.bias +
         query.weight() * (header.code_scale * dots[0] + header.residual_scale * dots[1]);
}

}  // namespace tqdb::bench
