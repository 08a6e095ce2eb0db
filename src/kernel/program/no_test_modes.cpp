// The modes of test_modes.hpp in the release image, which has no tests.
#include "kernel/program/test_modes.hpp"

namespace cairn::kernel {

std::optional<int> run_tests(std::string_view) { return std::nullopt; }
std::optional<int> run_tests(const Bundle&, std::string_view) { return std::nullopt; }

std::span<const BootOption> test_options() { return {}; }

bool checks_accounts() { return false; }

}  // namespace cairn::kernel
