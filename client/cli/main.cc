// The `tqdb` command.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "client/cli/cli.h"

int main(int argc, char** argv) {
  // The core of gRPC logs refused connections to stderr. The command reports such an error itself,
  // once and in its own form, so gRPC's log is turned off.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  tqdb::client::Terminal terminal;
  terminal.in_is_tty = isatty(STDIN_FILENO) == 1;
  terminal.out_is_tty = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_tty = isatty(STDERR_FILENO) == 1;
  winsize size = {};
  for (int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      terminal.width = size.ws_col;
      break;
    }
  }
  return tqdb::client::RunCli(argc, argv, terminal, std::cout, std::cerr);
}
