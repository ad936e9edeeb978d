#include "server/http/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <list>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "spdlog/spdlog.h"

namespace tqdb::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr std::chrono::seconds kLinger{1};
constexpr size_t kMaxLingerBytes = 256 << 10;
constexpr std::chrono::milliseconds kAcceptPause{20};
constexpr size_t kReadBytes = 2048;

std::chrono::nanoseconds Chrono(absl::Duration d) { return absl::ToChronoNanoseconds(d); }

absl::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

// Returns the status code for a request that could not be read, 0 when there is nobody to answer.
unsigned CodeOf(const error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == beast::error::timeout) return 408;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  return error.category() == http::make_error_code(http::error::bad_method).category() ? 400 : 0;
}

class Connection;

// The open connections, those that wait longest for their peer first.
using Connections = std::list<Connection*>;

// One connection. It lives while one of its operations is pending, and runs on the thread of the
// network alone, but for handlers that take long.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, const HttpRouter& router, const HttpServer::Options& options,
             Connections& all, asio::thread_pool& worker)
      : stream_(std::move(socket)),
        router_(router),
        options_(options),
        all_(all),
        worker_(worker),
        place_(all.insert(all.end(), this)),
        buffer_(options.max_header_bytes + options.max_body_bytes) {}
  ~Connection() { all_.erase(place_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Waits for the first byte of the next request.
  void Await() {
    if (buffer_.size() > 0) {  // it came together with the last one
      ReadRequest();
      return;
    }
    stream_.expires_after(Chrono(options_.idle_timeout));
    stream_.async_read_some(buffer_.prepare(kReadBytes),
                            [self = shared_from_this()](const error_code& error, size_t bytes) {
                              if (error) return;  // the peer has gone, or waited too long
                              self->buffer_.commit(bytes);
                              self->ReadRequest();
                            });
  }

  // Ends the connection at once. Its pending operation fails and frees it.
  void Evict() {
    evicted_ = true;
    stream_.close();
  }
  bool evicted() const { return evicted_; }

 private:
  void ReadRequest() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(options_.max_header_bytes));
    parser_->body_limit(options_.max_body_bytes);
    // One limit for the whole request, so that a byte now and then does not prolong it.
    stream_.expires_after(Chrono(options_.request_timeout));
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](const error_code& error, size_t) { self->OnRequest(error); });
  }

  void OnRequest(const error_code& error) {
    if (error) {
      const unsigned code = CodeOf(error);
      if (code == 0 || evicted_) return;
      keep_alive_ = false;
      Write({.code = static_cast<int>(code), .body = absl::StrCat(error.message(), "\n")}, true);
      return;
    }
    const auto& request = parser_->get();
    keep_alive_ = request.keep_alive();
    const absl::string_view method = View(request.method_string());
    const absl::string_view target = View(request.target());
    if (!router_.RunsLong(method, target)) {
      Write(router_.Run(method, target), method != "HEAD");
      return;
    }
    // The worker must not be waited for: its answer comes back to this thread.
    stream_.expires_never();
    asio::post(worker_, [self = shared_from_this(), method, target]() mutable {
      RunOnWorker(std::move(self), method, target);
    });
  }

  // The connection must be freed on the thread of the network, so it goes back there whatever
  // happens: without memory, after a while.
  static void RunOnWorker(std::shared_ptr<Connection> self, absl::string_view method,
                          absl::string_view target) {
    for (;; std::this_thread::sleep_for(kAcceptPause)) {
      try {
        auto answer = std::make_shared<HttpRouter::Answer>(self->router_.Run(method, target));
        const auto executor = self->stream_.get_executor();
        asio::post(executor, [held = std::exchange(self, nullptr), method, answer] {
          held->Write(std::move(*answer), method != "HEAD");
        });
        return;
      } catch (const std::bad_alloc&) {
        if (self == nullptr) return;
      }
    }
  }

  void Write(HttpRouter::Answer answer, bool with_body) {
    answer_.emplace();
    answer_->result(static_cast<unsigned>(answer.code));
    answer_->set(http::field::content_type, answer.type);
    answer_->set(http::field::cache_control, "no-store");
    answer_->keep_alive(keep_alive_);
    answer_->content_length(answer.body.size());  // of HEAD too: what GET would send
    if (with_body) answer_->body() = std::move(answer.body);
    stream_.expires_after(Chrono(options_.answer_timeout));
    http::async_write(
        stream_, *answer_,
        [self = shared_from_this()](const error_code& error, size_t) { self->OnWritten(error); });
  }

  void OnWritten(const error_code& error) {
    if (error || evicted_) return;
    answer_.reset();
    parser_.reset();
    if (!keep_alive_) {
      error_code ignored;
      stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
      stream_.expires_after(kLinger);
      Linger(0);
      return;
    }
    all_.splice(all_.end(), all_, place_);  // the youngest again
    Await();
  }

  // Reads what the peer still sends and throws it away. A socket that is closed with unread bytes
  // resets the connection, and the peer may lose the answer.
  void Linger(size_t read) {
    buffer_.clear();
    stream_.async_read_some(
        buffer_.prepare(kReadBytes),
        [self = shared_from_this(), read](const error_code& error, size_t bytes) {
          if (!error && read + bytes < kMaxLingerBytes) self->Linger(read + bytes);
        });
  }

  beast::tcp_stream stream_;
  const HttpRouter& router_;
  const HttpServer::Options& options_;
  Connections& all_;
  asio::thread_pool& worker_;
  const Connections::iterator place_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> answer_;
  bool keep_alive_ = false;
  bool evicted_ = false;
};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpRouter router, const Options& options)
      : router_(std::move(router)), options_(options), acceptor_(io_), pause_(io_) {}
  ~Impl() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    worker_.join();
  }

  error_code Listen(const std::string& address, int port) {
    error_code error;
    absl::string_view host = address;
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    const auto ip = asio::ip::make_address(std::string(host), error);
    if (error) return error;
    const Tcp::endpoint endpoint(ip, static_cast<unsigned short>(port));
    if (acceptor_.open(endpoint.protocol(), error)) return error;
    if (acceptor_.set_option(Tcp::acceptor::reuse_address(true), error)) return error;
    if (acceptor_.bind(endpoint, error)) return error;
    acceptor_.listen(Tcp::acceptor::max_listen_connections, error);
    return error;
  }
  int port() const { return acceptor_.local_endpoint().port(); }

  void Run() {
    thread_ = std::thread([this] {
      // A handler that throws, for want of memory, ends its connection. The others go on.
      while (!io_.stopped()) {
        try {
          if (!accepting_) Accept();
          io_.run();
        } catch (const std::exception& e) {
          spdlog::error("http: {}", e.what());
          std::this_thread::sleep_for(kAcceptPause);
        }
      }
    });
  }

 private:
  void Accept() {
    acceptor_.async_accept([this](const error_code& error, Tcp::socket socket) {
      accepting_ = false;
      if (error == asio::error::operation_aborted) return;
      if (error) {
        // No descriptor or no memory: make room, wait a little and go on.
        spdlog::debug("http: cannot accept: {}", error.message());
        EvictOldest();
        Pause();
        return;
      }
      if (connections_.size() >= options_.max_connections) EvictOldest();
      std::make_shared<Connection>(std::move(socket), router_, options_, connections_, worker_)
          ->Await();
      Accept();
    });
    accepting_ = true;
  }

  void Pause() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](const error_code&) {
      accepting_ = false;
      Accept();
    });
    accepting_ = true;
  }

  void EvictOldest() {
    for (Connection* connection : connections_) {
      if (connection->evicted()) continue;
      connection->Evict();
      return;
    }
  }

  const HttpRouter router_;
  const Options options_;
  // Declared before io_: operations that are pending at the end free their connections with it.
  Connections connections_;
  asio::thread_pool worker_{1};
  asio::io_context io_{1};
  Tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  bool accepting_ = false;  // an accept or a pause before one is pending
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl, int port)
    : impl_(std::move(impl)), port_(port) {}
HttpServer::~HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address, int port,
                                                              HttpRouter router,
                                                              const Options& options) {
  auto impl = std::make_unique<Impl>(std::move(router), options);
  if (const error_code error = impl->Listen(address, port)) {
    return absl::UnavailableError(absl::StrCat("cannot serve HTTP on ", address, ":", port,
                                               " (--listen, --http-port): ", error.message()));
  }
  const int bound = impl->port();
  impl->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl), bound));
}

}  // namespace tqdb::server
