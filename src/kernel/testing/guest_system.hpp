// A system with one module, of which tests and benchmarks run any number of programs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernel/program/supervisor.hpp"

namespace cairn::kernel {

class GuestSystem {
 public:
  // Makes the system from the module's text. It is compiled for the first program that is started. Logs an error and
  // returns null if the text is wrong or there is no memory.
  static std::unique_ptr<GuestSystem> create(const std::string& text);

  // Starts a program, and returns whether that was possible. Programs are numbered from 0 as they are started.
  bool start(uint64_t weight = 1);
  [[nodiscard]] size_t count() const { return supervisor_->count(); }
  // The CPU time of a program, in nanoseconds.
  [[nodiscard]] uint64_t cpu_time(size_t number) const { return supervisor_->status(number).cpu_nanoseconds; }
  // Waits for the end of all programs. Returns whether each of them ended with status 0.
  bool wait();
  // Kills all programs and waits for their end.
  void kill();

  // Starts so many programs and waits for their end. Returns whether each of them ended with status 0.
  bool run(size_t programs);

 private:
  std::vector<std::byte> bytes_;
  Bundle bundle_;
  BundledProgram program_;
  std::unique_ptr<Supervisor> supervisor_;
};

}  // namespace cairn::kernel
