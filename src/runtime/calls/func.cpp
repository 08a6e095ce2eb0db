#include "runtime/calls/func.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/operation.hpp"
#include "base/try_vector.hpp"
#include "platform/platform.hpp"
#include "runtime/calls/exceptions.hpp"
#include "runtime/time_limit.hpp"

namespace cairn::runtime {

const wasm::FuncType& type_of(Store& store, Func function) {
  const CanonicalId id(store[function].type_id);
  return store.engine().types().with([&](TypeRegistry& types) -> const wasm::FuncType& { return types[id].func; });
}

bool fits(Store& store, const Val& value, wasm::ValType type) {
  if (!type.is_ref()) return value.type() == type;
  if (!value.type().is_ref()) return false;
  if (value.is_null()) {
    if (!type.is_nullable()) return false;
    return store.engine().types().with([&](TypeRegistry& types) {
      const auto top = [&](wasm::HeapType heap) {
        for (wasm::HeapType::Kind kind : {wasm::HeapType::func, wasm::HeapType::extern_, wasm::HeapType::exn}) {
          if (types.is_subtype(heap, kind)) return kind;
        }
        return wasm::HeapType::any;
      };
      return top(value.type().heap()) == top(type.heap());
    });
  }
  wasm::ValType actual = wasm::ValType::reference(wasm::Nullability::non_null, value.type().heap());
  if (value.type().heap() == wasm::HeapType::func) {
    const auto* reference = reinterpret_cast<const abi::VMFuncRef*>(value.low());
    actual =
        wasm::ValType::reference(wasm::Nullability::non_null, wasm::HeapType::of(wasm::TypeIndex(reference->type_id)));
  }
  return store.engine().types().with([&](TypeRegistry& types) { return types.is_subtype(actual, type); });
}

namespace {

// Makes a host_error trap with a message that may be long. If there is no memory for it, the trap is
// allocation_failure.
template <class F>
Trap refused(F&& message) {
  Result<std::string> text = run_operation(std::forward<F>(message));
  return text ? Trap::of(wasm::TrapKind::host_error, *std::move(text)) : Trap::of(wasm::TrapKind::allocation_failure);
}

struct DynamicCallable {
  wasm::FuncType type;
  DynamicHostFunction function;
  void* data;
};

uint32_t invoke_dynamic(abi::VMHostContext* self, abi::VMContext* context, std::byte* values) {
  Caller caller = detail::make_caller(self, context);
  const HandleScope scope(caller.store());
  const auto& callable = *static_cast<DynamicCallable*>(self->data);
  TryVector<Val> arguments, results;
  if (!arguments.try_reserve(callable.type.params.size()) || !results.try_resize(callable.type.results.size())) {
    return detail::report_trap(Trap::of(wasm::TrapKind::allocation_failure));
  }
  for (size_t i = 0; i < callable.type.params.size(); ++i) {
    const Result<Val> argument = caller.store().load(callable.type.params[i], values + i * detail::kSlotBytes);
    if (!argument) return detail::report_trap(Trap::of(wasm::TrapKind::allocation_failure));
    arguments.push_back_within_capacity(*argument);
  }
  std::expected<void, Trap> done = callable.function(callable.data, caller, arguments.as_span(), results.as_span());
  if (!done) return detail::report_trap(std::move(done.error()));
  for (size_t i = 0; i < results.size(); ++i) {
    if (!fits(caller.store(), results[i], callable.type.results[i])) {
      return detail::report_trap(
          refused([] { return std::string("a host function returned a value of the wrong type"); }));
    }
    if (!caller.store().prepare(results[i])) {
      return detail::report_trap(Trap::of(wasm::TrapKind::allocation_failure));
    }
  }
  for (size_t i = 0; i < results.size(); ++i) caller.store().save(results[i], values + i * detail::kSlotBytes);
  return detail::end_host_call();
}

}  // namespace

std::expected<std::vector<Val>, Trap> call(Store& store, Func function, std::span<const Val> arguments) {
  const wasm::FuncType& type = type_of(store, function);
  if (arguments.size() != type.params.size()) {
    return std::unexpected(refused([&] {
      return "wrong number of arguments: wanted " + decimal(uint64_t{type.params.size()}) + ", got " +
             decimal(uint64_t{arguments.size()});
    }));
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!fits(store, arguments[i], type.params[i])) {
      return std::unexpected(refused([&] {
        return "argument " + decimal(uint64_t{i}) + " has type " + wasm::to_string(arguments[i].type()) + ", wanted " +
               wasm::to_string(type.params[i]);
      }));
    }
  }
  struct alignas(16) Slot {
    std::array<std::byte, detail::kSlotBytes> bytes{};
  };
  TryVector<Slot> values;
  TryVector<Val> prepared;
  Result<std::vector<Val>> results = run_operation([&] { return std::vector<Val>(type.results.size()); });
  if (!results || !values.try_resize(std::max<size_t>({1, type.params.size(), type.results.size()})) ||
      !prepared.try_append(arguments)) {
    return std::unexpected(Trap::of(wasm::TrapKind::allocation_failure));
  }
  std::optional<HandleScope> scope(std::in_place, store);  // ends the handles that prepare() makes for arguments
  for (Val& value : prepared) {
    if (!store.prepare(value)) return std::unexpected(Trap::of(wasm::TrapKind::allocation_failure));
  }
  for (size_t i = 0; i < prepared.size(); ++i) store.save(prepared[i], values[i].bytes.data());
  scope.reset();
  std::expected<void, Trap> done = store.invoke(store[function], values.data()->bytes.data());
  if (!done) return std::unexpected(std::move(done.error()));
  for (size_t i = 0; i < type.results.size(); ++i) {
    const Result<Val> result = store.load(type.results[i], values[i].bytes.data());
    if (!result) return std::unexpected(Trap::of(wasm::TrapKind::allocation_failure));
    (*results)[i] = *result;
  }
  return *std::move(results);
}

