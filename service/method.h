// Every call that the API offers, whatever protocol it came by.
#ifndef TQDB_SERVICE_METHOD_H_
#define TQDB_SERVICE_METHOD_H_

#include <cstddef>

namespace tqdb::service {

// In the order of the protos.
enum class Method {
  kCreateCollection,
  kGetCollection,
  kListCollections,
  kUpdateCollection,
  kDeleteCollection,
  kCreatePayloadIndex,
  kDeletePayloadIndex,
  kUpsert,
  kUpsertStream,  // metrics count each batch as one call
  kDelete,
  kUpdatePayload,
  kGet,
  kScroll,
  kCount,
  kFacet,
  kSearch,
  kSearchBatch,
  kSearchGroups,
  kSearchHybrid,
  kGetServerInfo,
};
inline constexpr size_t kNumMethods = static_cast<size_t>(Method::kGetServerInfo) + 1;

// Returns the name as the proto has it, for example "Search".
const char* MethodName(Method method);

// Returns whether the method changes data. A caller who may only read is refused then.
bool Writes(Method method);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_METHOD_H_
