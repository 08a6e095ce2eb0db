// Assertions. A failed assertion is a bug of Cairn's, never of the guest (bad input is an Error).
#pragma once

namespace cairn {

// Reports the failed assertion, then ends the process with abort() (host/platform/assert.cpp) or panics
// (kernel/panic.cpp).
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace cairn

#define CAIRN_ASSERT(expr) ((expr) ? (void)0 : ::cairn::assertion_failed(#expr, __FILE__, __LINE__))

// CAIRN_DEBUG_ASSERT checks in debug builds only. In other builds `expr` is compiled but not evaluated.
#if defined(CAIRN_DEBUG) && CAIRN_DEBUG
#define CAIRN_DEBUG_ASSERT(expr) CAIRN_ASSERT(expr)
#else
#define CAIRN_DEBUG_ASSERT(expr) ((void)sizeof((expr) ? 1 : 0))
#endif

#define CAIRN_UNREACHABLE() ::cairn::assertion_failed("unreachable", __FILE__, __LINE__)
