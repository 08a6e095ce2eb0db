// Accounts: every frame of the machine is free, or on the account of a program or of the system (INV-25, decision 22).
//
// A frame is on an account from the moment it is promised or allocated until it is free and no longer promised. So the
// frames that are free and not promised, and those on all accounts, are all frames together. FrameSource changes the
// counters under its lock; Heap and AddressSpace remember to which account each piece of memory belongs, so that any
// fiber may free it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "kernel/memory/address.hpp"

namespace cairn::kernel {

// What memory is used for. It is on the account of the program for which it is used, and on the system's account if
// there is no such program or a comment below says so.
enum class Use : uint8_t {
  memory,  // memories, tables and managed objects of guests: committed pages
  stacks,  // stacks of guests and of fibers: committed pages
  code,    // compiled code: committed pages
  heap,    // objects of the kernel and the runtime, and files in memory
  tables,  // page tables: in the guests' half by a rule of AddressSpace; all others are the system's
  other,   // nodes of the address space and buffers of devices: the system's
};
inline constexpr size_t kUses = 6;
constexpr std::string_view to_string(Use use) {
  constexpr std::array<std::string_view, kUses> kNames = {"memory", "stacks", "code", "heap", "tables", "other"};
  return kNames[static_cast<size_t>(use)];
}

// The number of an account, which is short enough to be kept for each piece of memory. When the account has been
// removed (Accounts::remove), another account may get the number.
enum class AccountNumber : uint16_t { system };

// The counters of an account at one moment.
struct AccountState {
  static constexpr uint64_t kNoLimit = ~uint64_t{0};

  std::array<char, 64> name{};
  size_t name_size = 0;
  std::array<uint64_t, kUses> frames{};
  uint64_t total = 0;         // number of frames: the sum of `frames`
  uint64_t peak = 0;          // the highest `total` so far
  uint64_t limit = kNoLimit;  // number of frames that the account may have
  uint64_t refusals = 0;      // number of allocations that the limit has refused
  bool was_exceeded = false;  // whether an allocation that must not fail has exceeded the limit

  [[nodiscard]] std::string_view name_text() const { return {name.data(), name_size}; }
};

struct HeapSlab;

class MemoryAccount {
 public:
  static constexpr size_t kSlabClasses = 24;

  // An account without a limit.
  constexpr MemoryAccount() = default;
  // An account must have lost its number (Accounts::remove) when it is destroyed.
  ~MemoryAccount() { CAIRN_ASSERT(is_system()); }
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  // Sets the name, of which 64 bytes are kept, and the limit, rounded down to frames. Called before the account is
  // used.
  void describe(std::string_view name, uint64_t limit_bytes) {
    name_size_ = name.copy(name_.data(), name_.size());
    limit_bits_ = ~(limit_bytes >> kPageBits);
  }

  [[nodiscard]] std::string_view name() const { return {name_.data(), name_size_}; }
  [[nodiscard]] AccountNumber number() const { return number_; }
  // Tells all accounts apart that have ever had a number; 0 for the system's.
  [[nodiscard]] uint64_t serial() const { return serial_; }
  [[nodiscard]] bool is_system() const { return number_ == AccountNumber::system; }
  // Makes was_exceeded() false.
  void forget_excess() { was_exceeded_.store(false, std::memory_order_relaxed); }
  // Whether an allocation that must not fail has exceeded the limit. If so, the account's program is ended.
  [[nodiscard]] bool was_exceeded() const { return was_exceeded_.load(std::memory_order_relaxed); }

 private:
  friend class Accounts;
  friend class FrameSource;
  friend class Heap;

