// Which program's guest code a CPU executed last.
#pragma once

#include <cstdint>

namespace cairn::kernel {

class LastProgram {
 public:
  // Notes that the CPU goes on with a fiber of the program with this serial number, which is 0 for a fiber of the
  // kernel's own. Returns whether the CPU may remember branches of another program. The kernel's fibers run no guest
  // code, so they do not count as a program.
  bool enter(uint64_t program) {
    if (program == 0 || program == last_) return false;
    last_ = program;
    return true;
  }

 private:
  uint64_t last_ = 0;
};

}  // namespace cairn::kernel
