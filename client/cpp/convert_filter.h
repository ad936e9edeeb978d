// Filters as messages of the protocol. Internal to the library; thread-safe.
#ifndef TQDB_CLIENT_CPP_CONVERT_FILTER_H_
#define TQDB_CLIENT_CPP_CONVERT_FILTER_H_

#include "client/cpp/filter.h"
#include "tqdb/v1/filter.pb.h"

namespace tqdb::client {

// Fills an empty message. The server checks the filter, and its messages name the condition.
void ToProto(const Filter& filter, v1::Filter* proto);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_CONVERT_FILTER_H_
