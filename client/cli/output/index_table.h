// A table of the payload indexes of a collection, for people. `info` and `index list` share it.
#ifndef TQDB_CLIENT_CLI_OUTPUT_INDEX_TABLE_H_
#define TQDB_CLIENT_CLI_OUTPUT_INDEX_TABLE_H_

#include <ostream>

#include "client/cpp/types.h"

namespace tqdb::client {

void PrintIndexes(const CollectionInfo& info, std::ostream& out);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_INDEX_TABLE_H_
