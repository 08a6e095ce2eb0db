#include "kernel/testing/bench/guests.hpp"

#include "base/format.hpp"

namespace cairn::kernel {
namespace {

std::string constant(uint64_t value) { return "(i32.const " + decimal(value) + ")"; }

// A function that computes. linux_init.c of tools/bench/kernel has the same loop.
std::string compute_function(uint64_t rounds) {
  return "(func $compute (result i32) (local $left i32) (local $x i32) (local.set $left " + constant(rounds) + R"()
    (local.set $x (i32.const 1))
    (loop $again
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
      (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $x)))";
}

// The beginning of a module with threads. $wait waits until the word at an address has a value, and $wake adds 1 to it.
constexpr std::string_view kThreads = R"((module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (export "memory" (memory 0))
  (func $wait (param $address i32) (param $value i32) (local $now i32)
    (loop $again
      (local.set $now (i32.atomic.load (local.get $address)))
      (if (i32.ne (local.get $now) (local.get $value)) (then
        (drop (memory.atomic.wait32 (local.get $address) (local.get $now) (i64.const -1)))
        (br $again)))))
  (func $wake (param $address i32)
    (drop (i32.atomic.rmw.add (local.get $address) (i32.const 1)))
    (drop (memory.atomic.notify (local.get $address) (i32.const 1))))
)";

}  // namespace

std::string empty_guest() { return R"((module (memory (export "memory") 1) (func (export "_start"))))"; }

std::string computing_guest(uint64_t rounds) {
  return R"((module (memory (export "memory") 1) )" + compute_function(rounds) +
         R"((func (export "_start") (i32.store (i32.const 0) (call $compute)))))";
}

std::string threaded_guest(uint64_t rounds) {
  return std::string(kThreads) + compute_function(rounds) + R"(
  (func (export "wasi_thread_start") (param i32 i32)
    (i32.store (i32.const 8) (call $compute))
    (call $wake (i32.const 0)))
  (func (export "_start")
    (drop (call $spawn (i32.const 0))) (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 0))) (drop (call $spawn (i32.const 0)))
    (call $wait (i32.const 0) (i32.const 4)))))";
}

std::string spawning_guest(uint64_t threads) {
  return std::string(kThreads) + R"(
  (func (export "wasi_thread_start") (param i32 i32) (call $wake (i32.const 0)))
  (func (export "_start") (local $n i32)
    (loop $again
      (drop (call $spawn (i32.const 0)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (call $wait (i32.const 0) (local.get $n))
      (br_if $again (i32.lt_u (local.get $n) )" +
         constant(threads) + ")))))";
}

std::string notifying_guest(uint64_t rounds) {
  return std::string(kThreads) + R"(
  (func (export "wasi_thread_start") (param i32 i32) (local $n i32)
    (loop $again
      (if (i32.lt_u (local.get $n) )" +
         constant(rounds) + R"() (then
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (call $wait (i32.const 0) (local.get $n))
        (call $wake (i32.const 4))
        (br $again)))))
  (func (export "_start") (local $n i32)
    (drop (call $spawn (i32.const 0)))
    (loop $again
      (if (i32.lt_u (local.get $n) )" +
         constant(rounds) + R"() (then
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (call $wake (i32.const 0))
        (call $wait (i32.const 4) (local.get $n))
        (br $again)))))))";
}

}  // namespace cairn::kernel
