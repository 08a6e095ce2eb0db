// Decides when two types are the same, and when one matches another ([wasm 3.1.3], [wasm 3.3]).
//
// Types are iso-recursive: two types are the same if they are at the same position in two recursive groups that become
// equal when references into the group are replaced by positions. TypeCanonicalizer gives the same number to types that
// are the same. The decoder of a module has a TypeCanonicalizer, which makes equality an integer comparison
// (SubType::canonical). The engine-wide ids that indirect calls and casts compare come from another class,
// runtime::TypeRegistry.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "wasm/types/types.hpp"

namespace cairn::wasm {

struct Module;

class TypeCanonicalizer {
 public:
  TypeCanonicalizer();

  // `types` are a module's types, up to and including the group [begin, end). `canonical[i]` is the number that this
  // object gave to type i, for all i < begin. Returns the number of the group's first type; its other types have the
  // numbers after it. Numbers are dense from 0. Takes O(size of the group * log(number of groups)), whatever the types
  // are.
  uint32_t add_group(std::span<const SubType> types, uint32_t begin, uint32_t end, std::span<const uint32_t> canonical);

  // The number of different types so far.
  [[nodiscard]] uint32_t size() const { return next_; }

 private:
  // A group, encoded as a range of words_ in which references do not depend on the module.
  struct Group {
    uint64_t hash;
    size_t begin;  // the encoding begins at words_[begin]
    size_t length;
    uint32_t first;  // number of the group's first type
  };
  struct Less {
    const std::vector<uint32_t>* words;
    bool operator()(const Group& a, const Group& b) const;
  };
  void append(ValType type, uint32_t begin, std::span<const uint32_t> canonical);
  void append(HeapType type, uint32_t begin, std::span<const uint32_t> canonical);

  std::vector<uint32_t> words_;
  std::set<Group, Less> groups_;
  uint32_t next_ = 0;
};

// Whether `sub` is the same type as `super` or a subtype of it. Indices are into `types`, whose fields `canonical`,
// `supertype` and `depth` must be set. Two lists match if they have the same length and the types match pairwise.
// matches_slow() is the part of matches() for types that differ.
bool matches(std::span<const SubType> types, HeapType sub, HeapType super);
bool matches_slow(std::span<const SubType> types, ValType sub, ValType super);
inline bool matches(std::span<const SubType> types, ValType sub, ValType super) {
  return sub == super || matches_slow(types, sub, super);
}
bool matches(std::span<const SubType> types, const std::vector<ValType>& sub, const std::vector<ValType>& super);

// Whether a type with the structure of `sub` may be declared to have the supertype `super` ([wasm 3.2.11]).
bool structure_matches(std::span<const SubType> types, const SubType& sub, const SubType& super);

// Returns the top of the hierarchy that the type belongs to: any, func, extern or exn.
HeapType::Kind top_of(std::span<const SubType> types, HeapType type);

}  // namespace cairn::wasm
