// Data of the runtime and the mutex that guards them. Nothing in the engine spins.
//
// In the kernels one thread runs at a time and none is interrupted with a mutex held, so that no thread ever waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/assert.hpp"
#include "base/sync/locked.hpp"
#include "base/sync/mutex.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {

struct PlatformParker {
  static void park(std::atomic<uint32_t>& word) {
    const ParkResult result = platform::Platform::park(word, std::nullopt);
    CAIRN_ASSERT(result != ParkResult::deadlocked);
  }
  static void unpark(std::atomic<uint32_t>& word) { platform::Platform::unpark(word); }
};

template <class T, LockRank kRank>
using Guarded = Locked<T, Mutex<PlatformParker>, kRank>;

}  // namespace cairn::runtime
