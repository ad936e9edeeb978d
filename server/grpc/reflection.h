// Reflection: a client asks the server for its services and their messages, and needs no files.
#ifndef TQDB_SERVER_GRPC_REFLECTION_H_
#define TQDB_SERVER_GRPC_REFLECTION_H_

namespace tqdb::server {

// Makes every server of this process that is built from now on answer reflection, about
// grpc.health.v1 too.
void EnableReflection();

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_REFLECTION_H_
