// `cairn run` with the target x86_64 or riscv64: runs programs on a machine under QEMU.
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "base/boot_protocol.hpp"
#include "host/cli/bundle.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/machine.hpp"
#include "host/cli/symbolize.hpp"

namespace cairn::cli {
namespace {

void print_milliseconds(const char* name, uint64_t nanoseconds) {
  std::fprintf(stderr, "%-12s %8.1f ms\n", name, static_cast<double>(nanoseconds) / 1e6);
}

void print_times(const MachineReport& report) {
  uint64_t guest = 0;
  for (const MachineReport::Number& time : report.times) {
    if (time.name != "total") guest += time.value;
  }
  print_milliseconds("qemu", report.qemu_nanoseconds - std::min(guest, report.qemu_nanoseconds));
  for (const MachineReport::Number& time : report.times) {
    if (time.name != "total") print_milliseconds(time.name.c_str(), time.value);
  }
  print_milliseconds("machine", report.qemu_nanoseconds);
  for (const MachineReport::Number& stat : report.stats) {
    std::fprintf(stderr, "%-12s %8llu\n", stat.name.c_str(), static_cast<unsigned long long>(stat.value));
  }
}

// Returns the log without what the firmware printed before the kernel. The kernel's lines begin with the time in
// brackets.
std::string kernel_log(const std::string& log) {
  const size_t start = log.find("\n[");
  return start == std::string::npos || log.starts_with("[") ? log : log.substr(start + 1);
}

}  // namespace

int status_after_loss(int status, int stream, const char* reason) {
  if (status != 0) return status;
  std::fprintf(stderr, "cairn: cannot write to the standard %s: %s\n", stream == 2 ? "error" : "output", reason);
  return exit_status::kSystem;
}

int report_machine(const Options& options, const MachineReport& report) {
  if (!report.exited) {
    std::fprintf(stderr, "cairn: the kernel stopped without a word from the program; its log:\n%s%s",
                 report.qemu_messages.c_str(),
                 symbolize_backtrace(kernel_log(report.log), kernel_symbols_path(options)).c_str());
    return exit_status::kPanic;
  }
  if (options.report_times) print_times(report);
  return report.lost_stream == 0
             ? report.status
             : status_after_loss(report.status, report.lost_stream, std::strerror(report.lost_because));
}

Result<int> run_on_machine(const Options& options, const LoadedSystem& system) {
  const std::string bundle = CAIRN_TRY(make_bundle(options, system));
  return report_machine(options, CAIRN_TRY(run_machine(options, bundle)));
}

}  // namespace cairn::cli
