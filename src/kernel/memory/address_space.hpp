// The one address space: reservations, and within them segments of pages that are committed with the same rights.
//
// reserve() takes addresses only. commit() promises memory, and touching a committed page fills it: with zeros, or from
// the memory object that is mapped there, which stays as it is because a written page is copied first. What touches
// anything else gets FaultOutcome::not_committed, and the caller decides whether that is a guest's trap or a panic.
//
// Filling goes by groups of 64 KiB (a WebAssembly page), by 2 MiB in large segments: faults are expensive, zeroing is not.
// fault() allocates frames only; the other operations may allocate from the heap.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/format.hpp"
#include "base/result.hpp"
#include "kernel/memory/frame_source.hpp"
#include "kernel/memory/page_table.hpp"

namespace cairn::kernel {

// Frames with contents, to be mapped copy-on-write. Must outlive its mappings.
class MemoryObject {
 public:
  explicit MemoryObject(FrameSource& source, DirectMap map) : source_(source), map_(map) {}
  MemoryObject(const MemoryObject&) = delete;
  MemoryObject& operator=(const MemoryObject&) = delete;
  ~MemoryObject() {
    for (PhysAddr frame : frames_) {
      if (frame.value != 0) source_.free_contiguous(frame, 1);
    }
  }

  // Copies `bytes` to `offset`; pages never written read as zero and cost nothing. False: no memory.
  [[nodiscard]] bool write(uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const uint64_t page = offset >> kPageBits, within = offset & (kPageSize - 1);
      const size_t count = std::min<size_t>(bytes.size(), kPageSize - within);
      if (page >= frames_.size()) frames_.resize(page + 1);
      if (frames_[page].value == 0) {
        const auto frame = source_.allocate();
        if (!frame) return false;
        std::memset(map_.at(*frame), 0, kPageSize);
        frames_[page] = *frame;
      }
      std::memcpy(map_.at(frames_[page]) + within, bytes.data(), count);
      bytes = bytes.subspan(count), offset += count;
    }
    return true;
  }
  [[nodiscard]] uint64_t pages() const { return frames_.size(); }
  // The frame of a page; address 0 when it is all zeros.
  [[nodiscard]] PhysAddr frame(uint64_t page) const { return page < frames_.size() ? frames_[page] : PhysAddr{}; }

 private:
  FrameSource& source_;
  DirectMap map_;
  std::vector<PhysAddr> frames_;
};

enum class FaultOutcome : uint8_t { filled, not_committed, no_rights };

template <class Table>
class AddressSpace {
 public:
  static constexpr uint64_t kGroup = 64 * 1024;
  static constexpr uint64_t kLargeSegment = 32 << 20;

  AddressSpace(DirectMap map, FrameSource& source, Table& table) : map_(map), source_(source), table_(table) {}

  // `size` bytes of addresses in [first, end), aligned, with at least a page free on either side.
  Result<VirtAddr> reserve(VirtAddr first, VirtAddr end, uint64_t size, uint64_t alignment) {
    uint64_t at = align_up(first.value + kPageSize, alignment);
    if (size != 0 && size <= end.value - first.value) {
      for (auto next = reservations_.lower_bound(first.value);; ++next) {
        const uint64_t limit = next == reservations_.end() ? end.value : std::min(next->first, end.value);
        if (limit > at && limit - at > size + kPageSize) {
          reservations_.emplace(at, size);
          return VirtAddr{at};
        }
        if (limit == end.value) break;
        at = align_up(next->first + next->second + kPageSize, alignment);
      }
    }
    return fail(Error::of(ErrorKind::resource, "no address space left for " + decimal(size) + " bytes"));
  }

  // Makes [start, start + size) of a reservation accessible. What is committed already stays and gets these rights.
  Result<void> commit(VirtAddr start, uint64_t size, Access access, MemoryObject* object = nullptr) {
    if (size == 0) return {};
    CAIRN_ASSERT(is_reserved(start, size));
    const uint64_t missing = (size - committed_bytes(start.value, start.value + size)) >> kPageBits;
    if (!source_.promise(missing)) {
      return fail(Error::of(ErrorKind::resource, "out of memory: " + decimal(missing << kPageBits) + " bytes wanted, " +
                                                     decimal(available_bytes()) + " available"));
    }
    split_at(start.value);
    split_at(start.value + size);
    // Holes become segments; existing ones keep their contents.
    for (uint64_t at = start.value; at < start.value + size;) {
      auto next = segments_.lower_bound(at);
      if (next != segments_.end() && next->first == at) {
        if (next->second.access != access) CAIRN_ASSERT(table_.protect({at}, next->second.size, access));
        next->second.access = access;
        at += next->second.size;
        continue;
      }
      const uint64_t hole_end = std::min(next == segments_.end() ? start.value + size : next->first, start.value + size);
      segments_.emplace(at, Segment{hole_end - at, access, object, at - start.value});
      at = hole_end;
    }
    merge_around(start.value, start.value + size);
    committed_ += missing;
    return {};
  }

