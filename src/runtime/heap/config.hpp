// What a heap is made with.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::runtime {

struct HeapConfig {
  uint64_t limit_bytes = uint64_t{1} << 30;    // address space in all; from 4 MiB to 4 GiB
  uint64_t nursery_bytes = uint64_t{3} << 20;  // at most; less in a small heap, or when much survives
  bool stress = false;                         // collect at every allocation, in turns the nursery and everything
  bool verify = false;                         // check the whole heap at each collection
  // How long the lists of what is to be marked and of what is remembered may get.
  size_t mark_list_entries = size_t{2} << 20;
  size_t remembered_entries = size_t{8} << 20;
};

}  // namespace cairn::runtime
