#include "core/codec/codebook.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tqdb {

namespace {

// Positive centroids, from the fixed point of the continuous Lloyd-Max iteration in double
// precision. They are written out because bytes on disk depend on every bit of them. An iteration
// at start-up could end in other bits with another compiler or libm. codebook_test derives them
// again and compares.
constexpr float kLevels1[1] = {
    0.797884561f,
};
constexpr float kLevels2[2] = {0.452780035f, 1.51041761f};
constexpr float kLevels3[4] = {0.245094179f, 0.756005281f, 1.34390928f, 2.1519457f};
constexpr float kLevels4[8] = {
    0.12839503f, 0.388048299f, 0.656759119f, 0.942340456f,
    1.2562312f,  1.61804639f,  2.06901723f,  2.73258957f,
};
constexpr float kLevels8[128] = {
    0.00844619322f, 0.0253393831f, 0.0422349838f, 0.0591346043f, 0.0760398564f, 0.0929523554f,
    0.109873722f,   0.126805581f,  0.143749568f,  0.160707322f,  0.177680496f,  0.194670749f,
    0.211679755f,   0.2287092f,    0.245760782f,  0.262836217f,  0.279937235f,  0.297065586f,
    0.314223039f,   0.33141138f,   0.348632422f,  0.365887997f,  0.383179964f,  0.400510208f,
    0.417880642f,   0.435293207f,  0.452749878f,  0.470252661f,  0.487803597f,  0.505404764f,
    0.523058279f,   0.540766299f,  0.558531025f,  0.576354701f,  0.59423962f,   0.612188126f,
    0.630202613f,   0.648285532f,  0.666439391f,  0.684666759f,  0.702970268f,  0.72135262f,
    0.739816586f,   0.758365009f,  0.777000815f,  0.795727007f,  0.814546679f,  0.833463011f,
    0.852479283f,   0.871598873f,  0.890825266f,  0.910162056f,  0.929612959f,  0.949181811f,
    0.968872581f,   0.988689374f,  1.00863644f,   1.02871819f,   1.04893919f,   1.06930417f,
    1.08981807f,    1.11048599f,   1.13131325f,   1.15230539f,   1.17346818f,   1.19480761f,
    1.21632997f,    1.23804179f,   1.25994992f,   1.2820615f,    1.30438402f,   1.32692533f,
    1.34969366f,    1.37269763f,   1.39594633f,   1.41944929f,   1.44321656f,   1.46725873f,
    1.49158699f,    1.51621314f,   1.54114966f,   1.56640979f,   1.59200755f,   1.61795784f,
    1.64427649f,    1.67098037f,   1.69808745f,   1.72561696f,   1.75358945f,   1.78202694f,
    1.81095309f,    1.84039334f,   1.87037512f,   1.90092806f,   1.93208422f,   1.9638784f,
    1.99634845f,    2.02953567f,   2.06348518f,   2.09824651f,   2.13387415f,   2.17042825f,
    2.20797546f,    2.24658993f,   2.28635445f,   2.32736193f,   2.36971713f,   2.41353874f,
    2.45896213f,    2.50614256f,   2.5552594f,    2.60652147f,   2.66017397f,   2.71650758f,
    2.77587065f,    2.83868579f,   2.9054729f,    2.97688213f,   3.05374202f,   3.13713253f,
    3.22850021f,    3.32984847f,   3.44407168f,   3.57558797f,   3.73166626f,   3.92563778f,
    4.18659544f,    4.60353561f,
};

// Returns the codebook of the given centroids: everything else in it follows from them.
Codebook Build(int bits, const float* centroids) {
  Codebook book{};
  book.bits = bits;
  book.levels = 1 << (bits - 1);
  for (int i = 0; i < book.levels; ++i) book.centroids[i] = centroids[i];
  for (int i = 0; i + 1 < book.levels; ++i) {
    book.boundaries[i] = 0.5f * (centroids[i] + centroids[i + 1]);
  }
  for (size_t i = static_cast<size_t>(book.levels - 1); i < kMaxLevels; ++i)
    book.boundaries[i] = INFINITY;
  for (int i = 0; i < book.levels; ++i) {
    book.magnitudes[i] =
        static_cast<uint8_t>(std::lround(63 * centroids[i] / centroids[book.levels - 1]));
  }
  // A centroid is the mean of its cell, so E (x - Q(x))^2 = 1 - E Q(x)^2. The error function gives
  // the probability of |x| below a boundary.
  double energy = 0, below = 0;
  for (int i = 0; i < book.levels; ++i) {
    const double end = i + 1 < book.levels ? std::erf(book.boundaries[i] / std::sqrt(2.0)) : 1.0;
    energy += (end - below) * book.centroids[i] * book.centroids[i];
    below = end;
  }
  book.distortion = static_cast<float>(1 - energy);
  // Any width from 2.75 / levels to 2.87 / levels puts boundary i into bin i where there are at
  // most 8 levels; 2.8 lies between. With 128 levels, centroids are at least 1/60 apart, and bins
  // of 1/64 hold at most one boundary.
  book.bin_limit = book.levels <= 8 ? 2.6f : 4.9f;
  book.bins_per_unit = book.levels <= 8 ? static_cast<float>(book.levels) / 2.8f : 64.0f;
  for (size_t bin = 0; bin < book.first_level.size(); ++bin) {
    const float start = static_cast<float>(bin) / book.bins_per_unit;
    const auto end = book.boundaries.begin() + book.levels - 1;
    book.first_level[bin] = static_cast<uint8_t>(
        std::lower_bound(book.boundaries.begin(), end, start) - book.boundaries.begin());
  }
  return book;
}

}  // namespace

// The first call builds all tables. Function-local statics make that safe for several threads.
const Codebook& Codebook::Get(int bits) {
  static const Codebook book1 = Build(1, kLevels1);
  static const Codebook book2 = Build(2, kLevels2);
  static const Codebook book3 = Build(3, kLevels3);
  static const Codebook book4 = Build(4, kLevels4);
  static const Codebook book8 = Build(8, kLevels8);
  switch (bits) {
    case 1: return book1;
    case 2: return book2;
    case 3: return book3;
    case 4: return book4;
    default: assert(bits == 8); return book8;
  }
}

}  // namespace tqdb
