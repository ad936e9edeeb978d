#include "base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tqdb {
namespace {

constexpr absl::Duration kLongestCommand = absl::Minutes(1);

std::string ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Becomes the program. Calls only what is safe after the fork of a process with threads.
[[noreturn]] void Execute(char* const* argv, int out, int err, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // the parent ended before it could be followed
  const int in = open("/dev/null", O_RDONLY);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execv(argv[0], argv);
  _exit(127);
}

}  // namespace

absl::StatusOr<Process> Process::Start(const std::vector<std::string>& command,
                                       const std::string& out_path, const std::string& err_path) {
  // Everything that allocates happens before the fork: other threads may hold the allocator's lock.
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  const int out = open(out_path.c_str(), flags, 0600);
  const int err = open(err_path.c_str(), flags, 0600);
  if (out < 0 || err < 0) return absl::ErrnoToStatus(errno, absl::StrCat(out_path, ", ", err_path));
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) Execute(argv.data(), out, err, parent);
  const int error = errno;
  close(out);
  close(err);
  if (pid < 0) return absl::ErrnoToStatus(error, "fork");
  return Process(pid);
}

Process::Process(Process&& other) noexcept
    : pid_(other.pid_), code_(std::exchange(other.code_, 0)) {}

Process::~Process() { Kill(); }

bool Process::running() { return !Wait(absl::ZeroDuration()).ok(); }

uint64_t Process::ResidentBytes() const { return code_.has_value() ? 0 : ResidentBytesOf(pid_); }

void Process::Signal(int signal) {
  if (!code_.has_value()) kill(pid_, signal);
}

absl::StatusOr<int> Process::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!code_.has_value()) {
    int status = 0;
    const pid_t reaped = waitpid(pid_, &status, WNOHANG);
    if (reaped == pid_) {
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (reaped < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "waitpid");
    } else if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError(absl::StrCat("process ", pid_, " is still running"));
    } else {
      absl::SleepFor(absl::Milliseconds(2));
    }
  }
  return *code_;
}

void Process::Kill() {
  Signal(SIGKILL);
  Wait(absl::InfiniteDuration()).IgnoreError();
}

uint64_t ResidentBytesOf(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    uint64_t kilobytes = 0;
    if (absl::StartsWith(line, "VmRSS:") &&
        absl::SimpleAtoi(line.substr(6, line.find("kB") - 6), &kilobytes)) {
      return kilobytes << 10;
    }
  }
  return 0;
}

absl::StatusOr<CommandResult> RunCommand(const std::vector<std::string>& command,
                                         const std::string& directory) {
  static std::atomic<int> next{0};
  const std::string stem = absl::StrCat(directory, "/command-", next++);
  absl::StatusOr<Process> process = Process::Start(command, stem + ".out", stem + ".err");
  if (!process.ok()) return process.status();
  absl::StatusOr<int> code = process->Wait(kLongestCommand);
  if (!code.ok()) return code.status();
  CommandResult result{*code, ReadWholeFile(stem + ".out"), ReadWholeFile(stem + ".err")};
  unlink((stem + ".out").c_str());
  unlink((stem + ".err").c_str());
  return result;
}

}  // namespace tqdb
