#include "kernel/testing/bench/bench.hpp"

#include "kernel/boot/options.hpp"
#include "kernel/log/log.hpp"

namespace cairn::kernel {

int run_benchmarks(std::string_view command_line) {
  const std::string_view which = boot_option(command_line, "bench");
  bool good = true;
  measure_fibers();
  good &= measure_programs();
  if (which != "times") good &= measure_preemption();
  if (which != "instructions") {
    measure_waits();
    measure_cpus();
    good &= measure_interactive();
    good &= measure_throughput();
  }
  if (!good) log_error(Subsystem::test, "bench: a program did not end as it should");
  return good ? 0 : 1;
}

}  // namespace cairn::kernel
