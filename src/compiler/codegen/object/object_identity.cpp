#include "compiler/codegen/object/object_identity.hpp"

#include "base/format.hpp"
#include "compiler/options/cpu_feature_names.hpp"

namespace cairn::codegen {

namespace {

constexpr std::string_view kKinds[] = {"a module", "trampolines", "stubs"};
constexpr std::string_view kBounds[] = {"guard", "check"};
constexpr std::string_view kSwitch[] = {"off", "on"};

uint32_t bits_of(const compiler::CpuFeatures& cpu) {
  uint32_t bits = 0;
  for (size_t i = 0; i < compiler::kCpuFeatureNames.size(); ++i) {
    bits |= uint32_t{cpu.*compiler::kCpuFeatureNames[i].field} << i;
  }
  return bits;
}

std::string cpu_names(uint32_t bits) {
  std::string names;
  for (size_t i = 0; i < 32; ++i) {
    if ((bits >> i & 1) == 0) continue;
    if (!names.empty()) names += ',';
    names += i < compiler::kCpuFeatureNames.size() ? std::string(compiler::kCpuFeatureNames[i].name) : "unknown";
  }
  return names.empty() ? "none" : names;
}

template <size_t N>
std::string name_of(uint32_t number, const std::string_view (&names)[N]) {
  return number < N ? std::string(names[number]) : decimal(number);
}

std::string short_text(const Digest& digest) {
  std::string text;
  for (size_t i = 0; i < 8; ++i) text += hex(digest[i], 2).substr(2);
  return text;
}

std::unexpected<Error> differs(const std::string& what) {
  return fail(Error::of(ErrorKind::malformed, "the code object " + what));
}

}  // namespace

ObjectIdentity identity_of(ObjectKind kind, const Digest& module, const compiler::Options& options) {
  ObjectIdentity identity;
  identity.kind = kind;
  identity.bounds = static_cast<uint32_t>(options.bounds);
  identity.relaxed_simd = options.deterministic_relaxed_simd ? 1 : 0;
  identity.mask = options.mask ? 1 : 0;
  identity.features = options.features.bits();
  identity.cpu = bits_of(options.cpu);
  identity.compiler = kCompilerBuild;
  identity.module = module;
  return identity;
}

Result<void> check_identity(const ObjectIdentity& found, const ObjectIdentity& wanted,
                            const compiler::CpuFeatures& available) {
  if (found.format != wanted.format) {
    return differs("has format " + decimal(found.format) + ", not " + decimal(wanted.format));
  }
  if (found.compiler != wanted.compiler) {
    return differs("was made by compiler " + short_text(found.compiler) + ", not " + short_text(wanted.compiler));
  }
  if (found.kind != wanted.kind) {
    return differs("holds " + name_of(static_cast<uint32_t>(found.kind), kKinds) + ", not " +
                   name_of(static_cast<uint32_t>(wanted.kind), kKinds));
  }
  if (found.module != wanted.module) {
    return differs("is of module " + short_text(found.module) + ", not " + short_text(wanted.module));
  }
  if (found.bounds != wanted.bounds) {
    return differs("was compiled for bounds mode " + name_of(found.bounds, kBounds) + ", not " +
                   name_of(wanted.bounds, kBounds));
  }
  if (found.relaxed_simd != wanted.relaxed_simd)
    return differs("was compiled for other results of relaxed SIMD instructions");
  if (found.mask != wanted.mask) return differs("was compiled with mask=" + name_of(found.mask, kSwitch));
  if (found.features != wanted.features) {
    return differs("was compiled with features " + hex(found.features) + ", not " + hex(wanted.features));
  }
  if (const uint32_t lacking = found.cpu & ~bits_of(available); lacking != 0) {
    return differs("needs instruction sets that are not there: " + cpu_names(lacking));
  }
  return {};
}

std::string to_string(const ObjectIdentity& identity) {
  return "format " + decimal(identity.format) + ", compiler " + short_text(identity.compiler) + ", " +
         name_of(static_cast<uint32_t>(identity.kind), kKinds) +
         (identity.kind == ObjectKind::module ? " " + short_text(identity.module) : "") + ", bounds " +
         name_of(identity.bounds, kBounds) + ", relaxed " + (identity.relaxed_simd != 0 ? "deterministic" : "native") +
         ", mask " + name_of(identity.mask, kSwitch) + ", features " + hex(identity.features) + ", cpu " +
         cpu_names(identity.cpu);
}

}  // namespace cairn::codegen
