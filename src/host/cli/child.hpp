// Child processes. They do not outlive this process, however it ends.
#pragma once

#include <sys/types.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace cairn::cli {

// The exit status of a new process that cannot start its program.
constexpr int kCannotStart = 127;
// Starts a program, which is looked up in PATH. `prepare` runs in the new process first. When this process is killed,
// the new one is killed too. If the program cannot be started, the new process says so on its standard error and exits
// with kCannotStart.
Result<pid_t> start_process(const std::vector<std::string>& arguments, const std::function<void()>& prepare = {});

// Waits until the process has ended, and returns its status as waitpid() gives it.
int wait_for(pid_t process);

// While an EndsTogether exists, a signal that asks this process to end (SIGINT, SIGTERM, SIGHUP; unless it is ignored)
// first ends `child`, removes the files and empty directories whose paths are in `litter`, and restores the terminal.
// Only one may exist at a time.
class EndsTogether {
 public:
  explicit EndsTogether(pid_t child, std::span<const std::string> litter = {});
  ~EndsTogether();
  EndsTogether(const EndsTogether&) = delete;
  EndsTogether& operator=(const EndsTogether&) = delete;
};

}  // namespace cairn::cli
