#include "host/cli/bundle.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/cpio.hpp"
#include "base/format.hpp"
#include "host/cli/directories.hpp"
#include "host/cli/files.hpp"

namespace cairn::cli {
namespace {

// The headers of a cpio archive hold sizes of 32 bits. This limit, in bytes, stays well below 4 GiB.
constexpr uint64_t kMaximumBundle = uint64_t{2} << 30;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// Returns `FOLDER/N`.
std::string numbered(std::string_view folder, size_t number) {
  return std::string(folder) + "/" + decimal(uint64_t{number});
}

BootConfig make_config(const Options& options, const LoadedSystem& system) {
  BootConfig config;
  if (options.command == Command::boot) {
    config.mode = BootMode::idle;
    config.marks_output = true;
  } else {
    config.main = system.description.main;
    config.marks_output = system.marks_output(options);
  }
  for (int fd = 0; fd < 3; ++fd) config.terminal[fd] = isatty(fd) != 0;
  config.bounds = options.bounds;
  config.disabled_features = options.disabled_features;
  config.engine_options = options.engine_options;
  config.report_times = options.report_times;
  config.wall_clock_nanoseconds = wall_clock_nanoseconds();
  return config;
}

Error too_large(const Options& options, const LoadedSystem& system, uint64_t size) {
  const bool is_one = system.description.programs.size() == 1;
  return Error::of(ErrorKind::resource, std::string(is_one ? "the program (" : "the programs (") + decimal(size >> 20) +
                                            " MiB) " + (is_one ? "does" : "do") + " not fit a machine with " +
                                            decimal(options.memory_bytes >> 20) +
                                            " MiB of memory; give it more with --memory");
}

// Adds a program's configuration and copies of its directories. Subtracts the size of the copies from `budget`, in
// bytes.
Result<void> add_program(const host::ProgramDescription& program, const std::string& folder, uint64_t& budget,
                         CpioWriter& archive) {
  const std::vector<PlacedDirectory> directories = CAIRN_TRY(place_directories(program.directories));
  ProgramConfig config = program.config;
  config.preopens = preopens_of(program, directories);
  // The kernel puts the standard files (tmp and dev/null) into the default root, which is the first preopen.
  if (has_default_root(program)) config.standard_files = config.preopens.front().path;
  const std::string encoded = config.encode();
  archive.add({.name = folder + "/" + std::string(bundle_member::kConfig), .data = bytes_of(encoded)});
  return copy_directories(directories, folder + "/" + std::string(bundle_member::kRoot), budget, archive);
}

}  // namespace

Result<std::string> make_bundle(const Options& options, const LoadedSystem& system) {
  // The kernel copies the files that it unpacks, so a bundle may take at most half of the memory.
  const uint64_t room = std::min(options.memory_bytes / 2, kMaximumBundle);
  uint64_t size = 0;
  for (const std::string& module : system.modules) size += module.size();
  if (size > room) return fail(too_large(options, system, size));
  CpioWriter archive;
  const std::string config = make_config(options, system).encode();
  archive.add({.name = bundle_member::kConfig, .data = bytes_of(config)});
  for (size_t i = 0; i < system.modules.size(); ++i)
    archive.add({.name = numbered(bundle_member::kModule, i), .data = bytes_of(system.modules[i])});
  uint64_t budget = room - size;
  const std::vector<host::ProgramDescription>& programs = system.description.programs;
  for (size_t i = 0; i < programs.size(); ++i)
    CAIRN_TRY(add_program(programs[i], numbered(bundle_member::kProgram, i), budget, archive));
  return archive.finish();
}

}  // namespace cairn::cli
