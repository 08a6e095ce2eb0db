// The builtins for instructions on managed objects; abi/builtins.def describes their parameters and results. They raise
// traps themselves instead of returning a status.
#pragma once

#include <cstdint>

#include "abi/vmcontext.hpp"

namespace cairn::runtime {

abi::HeapReference builtin_gc_allocate(abi::VMContext* context, uint32_t type_id, uint32_t size);
abi::HeapReference builtin_gc_allocate_array(abi::VMContext* context, uint32_t type_id, uint32_t length);
abi::HeapReference builtin_gc_new(abi::VMContext* context, uint32_t type_id, uint32_t length);
void builtin_gc_barrier(abi::VMContext* context, abi::HeapReference object, uint32_t offset, uint32_t index);
void builtin_gc_remember(abi::VMContext* context, abi::HeapReference object, uint32_t offset);
abi::HeapReference builtin_array_new_data(abi::VMContext* context, uint32_t type_id, uint32_t segment, uint32_t source,
                                          uint32_t length);
abi::HeapReference builtin_array_new_elem(abi::VMContext* context, uint32_t type_id, uint32_t segment, uint32_t source,
                                          uint32_t length);
void builtin_array_init_data(abi::VMContext* context, abi::HeapReference array, uint32_t destination, uint32_t segment,
                             uint32_t source, uint32_t length);
void builtin_array_init_elem(abi::VMContext* context, abi::HeapReference array, uint32_t destination, uint32_t segment,
                             uint32_t source, uint32_t length);
void builtin_array_copy(abi::VMContext* context, abi::HeapReference to, uint32_t destination, abi::HeapReference from,
                        uint32_t source, uint32_t length);
void builtin_array_fill(abi::VMContext* context, abi::HeapReference array, uint32_t destination, uint64_t low,
                        uint64_t high, uint32_t length);

}  // namespace cairn::runtime
