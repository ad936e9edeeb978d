// A ZIP archive ends with a directory of its files. Each entry of the directory tells where the
// file's own header lies, how many bytes it has and how they are packed. Sizes and positions of
// 4 GiB and more do not fit the fields of 32 bits, which then are 0xffffffff: the number stands in
// an extra field of 64 bits. numpy.savez packs by method 0 (stored), savez_compressed by 8
// (deflate). Left out: other methods, encryption, archives of several volumes.
#include "client/cli/input/npz.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/cli/input/spooled_file.h"

namespace tqdb::client {
namespace {

constexpr absl::string_view kEndMagic("PK\5\6", 4);
constexpr absl::string_view kEnd64Magic("PK\6\6", 4);
constexpr absl::string_view kEnd64LocatorMagic("PK\6\7", 4);
constexpr absl::string_view kEntryMagic("PK\1\2", 4);
constexpr absl::string_view kHeaderMagic("PK\3\4", 4);
constexpr size_t kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56;
constexpr size_t kEnd64LocatorBytes = 20;
constexpr size_t kEntryBytes = 46;
constexpr size_t kHeaderBytes = 30;
constexpr size_t kMaxCommentBytes = 65535;
constexpr uint64_t kMaxDirectoryBytes = 64 << 20;
constexpr uint64_t kIn64Bits = 0xffffffff;  // the number stands in the extra field
constexpr uint16_t kExtra64 = 1;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr size_t kInflateBytes = 1 << 18;

// Returns the little-endian number of `size` bytes at a position, or 0 beyond the end.
uint64_t NumberAt(absl::string_view bytes, size_t position, size_t size) {
  uint64_t value = 0;
  if (position + size > bytes.size()) return 0;
  for (size_t i = size; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[position + i]);
  }
  return value;
}

// One file of the archive.
struct Entry {
  std::string name;  // without .npy
  uint16_t method = 0;
  uint32_t crc = 0;
  uint64_t packed_bytes = 0;
  uint64_t bytes = 0;
  uint64_t header_offset = 0;
};

absl::Status Damaged(const FileReader& archive, const char* what) {
  return absl::DataLossError(absl::StrCat(archive.path(), ": damaged or not a .npz file: ", what));
}

absl::StatusOr<std::string> ReadBytes(const FileReader& file, uint64_t offset, uint64_t bytes) {
  std::string out(bytes, '\0');
  if (absl::Status s = file.Read(offset, bytes, out.data()); !s.ok()) return s;
  return out;
}

// Replaces the numbers that did not fit 32 bits by those of the extra field.
void TakeExtra64(absl::string_view extra, Entry& entry) {
  while (extra.size() >= 4) {
    const uint64_t id = NumberAt(extra, 0, 2);
    const size_t size = std::min<size_t>(NumberAt(extra, 2, 2), extra.size() - 4);
    const absl::string_view field = extra.substr(4, size);
    extra.remove_prefix(4 + size);
    if (id != kExtra64) continue;
    size_t position = 0;
    for (uint64_t* value : {&entry.bytes, &entry.packed_bytes, &entry.header_offset}) {
      if (*value != kIn64Bits) continue;
      *value = NumberAt(field, position, 8);
      position += 8;
    }
  }
}

absl::StatusOr<std::string> ReadDirectory(const FileReader& archive) {
  const uint64_t tail_bytes = std::min<uint64_t>(archive.bytes(), kEndBytes + kMaxCommentBytes);
  const uint64_t tail_offset = archive.bytes() - tail_bytes;
  absl::StatusOr<std::string> tail = ReadBytes(archive, tail_offset, tail_bytes);
  if (!tail.ok()) return tail.status();
  const size_t end = absl::string_view(*tail).rfind(kEndMagic);
  if (end == absl::string_view::npos || end + kEndBytes > tail->size()) {
    return Damaged(archive, "has no directory at its end");
  }
  uint64_t bytes = NumberAt(*tail, end + 12, 4);
  uint64_t offset = NumberAt(*tail, end + 16, 4);
  if ((bytes == kIn64Bits || offset == kIn64Bits) && end >= kEnd64LocatorBytes &&
      absl::StartsWith(absl::string_view(*tail).substr(end - kEnd64LocatorBytes),
                       kEnd64LocatorMagic)) {
    absl::StatusOr<std::string> end64 =
        ReadBytes(archive, NumberAt(*tail, end - kEnd64LocatorBytes + 8, 8), kEnd64Bytes);
    if (!end64.ok() || !absl::StartsWith(*end64, kEnd64Magic)) {
      return Damaged(archive, "its directory is not where it should be");
    }
    bytes = NumberAt(*end64, 40, 8);
    offset = NumberAt(*end64, 48, 8);
  }
  if (bytes > kMaxDirectoryBytes) return Damaged(archive, "its directory is too large");
  return ReadBytes(archive, offset, bytes);
}

absl::StatusOr<std::vector<Entry>> ReadEntries(const FileReader& archive) {
  absl::StatusOr<std::string> directory = ReadDirectory(archive);
  if (!directory.ok()) return directory.status();
  std::vector<Entry> entries;
  absl::string_view rest = *directory;
  while (rest.size() >= kEntryBytes && absl::StartsWith(rest, kEntryMagic)) {
    const size_t name_bytes = NumberAt(rest, 28, 2);
    const size_t extra_bytes = NumberAt(rest, 30, 2);
    const size_t comment_bytes = NumberAt(rest, 32, 2);
    const size_t all_bytes = kEntryBytes + name_bytes + extra_bytes + comment_bytes;
    if (all_bytes > rest.size()) return Damaged(archive, "its directory is cut off");
    const absl::string_view name = rest.substr(kEntryBytes, name_bytes);
    Entry entry;
    entry.method = static_cast<uint16_t>(NumberAt(rest, 10, 2));
    entry.crc = static_cast<uint32_t>(NumberAt(rest, 16, 4));
    entry.packed_bytes = NumberAt(rest, 20, 4);
    entry.bytes = NumberAt(rest, 24, 4);
    entry.header_offset = NumberAt(rest, 42, 4);
    TakeExtra64(rest.substr(kEntryBytes + name_bytes, extra_bytes), entry);
    rest.remove_prefix(all_bytes);
    if (!absl::EndsWith(name, ".npy")) continue;
    entry.name = std::string(absl::StripSuffix(name, ".npy"));
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::StatusOr<Entry> ChooseEntry(const FileReader& archive, const std::string& array) {
  absl::StatusOr<std::vector<Entry>> entries = ReadEntries(archive);
  if (!entries.ok()) return entries.status();
  if (array.empty() && entries->size() == 1) return entries->front();
  for (const Entry& entry : *entries) {
    if (!array.empty() && entry.name == array) return entry;
  }
  const std::string names = absl::StrJoin(*entries, ", ", [](std::string* out, const Entry& entry) {
    absl::StrAppend(out, entry.name);
  });
  if (entries->empty()) {
    return absl::InvalidArgumentError(absl::StrCat(archive.path(), ": holds no array"));
  }
  return absl::InvalidArgumentError(
      array.empty()
          ? absl::StrCat(archive.path(), ": holds several arrays, give --array: ", names)
          : absl::StrCat(archive.path(), ": has no array \"", array, "\"; it has ", names));
}

// Decompresses an array to a temporary file.
absl::StatusOr<FileReader> InflateEntry(const FileReader& packed, const Entry& entry) {
  absl::StatusOr<TemporaryFile> file = TemporaryFile::Create();
  if (!file.ok()) return file.status();
  struct Inflater {
    z_stream stream = {};
    ~Inflater() { inflateEnd(&stream); }
  } inflater;
  if (inflateInit2(&inflater.stream, -MAX_WBITS) != Z_OK) {
    return absl::ResourceExhaustedError(
        absl::StrCat(packed.path(), ": no memory to decompress it"));
  }
  std::vector<char> in(kInflateBytes);
  std::vector<char> out(kInflateBytes);
  uint64_t offset = 0;
  uint64_t written = 0;
  uint32_t crc = 0;
  int result = Z_OK;
  while (result != Z_STREAM_END) {
    z_stream& stream = inflater.stream;
    if (stream.avail_in == 0 && offset < packed.bytes()) {
      const size_t count = std::min<uint64_t>(in.size(), packed.bytes() - offset);
      if (absl::Status s = packed.Read(offset, count, in.data()); !s.ok()) return s;
      offset += count;
      stream.next_in = reinterpret_cast<Bytef*>(in.data());
      stream.avail_in = static_cast<uInt>(count);
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    result = inflate(&stream, Z_NO_FLUSH);
    const size_t got = out.size() - stream.avail_out;
    if ((result != Z_OK && result != Z_STREAM_END) || (got == 0 && result == Z_OK)) {
      return Damaged(packed, "compressed data is damaged or cut off");
    }
    written += got;
    crc = static_cast<uint32_t>(
        crc32(crc, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(got)));
    if (absl::Status s = file->Append(out.data(), got); !s.ok()) return s;
  }
  if (written != entry.bytes || crc != entry.crc) {
    return Damaged(packed, "the checksum of the array is wrong");
  }
  return (*std::move(file)).Finish(packed.path());
}

}  // namespace

absl::StatusOr<FileReader> OpenNpzArray(const FileReader& archive, const std::string& array) {
  absl::StatusOr<Entry> entry = ChooseEntry(archive, array);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<std::string> header = ReadBytes(archive, entry->header_offset, kHeaderBytes);
  if (!header.ok()) return header.status();
  if (!absl::StartsWith(*header, kHeaderMagic)) {
    return Damaged(archive, "an array is not where its directory says");
  }
  const uint64_t offset =
      entry->header_offset + kHeaderBytes + NumberAt(*header, 26, 2) + NumberAt(*header, 28, 2);
  const std::string name = absl::StrCat(archive.path(), "[", entry->name, "]");
  absl::StatusOr<FileReader> packed = archive.Slice(name, offset, entry->packed_bytes);
  if (!packed.ok()) return packed.status();
  if (entry->method == kStored) return packed;
  if (entry->method == kDeflated) return InflateEntry(*packed, *entry);
  return absl::InvalidArgumentError(absl::StrCat(name, ": packed by method ", entry->method,
                                                 " of ZIP; save it with numpy.savez"));
}

}  // namespace tqdb::client