  // Changes the rights of committed pages.
  void protect(VirtAddr start, uint64_t size, Access access) {
    CAIRN_ASSERT(committed_bytes(start.value, start.value + size) == size);
    split_at(start.value);
    split_at(start.value + size);
    for (auto i = segments_.find(start.value); i != segments_.end() && i->first < start.value + size; ++i) {
      i->second.access = access;
    }
    merge_around(start.value, start.value + size);
    CAIRN_ASSERT(table_.protect(start, size, access));
  }

  // Takes the memory of [start, start + size) away; the addresses stay reserved.
  void decommit(VirtAddr start, uint64_t size) {
    if (size == 0) return;
    const uint64_t pages = committed_bytes(start.value, start.value + size) >> kPageBits;
    split_at(start.value);
    split_at(start.value + size);
    segments_.erase(segments_.lower_bound(start.value), segments_.lower_bound(start.value + size));
    if (pages == 0) return;
    const uint64_t freed = source_.freed();
    CAIRN_ASSERT(table_.unmap(start, size));
    const uint64_t filled = source_.freed() - freed;
    source_.forget_promise(pages - filled);
    committed_ -= pages;
    filled_ -= filled;
  }

  // Gives a whole reservation back.
  void release(VirtAddr start) {
    const auto reservation = reservations_.find(start.value);
    CAIRN_ASSERT(reservation != reservations_.end());
    decommit(start, reservation->second);
    reservations_.erase(reservation);
  }

  // Addresses for physical memory that is not RAM. Stays for good.
  Result<VirtAddr> map_device(VirtAddr first, VirtAddr end, PhysRange range) {
    const uint64_t offset = range.start.value & (kPageSize - 1);
    const uint64_t size = align_up(offset + range.size, kPageSize);
    const VirtAddr start = CAIRN_TRY(reserve(first, end, size, kPageSize));
    if (!table_.map_range(start, {range.start.value - offset}, size, {.write = true, .device = true}, 0)) {
      return fail(Error::of(ErrorKind::resource, "out of memory for page tables"));
    }
    return start + offset;
  }

  FaultOutcome fault(VirtAddr address, bool write, bool execute) {
    auto found = segments_.upper_bound(address.value);
    if (found == segments_.begin()) return FaultOutcome::not_committed;
    --found;
    const uint64_t start = found->first;
    const Segment& segment = found->second;
    if (address.value - start >= segment.size) return FaultOutcome::not_committed;
    if ((write && !segment.access.write) || (execute && !segment.access.execute)) return FaultOutcome::no_rights;
    const VirtAddr page{align_down(address.value, kPageSize)};
    if (const auto present = table_.translate(page)) {
      if (write && !present->access.write) {  // shared with the object
        const PhysAddr copy = take_frame();
        std::memcpy(map_.at(copy), map_.at(present->address), kPageSize);
        table_.replace(page, copy, owned(segment.access));
      } else {
        table_.forget(page);  // another CPU was faster, or this one remembered that nothing was there
      }
      return FaultOutcome::filled;
    }
    if (segment.object != nullptr) {
      fill_from_object(start, segment, page, write);
      return FaultOutcome::filled;
    }
    const VirtAddr large{align_down(page.value, kLargePageSize)};
    if (segment.size >= kLargeSegment && large.value >= start && large.value + kLargePageSize <= start + segment.size &&
        table_.has_no_table(large)) {
      if (const auto block = source_.redeem(9)) {
        std::memset(map_.at(*block), 0, kLargePageSize);
        CAIRN_ASSERT(table_.map(large, *block, 1, owned(segment.access)));
        filled_ += 512;
        return FaultOutcome::filled;
      }
    }
    fill_group(start, segment, page);
    return FaultOutcome::filled;
  }

  [[nodiscard]] bool is_committed(VirtAddr address) const {
    auto found = segments_.upper_bound(address.value);
    return found != segments_.begin() && address.value - (--found)->first < found->second.size;
  }
  // Bytes that are promised to someone, filled or not; and those filled.
  [[nodiscard]] uint64_t committed_total() const { return committed_ << kPageBits; }
  // How many reservations and how many pieces of committed memory there are.
  [[nodiscard]] size_t reservation_count() const { return reservations_.size(); }
  [[nodiscard]] size_t segment_count() const { return segments_.size(); }
  [[nodiscard]] uint64_t filled_total() const { return filled_ << kPageBits; }
  // What commit() would still grant.
  [[nodiscard]] uint64_t available_bytes() {
    return source_.with([](FrameSource::State& s) {
      const uint64_t free = s.frames.free_frames(), taken = s.promised + s.reserve;
      return free > taken ? (free - taken) << kPageBits : 0;
    });
  }

