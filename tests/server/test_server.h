// A server in this process, on free ports, over real storage in a temporary directory.
#ifndef TQDB_TESTS_SERVER_TEST_SERVER_H_
#define TQDB_TESTS_SERVER_TEST_SERVER_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "tqdb/v1/admin.grpc.pb.h"
#include "tqdb/v1/collections.grpc.pb.h"
#include "tqdb/v1/points.grpc.pb.h"

namespace tqdb::server {

inline constexpr size_t kTestDim = 8;

// A directory that is removed with its contents when the test ends.
class TempDir {
 public:
  TempDir() {
    std::string path = (std::filesystem::temp_directory_path() / "tqdb-server-XXXXXX").string();
    path_ = mkdtemp(path.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline ServerOptions TestOptions(const std::string& directory) {
  ServerOptions options;
  options.database.directory = directory;
  options.grpc_port = 0;
  options.http_port = std::nullopt;
  return options;
}

// Returns the bytes of a vector whose coordinates are first, first + 1, ...
inline std::string F32(float first, size_t dim = kTestDim) {
  std::vector<float> values(dim);
  for (size_t i = 0; i < dim; ++i) values[i] = first + static_cast<float>(i);
  return std::string(reinterpret_cast<const char*>(values.data()), dim * sizeof(float));
}

inline v1::Point* AddPoint(uint64_t id, float first, v1::UpsertRequest* request) {
  v1::Point* point = request->add_points();
  point->mutable_id()->set_number(id);
  point->add_vectors()->mutable_vector()->set_f32(F32(first));
  return point;
}

class ServerTest : public ::testing::Test {
 protected:
  void StartServer(const ServerOptions& options) {
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->grpc_port()),
                                   grpc::InsecureChannelCredentials());
    collections_ = v1::CollectionService::NewStub(channel_);
    points_ = v1::PointService::NewStub(channel_);
    admin_ = v1::AdminService::NewStub(channel_);
  }
  void SetUp() override { StartServer(TestOptions(dir_.path())); }

  // Creates a collection with one unnamed space of kTestDim.
  void CreateCollection(const std::string& name, v1::Metric metric = v1::METRIC_COSINE) {
    v1::CreateCollectionRequest request;
    request.set_collection(name);
    v1::VectorSpaceConfig* space = request.mutable_config()->add_vector_spaces();
    space->set_dim(kTestDim);
    space->set_metric(metric);
    v1::CreateCollectionResponse response;
    grpc::ClientContext context;
    const grpc::Status status = collections_->CreateCollection(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  grpc::Status Upsert(const v1::UpsertRequest& request, v1::UpsertResponse* response = nullptr) {
    v1::UpsertResponse ignored;
    grpc::ClientContext context;
    return points_->Upsert(&context, request, response == nullptr ? &ignored : response);
  }

  // Upserts the points 1..count, point i with the vector F32(i).
  void Fill(const std::string& collection, uint64_t count) {
    v1::UpsertRequest request;
    request.set_collection(collection);
    for (uint64_t id = 1; id <= count; ++id) AddPoint(id, static_cast<float>(id), &request);
    const grpc::Status status = Upsert(request);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  uint64_t Count(const std::string& collection) {
    v1::CountRequest request;
    request.set_collection(collection);
    v1::CountResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(points_->Count(&context, request, &response).ok());
    return response.count();
  }

  TempDir dir_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::CollectionService::Stub> collections_;
  std::unique_ptr<v1::PointService::Stub> points_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

}  // namespace tqdb::server

#endif  // TQDB_TESTS_SERVER_TEST_SERVER_H_
