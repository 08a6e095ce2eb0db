#include "host/cli/batch.hpp"

#include <cstdio>

#include "base/cpio.hpp"
#include "base/format.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/machine.hpp"

namespace cairn::cli {
namespace {

constexpr size_t kMostFiles = 1000;  // the most files that one machine runs

std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// Returns the first files, as many as one machine runs: at most kMostFiles, and at most an eighth of the machine's
// memory, but at least one file.
std::span<const BatchFile> part_of(std::span<const BatchFile> files, const Options& options) {
  size_t count = 0;
  for (uint64_t bytes = 0; count < std::min(files.size(), kMostFiles); ++count) {
    bytes += files[count].contents.size();
    if (count > 0 && bytes > options.memory_bytes / 8) break;
  }
  return files.first(count);
}

std::string make_archive(const BootConfig& config, std::span<const BatchFile> files) {
  CpioWriter archive;
  const std::string encoded = config.encode();
  archive.add({.name = bundle_member::kConfig, .data = as_bytes(encoded)});
  for (const auto& [path, contents] : files) {
    const std::string name = std::string(bundle_member::kRoot) + "/" + path;
    archive.add({.name = name, .data = as_bytes(contents)});
  }
  return archive.finish();
}

// Returns the reason why a machine ended too early.
std::string reason(const MachineReport& report) {
  if (report.timed_out) return "takes too long, and its machine was ended";
  if (report.exited) return "ended its machine with status " + decimal(report.status);
  const size_t panic = report.log.find(kPanic);
  if (panic == std::string::npos) return "stopped its machine without a word";
  const std::string_view message = std::string_view(report.log).substr(panic + kPanic.size());
  return "kernel panic: " + std::string(message.substr(0, message.find_first_of("\r\n")));
}

}  // namespace

Result<int> run_batch(const Options& options, const BootConfig& config, std::span<const BatchFile> files,
                      uint64_t patience_nanoseconds, std::string_view blame) {
  uint64_t passed = 0, failed = 0;
  while (!files.empty()) {
    const std::span<const BatchFile> part = part_of(files, options);
    const MachineReport report = CAIRN_TRY(run_machine(options, make_archive(config, part), patience_nanoseconds));
    // A machine that ended before its first file says nothing about that file.
    if (!report.begun || *report.begun > part.size()) return report_machine(options, report);
    passed += report.passed;
    failed += report.failed;
    size_t done = *report.begun;
    if (report.timed_out || !report.exited || done < part.size()) {
      done = std::min(done, part.size() - 1);
      std::printf("%.*s%s: %s\n", static_cast<int>(blame.size()), blame.data(), part[done].name.c_str(),
                  reason(report).c_str());
      ++failed;
      ++done;
      if (options.verbose) report_machine(options, report);
    } else if (const int status = report_machine(options, report); status != report.status) {
      return status;  // output was lost
    }
    std::fflush(stdout);
    files = files.subspan(done);
  }
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(passed),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}

}  // namespace cairn::cli
