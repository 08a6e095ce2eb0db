// Calls functions from the host, and makes host functions that guests can call.
//
//   Result<Func> f = wrap_function(store, [](Caller& caller, int32_t a) -> std::expected<int32_t, Trap> { ... });
//   TypedFunc<int32_t(int32_t, int32_t)> add = *TypedFunc<int32_t(int32_t, int32_t)>::create(store, func);
//   std::expected<int32_t, Trap> sum = add.call(store, 1, 2);
//
// The C++ types of parameters and results are int32_t, uint32_t, int64_t, uint64_t, float and double. Several results
// are a std::tuple.
#pragma once

#include <array>
#include <cstring>
#include <expected>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/instantiate.hpp"
#include "runtime/store.hpp"
#include "runtime/value.hpp"

namespace cairn::runtime {

// Returns the function's type in canonical form.
[[nodiscard]] const wasm::FuncType& type_of(Store& store, Func function);

// Whether a host's value may be passed for a parameter of type `type`, which is canonical. A null fits every nullable
// type of its hierarchy. Any other reference fits if its precise type is a subtype of `type`.
[[nodiscard]] bool fits(Store& store, const Val& value, wasm::ValType type);

// Calls a function with dynamically typed values. If the arguments do not fit the type, the result is a host_error
// trap, and the function does not run.
std::expected<std::vector<Val>, Trap> call(Store& store, Func function, std::span<const Val> arguments);

// What a host function knows about its caller: the store, and the instance whose code called it, if it was a guest.
class Caller {
 public:
  Caller(Store& store, InstanceObject* instance) : store_(store), instance_(instance) {}
  [[nodiscard]] Store& store() const { return store_; }
  // Returns the memory that the calling instance exports under `name`; empty when there is none or the host itself
  // called. The span is valid until guest code runs or the memory grows.
  [[nodiscard]] std::span<std::byte> exported_memory(std::string_view name) const;

 private:
  Store& store_;
  InstanceObject* instance_;
};

// A host function whose type is known only at run time. It gets `data` of create_function(), and writes a value of the
// right type to each of `results`.
using DynamicHostFunction = std::expected<void, Trap> (*)(void* data, Caller& caller, std::span<Val> arguments,
                                                          std::span<Val> results);
// Makes a host function. `data` outlives the store. Fails for lack of memory or if the engine has too many types.
Result<Func> create_function(Store& store, const wasm::FuncType& type, DynamicHostFunction function, void* data);

namespace detail {

// ValueTraits<T>::type is the WebAssembly type of the C++ type T.
template <class T>
struct ValueTraits;
template <wasm::ValType::Kind kind>
struct ValueTraitsOf {
  static constexpr wasm::ValType type = kind;
};
template <>
struct ValueTraits<int32_t> : ValueTraitsOf<wasm::ValType::i32> {};
template <>
struct ValueTraits<uint32_t> : ValueTraitsOf<wasm::ValType::i32> {};
template <>
struct ValueTraits<int64_t> : ValueTraitsOf<wasm::ValType::i64> {};
template <>
struct ValueTraits<uint64_t> : ValueTraitsOf<wasm::ValType::i64> {};
template <>
struct ValueTraits<float> : ValueTraitsOf<wasm::ValType::f32> {};
template <>
struct ValueTraits<double> : ValueTraitsOf<wasm::ValType::f64> {};

inline constexpr size_t kSlotBytes = 16;  // size of a slot, which holds one argument or result

template <class T>
T load_slot(const std::byte* values, size_t index) {
  T value;
  std::memcpy(&value, values + index * kSlotBytes, sizeof(T));
  return value;
}

// Writes the value zero-extended to the whole slot.
template <class T>
void store_slot(std::byte* values, size_t index, T value) {
  std::memset(values + index * kSlotBytes, 0, kSlotBytes);
  std::memcpy(values + index * kSlotBytes, &value, sizeof(T));
}

// The types of a function's results, and how they are copied to and from slots.
template <class R>
struct Results {
  static constexpr std::array<wasm::ValType, 1> types{ValueTraits<R>::type};
  static void store(std::byte* values, R result) { store_slot(values, 0, result); }
  static R load(const std::byte* values) { return load_slot<R>(values, 0); }
};
template <>
struct Results<void> {
  static constexpr std::array<wasm::ValType, 0> types{};
};
template <class... R>
struct Results<std::tuple<R...>> {
  static constexpr std::array<wasm::ValType, sizeof...(R)> types{ValueTraits<R>::type...};
  static void store(std::byte* values, const std::tuple<R...>& result) {
    [&]<size_t... I>(std::index_sequence<I...>) {
      (store_slot(values, I, std::get<I>(result)), ...);
    }(std::index_sequence_for<R...>());
  }
  static std::tuple<R...> load(const std::byte* values) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return std::tuple<R...>{load_slot<R>(values, I)...};
    }(std::index_sequence_for<R...>());
  }
};

// The WebAssembly type that follows from a C++ function type. The spans refer to static memory.
struct StaticType {
  std::span<const wasm::ValType> params;
  std::span<const wasm::ValType> results;
};
template <class R, class... A>
struct StaticTypeOf {
  static constexpr std::array<wasm::ValType, sizeof...(A)> params{ValueTraits<A>::type...};
  static constexpr StaticType type{params, Results<R>::types};
};

// Makes a host function. This function is not a template, so that each C++ type adds little code. The store destroys
// `callable` with `destroy`, unless `destroy` is null. A null `callable` means that there was no memory for it.
Result<Func> make_host_function(Store& store, const StaticType& type,
                                uint32_t (*invoke)(abi::VMHostContext*, abi::VMContext*, std::byte*), void* callable,
                                void (*destroy)(void*));
