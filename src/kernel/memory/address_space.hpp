// AddressSpace manages the addresses of the kernel and of all guests. It holds reservations, and in them segments,
// which are runs of committed pages with the same rights.
//
// reserve() takes addresses only. commit() promises memory, and the first access to a committed page fills it with
// zeros. An access to any other page gives FaultOutcome::not_committed, and the caller decides whether that is a
// guest's trap or a panic.
//
// commit() promises everything that the pages can ever need: one frame for each, the page tables above them that do not
// exist yet, and the nodes (RangePool) for a later split. So after a commit, fault(), protect(), decommit() and
// release() cannot fail, however little memory is left. A table is counted once, for the first segment that needs it,
// and it is freed when no committed page is below it. recount() computes how many frames must be promised, so that
// tests can compare.
//
// Each reservation has a Charge (account.hpp). Its committed pages are charged when they are committed, filled or not.
// A page table of the guests' half is charged to the account of the first segment that has a part below it; when
// another segment becomes the first, the table moves to that segment's account. Tables of the kernel's half are the
// system's, because the pages of programs there lie close together and need few tables. The nodes of the ranges are the
// system's, too, because they are small.
//
// Pages are filled in groups of 64 KiB (a WebAssembly page), and in large segments by 2 MiB, because faults are
// expensive and zeroing is cheap. Nothing here allocates from the heap, so all functions may run under the spin lock
// that protects the address space (memory.hpp).
//
// Several CPUs may use the address space. When a function that takes memory or rights away returns, no CPU has them any
// more (INV-23). The other CPUs learn of new memory and new rights lazily: a CPU whose cached translation is out of
// date faults, and fault() makes the CPU forget the translation. fill() and map_device() are for memory at which a
// fault cannot be handled, so no CPU faults there after they return.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/result.hpp"
#include "kernel/memory/frame_source.hpp"
#include "kernel/memory/page_table.hpp"
#include "kernel/memory/portions.hpp"
#include "kernel/memory/range_pool.hpp"
#include "kernel/memory/range_tree.hpp"
#include "kernel/memory/space_result.hpp"
#include "kernel/memory/table_owners.hpp"

namespace cairn::kernel {

enum class FaultOutcome : uint8_t { filled, not_committed, no_rights };

template <class Table>
class AddressSpace {
 public:
  static constexpr uint64_t kGroup = 64 * 1024;        // bytes that are filled together
  static constexpr uint64_t kLargeSegment = 32 << 20;  // bytes of the smallest segment that gets pages of 2 MiB

  AddressSpace(DirectMap map, FrameSource& source, Table& table)
      : map_(map), source_(source), table_(table), nodes_(map, source) {
    nodes_.set_aside(kDecommitNodes);
  }

  // Reserves `size` bytes of addresses in [first, end), aligned, with at least one free page on either side. What is
  // committed there is charged as `charge` says.
  SpaceResult<VirtAddr> reserve(VirtAddr first, VirtAddr end, uint64_t size, uint64_t alignment, Charge charge = {}) {
    const RangeNode* before = reservations_.last_until(first.value);
    uint64_t at =
        align_up((before == nullptr ? first.value : std::max(before->end(), first.value)) + kPageSize, alignment);
    if (size != 0 && size <= end.value - first.value) {
      for (RangeNode* next = reservations_.first_from(first.value);; next = RangeTree::next(next)) {
        const uint64_t limit = next == nullptr ? end.value : std::min(next->start, end.value);
        if (limit > at && limit - at > size + kPageSize) {
          if (!nodes_.ensure(1)) return std::unexpected(no_memory({}, kPageSize));
          RangeNode* node = nodes_.take();
          node->start = at;
          node->size = size;
          node->charge = charge;
          reservations_.insert(node);
          return VirtAddr{at};
        }
        if (limit == end.value) break;
        at = align_up(next->end() + kPageSize, alignment);
      }
    }
    return std::unexpected(SpaceFailure{SpaceFailure::Kind::addresses, size, 0});
  }

