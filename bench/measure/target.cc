#include "bench/measure/target.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/measure/server.h"

namespace tqdb::bench {

absl::StatusOr<std::unique_ptr<Target>> Target::Start(const TargetFlags& flags) {
  std::unique_ptr<Target> target(new Target);
  target->flags_ = flags;
  target->address_ = flags.address;
  if (flags.address.empty()) {
    TQDB_ASSIGN_OR_RETURN(target->scratch_, ScratchDirectory::Create(flags.directory));
    TQDB_RETURN_IF_ERROR(target->StartProcess());
  } else {
    TQDB_ASSIGN_OR_RETURN(target->client_, target->Connect());
  }
  return target;
}

absl::Status Target::StartProcess() {
  TQDB_ASSIGN_OR_RETURN(process_,
                        StartServer(flags_.server, absl::StrCat(scratch_->path(), "/data")));
  address_ = process_->address();
  TQDB_ASSIGN_OR_RETURN(client_, Connect());
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<client::Client>> Target::Connect() const {
  client::ConnectOptions options;
  options.address = address_;
  options.timeout = absl::Minutes(2);
  options.wait_for_ready = true;
  options.max_attempts = 1;  // a call that is tried again would be measured as one slow call
  return client::Client::Connect(options);
}

absl::StatusOr<uint64_t> Target::ResidentBytes() {
  if (process_ != nullptr) return process_->process().ResidentBytes();
  TQDB_ASSIGN_OR_RETURN(const client::ServerInfo info, client_->GetServerInfo());
  return info.memory_bytes;
}

absl::StatusOr<DiskUse> Target::Disk() {
  TQDB_ASSIGN_OR_RETURN(const client::ServerInfo info, client_->GetServerInfo());
  return MeasureDisk(info.data_directory);
}

absl::Status Target::Restart() {
  client_ = nullptr;
  TQDB_RETURN_IF_ERROR(StopServer(*process_));
  return StartProcess();
}

client::CollectionConfig MakeCollectionConfig(const SpaceFlags& flags, size_t dim,
                                              storage::StoreVectors store) {
  client::VectorSpaceConfig space;
  space.dim = static_cast<uint32_t>(dim);
  // The enums of core, storage and the client library have the same numbers.
  space.metric = static_cast<client::Metric>(flags.metric);
  space.code_bits = static_cast<uint32_t>(flags.code_bits);
  space.residual = static_cast<client::Residual>(flags.residual);
  space.centering = static_cast<client::Centering>(flags.centering);
  space.store_vectors = static_cast<client::StoreVectors>(store);
  client::CollectionConfig config;
  config.vector_spaces.push_back(space);
  return config;
}

}  // namespace tqdb::bench
