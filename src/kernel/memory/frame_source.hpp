// The source of all frames: the allocator with its lock, the promises (INV-17), and the counters of all accounts
// (account.hpp).
//
// A promised frame is one that may be taken later and must be available then: for a committed page that was not touched
// yet, or for a page table that touching it needs. free_frames() never drops below the number of promised frames.
//
// Besides the promised frames there is a reserve (INV-19). Guests' memory and all other allocations that may fail
// (Claim::fallible, promise) do not use it. The kernel's own small objects, whose allocation must not fail, may use it
// (Claim::last). So a guest that has taken all memory it can get leaves enough for the kernel to continue.
//
// Frames are also kept for accounts that have a minimum: as many as are missing until the account has that many. Other
// accounts' allocations that may fail do not use them.
//
// Each frame that is taken or promised is charged to an account. An allocation that may fail is refused if it would
// exceed the account's limit. One that must not fail exceeds the limit instead, and the account remembers that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "base/assert.hpp"
#include "base/sync/locked.hpp"
#include "base/sync/spin_lock.hpp"
#include "kernel/memory/account.hpp"
#include "kernel/memory/frame_allocator.hpp"
#include "kernel/memory/injected_failure.hpp"

namespace cairn::kernel {

// Whether an allocation may fail and leaves the reserve alone (`fallible`), or may take the reserve, too (`last`).
enum class Claim : uint8_t { fallible, last };

class FrameSource {
 public:
  struct State {
    FrameAllocator frames;
    uint64_t promised = 0;
    uint64_t reserve = 0;
    uint64_t kept = 0;  // the sum of kept() of all accounts

    // The number of frames that an allocation for the account may take with this claim, whatever the account's limit.
    [[nodiscard]] uint64_t available(Claim claim, const MemoryAccount& account) const {
      const uint64_t others = claim == Claim::fallible ? reserve + (kept - account.kept()) : 0;
      const uint64_t free = frames.free_frames(), taken = promised + others;
      return free > taken ? free - taken : 0;
    }
    void charge(MemoryAccount& account, Use use, uint64_t count) {
      kept -= account.kept();
      account.charge(use, count);
      kept += account.kept();
    }
    void credit(MemoryAccount& account, Use use, uint64_t count) {
      kept -= account.kept();
      account.credit(use, count);
      kept += account.kept();
    }
  };

  // Calls function(State&) with the lock held, and returns its result.
  template <class F>
  decltype(auto) with(F&& function) {
    return state_.with(std::forward<F>(function));
  }

  // Gives memory to the allocator (FrameAllocator::initialize), and sets the reserve.
  bool initialize(DirectMap map, std::span<const PhysRange> ranges, uint64_t highest, uint64_t reserve = 0) {
    return with([&](State& s) {
      if (!s.frames.initialize(map, ranges, highest)) return false;
      s.charge(accounts_.system(), Use::other, s.frames.record_frames());
      s.reserve = reserve;
      return true;
    });
  }

  Accounts& accounts() { return accounts_; }
  MemoryAccount& account(AccountNumber number) { return accounts_[number]; }
  // The number of frames that an account may get by allocations that may fail.
  uint64_t available_to(const MemoryAccount& account) {
    return with([&](State& s) { return std::min(s.available(Claim::fallible, account), account.room()); });
  }
  [[nodiscard]] AccountState state_of(const MemoryAccount& account) {
    return with([&](State&) { return account.state(); });
  }
  // add() gives an account a number, and returns false if there are too many accounts. remove() takes the number of an
  // account away; the account must be empty.
  [[nodiscard]] bool add(MemoryAccount& account) {
    return with([&](State&) { return accounts_.add(account); });
  }
  void remove(MemoryAccount& account) {
    with([&](State& s) {
      s.kept -= account.kept();
      account.minimum_ = 0;
      accounts_.remove(account);
    });
  }
  // Sets the number of frames that are kept for an account. Returns false, and changes nothing, if so many are not
  // available.
  [[nodiscard]] bool set_minimum(MemoryAccount& account, uint64_t frames) {
    return with([&](State& s) {
      const uint64_t missing = frames > account.total_ ? frames - account.total_ : 0;
      if (missing > account.kept() && missing > s.available(Claim::fallible, account)) return false;
      s.kept -= account.kept();
      account.minimum_ = frames;
      s.kept += account.kept();
      return true;
    });
  }
  // Copies the counters of all accounts, the system's first, as far as there is room. Returns the number of accounts.
  size_t read_accounts(std::span<AccountState> states) {
    return with([&](State&) {
      size_t count = 0;
      accounts_.for_each([&](const MemoryAccount& account) {
        if (count < states.size()) states[count] = account.state();
        ++count;
      });
      return count;
    });
  }
  // The largest number of frames that the account could have if there were no other account.
  uint64_t most_for(const MemoryAccount& account) {
    return with([&](State& s) { return std::min(s.frames.total_frames(), account.limit()); });
  }
  // Whether each frame is either on an account, or free and not promised, and the accounts together hold
  // `pages_and_heap` frames for committed pages and the heap.
  bool accounts_are_exact(uint64_t pages_and_heap) {
    return with([&](State& s) {
      uint64_t frames = s.frames.free_frames() - s.promised, counted = 0;
      accounts_.for_each([&](const MemoryAccount& account) {
        frames += account.total_;
        for (const Use use : {Use::memory, Use::stacks, Use::code, Use::heap})
          counted += account.frames_[static_cast<size_t>(use)];
      });
      return frames == s.frames.total_frames() && counted == pages_and_heap;
    });
  }

