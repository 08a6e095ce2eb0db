#include "host/cli/child.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cairn::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// The data of the signal handler, which gets only the signal's number.
struct Ending {
  pid_t child = 0;
  std::span<const std::string> litter;
  bool has_terminal = false;
  termios terminal = {};
};
constinit Ending ending;

// Handles a signal that asks this process to end. Calls only functions that are safe in a signal handler.
void end_together(int signal) {
  kill(ending.child, SIGTERM);
  // A child that ends normally removes its own temporary files. A child that has not ended after a second is killed.
  for (int tries = 0; waitpid(ending.child, nullptr, WNOHANG) == 0; ++tries) {
    if (tries == 100) kill(ending.child, SIGKILL);
    const timespec pause{0, 10'000'000};
    nanosleep(&pause, nullptr);
  }
  for (const std::string& path : ending.litter) {
    if (unlink(path.c_str()) != 0) rmdir(path.c_str());
  }
  if (ending.has_terminal) tcsetattr(0, TCSANOW, &ending.terminal);
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  raise(signal);
}

// Installs the handler for kSignals, except for those that this process ignores.
void handle(void (*handler)(int)) {
  for (const int signal : kSignals) {
    struct sigaction old{};
    sigaction(signal, nullptr, &old);
    if (old.sa_handler == SIG_IGN) continue;
    struct sigaction action{};
    action.sa_handler = handler;
    action.sa_flags = SA_NODEFER;  // the signal that end_together() raises takes effect at once
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

Result<pid_t> start_process(const std::vector<std::string>& arguments, const std::function<void()>& prepare) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return fail(Error::of(ErrorKind::io, std::string("cannot start a process: ") + std::strerror(errno)));
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotStart);
  if (prepare) prepare();
  execvp(argv[0], argv.data());
  const std::string message = std::string("cannot start ") + argv[0] + ": " + std::strerror(errno) + "\n";
  (void)!write(2, message.data(), message.size());
  _exit(kCannotStart);
}

int wait_for(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

EndsTogether::EndsTogether(pid_t child, std::span<const std::string> litter) {
  ending.child = child;
  ending.litter = litter;
  ending.has_terminal = tcgetattr(0, &ending.terminal) == 0;
  handle(end_together);
}

EndsTogether::~EndsTogether() {
  handle(SIG_DFL);
  if (ending.has_terminal) tcsetattr(0, TCSADRAIN, &ending.terminal);
}

}  // namespace cairn::cli
