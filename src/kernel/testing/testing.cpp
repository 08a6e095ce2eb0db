#include "kernel/testing/testing.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>

#include "kernel/devices/console.hpp"
#include "kernel/devices/device_signal.hpp"
#include "kernel/entropy/random.hpp"
#include "kernel/fibers/kernel_stack.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/program/system.hpp"
#include "kernel/testing/accounts.hpp"
#include "kernel/testing/catch.hpp"
#include "kernel/testing/fibers.hpp"
#include "kernel/testing/kills.hpp"
#include "kernel/testing/page_rights.hpp"
#include "kernel/testing/several_cpus.hpp"
#include "kernel/testing/stops.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/trap.hpp"
#include "platform/platform.hpp"
#include "runtime/configure.hpp"
#include "runtime/time_limit.hpp"
#include "testing/runtime/descents.hpp"
#include "testing/trial/trial.hpp"
#include "wasm/text/text.hpp"

namespace cairn::kernel {

void TestRun::expect(bool condition, std::string_view what) {
  if (condition) return;
  log_error(Subsystem::test, "test ", test_, ": ", what);
  test_failed_ = true;
}

void TestRun::end() {
  ++(test_failed_ ? failed_ : passed_);
  test_failed_ = false;
}

namespace {

using platform::Platform;

void test_heap(TestRun& run) {
  const MemoryStatistics before = memory_statistics();
  std::map<int, std::unique_ptr<std::byte[]>> blocks;
  for (int i = 0; i < 500; ++i) {
    const size_t size = static_cast<size_t>(i) * static_cast<size_t>(i) + 1;
    blocks.emplace(i, std::make_unique<std::byte[]>(size));
    std::memset(blocks[i].get(), i, size);
  }
  bool intact = true;
  for (const auto& [i, block] : blocks) {
    const size_t size = static_cast<size_t>(i) * static_cast<size_t>(i) + 1;
    intact = intact && std::all_of(block.get(), block.get() + size, [&](std::byte b) { return b == std::byte(i); });
  }
  run.expect(intact, "blocks overlap");
  blocks.clear();
  const MemoryStatistics after = memory_statistics();
  run.expect(after.free + (1 << 20) >= before.free, "memory was not given back");
}

void test_lazy_memory(TestRun& run) {
  auto reservation = Platform::reserve(uint64_t{6} << 30);
  run.expect(reservation.has_value(), "6 GiB of addresses");
  if (!reservation) return;
  const uint64_t before = memory_statistics().filled;
  run.expect(Platform::commit(reservation->first(64 << 20)).has_value(), "64 MiB of memory");
  run.expect(memory_statistics().filled == before, "commit filled pages");
  std::byte* bytes = reservation->data();
  run.expect(bytes[0] == std::byte{0} && bytes[(64 << 20) - 1] == std::byte{0}, "fresh memory is not zero");
  bytes[12345678] = std::byte{7};
  run.expect(bytes[12345678] == std::byte{7}, "memory does not keep its contents");
  run.expect(memory_statistics().filled - before <= 3 * kLargePageSize, "too much was filled");
  run.expect(!Platform::commit(*reservation).has_value(), "more memory was promised than there is");
  Platform::release(*reservation);
  run.expect(memory_statistics().filled == before, "release did not free");
}

void test_faults(TestRun& run) {
  const CatchFaults catching;
  auto store = [](uint64_t address) { *reinterpret_cast<volatile uint8_t*>(address) = 1; };
  auto reservation = Platform::reserve(1 << 20);
  run.expect(reservation && Platform::commit(reservation->first(1 << 16)), "no memory");
  const VirtAddr start = VirtAddr::of(reservation->data());
  run.expect(test_catch(store, start.value) == 0, "committed memory faults");
  run.expect(test_catch(store, start.value + (1 << 16)) == 1, "memory that is only reserved does not fault");
  run.expect(caught_fault().address == start.value + (1 << 16) && caught_fault().kind == runtime::FaultKind::access,
             "the fault is described wrongly");
  run.expect(test_catch(store, 16) == 1, "the null page does not fault");
  run.expect(test_catch(store, image_segment(ImagePart::text).start.value) == 1, "the kernel's code is writable");
  run.expect(test_catch(store, image_segment(ImagePart::rodata).start.value) == 1,
             "the kernel's constants are writable");
  for (const ImagePart part : {ImagePart::text, ImagePart::rodata, ImagePart::symbols}) {
    const auto* alias = kDirectMap.at(frames_of(image_segment(part)).start);
    run.expect(test_catch(store, VirtAddr::of(alias).value) == 1, "the kernel's image is writable in the direct map");
  }
  for (const VirtAddr guard : guard_pages())
    run.expect(test_catch(store, guard.value) == 1, "a kernel stack has no guard page");
  auto jump = [](uint64_t address) { reinterpret_cast<void (*)()>(address)(); };
  run.expect(test_catch(jump, start.value) == 1, "data are executable");
  auto illegal = [](uint64_t) { __builtin_trap(); };
  run.expect(test_catch(illegal, 0) == 1 && caught_fault().kind == runtime::FaultKind::illegal_instruction,
             "illegal instruction");
  Platform::release(*reservation);

  // The guard below a guest's stack is not accessible.
  auto stack = Platform::allocate_stack(1 << 16);
  run.expect(stack.has_value(), "no stack");
  run.expect(test_catch(store, VirtAddr::of(stack->data()).value - 8) == 1, "no guard below a stack");
  Platform::release_stack(*stack);

  // A fiber's kernel stack has all its pages, and a guard below.
  {
    const MemoryStatistics before = memory_statistics();
    auto kernel_stack = KernelStack::create();
    run.expect(kernel_stack.has_value(), "no kernel stack");
    if (!kernel_stack) return;
    const std::span<std::byte> bytes = kernel_stack->bytes();
    run.expect(memory_statistics().filled - before.filled == bytes.size(), "a kernel stack is not filled");
    for (const size_t below : {size_t{8}, KernelStack::kGuard / 2, KernelStack::kGuard})
      run.expect(test_catch(store, VirtAddr::of(bytes.data() - below).value) == 1, "no guard below a kernel stack");
  }
}

// Memory that resolve_and_fault touches for the first time, so that a fault happens while a fault is handled.
constinit std::span<std::byte> untouched;

runtime::FaultResolution resolve_and_fault(const runtime::MachineFault& fault) {
  std::memset(untouched.data(), 1, untouched.size());
  return resolve_test_fault(fault);
}

void test_nested_faults(TestRun& run) {
  auto store = [](uint64_t address) { *reinterpret_cast<volatile uint8_t*>(address) = 1; };
  auto reservation = Platform::reserve(1 << 20);
  run.expect(reservation && Platform::commit(reservation->first(1 << 19)), "no memory");
  untouched = reservation->first(1 << 19);
  set_fault_handler(resolve_and_fault);
  run.expect(test_catch(store, VirtAddr::of(reservation->data()).value + (1 << 19)) == 1,
             "reserved memory does not fault");
  set_fault_handler(nullptr);
  run.expect(untouched.front() == std::byte{1} && untouched.back() == std::byte{1}, "the handler's fault was lost");
  Platform::release(*reservation);
}

void test_descents(TestRun& run) {
  auto config = runtime::configure_engine(BootConfig{});
  run.expect(config.has_value(), "no engine");
  if (!config) return;
  run.expect_nothing(runtime::check_descents(*config));
  for (const size_t count : {120, 290, 1000})
    run.expect_nothing(runtime::check_many_values(*config, wasm::ValType::v128, count));
}

void test_code(TestRun& run) {
  auto code = Platform::allocate_code(2 * kPageSize);
  run.expect(code.has_value(), "no memory");
  if (!code) return;
#if defined(__x86_64__)
  constexpr uint8_t kReturn42[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret
#else
  constexpr uint8_t kReturn42[] = {0x13, 0x05, 0xa0, 0x02, 0x67, 0x80, 0x00, 0x00};  // li a0, 42; ret
#endif
  std::memcpy(code->data(), kReturn42, sizeof kReturn42);
  auto store = [](uint64_t address) { *reinterpret_cast<volatile uint8_t*>(address) = 1; };
  // Returns the address of a page's frame in the direct map.
  const auto alias = [](const std::byte* page) {
    return VirtAddr::of(kDirectMap.at(translate(VirtAddr::of(page))->address)).value;
  };
  constexpr size_t kWithin = 256;  // beyond what the allocator keeps in free frames
  const uint64_t text_alias = alias(code->data()) + kWithin, rest_alias = alias(code->data() + kPageSize) + kWithin;
  const CatchFaults catching;
  run.expect(test_catch(store, text_alias) == 1, "code is writable in the direct map before it is sealed");
  run.expect(Platform::seal_code(*code, kPageSize), "code was not sealed");
  run.expect(reinterpret_cast<int (*)()>(code->data())() == 42, "code does not run");
  run.expect(test_catch(store, VirtAddr::of(code->data()).value) == 1, "sealed code is writable");
  run.expect(test_catch(store, VirtAddr::of(code->data()).value + kPageSize) == 1,
             "the rest of sealed code is writable");
  run.expect(test_catch(store, text_alias) == 1, "sealed code is writable in the direct map");
  run.expect(test_catch(store, rest_alias) == 1, "the rest of sealed code is writable in the direct map");
  Platform::release_code(*code);
  run.expect(test_catch(store, text_alias) == 0, "memory that was code is not writable again");
}

void test_clock(TestRun& run) {
  const uint64_t start = nanoseconds_since_boot();
  sleep_until(start + 20'000'000);
  const uint64_t slept = nanoseconds_since_boot() - start;
  run.expect(slept >= 20'000'000, "a sleep ended early");
  run.expect(slept < 2'000'000'000, "a sleep of 20 ms took more than 2 s");
}

void test_random(TestRun& run) {
  std::array<std::byte, 64> a{}, b{};
  run.expect(random_bytes(a) && random_bytes(b), "no entropy");
  run.expect(a != b && a != std::array<std::byte, 64>{}, "random bytes repeat");
}

void test_symbols(TestRun& run) {
  const Symbol symbol = find_symbol(reinterpret_cast<uint64_t>(&run_kernel_tests) + 1);
  run.expect(symbol.name == "kernel::run_kernel_tests" && symbol.offset == 1, "a function's name is not found");
}

// A limit ends guest code that loops, and also a second function that is called under the same limit. A sleep under a
// limit does not switch the limit off, and the next limit counts from its own start.
void test_time_limit(TestRun& run) {
  const auto config = runtime::configure_engine(BootConfig{});
  run.expect(config.has_value(), "no engine");
  if (!config) return;
  KernelSystem system;
  for (int round = 0; round < 2; ++round) {
    const auto module =
        wasm::text::assemble(R"((module (func (export "f") (loop (br 0))) (func (export "g") (loop (br 0)))))", "loop");
    bool slept = false;
    const uint64_t start = nanoseconds_since_boot();
    const std::string outcome = wasi::try_module(*config, *module, system, {}, [&](const std::function<void()>& body) {
      const runtime::TimeLimit limit(300'000'000);
      sleep_until(nanoseconds_since_boot() + 10'000'000);
      slept = !runtime::TimeLimit::is_over();
      body();
    });
    run.expect(slept && outcome == "ran 2 calls, 2 traps: interrupted", "a loop is not ended");
    run.expect(nanoseconds_since_boot() - start >= 300'000'000, "a loop is ended early");
  }
  run.expect(!runtime::TimeLimit::is_over(), "the limit is still there");
}

// The entropy device interrupts when it has filled the buffer. Its bytes come after an interrupt, never without one.
void test_device_interrupts(TestRun& run) {
  const DeviceInterrupts before = device_interrupts();
  constexpr int kRequests = 200;
  for (int i = 0; i < kRequests; ++i) run.expect(refresh_random(), "the entropy device delivers nothing");
  const DeviceInterrupts after = device_interrupts();
  run.expect(after.handled > before.handled, "no device has interrupted");
  run.expect(after.missed == before.missed, "an interrupt was missed");
  log_info(Subsystem::test, "devices: ", after.handled - before.handled, " interrupts for ", uint64_t{kRequests},
           " requests");
}

struct KernelTest {
  std::string_view name;
  void (*run)(TestRun&);
};
constexpr KernelTest kTests[] = {{"heap", test_heap},
                                 {"lazy_memory", test_lazy_memory},
                                 {"faults", test_faults},
                                 {"nested_faults", test_nested_faults},
                                 {"descents", test_descents},
                                 {"code", test_code},
                                 {"page_rights", test_page_rights},
                                 {"clock", test_clock},
                                 {"random", test_random},
                                 {"device_interrupts", test_device_interrupts},
                                 {"symbols", test_symbols},
                                 {"time_limit", test_time_limit},
                                 {"accounts", test_accounts},
                                 {"memory_limits", test_memory_limits},
                                 {"accounts", test_accounts},
                                 {"memory_limits", test_memory_limits},
                                 {"handing_on", test_handing_on},
                                 {"sleeping", test_sleeping},
                                 {"random_waits", test_random_waits},
                                 {"preemption", test_preemption},
                                 {"kernel_preemption", test_kernel_preemption},
                                 {"deadlock", test_deadlock},
                                 {"all_cpus", test_all_cpus},
                                 {"locks_of_cpus", test_locks_of_cpus},
                                 {"time_of_cpus", test_time_of_cpus},
                                 {"shoot_down", test_shoot_down},
                                 {"starts_and_ends", test_starts_and_ends},
                                 {"compiling_on_cpus", test_compiling_on_cpus},
                                 {"kills", test_kills},
                                 {"stops", test_stops},
                                 {"switch", measure_switch}};

}  // namespace

int run_echo() {
  std::vector<std::byte> buffer(256 * 1024);
  while (const size_t count = console::read(buffer).value_or(0))
    console::write(Port::standard_output, std::span(buffer).first(count));
  return 7;
}

int run_kernel_tests() {
  TestRun run;
  for (const KernelTest& test : kTests) {
    run.begin(test.name);
    test.run(run);
    run.end();
  }
  LogLine line;
  line << run.passed() << " passed, " << run.failed() << " failed\n";
  console::write(Port::standard_output, line.text());
  log_info(Subsystem::test, line.text().substr(0, line.text().size() - 1));
  return run.failed() == 0 ? 0 : 1;
}

}  // namespace cairn::kernel
