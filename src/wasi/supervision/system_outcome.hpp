// Decides when a system of programs has ended, and with which exit status.
//
// A system with a main program ends when this program has ended for good, with the status of its last run. A system
// without one ends when every program has ended for good. The status is then that of the first program, in the system's
// order, whose last run ended with a status other than 0; otherwise 0.
#pragma once

#include <cstdint>
#include <optional>

namespace cairn::wasi {

class SystemOutcome {
 public:
  SystemOutcome(uint32_t programs, std::optional<uint32_t> main) : running_(programs), main_(main) {}

  // Notes that a program has ended for good. Called once for each program.
  void note_end(uint32_t program, int status) {
    --running_;
    if (main_) {
      if (program == *main_) status_ = status;
    } else if (status != 0 && (!failed_ || program < *failed_)) {
      failed_ = program;
      status_ = status;
    }
    has_ended_ = has_ended_ || running_ == 0 || program == main_;
  }

  [[nodiscard]] bool has_ended() const { return has_ended_; }
  // Returns the exit status; valid once the system has ended.
  [[nodiscard]] int status() const { return status_; }

 private:
  uint32_t running_;
  std::optional<uint32_t> main_;
  std::optional<uint32_t> failed_;  // the first program that failed
  int status_ = 0;
  bool has_ended_ = false;
};

}  // namespace cairn::wasi
