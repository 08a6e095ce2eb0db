// A FlushRequest says what CPUs must forget before memory or a right that was taken away is gone (INV-23).
//
// A page table collects a request while it changes entries. Then it has every other CPU carry out the request, and
// waits until all have. The request is plain data, so that an interrupt's handler on another CPU can read it.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>

#include "kernel/memory/address.hpp"

namespace cairn::kernel {

class FlushRequest {
 public:
  // A request that would have more ranges or pages becomes one for everything: to forget a page costs a CPU about as
  // much as to look up a few pages again.
  static constexpr unsigned kMostRanges = 8;
  static constexpr uint64_t kMostPages = 32;

  // Consecutive pages of 4 KiB, or one larger page that starts at `start`.
  struct Range {
    VirtAddr start;
    uint64_t pages = 0;
  };

  // Adds the translation of the page that starts at this address. The page may have any size.
  void add_page(VirtAddr page) {
    if (everything_) return;
    if (range_count_ != 0) {
      Range& last = ranges_[range_count_ - 1];
      const uint64_t index = (page.value - last.start.value) >> kPageBits;
      if (index < last.pages) return;
      if (index == last.pages && page_count_ < kMostPages) {
        ++last.pages, ++page_count_;
        return;
      }
    }
    if (range_count_ == kMostRanges || page_count_ == kMostPages) {
      add_everything();
      return;
    }
    ranges_[range_count_++] = {page, 1};
    ++page_count_;
  }
  // Adds all pointers to page tables.
  void add_tables() { tables_ = true; }
  // Adds all translations and all pointers to tables.
  void add_everything() { everything_ = true, range_count_ = 0; }
  // Adds the instructions that a CPU has fetched.
  void add_code() { code_ = true; }

  [[nodiscard]] bool is_empty() const { return range_count_ == 0 && !tables_ && !everything_ && !code_; }
  // The pages to forget; empty if everything is to be forgotten.
  [[nodiscard]] std::span<const Range> ranges() const { return std::span(ranges_).first(range_count_); }
  [[nodiscard]] bool tables() const { return tables_; }
  [[nodiscard]] bool everything() const { return everything_; }
  [[nodiscard]] bool code() const { return code_; }

  void clear() { range_count_ = 0, page_count_ = 0, tables_ = false, everything_ = false, code_ = false; }

 private:
  std::array<Range, kMostRanges> ranges_{};
  unsigned range_count_ = 0;
  uint64_t page_count_ = 0;  // the number of pages in all ranges
  bool tables_ = false;
  bool everything_ = false;
  bool code_ = false;
};
static_assert(std::is_trivially_copyable_v<FlushRequest>);

// How CPUs forget. All functions except synchronize() are for the calling CPU alone:
// - flush(page) forgets the translation of one page of any size, and flush_all() forgets everything.
// - flush_tables(page) also forgets all pointers to tables, and that a table on the way to the page was missing.
// - synchronize_code() forgets fetched instructions.
// - synchronize(request) returns when all other CPUs have carried out the request.
// kRemembersAbsence says whether a CPU may remember that an address is not mapped.
template <class T>
concept TranslationCache = requires(T& tlb, VirtAddr page, const FlushRequest& request) {
  { T::kRemembersAbsence } -> std::convertible_to<bool>;
  tlb.flush(page);
  tlb.flush_tables(page);
  tlb.flush_all();
  tlb.synchronize_code();
  tlb.synchronize(request);
};

// Carries out a request of another CPU on the calling CPU.
template <TranslationCache Tlb>
void carry_out(const FlushRequest& request, Tlb& tlb) {
  for (const FlushRequest::Range& range : request.ranges()) {
    for (uint64_t i = 0; i < range.pages; ++i) tlb.flush(range.start + i * kPageSize);
  }
  if (request.everything()) {
    tlb.flush_all();
  } else if (request.tables()) {
    tlb.flush_tables(request.ranges().empty() ? VirtAddr{} : request.ranges().front().start);
  }
  if (request.code()) tlb.synchronize_code();
}

}  // namespace cairn::kernel
