#include "host/cli/bundle.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/cpio.hpp"
#include "base/format.hpp"
#include "host/cli/directories.hpp"
#include "host/cli/files.hpp"

namespace cairn::cli {
namespace {

// The headers of an archive hold sizes of 32 bits. This limit stays well below the greatest of them.
constexpr uint64_t kMaximumBundle = uint64_t{2} << 30;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

Result<std::string> make_bundle(const Options& options, BootConfig config, const std::string& program,
                                std::span<const Companion> companions) {
  config.environment = options.environment;
  for (int fd = 0; fd < 3; ++fd) config.terminal[fd] = isatty(fd) != 0;
  config.bounds = options.bounds;
  config.disabled_features = options.disabled_features;
  config.engine_options = options.engine_options;
  config.report_times = options.report_times;
  config.cpu_limit_nanoseconds = options.cpu_limit_nanoseconds;
  config.wall_limit_nanoseconds = options.wall_limit_nanoseconds;
  config.wall_clock_nanoseconds = wall_clock_nanoseconds();

  // The kernel copies the files that it unpacks, so a bundle may take at most half of the memory.
  const uint64_t room = std::min(options.memory_bytes / 2, kMaximumBundle);
  uint64_t size = program.size();
  for (const Companion& companion : companions) size += companion.program.size();
  if (size > room) {
    return fail(Error::of(ErrorKind::resource,
                          (companions.empty() ? "the program (" : "the programs (") + decimal(size >> 20) + " MiB) " +
                              (companions.empty() ? "does" : "do") + " not fit a machine with " +
                              decimal(options.memory_bytes >> 20) + " MiB of memory; give it more with --memory"));
  }
  const std::vector<PlacedDirectory> directories = CAIRN_TRY(place_directories(options.directories));
  config.preopens = preopens_of(options, directories);
  // The default root holds the files that programs expect.
  if (has_default_root(options)) config.standard_files = config.preopens.front().path;
  CpioWriter archive;
  const std::string encoded = config.encode();
  archive.add({.name = bundle_member::kConfig, .data = bytes_of(encoded)});
  if (!program.empty()) archive.add({.name = bundle_member::kProgram, .data = bytes_of(program)});
  for (size_t i = 0; i < companions.size(); ++i) {
    BootConfig other;
    other.name = companions[i].name;
    other.arguments = companions[i].arguments;
    other.preopens = {{"/", "/0"}};
    other.standard_files = "/0";
    other.cpu_limit_nanoseconds = options.cpu_limit_nanoseconds;
    other.wall_limit_nanoseconds = options.wall_limit_nanoseconds;
    for (int fd = 1; fd < 3; ++fd) other.terminal[fd] = config.terminal[fd];
    const std::string folder = std::string(bundle_member::kWith) + "/" + decimal(uint64_t{i}) + "/";
    const std::string other_encoded = other.encode();
    archive.add({.name = folder + std::string(bundle_member::kConfig), .data = bytes_of(other_encoded)});
    archive.add({.name = folder + std::string(bundle_member::kProgram), .data = bytes_of(companions[i].program)});
  }
  CAIRN_TRY(copy_directories(directories, room - size, archive));
  return archive.finish();
}

}  // namespace cairn::cli
