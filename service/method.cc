#include "service/method.h"

namespace tqdb::service {

const char* MethodName(Method method) {
  switch (method) {
    case Method::kCreateCollection: return "CreateCollection";
    case Method::kGetCollection: return "GetCollection";
    case Method::kListCollections: return "ListCollections";
    case Method::kUpdateCollection: return "UpdateCollection";
    case Method::kDeleteCollection: return "DeleteCollection";
    case Method::kCreatePayloadIndex: return "CreatePayloadIndex";
    case Method::kDeletePayloadIndex: return "DeletePayloadIndex";
    case Method::kUpsert: return "Upsert";
    case Method::kUpsertStream: return "UpsertStream";
    case Method::kDelete: return "Delete";
    case Method::kUpdatePayload: return "UpdatePayload";
    case Method::kGet: return "Get";
    case Method::kScroll: return "Scroll";
    case Method::kCount: return "Count";
    case Method::kFacet: return "Facet";
    case Method::kSearch: return "Search";
    case Method::kSearchBatch: return "SearchBatch";
    case Method::kSearchGroups: return "SearchGroups";
    case Method::kSearchHybrid: return "SearchHybrid";
    case Method::kGetServerInfo: return "GetServerInfo";
  }
  return "Unknown";
}

bool Writes(Method method) {
  switch (method) {
    case Method::kCreateCollection:
    case Method::kUpdateCollection:
    case Method::kDeleteCollection:
    case Method::kCreatePayloadIndex:
    case Method::kDeletePayloadIndex:
    case Method::kUpsert:
    case Method::kUpsertStream:
    case Method::kDelete:
    case Method::kUpdatePayload: return true;
    case Method::kGetCollection:
    case Method::kListCollections:
    case Method::kGet:
    case Method::kScroll:
    case Method::kCount:
    case Method::kFacet:
    case Method::kSearch:
    case Method::kSearchBatch:
    case Method::kSearchGroups:
    case Method::kSearchHybrid:
    case Method::kGetServerInfo: return false;
  }
  return true;
}

}  // namespace tqdb::service
