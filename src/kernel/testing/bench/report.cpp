#include "kernel/testing/bench/report.hpp"

#include <algorithm>

#include "kernel/devices/console.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/panic.hpp"

namespace cairn::kernel {

void start_or_panic(Fiber& fiber) {
  if (!start(fiber)) panic("there is no memory for a fiber");
}

void report(std::string_view name, uint64_t value, std::string_view part) {
  LogLine line;
  line << name << part << " " << value << "\n";
  console::write(Port::standard_output, line.text());
}

void Samples::report(std::string_view name) {
  if (values_.empty()) return;
  std::ranges::sort(values_);
  kernel::report(name, values_[values_.size() / 2], ".median");
  kernel::report(name, values_[values_.size() * 99 / 100], ".p99");
}

}  // namespace cairn::kernel
