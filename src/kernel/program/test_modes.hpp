// The boot modes for tests: the kernel's own tests, the specification's scripts, and trials of modules. The testing
// image (cairn-kernel-testing) implements them in src/kernel/testing. In the release image, run_tests() does nothing.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "kernel/boot/options.hpp"
#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Runs the tests that the kernel's command line asks for (`test=NAME`). Returns the exit status, or nothing when the
// command line asks for no tests.
std::optional<int> run_tests(std::string_view command_line);

// Does the same for tests that need a bundle, which the command line or the bundle's mode asks for.
std::optional<int> run_tests(const Bundle& bundle, std::string_view command_line);

// The options of the command line that only tests use.
std::span<const BootOption> test_options();

// Whether the machine shall panic when accounts of memory are wrong.
bool checks_accounts();

}  // namespace cairn::kernel