// Fails with a link error if the function has another type.
Result<void> check_type(Store& store, Func function, const StaticType& wanted);

// Stores a host function's trap in the innermost activation. The trap ends the activation, unless the trap carries an
// exception that the guest catches. Returns the result for VMHostContext::invoke.
uint32_t report_trap(Trap trap);
// Returns the result for VMHostContext::invoke after a host function has succeeded: 0, or a trap if a time limit has
// ended. Without this check, a guest that does little but call the host would seldom be interrupted.
uint32_t end_host_call();
// Makes the Caller for a host function from the first two arguments of VMHostContext::invoke.
Caller make_caller(abi::VMHostContext* self, abi::VMContext* caller);

// The functions by which the store calls and destroys a host function's callable with the signature R(A...).
template <class Callable, class R, class... A>
struct HostInvoker {
  static uint32_t invoke(abi::VMHostContext* self, abi::VMContext* context, std::byte* values) {
    Caller caller = make_caller(self, context);
    const HandleScope scope(caller.store());
    auto& callable = *static_cast<Callable*>(self->data);
    std::expected<R, Trap> result = [&]<size_t... I>(std::index_sequence<I...>) {
      return callable(caller, load_slot<A>(values, I)...);
    }(std::index_sequence_for<A...>());
    if (!result) return report_trap(std::move(result.error()));
    if constexpr (!std::is_void_v<R>) Results<R>::store(values, *result);
    return end_host_call();
  }
  static void destroy(void* callable) { delete static_cast<Callable*>(callable); }
  static constexpr const StaticType& type = StaticTypeOf<R, A...>::type;
};

// The HostInvoker whose R and A follow from the type of Callable::operator().
template <class Callable, class Signature>
struct InvokerFor;
template <class Callable, class C, class R, class... A>
struct InvokerFor<Callable, std::expected<R, Trap> (C::*)(Caller&, A...) const> : HostInvoker<Callable, R, A...> {};
template <class Callable, class C, class R, class... A>
struct InvokerFor<Callable, std::expected<R, Trap> (C::*)(Caller&, A...)> : HostInvoker<Callable, R, A...> {};

// The function by which the store calls the function `f` of a HostEntry.
template <auto f>
struct EntryInvoker;
template <class Data, class R, class... A, std::expected<R, Trap> (*f)(Data&, Caller&, A...)>
struct EntryInvoker<f> {
  static uint32_t invoke(abi::VMHostContext* self, abi::VMContext* context, std::byte* values) {
    Caller caller = make_caller(self, context);
    const HandleScope scope(caller.store());
    std::expected<R, Trap> result = [&]<size_t... I>(std::index_sequence<I...>) {
      return f(*static_cast<Data*>(self->data), caller, load_slot<A>(values, I)...);
    }(std::index_sequence_for<A...>());
    if (!result) return report_trap(std::move(result.error()));
    if constexpr (!std::is_void_v<R>) Results<R>::store(values, *result);
    return end_host_call();
  }
  static constexpr const StaticType& type = StaticTypeOf<R, A...>::type;
};

}  // namespace detail

// Makes a host function from a callable `std::expected<R, Trap>(Caller&, A...)`. The WebAssembly type follows from A
// and R. A failed result traps in the guest.
template <class Callable>
Result<Func> wrap_function(Store& store, Callable callable) {
  using Invoker = detail::InvokerFor<Callable, decltype(&Callable::operator())>;
  return detail::make_host_function(store, Invoker::type, &Invoker::invoke,
                                    new (std::nothrow) Callable(std::move(callable)), &Invoker::destroy);
}

// The description of a host function that any number of stores can use. The function keeps no state of its own; it gets
// the `data` with which bind() made it in a store.
struct HostEntry {
  std::string_view name;
  const detail::StaticType* type = nullptr;
  uint32_t (*invoke)(abi::VMHostContext* self, abi::VMContext* caller, std::byte* values) = nullptr;
};
// Returns the entry of a function `std::expected<R, Trap> f(Data& data, Caller& caller, A...)`.
template <auto f>
constexpr HostEntry host_entry(std::string_view name) {
  using Invoker = detail::EntryInvoker<f>;
  return {name, &Invoker::type, &Invoker::invoke};
}
// Makes the entry's function in a store. `data` points to an object of the function's type Data, which outlives the
// store.
Result<Func> bind(Store& store, const HostEntry& entry, void* data);

template <class Signature>
class TypedFunc;

// A function with a static C++ type. create() checks that the function has this type, so that calls need no checks.
template <class R, class... A>
class TypedFunc<R(A...)> {
 public:
  static Result<TypedFunc> create(Store& store, Func function) {
    CAIRN_TRY(detail::check_type(store, function, detail::StaticTypeOf<R, A...>::type));
    return TypedFunc(function);
  }

  std::expected<R, Trap> call(Store& store, A... arguments) const {
    constexpr size_t kSlots = std::max<size_t>({1, sizeof...(A), detail::Results<R>::types.size()});
    alignas(16) std::array<std::byte, kSlots * detail::kSlotBytes> values;
    [&]<size_t... I>(std::index_sequence<I...>) {
      (detail::store_slot(values.data(), I, arguments), ...);
    }(std::index_sequence_for<A...>());
    std::expected<void, Trap> done = store.invoke(store[function_], values.data());
    if (!done) return std::unexpected(std::move(done.error()));
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return detail::Results<R>::load(values.data());
    }
  }

 private:
  explicit TypedFunc(Func function) : function_(function) {}
  Func function_;
};

}  // namespace cairn::runtime
