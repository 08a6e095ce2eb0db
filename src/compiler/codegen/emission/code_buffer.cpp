#include "compiler/codegen/emission/code_buffer.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace cairn::codegen {
namespace {

// The FNV-1a hash of the bytes, with the upper bits mixed into the lower ones, which choose the table's entry.
uint32_t hash_of(std::span<const std::byte> value) {
  uint32_t hash = 0x811c'9dc5;
  for (std::byte b : value) hash = (hash ^ static_cast<uint32_t>(b)) * 0x0100'0193;
  return hash ^ (hash >> 15);
}

}  // namespace

uint32_t CodeBuffer::add_constant(std::span<const std::byte> value) {
  CAIRN_ASSERT(!value.empty() && value.size() <= 64 && std::has_single_bit(value.size()));
  if ((constant_count_ + 1) * 2 > constants_.size()) grow_constants();
  const uint32_t mask = static_cast<uint32_t>(constants_.size()) - 1;
  uint32_t at = hash_of(value) & mask;
  for (; constants_[at].size != 0; at = (at + 1) & mask) {
    const Constant& other = constants_[at];
    if (other.size == value.size() && std::ranges::equal(rodata.as_span().subspan(other.offset, other.size), value))
      return other.offset;
  }
  while (rodata.size() % value.size() != 0) rodata.push_back(std::byte{0});
  constants_[at] = {static_cast<uint32_t>(rodata.size()), static_cast<uint32_t>(value.size())};
  ++constant_count_;
  rodata.append(value);
  return constants_[at].offset;
}

void CodeBuffer::grow_constants() {
  ArenaVector<Constant> old = constants_;
  constants_ = ArenaVector<Constant>(old.arena());
  constants_.resize(old.empty() ? 16 : old.size() * 2);
  const uint32_t mask = static_cast<uint32_t>(constants_.size()) - 1;
  for (const Constant& constant : old) {
    if (constant.size == 0) continue;
    uint32_t at = hash_of(rodata.as_span().subspan(constant.offset, constant.size)) & mask;
    while (constants_[at].size != 0) at = (at + 1) & mask;
    constants_[at] = constant;
  }
}

}  // namespace cairn::codegen
