// Makes other CPUs forget translations: each is interrupted, carries out the request and says so (INV-23).
#pragma once

#include "kernel/memory/flush_request.hpp"

namespace cairn::kernel {

// Makes every other CPU that uses the page tables carry out the request, and returns when all have done so. By then,
// all stores of this CPU to page tables and code are visible to each of them. The caller holds the address space's
// lock, so only one call runs at a time.
void flush_other_cpus(const FlushRequest& request);

// Carries out the request that another CPU has made of this one, if there is one. Takes no locks. Called by the handler
// of interrupts between CPUs, and by a CPU that waits for a spin lock: that CPU may have its interrupts off, and the
// lock's holder may be waiting for it in flush_other_cpus().
void carry_out_flush_request();

// Called by a CPU that begins to use the page tables. From then on, flush_other_cpus() makes requests of this CPU, too.
void begin_to_take_flush_requests();

}  // namespace cairn::kernel