  // Allocates frames. Promised frames are not used.
  std::optional<PhysAddr> allocate() { return allocate_contiguous(1); }
  std::optional<PhysAddr> allocate_contiguous(uint64_t count, Claim claim = Claim::last, Charge charge = {}) {
    return with([&](State& s) -> std::optional<PhysAddr> {
      MemoryAccount& account = accounts_[charge.account];
      if (s.available(claim, account) < count || !has_room(account, count, claim)) return std::nullopt;
      const auto start = count == 1 ? s.frames.allocate(0) : s.frames.allocate_contiguous(count);
      if (start) s.charge(account, charge.use, count);
      return start;
    });
  }
  // Allocates 2^order frames for a slab, aligned to their size, each with this note.
  std::optional<PhysAddr> allocate_block(unsigned order, uint32_t note, Claim claim, Charge charge) {
    return with([&](State& s) -> std::optional<PhysAddr> {
      const uint64_t count = uint64_t{1} << order;
      MemoryAccount& account = accounts_[charge.account];
      if (s.available(claim, account) < count || !has_room(account, count, claim)) return std::nullopt;
      const auto block = s.frames.allocate(order);
      if (!block) return std::nullopt;
      for (uint64_t i = 0; i < count; ++i) s.frames.set_note(*block + i * kPageSize, note);
      s.charge(account, charge.use, count);
      return block;
    });
  }
  void free_contiguous(PhysAddr start, uint64_t count, Charge charge = {}) {
    with([&](State& s) {
      s.frames.free_contiguous(start, count);
      s.credit(accounts_[charge.account], charge.use, count);
    });
  }
  void set_note(PhysAddr frame, uint32_t note) {
    with([&](State& s) { s.frames.set_note(frame, note); });
  }
  // Sets the notes of a frame and of the frame after it.
  void set_notes(PhysAddr frame, uint32_t note, uint32_t next) {
    with([&](State& s) {
      s.frames.set_note(frame, note);
      s.frames.set_note(frame + kPageSize, next);
    });
  }
  uint32_t note(PhysAddr frame) {
    return with([&](State& s) { return s.frames.covers(frame) ? s.frames.note(frame) : 0; });
  }

  // Promises `pages` frames for a charge, and `tables` frames for page tables, which are charged to the account
  // `tables_of`. Returns false if fewer frames are available, or if the limit of the account of `charge` leaves no room
  // for its part of them and for `more` frames, which that account is about to take over from others.
  [[nodiscard]] bool promise(uint64_t pages, Claim claim = Claim::fallible, Charge charge = {}, uint64_t tables = 0,
                             AccountNumber tables_of = AccountNumber::system, uint64_t more = 0) {
    if (must_fail(claim)) return false;
    return with([&](State& s) {
      MemoryAccount& account = accounts_[charge.account];
      const uint64_t own = pages + more + (tables_of == charge.account ? tables : 0);
      if (s.available(claim, account) < pages + tables || !has_room(account, own, claim)) return false;
      s.promised += pages + tables;
      s.charge(account, charge.use, pages);
      s.charge(accounts_[tables_of], Use::tables, tables);
      return true;
    });
  }
  // The opposite of promise(), for tables that are on the system's account.
  void forget_promise(uint64_t pages, Charge charge = {}, uint64_t tables = 0) {
    with([&](State& s) {
      CAIRN_ASSERT(s.promised >= pages + tables);
      s.promised -= pages + tables;
      s.credit(accounts_[charge.account], charge.use, pages);
      s.credit(accounts_.system(), Use::tables, tables);
    });
  }
  // Moves frames from one charge to another. The new account did not ask for them, so it may exceed its limit.
  void move(Charge from, Charge to, uint64_t count) {
    with([&](State& s) {
      s.credit(accounts_[from.account], from.use, count);
      s.charge(accounts_[to.account], to.use, count);
    });
  }
  // Takes 2^order of the promised frames. Fails only when memory is too fragmented for this order; never for order 0.
  std::optional<PhysAddr> redeem(unsigned order) {
    return with([&](State& s) {
      CAIRN_ASSERT(s.promised >= uint64_t{1} << order);
      const auto block = s.frames.allocate(order);
      if (block) s.promised -= uint64_t{1} << order;
      return block;
    });
  }
  // The opposite of redeem: the frames are free and promised again.
  void unredeem(PhysAddr start, uint64_t count) {
    with([&](State& s) {
      s.frames.free_contiguous(start, count);
      s.promised += count;
    });
  }
  [[nodiscard]] uint64_t promised() {
    return with([](State& s) { return s.promised; });
  }

  // Whether a test wants this allocation to fail. Allocations that may fail ask this first.
  [[nodiscard]] bool must_fail(Claim claim) { return claim == Claim::fallible && injected_.next(); }
  [[nodiscard]] InjectedFailure& injected_failure() { return injected_; }

  // PageTable calls allocate_table, redeem_table and free_table for its tables, and free_pages for owned pages that
  // are unmapped.
  std::optional<PhysAddr> allocate_table() { return allocate_contiguous(1, Claim::last, {.use = Use::tables}); }
  std::optional<PhysAddr> redeem_table() { return redeem(0); }
  void free_table(PhysAddr frame) { free_contiguous(frame, 1, {.use = Use::tables}); }
  void free_pages(PhysAddr start, uint64_t count) { free_contiguous(start, count); }

 private:
  static bool has_room(MemoryAccount& account, uint64_t frames, Claim claim) {
    if (frames <= account.room()) return true;
    if (claim == Claim::fallible) {
      ++account.refusals_;
      return false;
    }
    account.was_exceeded_.store(true, std::memory_order_relaxed);
    return true;
  }

  Locked<State, SpinLock, LockRank::frames> state_;
  Accounts accounts_;
  InjectedFailure injected_;
};

}  // namespace cairn::kernel