std::span<std::byte> Caller::exported_memory(std::string_view name) const {
  if (instance_ == nullptr) return {};
  const std::vector<wasm::Export>& exports = instance_->module->definition().exports;
  for (const wasm::Export& item : exports) {
    if (item.kind == wasm::ExternKind::memory && item.name == name) {
      const MemoryObject& memory = store_[Memory{store_.id(), instance_->memories[item.index]}];
      return {memory.vm->base, memory.length()};
    }
  }
  return {};
}

Result<Func> create_function(Store& store, const wasm::FuncType& type, DynamicHostFunction function, void* data) {
  Result<DynamicCallable*> callable = run_operation([&] { return new DynamicCallable{type, function, data}; });
  if (!callable) return fail(std::move(callable).error());
  return store.create_host_function(type, &invoke_dynamic, *callable,
                                    [](void* kept) { delete static_cast<DynamicCallable*>(kept); });
}

Result<Func> bind(Store& store, const HostEntry& entry, void* data) {
  return detail::make_host_function(store, *entry.type, entry.invoke, data, nullptr);
}

namespace detail {

namespace {
wasm::FuncType function_type(const StaticType& type) {
  return {.params = {type.params.begin(), type.params.end()}, .results = {type.results.begin(), type.results.end()}};
}
}  // namespace

Result<Func> make_host_function(Store& store, const StaticType& type,
                                uint32_t (*invoke)(abi::VMHostContext*, abi::VMContext*, std::byte*), void* callable,
                                void (*destroy)(void*)) {
  if (callable == nullptr) return fail(out_of_memory("a host function"));
  Result<wasm::FuncType> made = run_operation([&] { return function_type(type); });
  if (made) return store.create_host_function(*made, invoke, callable, destroy);
  if (destroy != nullptr) destroy(callable);
  return fail(std::move(made).error());
}

Result<void> check_type(Store& store, Func function, const StaticType& wanted) {
  const wasm::FuncType& actual = type_of(store, function);
  if (std::ranges::equal(wanted.params, actual.params) && std::ranges::equal(wanted.results, actual.results)) return {};
  return fail(make_error([&] {
    return Error::of(ErrorKind::link, "incompatible function type: wanted " + wasm::to_string(function_type(wanted)) +
                                          ", found " + wasm::to_string(actual));
  }));
}

uint32_t report_trap(Trap trap) {
  const auto code = 1 + static_cast<uint32_t>(trap.kind);
  Activation* activation = platform::Platform::activation();
  if (activation == nullptr) return code;
  if (trap.exception) prepare_throw(*activation, trap);
  activation->host_trap = std::move(trap);
  return code;
}

uint32_t end_host_call() {
  return platform::Platform::go_on() ? 0 : report_trap(Trap::of(wasm::TrapKind::interrupted));
}

Caller make_caller(abi::VMHostContext* self, abi::VMContext* caller) {
  Store& store = *platform::Platform::activation()->store;
  CAIRN_DEBUG_ASSERT(self->header.store == &store.state());
  const bool is_instance = caller != nullptr && caller->magic == abi::kVMContextMagic;
  return Caller(store, is_instance ? static_cast<InstanceObject*>(caller->instance) : nullptr);
}

}  // namespace detail

}  // namespace cairn::runtime
