// The modes of test_modes.hpp in the testing image: calls the tests that the command line or the bundle asks for.
#include "kernel/program/test_modes.hpp"

#include <algorithm>
#include <array>

#include "kernel/testing/bench/bench.hpp"
#include "kernel/testing/cpus.hpp"
#include "kernel/testing/fairness.hpp"
#include "kernel/testing/hanging_fiber.hpp"
#include "kernel/testing/injection.hpp"
#include "kernel/testing/kills.hpp"
#include "kernel/testing/scripts.hpp"
#include "kernel/testing/testing.hpp"
#include "kernel/testing/trials.hpp"

namespace cairn::kernel {
namespace {

using std::string_view_literals::operator""sv;

bool takes_test(std::string_view value) {
  constexpr std::array kTests = {"all"sv,       "echo"sv,  "cpus"sv,     "kills"sv,
                                 "injection"sv, "bench"sv, "fairness"sv, "hang"sv};
  return std::ranges::find(kTests, value) != kTests.end();
}
bool takes_number(std::string_view value) { return parse_number(value).has_value(); }

constexpr std::array kOptions = {
    BootOption{"test", "all, echo, cpus, kills, injection, bench, fairness or hang", takes_test},
    BootOption{"kills", "a number", takes_number},  // how many programs test=kills kills
    BootOption{"bench", "instructions or times",    // of test=bench (bench/bench.hpp)
               [](std::string_view value) { return value == "instructions" || value == "times"; }},
    BootOption{"stride", "a number", takes_number},  // of test=injection (injection.cpp), like the next two
    BootOption{"step", "a number", takes_number},
    BootOption{"extent", "one or all", [](std::string_view value) { return value == "one" || value == "all"; }},
};

}  // namespace

std::span<const BootOption> test_options() { return kOptions; }

std::optional<int> run_tests(std::string_view command_line) {
  const std::string_view test = boot_option(command_line, "test");
  if (test == "all") return run_kernel_tests();
  if (test == "echo") return run_echo();
  if (test == "cpus") return run_cpu_tests();
  if (test == "kills") return run_kill_tests(command_line);
  if (test == "fairness") return run_fairness_tests();
  if (test == "hang") return run_hanging_fiber();
  if (test == "bench") return run_benchmarks(command_line);
  return std::nullopt;
}

std::optional<int> run_tests(const Bundle& bundle, std::string_view command_line) {
  if (boot_option(command_line, "test") == "injection") return run_injection(bundle, command_line);
  switch (bundle.config.mode) {
    case BootMode::tests: return run_kernel_tests();
    case BootMode::wast: return run_scripts(bundle);
    case BootMode::trial: return run_trials(bundle);
    case BootMode::run:
    case BootMode::idle: return std::nullopt;
  }
  return std::nullopt;
}

bool checks_accounts() { return true; }

}  // namespace cairn::kernel
