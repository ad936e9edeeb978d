#include "client/cpp/scroll.h"

#include <utility>

#include "client/cpp/convert.h"
#include "client/cpp/convert_filter.h"
#include "client/cpp/transport.h"

namespace tqdb::client {

Scroll::Scroll(std::shared_ptr<Transport> transport, std::string collection, ScrollOptions options)
    : transport_(std::move(transport)),
      collection_(std::move(collection)),
      options_(std::move(options)) {}

absl::StatusOr<std::vector<Point>> Scroll::NextPage() {
  std::vector<Point> points;
  // The server may send an empty page before the last one. The caller is promised that an empty
  // page means the end, so such pages are skipped.
  while (!done_ && points.empty()) {
    v1::ScrollRequest request;
    request.set_collection(collection_);
    request.set_page_size(options_.page_size);
    request.set_page_token(page_token_);
    ToProto(options_.select, request.mutable_select());
    if (options_.filter.has_value()) ToProto(*options_.filter, request.mutable_filter());
    if (options_.order_by.has_value()) {
      request.mutable_order_by()->set_key(options_.order_by->key);
      request.mutable_order_by()->set_descending(options_.order_by->descending);
      request.mutable_order_by()->set_once(options_.order_by->once);
    }
    v1::ScrollResponse response;
    absl::Status status = transport_->Call(transport_->points(), &v1::PointService::Stub::Scroll,
                                           request, &response, Repeatable::kYes);
    if (!status.ok()) return status;
    points.reserve(static_cast<size_t>(response.points_size()));
    for (v1::Point& point : *response.mutable_points()) {
      absl::StatusOr<Point> converted = FromProto(std::move(point));
      if (!converted.ok()) return converted.status();
      points.push_back(*std::move(converted));
    }
    page_token_ = response.next_page_token();
    done_ = page_token_.empty();
  }
  return points;
}

}  // namespace tqdb::client
