// Tests that run inside the kernel, on the machine itself, for things that cannot be tested on a host, such as faults,
// timers and devices.
#pragma once

#include <atomic>
#include <string_view>
#include <vector>

namespace cairn::kernel {

// The test that runs now, and the numbers of tests that have passed and failed.
class TestRun {
 public:
  // Records one expectation; a failed one is logged. Any fiber may call this.
  void expect(bool condition, std::string_view what);
  // Records an expectation that holds if `what` is empty; otherwise `what` describes the failure.
  void expect_nothing(std::string_view what) { expect(what.empty(), what); }
  // Begins a test with this name.
  void begin(std::string_view test) { test_ = test; }
  [[nodiscard]] unsigned passed() const { return passed_; }
  [[nodiscard]] unsigned failed() const { return failed_; }
  // Ends the test, and counts it as passed if all its expectations held, otherwise as failed.
  void end();

 private:
  std::string_view test_;
  std::atomic<bool> test_failed_ = false;
  unsigned passed_ = 0;
  unsigned failed_ = 0;
};

// Runs all tests; prints "N passed, N failed" on standard output and the log. Returns the exit status.
int run_kernel_tests();

// Copies standard input to standard output until the input ends (`test=echo`). Returns the exit status 7, which
// tests/kernel/run.py expects.
int run_echo();

}  // namespace cairn::kernel
