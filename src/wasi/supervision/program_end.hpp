// How one run of a program ended: what the decision about another run needs to know.
#pragma once

#include <cstdint>

#include "base/boot_protocol.hpp"
#include "base/result.hpp"
#include "wasi/supervision/limited_run.hpp"

namespace cairn::wasi {

enum class EndKind : uint8_t {
  success,   // the exit status was 0
  failure,   // another exit status, a trap, a reached limit, or no memory to start
  hopeless,  // the module cannot be run, so another attempt would fail in the same way
  killed,    // somebody has killed the program, so it is not started again
  stopped,   // it was asked to stop before it ended, so it is not started again
};

struct ProgramEnd {
  EndKind kind = EndKind::success;
  int status = 0;  // the exit status for the user (base/boot_protocol.hpp)
};

inline ProgramEnd program_end(const LimitedRun& run) {
  const Result<ProgramResult>& result = run.result;
  if (run.time_end == runtime::TimeEnd::kill) return {EndKind::killed, exit_status::kKilled};
  if (!result) {
    const ErrorKind kind = result.error().kind;
    const bool may_pass = kind == ErrorKind::resource || kind == ErrorKind::limit || kind == ErrorKind::io;
    return {may_pass ? EndKind::failure : EndKind::hopeless, exit_status_of(kind)};
  }
  if (result->trap) return {EndKind::failure, exit_status::kTrap};
  const int status = static_cast<int>(result->exit_status & 0xff);
  return {status == 0 ? EndKind::success : EndKind::failure, status};
}

}  // namespace cairn::wasi
