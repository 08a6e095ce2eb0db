#include "kernel/program/bundle.hpp"

#include <charconv>
#include <optional>

namespace cairn::kernel {
namespace {

constexpr size_t kMaximumOthers = 1024;

// A member `with/N/NAME`.
struct OtherMember {
  size_t number = 0;
  std::string_view name;
};

std::optional<OtherMember> member_of_other(std::string_view path) {
  constexpr std::string_view kWith = bundle_member::kWith;
  if (path.size() <= kWith.size() || !path.starts_with(kWith) || path[kWith.size()] != '/') return std::nullopt;
  path.remove_prefix(kWith.size() + 1);
  OtherMember member;
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto [end, error] = std::from_chars(path.data(), path.data() + slash, member.number);
  if (error != std::errc{} || end != path.data() + slash) return std::nullopt;
  member.name = path.substr(slash + 1);
  return member;
}

}  // namespace

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
    } else if (const auto member = member_of_other(entry.name)) {
      if (member->number > bundle.others.size() || member->number >= kMaximumOthers)
        return fail(Error::of(ErrorKind::malformed, "the boot bundle's programs are not in order"));
      if (member->number == bundle.others.size()) bundle.others.emplace_back();
      BundledProgram& other = bundle.others[member->number];
      if (member->name == bundle_member::kConfig) {
        other.config = CAIRN_TRY(BootConfig::parse(entry.data));
      } else if (member->name == bundle_member::kProgram) {
        other.program = entry.data;
      }
    }
  }
  if (!has_config) return fail(Error::of(ErrorKind::malformed, "the boot bundle holds no configuration"));
  return bundle;
}

}  // namespace cairn::kernel
