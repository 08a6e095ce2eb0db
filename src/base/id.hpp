// Dense 32-bit ids. An Id is an index into one particular vector, and does not convert to an index into another one.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace cairn {

// `Tag` is any type that names the id. The all-ones value means "none".
template <class Tag>
class Id {
 public:
  static constexpr uint32_t kNone = 0xffff'ffff;

  constexpr Id() = default;
  constexpr explicit Id(uint32_t index) : index_(index) {}
  static constexpr Id none() { return Id(); }

  [[nodiscard]] constexpr uint32_t index() const { return index_; }
  [[nodiscard]] constexpr bool valid() const { return index_ != kNone; }
  constexpr explicit operator bool() const { return valid(); }
  constexpr auto operator<=>(const Id&) const = default;

 private:
  uint32_t index_ = kNone;
};

}  // namespace cairn

template <class Tag>
struct std::hash<cairn::Id<Tag>> {
  size_t operator()(cairn::Id<Tag> id) const noexcept { return id.index(); }
};
