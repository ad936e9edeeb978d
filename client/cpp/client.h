// C++ client of tqdb.
//
//   auto client = tqdb::client::Client::Connect({.address = "127.0.0.1:6334"});
//   if (!client.ok()) ...
//   auto hits = (*client)->Search("books", {.vector = embedding, .limit = 5});
//
// Every call returns absl::Status or absl::StatusOr. Codes are those of the server:
// InvalidArgument, NotFound, AlreadyExists, FailedPrecondition, ResourceExhausted, DataLoss,
// Unauthenticated and PermissionDenied (API keys); and those of the way there: Unavailable (no
// connection), DeadlineExceeded (the timeout ran out). Vectors travel as float32 bytes.
#ifndef TQDB_CLIENT_CPP_CLIENT_H_
#define TQDB_CLIENT_CPP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/cpp/filter.h"
#include "client/cpp/payload.h"
#include "client/cpp/query.h"
#include "client/cpp/scroll.h"
#include "client/cpp/types.h"
#include "client/cpp/upsert_stream.h"

namespace tqdb::client {

inline constexpr char kDefaultAddress[] = "127.0.0.1:6334";

// Files are in PEM form and are read by Connect.
struct TlsOptions {
  bool enabled = false;
  std::string ca_file = {};    // authorities that may have signed the server; empty: the system's
  std::string cert_file = {};  // of this client, for a server that asks; with key_file
  std::string key_file = {};
  // Name to expect in the server's certificate in place of the host in the address.
  std::string server_name = {};
};

struct ConnectOptions {
  std::string address = kDefaultAddress;  // host:port, or unix:/path
  // Of each call, all its attempts included. InfiniteDuration() never gives up.
  absl::Duration timeout = absl::Seconds(30);
  size_t max_message_bytes = size_t{64} << 20;  // of one request or response
  // Wait, within the timeout, for a server that does not accept connections yet.
  bool wait_for_ready = false;
  // A call that can be repeated without harm is tried up to this often while the server is
  // Unavailable, with growing pauses. 1 turns retries off. Upsert, Delete and UpdatePayload by ids
  // are repeated too: the outcome is the same, but the counts may then tell of the second time, and
  // a value that another client wrote in between is overwritten.
  int max_attempts = 4;
  TlsOptions tls = {};
  // Sent with every call, readable on the way unless TLS is enabled. Empty: none.
  std::string api_key = {};
};

// Thread-safe; one client holds one connection and serves any number of threads.
class Client {
 public:
  // Unavailable when `wait_for_ready` is set and no server answers within the timeout; otherwise it
  // returns at once and the first call connects. InvalidArgument on options out of range; errors of
  // the files of TLS.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ConnectOptions& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  absl::StatusOr<CollectionInfo> CreateCollection(absl::string_view collection,
                                                  const CollectionConfig& config);
  absl::StatusOr<CollectionInfo> GetCollection(absl::string_view collection);
  // All collections in name order, by as many pages as needed.
  absl::StatusOr<std::vector<CollectionInfo>> ListCollections();
  // One page; `page_size` 0 means the server's default, an empty token the first page.
  absl::StatusOr<CollectionPage> ListCollectionsPage(uint32_t page_size,
                                                     absl::string_view page_token);
  // Replaces the metadata; the rest of a collection's configuration is frozen.
  absl::StatusOr<CollectionInfo> UpdateCollection(
      absl::string_view collection, const std::map<std::string, std::string>& metadata);
  absl::Status DeleteCollection(absl::string_view collection);

  // Indexes the values of a payload key, and waits until the index is complete when `wait`: after
  // DeadlineExceeded it is completed all the same, and GetCollection says when it is ready. OK when
  // the index exists; AlreadyExists when one of another kind does.
  absl::StatusOr<PayloadIndexInfo> CreatePayloadIndex(absl::string_view collection,
                                                      absl::string_view key, PayloadIndexKind kind,
                                                      bool wait = true);
  // NotFound when the key has no index.
  absl::Status DeletePayloadIndex(absl::string_view collection, absl::string_view key);

  // Inserts or replaces points, all or none.
  absl::StatusOr<UpsertResult> Upsert(absl::string_view collection, absl::Span<const Point> points,
                                      Durability durability = Durability::kSync);
  // Never null. Connection errors show up in Send and Finish.
  std::unique_ptr<UpsertStream> OpenUpsertStream(absl::string_view collection,
                                                 UpsertStreamOptions options = {});
  // Number of points that existed.
  absl::StatusOr<uint64_t> Delete(absl::string_view collection, absl::Span<const PointId> ids,
                                  Durability durability = Durability::kSync);
  // Deletes what matches, in atomic batches, and returns how many that were. After an error some
  // points may be gone; calling again goes on. An empty filter is InvalidArgument: DeleteCollection
  // removes everything.
  absl::StatusOr<uint64_t> DeleteMatching(absl::string_view collection, const Filter& filter,
                                          Durability durability = Durability::kSync);
  // Edits payloads and leaves vectors alone. The number of points edited. After an error of an edit
  // by filter alone some points may be edited. With a filter it is never tried again: the filter
  // may no longer hold because of the first time.
  absl::StatusOr<uint64_t> UpdatePayload(absl::string_view collection, const PayloadTarget& target,
                                         const PayloadEdit& edit,
                                         Durability durability = Durability::kSync);
  // In the order asked; ids that do not exist are left out.
  absl::StatusOr<std::vector<Point>> Get(absl::string_view collection,
                                         absl::Span<const PointId> ids, Select select);
  Scroll ScrollPoints(absl::string_view collection, ScrollOptions options = {});
  // Of all points, or of those that match.
  absl::StatusOr<uint64_t> Count(absl::string_view collection,
                                 const std::optional<Filter>& filter = std::nullopt);
  // The most frequent strings, integers and booleans of a payload key, highest first.
  absl::StatusOr<std::vector<FacetCount>> Facet(absl::string_view collection, absl::string_view key,
                                                const FacetOptions& options = {});

  // Best first.
  absl::StatusOr<std::vector<ScoredPoint>> Search(absl::string_view collection, const Query& query);
  // One result a query, in order.
  absl::StatusOr<std::vector<std::vector<ScoredPoint>>> SearchBatch(
      absl::string_view collection, absl::Span<const Query> queries);
  // The best points of each of the best groups, in the order of their best points. The query's
  // limit is that of groups, 1..1000; its offset is not used.
  absl::StatusOr<std::vector<PointGroup>> SearchGroups(absl::string_view collection,
                                                       const Query& query,
                                                       const GroupOptions& group);
  // Several searches, fused into one list.
  absl::StatusOr<std::vector<ScoredPoint>> SearchHybrid(absl::string_view collection,
                                                        const HybridQuery& query);

  absl::StatusOr<ServerInfo> GetServerInfo();

 private:
  explicit Client(std::shared_ptr<Transport> transport);

  std::shared_ptr<Transport> transport_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_CLIENT_H_
