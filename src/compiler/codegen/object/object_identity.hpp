// The identity of a code object (section .cairn.identity), and the check that it is the wanted one. Without the check,
// code that was compiled by another compiler, or for another module, bounds mode or CPU, would run and could do
// anything.
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

// The version of code objects. It changes with their layout, and with what compiled code assumes about the runtime, as
// far as the hash of the compiler's sources does not cover this.
inline constexpr uint32_t kObjectFormat = 2;

enum class ObjectKind : uint32_t { module, trampolines, stubs };

// The record in the section .cairn.identity, little-endian.
struct ObjectIdentity {
  uint32_t format = kObjectFormat;
  ObjectKind kind = ObjectKind::module;
  uint32_t bounds = 0;        // compiler::BoundsMode
  uint32_t relaxed_simd = 0;  // 1 for deterministic results
  uint32_t mask = 0;          // 1 if indices are masked under speculation
  uint32_t features = 0;      // wasm::Features::bits() that the functions were validated with
  uint32_t cpu = 0;           // the optional instruction sets, as bits by position in compiler::kCpuFeatureNames
  Digest compiler{};          // digest of the compiler's sources
  Digest module{};            // digest of the module's bytes; zeros unless kind is `module`
};
static_assert(sizeof(ObjectIdentity) == 28 + 2 * sizeof(Digest));

// Returns the identity of an object that this compiler makes with these options. `module` is the digest of the module's
// bytes, and zeros unless kind is `module`.
ObjectIdentity identity_of(ObjectKind kind, const Digest& module, const compiler::Options& options);

// Returns the error (malformed) that names the first property in which `found` differs from `wanted`, if there is one.
// The instruction sets are not compared: those of `found` must be among `available`.
Result<void> check_identity(const ObjectIdentity& found, const ObjectIdentity& wanted,
                            const compiler::CpuFeatures& available);

// Describes the identity on one line, for people.
std::string to_string(const ObjectIdentity& identity);

// A hash of the sources that determine compiled code (tools/compiler_build.py).
extern const Digest kCompilerBuild;

}  // namespace cairn::codegen
