// The stack of operand types that validation uses. It keeps its storage from function to function.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "wasm/types/limits.hpp"
#include "wasm/types/types.hpp"

namespace cairn::wasm {

// Only operands above the floor can be popped. The floor is the height of the innermost block.
class OperandStack {
 public:
  OperandStack() = default;
  OperandStack(const OperandStack&) = delete;
  OperandStack& operator=(const OperandStack&) = delete;

  [[nodiscard]] size_t size() const { return static_cast<size_t>(top_ - begin_); }
  [[nodiscard]] size_t available() const { return static_cast<size_t>(top_ - floor_); }
  // The topmost `count` operands.
  [[nodiscard]] std::span<const ValType> top(size_t count) const {
    CAIRN_DEBUG_ASSERT(count <= size());
    return {top_ - count, count};
  }
  [[nodiscard]] ValType back() const { return top_[-1]; }

  // Returns false if the stack is full.
  bool push(ValType type) {
    if (top_ == end_) [[unlikely]] {
      if (!grow(1)) return false;
    }
    *top_++ = type;
    return true;
  }
  // Pushes all of the types, or none. Returns false if there is no room.
  bool push_all(std::span<const ValType> types) {
    if (static_cast<size_t>(end_ - top_) < types.size()) [[unlikely]] {
      if (!grow(types.size())) return false;
    }
    top_ = std::ranges::copy(types, top_).out;
    return true;
  }
  // Pops the top operand if it has exactly this type. Returns whether it had.
  bool pop_if(ValType type) {
    if (top_ == floor_ || top_[-1] != type) return false;
    --top_;
    return true;
  }
  void pop(size_t count) {
    CAIRN_DEBUG_ASSERT(count <= available());
    top_ -= count;
  }
  void cut_to_floor() { top_ = floor_; }
  void set_floor(size_t height) {
    CAIRN_DEBUG_ASSERT(height <= size());
    floor_ = begin_ + height;
  }
  void clear() { top_ = floor_ = begin_; }

 private:
  // Makes room for `count` more operands. Returns false if there would be more than limits::kOperandStack.
  bool grow(size_t count);

  std::vector<ValType> storage_;
  ValType* begin_ = nullptr;
  ValType* floor_ = nullptr;
  ValType* top_ = nullptr;
  ValType* end_ = nullptr;
};

inline bool OperandStack::grow(size_t count) {
  const size_t height = size();
  const size_t floor = static_cast<size_t>(floor_ - begin_);
  if (limits::kOperandStack - height < count) return false;
  storage_.resize(std::min<size_t>(std::max(storage_.size() * 2, height + count + 64), limits::kOperandStack),
                  ValType::i32);
  begin_ = storage_.data();
  floor_ = begin_ + floor;
  top_ = begin_ + height;
  end_ = begin_ + storage_.size();
  return true;
}

}  // namespace cairn::wasm