  // These functions, and the members up to limit_bits_, are protected by FrameSource's lock.
  [[nodiscard]] uint64_t limit() const { return ~limit_bits_; }
  [[nodiscard]] uint64_t room() const { return total_ < limit() ? limit() - total_ : 0; }
  // The number of frames that the account may still take of its minimum.
  [[nodiscard]] uint64_t kept() const { return total_ < minimum_ ? minimum_ - total_ : 0; }
  void charge(Use use, uint64_t frames) {
    frames_[static_cast<size_t>(use)] += frames;
    total_ += frames;
    peak_ = std::max(peak_, total_);
  }
  void credit(Use use, uint64_t frames) {
    CAIRN_ASSERT(frames_[static_cast<size_t>(use)] >= frames);
    frames_[static_cast<size_t>(use)] -= frames;
    total_ -= frames;
  }
  [[nodiscard]] AccountState state() const {
    return {.name = name_,
            .name_size = name_size_,
            .frames = frames_,
            .total = total_,
            .peak = peak_,
            .limit = limit(),
            .refusals = refusals_,
            .was_exceeded = was_exceeded()};
  }

  std::array<uint64_t, kUses> frames_{};
  uint64_t total_ = 0;
  uint64_t peak_ = 0;
  uint64_t minimum_ = 0;  // the number of frames that are kept for the account
  uint64_t refusals_ = 0;
  // The limit, in frames. All its bits are inverted, so that an account whose bytes are all zero has no limit.
  uint64_t limit_bits_ = 0;
  std::array<char, 64> name_{};
  size_t name_size_ = 0;

  std::atomic<bool> was_exceeded_ = false;
  AccountNumber number_ = AccountNumber::system;
  uint64_t serial_ = 0;

  // The heap's part, protected by the lock around the heap: for each size class the first slab with a free object, and
  // the number of bytes in objects.
  std::array<HeapSlab*, kSlabClasses> partial_{};
  uint64_t object_bytes_ = 0;
};

// Finds accounts by their numbers. The system's account is part of it. Adding and removing are protected by
// FrameSource's lock; an account may be looked up without a lock while it has memory.
class Accounts {
 public:
  static constexpr size_t kMaximum = 4096;

  constexpr Accounts() = default;

  MemoryAccount& operator[](AccountNumber number) {
    const auto index = static_cast<size_t>(number);
    return index == 0 ? system_ : *entries_[index].load(std::memory_order_acquire);
  }
  MemoryAccount& system() { return system_; }

  // Gives the account a number. Returns false if there are kMaximum accounts.
  [[nodiscard]] bool add(MemoryAccount& account) {
    for (size_t tried = 1; tried < kMaximum; ++tried) {
      const size_t index = 1 + (next_ + tried) % (kMaximum - 1);
      if (entries_[index].load(std::memory_order_relaxed) != nullptr) continue;
      account.number_ = static_cast<AccountNumber>(index);
      account.serial_ = ++last_serial_;
      entries_[index].store(&account, std::memory_order_release);
      next_ = index - 1;
      end_ = std::max(end_, index + 1);
      return true;
    }
    return false;
  }
  void remove(MemoryAccount& account) {
    CAIRN_ASSERT(!account.is_system() && account.total_ == 0);
    entries_[static_cast<size_t>(account.number_)].store(nullptr, std::memory_order_relaxed);
    account.number_ = AccountNumber::system;
  }
  // Calls `visit(account)` for the system's account and then for all others.
  template <class F>
  void for_each(F&& visit) {
    visit(system_);
    for (size_t index = 1; index < end_; ++index) {
      if (MemoryAccount* const account = entries_[index].load(std::memory_order_relaxed)) visit(*account);
    }
  }

 private:
  MemoryAccount system_;
  std::array<std::atomic<MemoryAccount*>, kMaximum> entries_{};  // by number; null: the number is free
  size_t next_ = 0;                                              // the number that was given last, minus 1
  uint64_t last_serial_ = 0;
  size_t end_ = 1;  // no number from here on was ever given
};

// To whom memory is charged, and for what. Without an account it is the system's.
struct Charge {
  AccountNumber account = AccountNumber::system;
  Use use = Use::other;
  bool operator==(const Charge&) const = default;
};

}  // namespace cairn::kernel