  // Charges what is committed from now on in the reservation that holds `start` as `charge` says, if nothing is
  // committed there now.
  void recharge(VirtAddr start, Charge charge) {
    RangeNode* reservation = reservations_.last_until(start.value);
    if (reservation->charge != charge && overlapping(reservation->start, reservation->end()) == nullptr)
      reservation->charge = charge;
  }

  // Makes [start, start + size) of a reservation accessible. Pages that are committed already stay and get these
  // rights.
  SpaceResult<void> commit(VirtAddr start, uint64_t size, Access access, Claim claim = Claim::fallible) {
    if (size == 0) return {};
    CAIRN_ASSERT(is_reserved(start, size));
    const uint64_t end = start.value + size;
    const Charge charge = charge_of(start);
    const AccountNumber payer = payer_of_tables(start, charge);
    uint64_t pages = 0, tables = 0, holes = 0;
    for_each_hole(start.value, end, [&](uint64_t from, uint64_t to) {
      pages += (to - from) >> kPageBits;
      tables += missing_tables(from, to);
      ++holes;
    });
    // Tables that the range shares with later segments of other accounts become this account's.
    const TableOwners before = table_owners(start.value, end);
    const uint64_t taken = before.number_taken_by(charge.account, start.value);
    if (!source_.promise(pages, claim, charge, tables, payer, taken))
      return std::unexpected(no_memory(charge, (pages + tables) << kPageBits));
    if (!nodes_.ensure(holes * (1 + kSpareNodes) + 2)) {
      source_.move({payer, Use::tables}, {.use = Use::tables}, tables);
      source_.forget_promise(pages, charge, tables);
      return std::unexpected(no_memory(charge, (pages + tables + 1) << kPageBits));
    }
    // Existing segments get the rights, and holes become segments.
    const Changes changes(table_);
    for (RangeNode* segment = overlapping(start.value, end); segment != nullptr; segment = next_before(segment, end)) {
      if (segment->access == access) continue;
      segment = isolate(segment, start.value, end);
      segment->access = access;
      CAIRN_ASSERT(table_.protect({segment->start}, segment->size, access, TableFrames::promised));
    }
    for_each_hole(start.value, end, [&](uint64_t from, uint64_t to) {
      RangeNode* segment = nodes_.take();
      segment->start = from;
      segment->size = to - from;
      segment->access = access;
      segment->charge = charge;
      segment->spare_nodes = kSpareNodes;
      nodes_.set_aside(kSpareNodes);
      segments_.insert(segment);
    });
    merge_around(start.value, end);
    before.move_to(table_owners(start.value, end), source_);
    committed_ += pages;
    return {};
  }

  // Changes the rights of committed pages.
  void protect(VirtAddr start, uint64_t size, Access access) {
    const uint64_t end = start.value + size;
    CAIRN_ASSERT(committed_bytes(start.value, end) == size);
    // Segments that have used their spare nodes need two others. If there is no memory for these, they take nodes that
    // are set aside for decommit().
    (void)nodes_.ensure(2);
    for (RangeNode* segment = overlapping(start.value, end); segment != nullptr; segment = next_before(segment, end)) {
      if (segment->access == access) continue;
      segment = isolate(segment, start.value, end);
      segment->access = access;
    }
    merge_around(start.value, end);
    CAIRN_ASSERT(table_.protect(start, size, access, TableFrames::promised));
  }