 private:
  struct Segment {
    uint64_t size;
    Access access;
    MemoryObject* object;    // null: zeros
    uint64_t object_offset;  // of the segment's first byte
  };
  using Segments = std::map<uint64_t, Segment>;

  static Access owned(Access access) {
    access.owned = true;
    return access;
  }

  PhysAddr take_frame() {
    const auto frame = source_.redeem(0);
    CAIRN_ASSERT(frame.has_value());  // it was promised
    ++filled_;
    return *frame;
  }

  void fill_from_object(uint64_t start, const Segment& segment, VirtAddr page, bool write) {
    const PhysAddr source = segment.object->frame((page.value - start + segment.object_offset) >> kPageBits);
    if (source.value != 0 && !write) {
      Access shared = segment.access;
      shared.write = false;
      CAIRN_ASSERT(table_.map(page, source, 0, shared));
      return;
    }
    const PhysAddr frame = take_frame();
    if (source.value != 0) {
      std::memcpy(map_.at(frame), map_.at(source), kPageSize);
    } else {
      std::memset(map_.at(frame), 0, kPageSize);
    }
    CAIRN_ASSERT(table_.map(page, frame, 0, owned(segment.access)));
  }

  // Fills the pages of the 64 KiB group around `page` that lie in the segment and are not there yet.
  void fill_group(uint64_t start, const Segment& segment, VirtAddr page) {
    const uint64_t group = align_down(page.value, kGroup);
    if (group >= start && group + kGroup <= start + segment.size && table_.is_empty({group}, kGroup / kPageSize)) {
      if (const auto block = source_.redeem(4)) {
        std::memset(map_.at(*block), 0, kGroup);
        CAIRN_ASSERT(table_.map_range({group}, *block, kGroup, owned(segment.access), 0));
        filled_ += kGroup / kPageSize;
        return;
      }
    }
    const uint64_t first = std::max(group, start), end = std::min(group + kGroup, start + segment.size);
    for (uint64_t at = first; at < end; at += kPageSize) {
      if (table_.translate({at})) continue;
      const PhysAddr frame = take_frame();
      std::memset(map_.at(frame), 0, kPageSize);
      CAIRN_ASSERT(table_.map({at}, frame, 0, owned(segment.access)));
    }
  }

  [[nodiscard]] bool is_reserved(VirtAddr start, uint64_t size) const {
    auto found = reservations_.upper_bound(start.value);
    if (found == reservations_.begin()) return false;
    --found;
    return start.value - found->first <= found->second && size <= found->second - (start.value - found->first) &&
           ((start.value | size) & (kPageSize - 1)) == 0;
  }

  [[nodiscard]] uint64_t committed_bytes(uint64_t start, uint64_t end) const {
    uint64_t total = 0;
    auto i = segments_.upper_bound(start);
    if (i != segments_.begin()) --i;
    for (; i != segments_.end() && i->first < end; ++i) {
      const uint64_t from = std::max(start, i->first), to = std::min(end, i->first + i->second.size);
      if (from < to) total += to - from;
    }
    return total;
  }

  // Makes `at` a boundary between segments.
  void split_at(uint64_t at) {
    auto found = segments_.lower_bound(at);
    if (found == segments_.begin()) return;
    --found;
    const uint64_t before = at - found->first;
    if (before >= found->second.size) return;
    Segment rest = found->second;
    rest.size -= before;
    rest.object_offset += before;
    found->second.size = before;
    segments_.emplace(at, rest);
  }

  // Joins neighbours that have become alike, so that a memory that grows stays one segment.
  void merge_around(uint64_t start, uint64_t end) {
    auto i = segments_.lower_bound(start);
    if (i != segments_.begin()) --i;
    while (i != segments_.end() && i->first <= end) {
      auto next = std::next(i);
      if (next == segments_.end()) return;
      const Segment &a = i->second, &b = next->second;
      const bool joins = i->first + a.size == next->first && a.access == b.access && a.object == b.object &&
                         (a.object == nullptr || a.object_offset + a.size == b.object_offset);
      if (joins && !reservations_.contains(next->first)) {
        i->second.size += b.size;
        segments_.erase(next);
      } else {
        i = next;
      }
    }
  }

  DirectMap map_;
  FrameSource& source_;
  Table& table_;
  std::map<uint64_t, uint64_t> reservations_;  // start -> size
  Segments segments_;                          // by start
  uint64_t committed_ = 0;                     // pages
  uint64_t filled_ = 0;
};

}  // namespace cairn::kernel
