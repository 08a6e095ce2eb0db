// The serial shell of an idle system.
#pragma once

namespace cairn::kernel {

[[noreturn]] void run_shell();

}  // namespace cairn::kernel
