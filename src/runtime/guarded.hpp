// Guarded holds data of the runtime together with the mutex that guards them. A thread that waits for the mutex sleeps,
// so critical sections may take long: they may compile, map memory, allocate, or make system calls.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/sync/locked.hpp"
#include "base/sync/mutex.hpp"
#include "platform/platform.hpp"

namespace cairn::runtime {

// The Parker of the runtime's mutexes (base/sync/mutex.hpp). It blocks and wakes threads by functions of the platform.
struct PlatformParker {
  static void park(std::atomic<uint32_t>& word) { platform::Platform::block(word); }
  static void unpark(std::atomic<uint32_t>& word) { platform::Platform::unpark(word); }
};

template <class T, LockRank kRank>
using Guarded = Locked<T, Mutex<PlatformParker>, kRank>;

}  // namespace cairn::runtime
