// All services over one database: what a protocol needs to answer every call of the API.
#ifndef TQDB_SERVICE_SERVICES_H_
#define TQDB_SERVICE_SERVICES_H_

#include <cstddef>
#include <string>

#include "service/admin_service.h"
#include "service/collection_service.h"
#include "service/metrics.h"
#include "service/point_service.h"
#include "service/search_service.h"
#include "storage/api/database.h"

namespace tqdb::service {

// Thread-safe, as each of them.
struct Services {
  // Both must outlive the services.
  Services(storage::Database& database, Metrics& metrics, const std::string& data_directory,
           size_t max_message_bytes)
      : collections(database),
        points(database, metrics),
        searches(database, metrics),
        admin(data_directory, max_message_bytes) {}

  const CollectionService collections;
  const PointService points;
  const SearchService searches;
  const AdminService admin;
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_SERVICES_H_
