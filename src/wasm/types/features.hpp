// The proposals that can be switched off. If a module uses one that is off, validation refuses it and names the
// proposal and the offset (INV-6).
#pragma once

#include <cstdint>
#include <string_view>

namespace cairn::wasm {

// clang-format off
#define CAIRN_WASM_FEATURES(X)                           \
  X(mutable_globals,       "mutable-globals")            \
  X(sign_extension,        "sign-extension")             \
  X(saturating_conversion, "nontrapping-fptoint")        \
  X(multi_value,           "multi-value")                \
  X(bulk_memory,           "bulk-memory")                \
  X(reference_types,       "reference-types")            \
  X(extended_const,        "extended-const")             \
  X(tail_call,             "tail-call")                  \
  X(multi_memory,          "multi-memory")               \
  X(memory64,              "memory64")                   \
  X(function_references,   "function-references")        \
  X(simd,                  "simd")                       \
  X(relaxed_simd,          "relaxed-simd")               \
  X(wide_arithmetic,       "wide-arithmetic")            \
  X(custom_page_sizes,     "custom-page-sizes")          \
  X(branch_hints,          "branch-hints")               \
  X(gc,                    "gc")                         \
  X(exceptions,            "exceptions")                 \
  X(legacy_exceptions,     "legacy-exceptions")          \
  X(threads,               "threads")
// clang-format on

enum class Feature : uint8_t {
#define X(id, name) id,
  CAIRN_WASM_FEATURES(X)
#undef X
};

// Returns the name of the proposal, such as "multi-value".
std::string_view to_string(Feature feature);

// A set of features: those that are on.
class Features {
 public:
  static constexpr Features all() { return Features(~uint32_t{0}); }
  static constexpr Features none() { return Features(0); }

  [[nodiscard]] constexpr bool has(Feature feature) const { return (bits_ >> static_cast<uint32_t>(feature) & 1) != 0; }
  constexpr Features with(Feature feature) const { return Features(bits_ | bit(feature)); }
  constexpr Features without(Feature feature) const { return Features(bits_ & ~bit(feature)); }
  [[nodiscard]] constexpr uint32_t bits() const { return bits_; }
  constexpr bool operator==(const Features&) const = default;

 private:
  constexpr explicit Features(uint32_t bits) : bits_(bits) {}
  static constexpr uint32_t bit(Feature feature) { return uint32_t{1} << static_cast<uint32_t>(feature); }
  uint32_t bits_;
};

}  // namespace cairn::wasm