  // Takes back the memory of [start, start + size). The addresses stay reserved.
  void decommit(VirtAddr start, uint64_t size) {
    if (size == 0) return;
    const uint64_t end = start.value + size;
    const Charge charge = charge_of(start);
    const TableOwners before = table_owners(start.value, end);
    uint64_t pages = 0, tables = 0, paid_tables = 0;
    for (RangeNode* segment = overlapping(start.value, end); segment != nullptr;
         segment = overlapping(start.value, end)) {
      segment = isolate(segment, start.value, end);
      segments_.remove(segment);
      pages += segment->size >> kPageBits;
      tables += missing_tables(segment->start, segment->end());
      paid_tables += own_tables(segment->start, segment->end());
      nodes_.give_up(segment->spare_nodes);
      nodes_.give(segment);
    }
    if (pages == 0) return;
    before.move_to(table_owners(start.value, end), source_);
    // The tables that nobody needs any more are the system's until they are free.
    source_.move({payer_of_tables(start, charge), Use::tables}, {.use = Use::tables}, paid_tables);
    uint64_t filled = 0;
    CAIRN_ASSERT(table_.unmap(
        start, size, TableFrames::promised, RemovedAs::promised_page,
        [&](VirtAddr block, uint64_t span) { return has_committed(block.value, span); },
        [&](unsigned level) { filled += uint64_t{1} << (9 * level); }));
    table_.settle();
    committed_ -= pages;
    filled_ -= filled;
    // The frames of the filled pages are free now, and `pages` frames are promised. Splits may have taken nodes that
    // are set aside for the next decommit(). If so, one promised frame is made into new nodes.
    if (nodes_.free_nodes() < nodes_.nodes_aside()) {
      nodes_.add(*source_.redeem(0));
      source_.move(charge, {}, 1);
      --pages;
    }
    source_.forget_promise(pages, charge, tables);
  }

  // Does the same for a first portion of the range's committed memory, which does not take long. Returns whether there
  // was one.
  bool decommit_portion(VirtAddr start, uint64_t size) {
    const RangeNode* const segment = overlapping(start.value, start.value + size);
    if (segment == nullptr) return false;
    const uint64_t from = std::max(segment->start, start.value);
    const uint64_t end = std::min(segment->end(), start.value + size);
    decommit({from}, end_of_portion(table_, from, end) - from);
    return true;
  }

  // Releases a whole reservation. release_portion() takes back the first committed part of one, as decommit_portion()
  // does; when nothing is committed any more, it releases the reservation and returns false.
  bool release_portion(VirtAddr start) {
    if (decommit_portion(start, reservations_.last_until(start.value)->size)) return true;
    release(start);
    return false;
  }
  void release(VirtAddr start) {
    RangeNode* reservation = reservations_.last_until(start.value);
    CAIRN_ASSERT(reservation != nullptr && reservation->start == start.value);
    decommit(start, reservation->size);
    reservations_.remove(reservation);
    nodes_.give(reservation);
  }

  // Maps the registers of a device, somewhere in [first, end). They stay mapped.
  SpaceResult<VirtAddr> map_device(VirtAddr first, VirtAddr end, PhysRange range) {
    const uint64_t offset = range.start.value & (kPageSize - 1);
    const uint64_t size = align_up(offset + range.size, kPageSize);
    const VirtAddr start = CAIRN_TRY(reserve(first, end, size, kPageSize));
    const uint64_t tables = missing_tables(start.value, start.value + size);
    if (!source_.promise(0, Claim::fallible, {}, tables)) {
      release(start);
      return std::unexpected(no_memory({}, tables << kPageBits));
    }
    CAIRN_ASSERT(table_.map_range(start, {range.start.value - offset}, size, {.write = true, .device = true}, 0,
                                  TableFrames::promised));
    table_.announce();
    return start + offset;
  }

  // Handles a fault of an access to `address`; reading is neither `write` nor `execute`. After FaultOutcome::filled,
  // the access can be repeated.
  FaultOutcome fault(VirtAddr address, bool write, bool execute) {
    const RangeNode* segment = segments_.holder_of(address.value);
    if (segment == nullptr) return FaultOutcome::not_committed;
    if ((write && !segment->access.write) || (execute && !segment->access.execute)) return FaultOutcome::no_rights;
    const VirtAddr page{align_down(address.value, kPageSize)};
    if (table_.translate(page)) {
      // The page is filled and has the right, but this CPU still remembers what was there before.
      table_.forget(page);
    } else {
      fill_around(*segment, page);
    }
    return FaultOutcome::filled;
  }

