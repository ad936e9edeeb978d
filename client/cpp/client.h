// C++ client of tqdb.
//
//   auto client = tqdb::client::Client::Connect({.address = "127.0.0.1:6334"});
//   if (!client.ok()) ...
//   auto hits = (*client)->Search("books", {.vector = embedding, .limit = 5});
//
// Every call returns absl::Status or absl::StatusOr. The server sends the codes InvalidArgument,
// NotFound, AlreadyExists, FailedPrecondition, ResourceExhausted and DataLoss, and for API keys
// Unauthenticated and PermissionDenied. The connection adds Unavailable (no server answers) and
// DeadlineExceeded (the timeout ran out). docs/api.md says when each of them comes.
//
// Vectors travel as float32 bytes, without loss.
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

// Encryption of the connection. The files are in PEM form; Connect reads them once.
struct TlsOptions {
  bool enabled = false;
  // Certificates of the authorities that may have signed the server's. Empty means the system's.
  std::string ca_file = {};
  // Certificate and key of this client, for servers that ask for one. Both or neither are set.
  std::string cert_file = {};
  std::string key_file = {};
  // Name that the server's certificate must have. Empty means the host of the address.
  std::string server_name = {};
};

// Settings of a connection.
struct ConnectOptions {
  std::string address = kDefaultAddress;  // host, host:port (default 6334), or unix:/path
  // Time limit of each call, all its attempts included. InfiniteDuration() never gives up.
  absl::Duration timeout = absl::Seconds(30);
  size_t max_message_bytes = size_t{64} << 20;  // limit of one request and of one response
  // Whether Connect waits, within the timeout, for a server that accepts no connections so far.
  bool wait_for_ready = false;
  // Number of attempts at a call while the server is Unavailable, with growing pauses between them.
  // 1 turns retries off. Only calls that can be repeated without harm are tried again. Upsert,
  // Delete and UpdatePayload by ids are among them, because a second time has the same outcome. Two
  // things may surprise if the first attempt did arrive. Counts then describe the second attempt,
  // and a value that another client wrote between the two is overwritten.
  int max_attempts = 4;
  TlsOptions tls = {};
  // API key that is sent with every call. Without TLS anybody on the way can read it. Empty means
  // none.
  std::string api_key = {};
};

