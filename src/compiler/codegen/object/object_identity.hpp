// What a code object says about itself (section .cairn.identity), and the check that it is the one that is wanted: code
// that was made by another compiler, for another module, way of checking bounds or CPU would run, and do anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/blake2b.hpp"
#include "base/result.hpp"
#include "compiler/options/options.hpp"

namespace cairn::codegen {

// Of the layout of code objects and of what compiled code and the runtime rely on in one another, as far as the hash of
// the compiler's sources does not say it.
inline constexpr uint32_t kObjectFormat = 1;

enum class ObjectKind : uint32_t { module, trampolines, stubs };

// As it lies in the section, little-endian.
struct ObjectIdentity {
  uint32_t format = kObjectFormat;
  ObjectKind kind = ObjectKind::module;
  uint32_t bounds = 0;        // compiler::BoundsMode
  uint32_t relaxed_simd = 0;  // 1: deterministic
  uint32_t features = 0;      // wasm::Features::bits() that the functions were validated with
  uint32_t cpu = 0;           // of the optional instruction sets, bits by position in compiler::kCpuFeatureNames
  Digest compiler{};          // of the compiler's sources
  Digest module{};            // of the module's bytes; zeros unless kind is `module`
};
static_assert(sizeof(ObjectIdentity) == 24 + 2 * sizeof(Digest));

// What an object compiled with these options says; `module` is the digest of the module's bytes, zeros unless kind is
// `module`.
ObjectIdentity identity_of(ObjectKind kind, const Digest& module, const compiler::Options& options);

// Error (malformed): names the first thing in which `found` differs from what is wanted. `available` are the
// instruction sets that the object may use; it need not use them.
Result<void> check_identity(const ObjectIdentity& found, const ObjectIdentity& wanted,
                            const compiler::CpuFeatures& available);

// One line for people.
std::string to_string(const ObjectIdentity& identity);

// A hash of the sources that decide what code does (tools/compiler_build.py).
extern const Digest kCompilerBuild;

}  // namespace cairn::codegen
