#include "storage/disk/shortage.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tqdb::storage {

namespace {

constexpr int kDiskIsFull[] = {ENOSPC, EDQUOT, EFBIG};
constexpr int kOtherShortages[] = {EMFILE, ENFILE, ENOMEM, EACCES, EPERM, EROFS, EAGAIN};

}  // namespace

absl::Status StatusOfErrno(int error, absl::string_view message) {
  const auto is = [error](int other) { return other == error; };
  if (std::any_of(std::begin(kDiskIsFull), std::end(kDiskIsFull), is)) {
    return absl::ResourceExhaustedError(absl::StrCat("disk is full: ", message));
  }
  if (std::any_of(std::begin(kOtherShortages), std::end(kOtherShortages), is)) {
    return absl::UnavailableError(message);
  }
  if (error == ENOENT) return absl::NotFoundError(message);
  return absl::InternalError(message);
}

absl::Status StatusOfErrorText(absl::string_view message) {
  for (const int error : kDiskIsFull) {
    if (absl::StrContains(message, std::strerror(error))) return StatusOfErrno(error, message);
  }
  for (const int error : kOtherShortages) {
    if (absl::StrContains(message, std::strerror(error))) return StatusOfErrno(error, message);
  }
  return absl::InternalError(message);
}

}  // namespace tqdb::storage
