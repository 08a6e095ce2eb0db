// The limits of a program: one table of all of them, and the values that a program has.
//
// The table (kLimitKinds) is what the command's options, system files, the boot bundle and the console are made from.
// Allowance (allowance.hpp) counts what a limit bounds. The comments say what happens when the limit is reached.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

enum class Limit : uint8_t {
  memory,          // all memory on the program's account; growing fails, or else the program ends
  memory_pages,    // 64-KiB pages of each memory; memory.grow answers -1, a larger memory is not made
  table_elements,  // elements of all tables together; table.grow answers -1, a larger table is not made
  gc_heap,         // the heap of managed objects of each thread; allocating is a trap after a collection
  guest_stack,     // the stack of guest code; the trap "call stack exhausted". That of further threads is 1 MiB at most
  fibers,          // threads, the main thread included; thread-spawn answers as without memory
  descriptors,     // open descriptors; opening fails with mfile
  files,           // files in memory; writing fails with nospc
  instances,       // instances, of which each thread has one; an instance is not made
  types,           // types of the module, each of which may become a canonical type; the module is refused
  compile_memory,  // what the compiler takes for a function and the code before it; the module is refused
  compile_time,    // the CPU time of compiling the module; it is refused
  cpu_time,        // the CPU time of a run of the program, which ends
  wall_time,       // the time of a run of the program, which ends
  cpu_share,       // the part of one CPU that all threads together use; they wait
};
inline constexpr size_t kLimits = 15;

// What the value of a limit is a number of.
enum class Quantity : uint8_t { bytes, nanoseconds, count, percent };

inline constexpr uint64_t kNoLimit = ~uint64_t{0};

struct LimitKind {
  Limit limit;
  std::string_view name;  // the key in system files, and in --limit
  Quantity quantity;
  uint64_t least, most;  // the values that a user may choose
  uint64_t standard;     // the value if the user chooses none
  bool is_of_process;    // whether a process can keep the limit, too
  // The end of "its limit of 8 MiB"; empty if nothing follows.
  std::string_view what;
};

inline constexpr std::array<LimitKind, kLimits> kLimitKinds = [] {
  using enum Limit;
  using enum Quantity;
  constexpr uint64_t kKi = 1024, kMi = kKi * kKi, kGi = kKi * kMi, kMillisecond = 1'000'000;
  return std::array<LimitKind, kLimits>{{
      {memory, "memory", bytes, kMi, kKi * kGi, kNoLimit, false, "of memory"},
      {memory_pages, "memory-pages", count, 1, uint64_t{1} << 32, kNoLimit, true, "pages of a memory"},
      {table_elements, "table-elements", count, 1, uint64_t{1} << 27, uint64_t{1} << 27, true, "elements of tables"},
      {gc_heap, "gc-heap", bytes, 4 * kMi, 4 * kGi, kGi, true, "of managed objects"},
      {guest_stack, "guest-stack", bytes, 64 * kKi, kGi, 8 * kMi, true, "of stack"},
      {fibers, "fibers", count, 1, 1024, 1024, true, "threads"},
      {descriptors, "descriptors", count, 3, 4096, 4096, true, "open descriptors"},
      {files, "files", bytes, 64 * kKi, kKi * kGi, kNoLimit, true, "of files in memory"},
      {instances, "instances", count, 1, uint64_t{1} << 20, kNoLimit, true, "instances"},
      {types, "types", count, 1, uint64_t{1} << 22, uint64_t{1} << 22, true, "types"},
      {compile_memory, "compile-memory", bytes, kMi, kKi * kGi, kNoLimit, true, "of memory for compiling"},
      {compile_time, "compile-time", nanoseconds, kMillisecond, kNoLimit - 1, kNoLimit, true, "of time for compiling"},
      {cpu_time, "cpu-time", nanoseconds, kMillisecond, kNoLimit - 1, kNoLimit, true, "of CPU time"},
      {wall_time, "wall-time", nanoseconds, kMillisecond, kNoLimit - 1, kNoLimit, true, ""},
      {cpu_share, "cpu-share", percent, 1, 6400, kNoLimit, false, "of a CPU"},
  }};
}();
static_assert([] {
  for (size_t i = 0; i < kLimits; ++i) {
    if (kLimitKinds[i].limit != Limit(i)) return false;
  }
  return true;
}());

constexpr const LimitKind& kind_of(Limit limit) { return kLimitKinds[static_cast<size_t>(limit)]; }
// Returns the limit with this name; null if there is none.
const LimitKind* find_limit(std::string_view name);

// Returns a value as text for people, for example "64 MiB", "2 s" or "16".
std::string limit_text(const LimitKind& kind, uint64_t value);

// The values of a program's limits.
class Limits {
 public:
  // The value that was given, or the standard one. kNoLimit means that there is no limit.
  [[nodiscard]] uint64_t operator[](Limit limit) const {
    return is_given(limit) ? given_[static_cast<size_t>(limit)] : kind_of(limit).standard;
  }
  [[nodiscard]] bool is_given(Limit limit) const { return given_[static_cast<size_t>(limit)] != 0; }
  // The value must be one that the table allows.
  void set(Limit limit, uint64_t value) { given_[static_cast<size_t>(limit)] = value; }

  // The encoding of a limit in the boot bundle is its name, `=` and its value. Returns that of a limit that was given.
  [[nodiscard]] std::string encode(Limit limit) const;
  // Sets a limit from its encoding. Returns false if there is no such limit, or the table does not allow the value.
  bool decode(std::string_view text);

  bool operator==(const Limits&) const = default;

 private:
  std::array<uint64_t, kLimits> given_{};  // 0: not given
};

}  // namespace cairn