  // Fills committed memory at once, for memory that is touched under locks. No CPU faults there afterwards.
  void fill(VirtAddr start, uint64_t size) {
    CAIRN_ASSERT(committed_bytes(start.value, start.value + size) == size);
    for (VirtAddr page = start; page.value < start.value + size; page = page + kPageSize) {
      if (!table_.translate(page)) fill_around(*segments_.holder_of(page.value), page);
    }
    table_.announce();
  }

  [[nodiscard]] bool is_committed(VirtAddr address) const { return segments_.holder_of(address.value) != nullptr; }
  // The start of the segment that holds a committed address.
  [[nodiscard]] VirtAddr committed_start(VirtAddr address) const { return {segments_.holder_of(address.value)->start}; }
  // Whether sealed code lies at the address.
  [[nodiscard]] bool is_executable(VirtAddr address) const {
    const RangeNode* segment = segments_.holder_of(address.value);
    return segment != nullptr && segment->access.execute;
  }
  // The number of bytes that are committed, filled or not, and the number of bytes that are filled.
  [[nodiscard]] uint64_t committed_total() const { return committed_ << kPageBits; }
  [[nodiscard]] uint64_t filled_total() const { return filled_ << kPageBits; }
  // The number of reservations, of segments, and of the frames that hold their nodes.
  [[nodiscard]] uint64_t reservation_count() const { return reservations_.count(); }
  [[nodiscard]] uint64_t segment_count() const { return segments_.count(); }
  [[nodiscard]] uint64_t node_frames() const { return nodes_.frames(); }
  // The number of bytes that commit() would grant to an account where all page tables exist.
  [[nodiscard]] uint64_t available_bytes(AccountNumber account = AccountNumber::system) {
    return source_.available_to(source_.account(account)) << kPageBits;
  }
  // The number of frames that must be promised now: those for committed pages that are not filled yet, and for missing
  // tables above committed pages. Takes time in proportion to the committed memory.
  [[nodiscard]] uint64_t recount() const {
    uint64_t frames = committed_ - filled_;
    for (unsigned level = 0; level + 1 < table_.levels(); ++level) {
      const uint64_t span = page_size_at(level + 1);
      std::optional<uint64_t> counted;  // the last block whose table was counted
      for (RangeNode* segment = segments_.first(); segment != nullptr; segment = RangeTree::next(segment)) {
        uint64_t from = align_down(segment->start, span);
        const uint64_t last = align_down(segment->end() - 1, span);
        // `from` must not become the block after the last one of the address space: that would be at 0.
        if (counted == from && from == last) continue;
        if (counted == from) from += span;
        frames += table_.missing_tables(level, {from}, {last + (span - 1)});
        counted = last;
      }
    }
    return frames;
  }

 private:
  using Changes = typename Table::ChangeScope;

  // decommit() takes at most kDecommitNodes nodes before it gives one back. One protect() takes at most kSpareNodes
  // nodes to split a segment.
  static constexpr uint8_t kDecommitNodes = 2, kSpareNodes = 2;

  static Access owned(Access access) {
    access.owned = true;
    return access;
  }

  SpaceFailure no_memory(Charge charge, uint64_t wanted) {
    return {SpaceFailure::Kind::memory, wanted, available_bytes(charge.account)};
  }

  // The charge of the reservation that holds an address.
  [[nodiscard]] Charge charge_of(VirtAddr address) const { return reservations_.last_until(address.value)->charge; }

