// Performs operations on a directory through WASI's functions, and describes their results.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "files/operation.hpp"
#include "wasi/fake_system.hpp"
#include "wasi/functions.hpp"

namespace cairn::fuzz {

// The result of an operation for the caller: an error number, a number of bytes, and everything else as text.
struct Outcome {
  wasi::Errno error = wasi::Errno::success;
  std::string text;
  uint64_t count = 0;  // bytes read or written

  bool operator==(const Outcome&) const = default;
  [[nodiscard]] std::string to_string() const;
};

// Returns the text of a stat, for World and Model. It has only attributes that do not depend on the file system.
std::string stat_text(wasi::FileType type, uint64_t links, uint64_t size);
// Returns the text of times that were set. It leaves out the time of access of links, because on Linux a walk along a
// path changes it.
std::string times_text(wasi::FileType type, uint64_t access, uint64_t modification);
// Returns the text of a directory's entries: one a line, sorted.
std::string listing_text(std::vector<std::string> entries);

class World {
 public:
  World(wasi::System& system, std::unique_ptr<wasi::Directory> root);
  // Calls the functions of the operation, and returns what the caller sees of it.
  Outcome perform(const Operation& op);
  // Makes the allocation after `count` others fail in the next operation, if it has so many. Has no effect in builds
  // without CAIRN_DEBUG.
  void fail_allocation_after(uint32_t count) { fails_at_ = count + 1; }
  // Returns whether an allocation was made to fail in the last operation.
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  // Closes all descriptors except the root and the standard streams.
  void close_all();

 private:
  Outcome perform_call(const Operation& op);
  // Calls a WASI function. Allocations are made to fail only inside of it.
  template <class Function, class... Arguments>
  wasi::Errno call(Function function, Arguments... arguments);
  void put_text(wasi::Pointer at, const std::string& text);
  template <class T>
  T get(wasi::Pointer at);
  Outcome stat_outcome(wasi::Errno error, bool with_times);
  Outcome list(const Operation& op);

  wasi::Context context_;
  std::vector<std::byte> memory_;
  wasi::Call call_;
  uint64_t fails_at_ = 0;  // the number of the allocation that will fail, counted from 1; 0: none
  bool has_failed_ = false;
};

}  // namespace cairn::fuzz
