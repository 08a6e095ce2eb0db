// Processes that this one starts. They do not outlive it, however it ends.
#pragma once

#include <sys/types.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace cairn::cli {

// Starts a program, found as the shell finds it. `prepare` runs in the new process before. When this process is killed,
// the new one is, too. A program that is not there is an exit with kCannotStart, which says so on the new process's
// standard error.
constexpr int kCannotStart = 127;
Result<pid_t> start_process(const std::vector<std::string>& arguments, const std::function<void()>& prepare = {});

// Its end, as waitpid describes it.
int wait_for(pid_t process);

// While one lives, a signal that asks this process to end (SIGINT, SIGTERM, SIGHUP; unless it is ignored) first ends
// `child`, removes the files and empty directories in `litter`, and gives the terminal back as it was. One at a time.
class EndsTogether {
 public:
  explicit EndsTogether(pid_t child, std::span<const std::string> litter = {});
  ~EndsTogether();
  EndsTogether(const EndsTogether&) = delete;
  EndsTogether& operator=(const EndsTogether&) = delete;
};

}  // namespace cairn::cli
