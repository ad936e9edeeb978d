// Predicts which rows a server will refuse, so that they cost no other row.
//
// The server refuses a batch as a whole. A row that looks bad is therefore sent in a batch of its
// own: the server judges it, and says in its own words what is wrong. A wrong prediction costs a
// small batch and no row. A bad row that looks good costs a search for it (uploader.h).
#ifndef TQDB_CLIENT_CLI_LOAD_ROW_CHECK_H_
#define TQDB_CLIENT_CLI_LOAD_ROW_CHECK_H_

#include "client/cpp/types.h"

namespace tqdb::client {

// Returns whether the point breaks a rule of the collection: a space that it does not have, another
// dim, a coordinate or length out of range, a payload that is too large, no vector at all.
bool LooksBad(const Point& point, const CollectionConfig& config);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_LOAD_ROW_CHECK_H_
