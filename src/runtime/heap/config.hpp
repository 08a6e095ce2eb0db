// The configuration of a store's heap of managed objects.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::runtime {

struct HeapConfig {
  uint64_t limit_bytes = uint64_t{1} << 30;  // address space of the whole heap; from 4 MiB to 4 GiB
  // The largest size of the nursery in bytes. The nursery is smaller in a small heap, or when many objects survive.
  uint64_t nursery_bytes = uint64_t{3} << 20;
  bool stress = false;  // whether every allocation collects, alternately the nursery and the whole heap
  bool verify = false;  // whether each collection checks the whole heap
  // The largest numbers of 32-bit words in Marker's list and in the remembered set.
  size_t mark_list_entries = size_t{2} << 20;
  size_t remembered_entries = size_t{8} << 20;
};

}  // namespace cairn::runtime
