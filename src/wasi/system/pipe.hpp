// Pipes: a bounded buffer with an end for reading and one for writing.
//
// Reading waits while the buffer is empty, and returns 0 when it is empty and the end for writing is destroyed. Writing
// waits while the buffer is full, and fails with Errno::pipe when the end for reading is destroyed. Both waits end with
// Errno::intr when the time of the thread's TimeLimit is over.
#pragma once

#include <cstddef>
#include <memory>

#include "wasi/interface/file.hpp"

namespace cairn::wasi {

struct PipeEnds {
  std::unique_ptr<File> reader, writer;
};

inline constexpr size_t kPipeBytes = 64 * 1024;

// Makes a pipe whose buffer has `capacity` bytes, which belong to the caller's account. Both members are null if there
// is no memory. Several threads may use an end at the same time.
PipeEnds make_pipe(size_t capacity = kPipeBytes);

}  // namespace cairn::wasi
