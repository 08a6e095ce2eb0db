// The configuration of a heap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::runtime {

struct HeapConfig {
  uint64_t limit_bytes = uint64_t{1} << 30;  // address space of the whole heap; from 4 MiB to 4 GiB
  uint64_t nursery_bytes =
      uint64_t{3} << 20;  // largest size; the nursery is smaller in a small heap, or when much survives
  bool stress = false;    // collect at every allocation, alternately the nursery and the whole heap
  bool verify = false;    // check the whole heap at each collection
  // The largest number of entries of the mark list and of the remembered set.
  size_t mark_list_entries = size_t{2} << 20;
  size_t remembered_entries = size_t{8} << 20;
};

}  // namespace cairn::runtime
