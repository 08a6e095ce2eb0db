// The runtime's platform on Linux.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "compiler/options/options.hpp"

namespace cairn::runtime {
struct Activation;
enum class ParkResult : uint8_t;
}  // namespace cairn::runtime

namespace cairn::platform {

// What runtime::TimeLimit keeps about its thread.
struct LimitedThread {
  pid_t id = 0;
  // kill() makes this timer, whose signals end the thread's guest code again and again. Nothing: there is none yet.
  std::optional<timer_t> kill_timer;
};

// The contract of these functions is the concept in runtime/platform.hpp.
struct Platform {
  static constexpr size_t kPageSize = 4096;
#if defined(__x86_64__)
  static constexpr compiler::Architecture kArchitecture = compiler::Architecture::x86_64;
#elif defined(__riscv) && __riscv_xlen == 64
  static constexpr compiler::Architecture kArchitecture = compiler::Architecture::riscv64;
#endif

  static uint64_t address_space();
  static Result<std::span<std::byte>> reserve(size_t bytes);
  static Result<void> commit(std::span<std::byte> pages);
  static void decommit(std::span<std::byte> pages);
  static void release(std::span<std::byte> reservation);
  static Result<std::span<std::byte>> allocate_stack(size_t bytes);
  static void release_stack(std::span<std::byte> stack);
  static Result<std::span<std::byte>> allocate_code(size_t bytes);
  static bool seal_code(std::span<std::byte> mapping, size_t text_bytes);
  static void release_code(std::span<std::byte> mapping);
  static runtime::Activation* activation();
  static void set_activation(runtime::Activation* activation);
  static void prepare_thread();
  static runtime::ParkResult park(std::atomic<uint32_t>& word, std::optional<uint64_t> nanoseconds);
  static void unpark(std::atomic<uint32_t>& word);
  static void block(std::atomic<uint32_t>& word);
  static bool go_on();

  static const std::byte* host_stack_limit();
  static uint64_t nanoseconds();
  [[noreturn]] static void resume(const void* pc, const std::byte* stack_pointer);
  static compiler::CpuFeatures cpu_features();
};

}  // namespace cairn::platform
