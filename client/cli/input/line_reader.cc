#include "client/cli/input/line_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tqdb::client {
namespace {

constexpr size_t kChunkBytes = 1 << 18;
constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsUtf16(absl::string_view text) {
  return absl::StartsWith(text, "\xff\xfe") || absl::StartsWith(text, "\xfe\xff");
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path,
                                                             std::function<bool()> interrupted) {
  absl::StatusOr<std::unique_ptr<ByteStream>> bytes =
      ByteStream::Open(path, std::move(interrupted));
  if (!bytes.ok()) return bytes.status();
  return std::unique_ptr<LineReader>(new LineReader(*std::move(bytes)));
}

bool LineReader::HasLine() {
  const size_t held = end_ - begin_;
  if (held == searched_) return false;
  const char* start = buffer_.data() + begin_;
  const void* newline = std::memchr(start + searched_, '\n', held - searched_);
  searched_ =
      newline == nullptr ? held : static_cast<size_t>(static_cast<const char*>(newline) - start);
  return newline != nullptr;
}

void LineReader::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ >= kMaxLineBytes) {
    error_ = absl::InvalidArgumentError(absl::StrCat(path(), ": line ", line_number_ + 1,
                                                     " is longer than ", kMaxLineBytes, " bytes"));
    return;
  }
  buffer_.resize(std::max(buffer_.size(), end_ + kChunkBytes));
  const absl::StatusOr<size_t> got = bytes_->Read(buffer_.data() + end_, kChunkBytes);
  if (!got.ok()) {
    error_ = got.status();
    return;
  }
  ended_ = *got == 0;
  end_ += *got;
}

bool LineReader::Await(absl::Time deadline) {
  while (!HasLine() && !ended_ && error_.ok()) {
    if (!bytes_->Await(deadline)) return false;
    Fill();
  }
  return true;
}

absl::StatusOr<bool> LineReader::Next(std::string& line) {
  bool whole = HasLine();
  while (!whole && !ended_ && error_.ok()) {
    Fill();
    whole = HasLine();
  }
  if (!whole && !error_.ok()) return error_;
  if (!whole && begin_ == end_) return false;
  absl::string_view text(buffer_.data() + begin_, whole ? searched_ : end_ - begin_);
  begin_ += text.size() + (whole ? 1 : 0);
  searched_ = 0;
  if (line_number_++ == 0) {
    if (IsUtf16(text)) {
      error_ = absl::InvalidArgumentError(
          absl::StrCat(path(), ": is UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"));
      return error_;
    }
    if (absl::StartsWith(text, kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  }
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  line.assign(text.data(), text.size());
  return true;
}

}  // namespace tqdb::client
