#include "kernel/program/bundle.hpp"

#include <charconv>
#include <optional>

namespace cairn::kernel {
namespace {

std::unexpected<Error> malformed(const char* what) { return fail(Error::of(ErrorKind::malformed, what)); }

// Returns the part of a path after `folder` and a slash; nothing if the path does not lie in that folder.
std::optional<std::string_view> path_within(std::string_view folder, std::string_view path) {
  if (path.size() <= folder.size() + 1 || !path.starts_with(folder) || path[folder.size()] != '/') return std::nullopt;
  return path.substr(folder.size() + 1);
}

// Removes the number at the beginning of a path such as `3/config` and returns it. Returns nothing if there is none, or
// if neither a slash nor the end follows it.
std::optional<size_t> take_number(std::string_view& path) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
  if (error != std::errc{}) return std::nullopt;
  path.remove_prefix(static_cast<size_t>(end - path.data()));
  if (!path.empty() && path[0] != '/') return std::nullopt;
  return number;
}

Result<void> add_module(Bundle& bundle, std::string_view path, std::span<const std::byte> data) {
  const std::optional<size_t> number = take_number(path);
  if (!number || !path.empty() || *number != bundle.modules.size() || *number >= Bundle::kMaximumPrograms)
    return malformed("the boot bundle's modules are not in order");
  bundle.modules.push_back(data);
  return {};
}

Result<void> add_program_member(Bundle& bundle, std::string_view path, CpioEntry entry) {
  const std::optional<size_t> number = take_number(path);
  if (number && path == "/config") {
    if (*number != bundle.programs.size() || *number >= Bundle::kMaximumPrograms)
      return malformed("the boot bundle's programs are not in order");
    bundle.programs.push_back({CAIRN_TRY(ProgramConfig::parse(entry.data)), {}});
    return {};
  }
  if (!number || *number >= bundle.programs.size())
    return malformed("a file of the boot bundle is in front of its program's configuration");
  if (const auto file = path_within("/root", path)) {
    entry.name = *file;
    bundle.programs[*number].files.push_back(entry);
  }
  return {};
}

Result<void> check_numbers(const Bundle& bundle) {
  for (const BundledProgram& program : bundle.programs) {
    if (program.config.module >= bundle.modules.size())
      return malformed("a program of the boot bundle has a module that is not there");
  }
  if (bundle.config.mode == BootMode::run && bundle.programs.empty())
    return malformed("the boot bundle holds no program");
  if (bundle.config.main && *bundle.config.main >= bundle.programs.size())
    return malformed("the boot bundle's main program is not there");
  return {};
}

}  // namespace

Result<Bundle> read_bundle(std::span<const std::byte> archive) {
  Bundle bundle;
  bool has_config = false;
  CpioReader reader(archive);
  for (CpioEntry entry; CAIRN_TRY(reader.next(entry));) {
    if (entry.name == bundle_member::kConfig) {
      bundle.config = CAIRN_TRY(BootConfig::parse(entry.data));
      has_config = true;
    } else if (const auto module = path_within(bundle_member::kModule, entry.name)) {
      CAIRN_TRY(add_module(bundle, *module, entry.data));
    } else if (const auto member = path_within(bundle_member::kProgram, entry.name)) {
      CAIRN_TRY(add_program_member(bundle, *member, entry));
    } else if (const auto file = path_within(bundle_member::kRoot, entry.name)) {
      entry.name = *file;
      bundle.files.push_back(entry);
    }
  }
  if (!has_config) return malformed("the boot bundle holds no configuration");
  CAIRN_TRY(check_numbers(bundle));
  return bundle;
}

}  // namespace cairn::kernel