// A client. It holds one connection, which serves any number of threads.
//
// Thread-safe.
class Client {
 public:
  // Makes a client. With `wait_for_ready`, waits for the server: Unavailable if none answers within
  // the timeout. Without, returns at once, and the first call connects. InvalidArgument for options
  // out of range; errors of TLS files name the option and the path.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ConnectOptions& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  absl::StatusOr<CollectionInfo> CreateCollection(absl::string_view collection,
                                                  const CollectionConfig& config);
  absl::StatusOr<CollectionInfo> GetCollection(absl::string_view collection);
  // Returns all collections in the order of their names. Reads as many pages as needed.
  absl::StatusOr<std::vector<CollectionInfo>> ListCollections();
  // Returns one page. `page_size` 0 means the server's default; an empty token asks for the first
  // page.
  absl::StatusOr<CollectionPage> ListCollectionsPage(uint32_t page_size,
                                                     absl::string_view page_token);
  // Replaces the metadata. Everything else of a configuration is frozen at creation.
  absl::StatusOr<CollectionInfo> UpdateCollection(
      absl::string_view collection, const std::map<std::string, std::string>& metadata);
  absl::Status DeleteCollection(absl::string_view collection);

  // Indexes the values of a payload key. With `wait`, returns when the index is complete. After
  // DeadlineExceeded the server completes it all the same, and GetCollection tells when it is
  // ready. OK if the same index exists; AlreadyExists if the key has an index of another kind.
  absl::StatusOr<PayloadIndexInfo> CreatePayloadIndex(absl::string_view collection,
                                                      absl::string_view key, PayloadIndexKind kind,
                                                      bool wait = true);
  // Removes the index of a key. NotFound if it has none.
  absl::Status DeletePayloadIndex(absl::string_view collection, absl::string_view key);

  // Inserts or replaces points, all or none.
  absl::StatusOr<UpsertResult> Upsert(absl::string_view collection, absl::Span<const Point> points,
                                      Durability durability = Durability::kSync);
  // Writes the points that the mode and the condition allow, all or none. An existing point is only
  // written if it matches the condition at that moment, so a filter on a version lets one of
  // several writers win. With a condition the call is never tried again: the first attempt may have
  // arrived, and may have changed what matches.
  absl::StatusOr<UpsertResult> Upsert(absl::string_view collection, absl::Span<const Point> points,
                                      UpsertMode mode,
                                      const std::optional<Filter>& condition = std::nullopt,
                                      Durability durability = Durability::kSync);
  // Opens a stream of upserts. Never returns null: errors of the connection come from Send and
  // Finish.
  std::unique_ptr<UpsertStream> OpenUpsertStream(absl::string_view collection,
                                                 UpsertStreamOptions options = {});
  // Deletes points and returns how many of them existed.
  absl::StatusOr<uint64_t> Delete(absl::string_view collection, absl::Span<const PointId> ids,
                                  Durability durability = Durability::kSync);
  // Deletes the points that match, in batches that are atomic each, and returns their number. After
  // an error some points may be gone; the same call again goes on. An empty filter is
  // InvalidArgument, so that a mistake does not delete everything: DeleteCollection does that.
  absl::StatusOr<uint64_t> DeleteMatching(absl::string_view collection, const Filter& filter,
                                          Durability durability = Durability::kSync);
  // Edits payloads, leaves vectors alone, and returns the number of points edited. After an error
  // of an edit by filter alone some points may be edited. An edit with a filter is never tried
  // again. The first attempt may have arrived, and may have changed which points match.
  absl::StatusOr<uint64_t> UpdatePayload(absl::string_view collection, const PayloadTarget& target,
                                         const PayloadEdit& edit,
                                         Durability durability = Durability::kSync);
  // Returns points in the order of `ids`. Ids that do not exist are left out.
  absl::StatusOr<std::vector<Point>> Get(absl::string_view collection,
                                         absl::Span<const PointId> ids, Select select);
  // Returns a walk over points. It sends nothing before its first NextPage.
  Scroll ScrollPoints(absl::string_view collection, ScrollOptions options = {});
  // Returns the number of points that match, or of all points without a filter.
  absl::StatusOr<uint64_t> Count(absl::string_view collection,
                                 const std::optional<Filter>& filter = std::nullopt);
  // Returns the most frequent strings, integers and booleans of a payload key, by descending number
  // of points.
  absl::StatusOr<std::vector<FacetCount>> Facet(absl::string_view collection, absl::string_view key,
                                                const FacetOptions& options = {});

  // Returns hits by descending score.
  absl::StatusOr<std::vector<ScoredPoint>> Search(absl::string_view collection, const Query& query);
  // Returns one list of hits for each query, in the order of queries. The server scores queries
  // that differ only in their vectors in one pass, which is far cheaper than many calls.
  absl::StatusOr<std::vector<std::vector<ScoredPoint>>> SearchBatch(
      absl::string_view collection, absl::Span<const Query> queries);
  // Returns the best points of each of the best groups, in the order of their best points. The
  // limit of the query is the number of groups, and its offset that of best groups to skip: at most
  // 1,000 together.
  absl::StatusOr<std::vector<PointGroup>> SearchGroups(absl::string_view collection,
                                                       const Query& query,
                                                       const GroupOptions& group);
  // Returns the fused hits of several searches.
  absl::StatusOr<std::vector<ScoredPoint>> SearchHybrid(absl::string_view collection,
                                                        const HybridQuery& query);

  absl::StatusOr<ServerInfo> GetServerInfo();

 private:
  explicit Client(std::shared_ptr<Transport> transport);

  std::shared_ptr<Transport> transport_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_CLIENT_H_