  [[nodiscard]] TableOwners table_owners(uint64_t start, uint64_t end) const {
    return {segments_, table_.levels(), start, end};
  }
  // Returns the account that pays for tables above `address` that only segments of this charge need.
  static AccountNumber payer_of_tables(VirtAddr address, Charge charge) {
    return is_in_kernel_half(address.value) ? AccountNumber::system : charge.account;
  }
  // The number of tables in the guests' half that [start, end) needs and no segment needs.
  [[nodiscard]] uint64_t own_tables(uint64_t start, uint64_t end) const {
    if (is_in_kernel_half(start)) return 0;
    return count_tables(start, end, [](unsigned level, uint64_t first, uint64_t last) {
      return (last - first) / page_size_at(level + 1) + 1;
    });
  }

  // Returns the first segment that has a part in [start, end), or null.
  [[nodiscard]] RangeNode* overlapping(uint64_t start, uint64_t end) const { return segments_.first_in(start, end); }
  // Returns the segment after `segment` if it starts before `end`, otherwise null.
  static RangeNode* next_before(RangeNode* segment, uint64_t end) {
    segment = RangeTree::next(segment);
    return segment != nullptr && segment->start < end ? segment : nullptr;
  }
  [[nodiscard]] bool has_committed(uint64_t start, uint64_t size) const {
    const RangeNode* last = segments_.last_until(start + (size - 1));
    return last != nullptr && last->end() > start;
  }

  // Calls visit(from, to) for each part of [start, end) that is not committed.
  template <class F>
  void for_each_hole(uint64_t start, uint64_t end, F&& visit) {
    for (uint64_t at = start; at < end;) {
      const RangeNode* segment = overlapping(at, end);
      const uint64_t hole_end = segment == nullptr ? end : std::max(segment->start, at);
      const uint64_t after = segment == nullptr ? end : segment->end();
      if (hole_end != at) visit(at, hole_end);
      at = after;
    }
  }

  // The number of tables that [start, end) needs and that neither exist nor are promised for a segment.
  [[nodiscard]] uint64_t missing_tables(uint64_t start, uint64_t end) const {
    return count_tables(start, end, [&](unsigned level, uint64_t first, uint64_t last) {
      return table_.missing_tables(level, {first}, {last + (page_size_at(level + 1) - 1)});
    });
  }
  // Returns the sum of count(level, first, last) over all levels of tables. Each table of a level maps one block of
  // addresses. `first` and `last` are the starts of the first and the last block whose table [start, end) needs and no
  // segment needs.
  template <class F>
  [[nodiscard]] uint64_t count_tables(uint64_t start, uint64_t end, F&& count) const {
    uint64_t tables = 0;
    for (unsigned level = 0; level + 1 < table_.levels(); ++level) {
      const uint64_t span = page_size_at(level + 1);
      uint64_t first = align_down(start, span), last = align_down(end - 1, span);
      const bool skips_first = has_committed(first, span);
      if (first == last) {
        if (!skips_first) tables += count(level, first, last);
        continue;
      }
      if (skips_first) first += span;
      if (has_committed(last, span)) last -= span;
      if (first <= last) tables += count(level, first, last);
    }
    return tables;
  }

  PhysAddr take_frame() {
    ++filled_;
    return *source_.redeem(0);  // there is a frame, because it was promised
  }

  // Fills the absent `page` of the segment together with its neighbours: 2 MiB if possible, otherwise its group.
  void fill_around(const RangeNode& segment, VirtAddr page) {
    const VirtAddr large{align_down(page.value, kLargePageSize)};
    if (segment.size >= kLargeSegment && large.value >= segment.start &&
        large.value + kLargePageSize <= segment.end() && table_.has_no_table(large)) {
      if (const auto block = source_.redeem(9)) {
        std::memset(map_.at(*block), 0, kLargePageSize);
        CAIRN_ASSERT(table_.map(large, *block, 1, owned(segment.access), TableFrames::promised));
        filled_ += 512;
        return;
      }
    }
    fill_group(segment, page);
  }

