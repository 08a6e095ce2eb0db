// The runtime's side of the instructions on managed objects (builtins.def, `exit` entries): they are entered through
// the stub that notes the caller's frame, and trap by themselves.
#pragma once

#include <cstdint>

#include "runtime/vmcontext.hpp"

namespace cairn::runtime {

HeapReference builtin_gc_allocate(VMContext* context, uint32_t type_id, uint32_t size);
HeapReference builtin_gc_allocate_array(VMContext* context, uint32_t type_id, uint32_t length);
HeapReference builtin_gc_new(VMContext* context, uint32_t type_id, uint32_t length);
void builtin_gc_barrier(VMContext* context, HeapReference object, uint32_t offset, uint32_t index);
void builtin_gc_remember(VMContext* context, HeapReference object, uint32_t offset);
HeapReference builtin_array_new_data(VMContext* context, uint32_t type_id, uint32_t segment, uint32_t source,
                                     uint32_t length);
HeapReference builtin_array_new_elem(VMContext* context, uint32_t type_id, uint32_t segment, uint32_t source,
                                     uint32_t length);
void builtin_array_init_data(VMContext* context, HeapReference array, uint32_t destination, uint32_t segment,
                             uint32_t source, uint32_t length);
void builtin_array_init_elem(VMContext* context, HeapReference array, uint32_t destination, uint32_t segment,
                             uint32_t source, uint32_t length);
void builtin_array_copy(VMContext* context, HeapReference to, uint32_t destination, HeapReference from, uint32_t source,
                        uint32_t length);
void builtin_array_fill(VMContext* context, HeapReference array, uint32_t destination, uint64_t low, uint64_t high,
                        uint32_t length);

}  // namespace cairn::runtime
