#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

Result<Bundle> read_bundle(std::span<const std::byte> archive) {
  Bundle bundle;
  bool has_config = false;
  CpioReader reader(archive);
  for (CpioEntry entry; CAIRN_TRY(reader.next(entry));) {
    constexpr std::string_view kRoot = bundle_member::kRoot;
    if (entry.name == bundle_member::kConfig) {
      bundle.config = CAIRN_TRY(BootConfig::parse(entry.data));
      has_config = true;
    } else if (entry.name == bundle_member::kProgram) {
      bundle.program = entry.data;
    } else if (entry.name.size() > kRoot.size() + 1 && entry.name.starts_with(kRoot) &&
               entry.name[kRoot.size()] == '/') {
      entry.name.remove_prefix(kRoot.size() + 1);
      bundle.files.push_back(entry);
    }
  }
  if (!has_config) return fail(Error::of(ErrorKind::malformed, "the boot bundle holds no configuration"));
  return bundle;
}

}  // namespace cairn::kernel
