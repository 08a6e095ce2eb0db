#include "wasi/threads/guest_threads.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"

namespace cairn::wasi {

namespace {

using runtime::Caller;
using runtime::Trap;

constexpr std::string_view kModule = "wasi", kSpawn = "thread-spawn", kStart = "wasi_thread_start";
using StartFunction = runtime::TypedFunc<void(uint32_t, uint32_t)>;

std::expected<int32_t, Trap> thread_spawn(GuestThreads& threads, Caller&, uint32_t argument) {
  return threads.spawn(argument);
}
constexpr std::array kEntries = {runtime::host_entry<thread_spawn>(kSpawn)};

// Checks that a module that starts threads has what they need.
Result<void> check(const wasm::Module& module, const SharedImports& memories) {
  const bool spawns = std::ranges::any_of(module.imports, [](const wasm::Import& import) {
    return import.kind == wasm::ExternKind::func && import.module == kModule && import.name == kSpawn;
  });
  if (!spawns) return {};
  if (memories.empty()) {
    return fail(Error::of(ErrorKind::link,
                          "the module imports wasi::thread-spawn and no shared memory, which its threads would use"));
  }
  const auto start = std::ranges::find(module.exports, kStart, &wasm::Export::name);
  constexpr std::array kParameters = {wasm::ValType(wasm::ValType::i32), wasm::ValType(wasm::ValType::i32)};
  const auto has_right_type = [&] {
    const wasm::FuncType& type = module.func_type(wasm::FuncIndex(start->index));
    return std::ranges::equal(type.params, kParameters) && type.results.empty();
  };
  if (start != module.exports.end() && start->kind == wasm::ExternKind::func && has_right_type()) return {};
  return fail(Error::of(ErrorKind::link,
                        "the module imports wasi::thread-spawn and exports no function wasi_thread_start of the type "
                        "[i32 i32] -> [], which its threads would call"));
}

// Calls wasi_thread_start in the thread's own instance.
class GuestThread final : public ThreadGroup::Job {
 public:
  // `memories` must outlive the thread.
  GuestThread(std::unique_ptr<ProgramStore> store, const SharedImports& memories, StartFunction start,
              uint32_t argument)
      : store_(std::move(store)), memories_(memories), start_(start), argument_(argument) {}
  ~GuestThread() override {
    store_.reset();
    memories_.end_deadlocks();
  }

  std::expected<void, Trap> run(uint32_t number) override { return start_.call(store_->store(), number, argument_); }

 private:
  std::unique_ptr<ProgramStore> store_;
  const SharedImports& memories_;
  StartFunction start_;
  uint32_t argument_;
};

}  // namespace

Result<void> GuestThreads::define(ProgramStore& main) {
  CAIRN_TRY(memories_.create(main.store(), main.linker(), *module_));
  CAIRN_TRY(run_operation([&] { return check(module_->definition(), memories_); }));
  return main.linker().define_entries(kModule, kEntries, this);
}

size_t guest_stack_bytes(Context& context) {
  constexpr size_t kPage = platform::Platform::kPageSize;
  return (context.allowances()[Limit::guest_stack].limit() + kPage - 1) / kPage * kPage;
}

Result<std::unique_ptr<ProgramStore>> GuestThreads::make_store() {
  auto store = CAIRN_TRY(
      ProgramStore::create(module_->engine(), std::min(kThreadStackBytes, guest_stack_bytes(context_)), context_));
  CAIRN_TRY(memories_.define(store->store(), store->linker()));
  CAIRN_TRY(store->linker().define_entries(kModule, kEntries, this));
  if (traps_unknown_imports_) CAIRN_TRY(store->trap_unknown_imports(*module_));
  return store;
}

std::expected<int32_t, Trap> GuestThreads::spawn(uint32_t argument) {
  constexpr int32_t kRefused = -static_cast<int32_t>(Errno::again);
  ThreadGroup& threads = context_.threads();
  auto reservation = threads.reserve();
  if (!reservation) return kRefused;
  auto made = make_store();
  if (!made) return kRefused;
  runtime::Store& store = (*made)->store();
  runtime::Outcome<runtime::Instance> instance = (*made)->linker().instantiate(module_);
  if (!instance) {
    if (!instance.error().trap) return kRefused;
    const Trap interrupted = Trap::of(wasm::TrapKind::interrupted);
    if (instance.error().trap->kind != wasm::TrapKind::interrupted)
      threads.trap(reservation->number(), std::move(*instance.error().trap));
    return std::unexpected(interrupted);
  }
  const auto exported = runtime::get_export_as<runtime::Func>(store, *instance, kStart);
  auto start = StartFunction::create(store, *exported);
  if (!start) return kRefused;
  auto job = try_make_unique<GuestThread>(*std::move(made), memories_, *start, argument);
  if (!job) return kRefused;
  const uint32_t number = reservation->number();
  return threads.start(*std::move(reservation), std::move(job)) ? static_cast<int32_t>(number) : kRefused;
}

}  // namespace cairn::wasi
