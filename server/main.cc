// tqdb-server: parses options, starts the server, waits for a signal, stops it.

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "server/config.h"
#include "server/heap_trimmer.h"
#include "server/logging.h"
#include "server/server.h"
#include "spdlog/spdlog.h"

namespace {

using tqdb::server::Config;
using tqdb::server::ParsedConfig;
using tqdb::server::Server;

// State that main shares with the thread that waits for signals. It is never destroyed, because
// that thread ends with the process.
struct StopState {
  sigset_t signals;
  std::atomic<bool> serving{false};
  absl::Notification stop;
};

// Waits for one of the signals and returns it.
int NextSignal(const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
  return signal;
}

// Turns the first signal into an orderly stop and the second one into an immediate end, for an
// operator who does not want to wait.
void WatchSignals(StopState* state) {
  int signal = NextSignal(state->signals);
  if (!state->serving) {
    // The server may exit at once: it has acknowledged nothing, and storage recovers from an end at
    // any point.
    spdlog::info("signal {} while starting: exit", signal);
    std::_Exit(EXIT_SUCCESS);
  }
  spdlog::info("signal {}: stopping", signal);
  state->stop.Notify();
  signal = NextSignal(state->signals);
  spdlog::warn("signal {} while stopping: exit at once", signal);
  std::_Exit(EXIT_FAILURE);
}

// Blocks the signals in this thread and in all threads that it will start. Starts one thread that
// waits for them. A handler of a signal could not call the server safely; a thread can.
StopState* StartSignalThread() {
  auto* state = new StopState;
  sigemptyset(&state->signals);
  sigaddset(&state->signals, SIGTERM);
  sigaddset(&state->signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &state->signals, nullptr);
  // A peer that hangs up is an error of its connection. SIGPIPE would make it end the process.
  signal(SIGPIPE, SIG_IGN);
  std::thread(&WatchSignals, state).detach();
  return state;
}

// Time between two looks at freed memory. Two looks must agree before it is given back.
constexpr absl::Duration kHeapTick = absl::Seconds(2);

// Lets the process open as many files and connections as the operating system permits. The limit
// that a shell or a unit gives at first is often 1,024, which 85 collections use up.
void RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  spdlog::info("up to {} descriptors may be open (at the start: {})", limit.rlim_cur, before);
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "tqdb-server: %s\n", std::string(status.message()).c_str());
  return EXIT_FAILURE;
}

int Serve(const Config& config) {
  StopState* state = StartSignalThread();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(config.server);
  if (!server.ok()) return Fail(server.status());
  state->serving = true;
  tqdb::server::HeapTrimmer trimmer;
  while (!state->stop.WaitForNotificationWithTimeout(kHeapTick)) trimmer.Tick();
  const absl::Status closed = (*server)->Shutdown(config.shutdown_timeout);
  if (!closed.ok()) return Fail(closed);
  spdlog::info("stopped");
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  const ParsedConfig parsed =
      tqdb::server::ParseConfig(std::vector<std::string>(argv + 1, argv + argc),
                                [](const char* name) { return getenv(name); });
  if (!parsed.config.has_value()) {
    std::fputs(parsed.text.c_str(), parsed.exit_code == 0 ? stdout : stderr);
    return parsed.exit_code;
  }
  // Files and directories of the data are for this user alone.
  umask(077);
  tqdb::server::LimitHeaps();
  tqdb::server::InitLogging(parsed.config->log_level, parsed.config->log_format);
  RaiseDescriptorLimit();
  return Serve(*parsed.config);
}
