// Measures the kernel: fibers, timers, page faults, CPUs and programs.
//
// Each result is a line `NAME NUMBER` on standard output; the numbers are nanoseconds of the machine's clock unless the
// name says otherwise. In a machine with `-icount shift=0`, a nanosecond is an instruction.
#pragma once

#include <string_view>

namespace cairn::kernel {

// Makes the measurements that the word `bench` of the command line names: `instructions` are those that a machine with
// `-icount` makes, `times` are the others. By default, both are made. Returns the exit status.
int run_benchmarks(std::string_view command_line);

// These functions measure and report one group each.
void measure_fibers();
void measure_waits();
// Measures what one CPU does to another. Reports nothing if there is only one CPU.
void measure_cpus();
// The functions below return false if a program cannot be run, or ends with a status other than 0.
bool measure_programs();
bool measure_preemption();
// Measures how long four programs and a program with four threads take on all CPUs.
bool measure_throughput();
// Measures how late a fiber wakes up while all CPUs run programs that loop.
bool measure_interactive();

}  // namespace cairn::kernel
