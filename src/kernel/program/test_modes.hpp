// Boot modes other than running programs: the kernel's own tests, the specification's scripts, unknown modules. The
// testing image (cairn-kernel-testing) implements all of them in src/kernel/testing; the release image has none of
// them.
#pragma once

#include <optional>
#include <string_view>

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Runs the tests that the kernel's command line asks for (`test=NAME`). Returns the exit status, or nothing when it
// asks for none.
std::optional<int> run_tests(std::string_view command_line);

// Does the same for tests that need a bundle, which the command line or the bundle's mode asks for.
std::optional<int> run_tests(const Bundle& bundle, std::string_view command_line);

}  // namespace cairn::kernel
