#include "kernel/program/program_account.hpp"

#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/program/test_modes.hpp"

namespace cairn::kernel {

ProgramAccount::~ProgramAccount() {
  if (!is_open_) return;
  (void)release_unused(account_);
  remove_account(account_);
}

bool ProgramAccount::open(std::string_view name, uint64_t limit_bytes) {
  account_.describe(name, limit_bytes);
  return is_open_ = add_account(account_);
}

void ProgramAccount::begin_run() {
  object_bytes_ = release_unused(account_);
  account_.forget_excess();
  const AccountState state = state_of(account_);
  frames_ = state.total;
  refusals_ = state.refusals;
}

void ProgramAccount::end_run() {
  const uint64_t object_bytes = release_unused(account_);
  const AccountState state = state_of(account_);
  if (state.total == frames_ && object_bytes == object_bytes_) return;
  log_error(Subsystem::memory, "program `", state.name_text(), "` left ", state.total,
            " frames on its account instead of ", frames_, ", and ", object_bytes, " bytes of objects instead of ",
            object_bytes_);
  for (size_t use = 0; use < kUses; ++use)
    log_error(Subsystem::memory, to_string(static_cast<Use>(use)), ": ", state.frames[use]);
  if (checks_accounts()) panic("a program's account is not empty after its end");
}

bool ProgramAccount::has_reached_limit() const {
  return account_.was_exceeded() || state_of(account_).refusals != refusals_;
}

}  // namespace cairn::kernel