  // Fills the absent pages of the 64 KiB group around `page` that lie in the segment.
  void fill_group(const RangeNode& segment, VirtAddr page) {
    const uint64_t group = align_down(page.value, kGroup);
    if (group >= segment.start && group + kGroup <= segment.end() && table_.is_empty({group}, kGroup / kPageSize)) {
      if (const auto block = source_.redeem(4)) {
        std::memset(map_.at(*block), 0, kGroup);
        CAIRN_ASSERT(table_.map_range({group}, *block, kGroup, owned(segment.access), 0, TableFrames::promised));
        filled_ += kGroup / kPageSize;
        return;
      }
    }
    const uint64_t first = std::max(group, segment.start), end = std::min(group + kGroup, segment.end());
    for (uint64_t at = first; at < end; at += kPageSize) {
      if (table_.translate({at})) continue;
      const PhysAddr frame = take_frame();
      std::memset(map_.at(frame), 0, kPageSize);
      CAIRN_ASSERT(table_.map({at}, frame, 0, owned(segment.access), TableFrames::promised));
    }
  }

  [[nodiscard]] bool is_reserved(VirtAddr start, uint64_t size) const {
    const RangeNode* reservation = reservations_.last_until(start.value);
    if (reservation == nullptr) return false;
    const uint64_t offset = start.value - reservation->start;
    return offset <= reservation->size && size <= reservation->size - offset &&
           ((start.value | size) & (kPageSize - 1)) == 0;
  }

  [[nodiscard]] uint64_t committed_bytes(uint64_t start, uint64_t end) const {
    uint64_t total = 0;
    for (RangeNode* segment = overlapping(start, end); segment != nullptr; segment = next_before(segment, end)) {
      total += std::min(segment->end(), end) - std::max(segment->start, start);
    }
    return total;
  }

  // Splits the segment where it crosses the borders of [start, end). Returns the part inside.
  RangeNode* isolate(RangeNode* segment, uint64_t start, uint64_t end) {
    if (segment->start < start) segment = split(segment, start);
    if (segment->end() > end) split(segment, end);
    return segment;
  }
  // Splits the segment and returns the second part. The second part's node is one of the segment's spare nodes, or one
  // of those that are set aside for decommit().
  RangeNode* split(RangeNode* segment, uint64_t at) {
    RangeNode* rest = nodes_.take();
    rest->start = at;
    rest->size = segment->end() - at;
    rest->access = segment->access;
    rest->charge = segment->charge;
    segment->size = at - segment->start;
    if (segment->spare_nodes != 0) {
      // The remaining spare node goes to the second part, because the second border of a range lies there.
      rest->spare_nodes = static_cast<uint8_t>(segment->spare_nodes - 1);
      segment->spare_nodes = 0;
      nodes_.give_up(1);
    }
    segments_.insert(rest);
    return rest;
  }

  // Joins neighbouring segments with equal rights, so that a memory that grows stays one segment. (Reservations do not
  // touch.)
  void merge_around(uint64_t start, uint64_t end) {
    RangeNode* segment = segments_.last_until(start == 0 ? 0 : start - 1);
    if (segment == nullptr) segment = segments_.first_from(start);
    while (segment != nullptr && segment->start <= end) {
      RangeNode* next = RangeTree::next(segment);
      if (next == nullptr) return;
      if (segment->end() != next->start || segment->access != next->access) {
        segment = next;
        continue;
      }
      segments_.remove(next);
      segment->size += next->size;
      const uint64_t spare = uint64_t{segment->spare_nodes} + next->spare_nodes;
      segment->spare_nodes = static_cast<uint8_t>(std::min<uint64_t>(spare, kSpareNodes));
      nodes_.give_up(spare - segment->spare_nodes);
      nodes_.give(next);
    }
  }

  DirectMap map_;
  FrameSource& source_;
  Table& table_;
  RangePool nodes_;
  RangeTree reservations_;
  RangeTree segments_;
  uint64_t committed_ = 0;  // number of committed pages
  uint64_t filled_ = 0;     // number of filled pages
};

}  // namespace cairn::kernel
