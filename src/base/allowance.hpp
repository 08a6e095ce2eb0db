// Counts what the limits of a program (limits.hpp) bound.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace cairn {

// How much of one thing a program may have, and how much it has. Several threads may use an allowance at the same time.
class Allowance {
 public:
  explicit Allowance(uint64_t limit = kNoLimit) : limit_(limit) {}
  Allowance(const Allowance&) = delete;
  Allowance& operator=(const Allowance&) = delete;

  [[nodiscard]] uint64_t limit() const { return limit_; }
  [[nodiscard]] uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t left() const { return limit_ - used(); }

  // Takes an amount. Returns false, and takes nothing, if the limit does not allow that.
  [[nodiscard]] bool try_take(uint64_t amount) {
    uint64_t used = this->used();
    do {
      if (amount > limit_ - used) return note_refusal(), false;
    } while (!used_.compare_exchange_weak(used, used + amount, std::memory_order_relaxed));
    return true;
  }
  void give_back(uint64_t amount) {
    const uint64_t before = used_.fetch_sub(amount, std::memory_order_relaxed);
    CAIRN_ASSERT(before >= amount);
  }
  // For limits of what is not counted together: returns whether one thing may be so large.
  [[nodiscard]] bool allows(uint64_t size) {
    if (size <= limit_) return true;
    note_refusal();
    return false;
  }

  // Whether the limit has refused or ended something since the last call of forget_refusal().
  [[nodiscard]] bool has_refused() const { return has_refused_.load(std::memory_order_relaxed); }
  void note_refusal() { has_refused_.store(true, std::memory_order_relaxed); }
  void forget_refusal() { has_refused_.store(false, std::memory_order_relaxed); }

  // Lowers the limit; called before something is taken.
  void lower(uint64_t limit) { limit_ = std::min(limit_, limit); }

 private:
  uint64_t limit_;
  std::atomic<uint64_t> used_ = 0;
  std::atomic<bool> has_refused_ = false;
};

// The allowances of a program, one for each limit. Those of memory, CPU time and wall time count nothing: others know
// how much the program has used.
class Allowances {
 public:
  explicit Allowances(const Limits& limits = {}) : limits_(limits) {
    for (const LimitKind& kind : kLimitKinds) (*this)[kind.limit].lower(limits[kind.limit]);
  }

  [[nodiscard]] Allowance& operator[](Limit limit) { return all_[static_cast<size_t>(limit)]; }
  [[nodiscard]] const Allowance& operator[](Limit limit) const { return all_[static_cast<size_t>(limit)]; }
  [[nodiscard]] const Limits& limits() const { return limits_; }

  // Called before each run of the program.
  void forget_refusals() {
    for (Allowance& allowance : all_) allowance.forget_refusal();
  }
  // Returns a line for each limit that the user has given and that has refused something since forget_refusals().
  [[nodiscard]] std::string describe_refusals() const;

 private:
  Limits limits_;
  std::array<Allowance, kLimits> all_;
};

// Returns "cairn: the program has reached its limit of 64 MiB of memory", for example, and the end of the line.
std::string describe_reached(const LimitKind& kind, uint64_t value);

}  // namespace cairn
