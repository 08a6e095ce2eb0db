#include "runtime/calls/exceptions.hpp"

#include <bit>

#include "abi/field_layout.hpp"
#include "base/format.hpp"
#include "base/operation.hpp"
#include "platform/platform.hpp"
#include "runtime/calls/func.hpp"
#include "runtime/code/code_image.hpp"
#include "runtime/code/frame_iterator.hpp"
#include "runtime/heap/heap.hpp"
#include "runtime/store.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {

// Restores the callee-saved registers that the frame has saved. Afterwards, `registers` holds the values that they have
// in the frame's caller. `registers` has an entry for each callee-saved register, in the target's order.
void restore_registers(const GuestFrame& frame, uint64_t* registers) {
  const auto* saved = reinterpret_cast<const uint64_t*>(frame.stack_pointer + frame.function->saved_offset);
  for (uint32_t bits = frame.function->saved_registers; bits != 0; bits &= bits - 1)
    registers[std::countr_zero(bits)] = *saved++;
}

// Enters a landing pad. The stub is not a C++ function, so it lacks the type that UBSan looks for in front of a callee.
[[noreturn]] __attribute__((no_sanitize("function"))) void land(Store& store, const GuestFrame& frame,
                                                                uint32_t landing_offset, abi::HeapReference exception) {
  // The type says that the stub does not return, so the address sanitizer forgets the C++ frames that the stub
  // abandons.
  using LandingStub = void(__attribute__((noreturn))*)(const uint64_t*, uint64_t, const void*, uint32_t);
  const auto stub = std::bit_cast<LandingStub>(store.engine().landing_stub());
  stub(store.state().registers, frame.stack_pointer, frame.image->at(landing_offset), exception);
}

// Leaves guest frames until one has a handler, or ends the activation. The C++ frames that this function abandons hold
// no object that needs a destructor.
[[noreturn]] void unwind(Activation& activation, abi::HeapReference exception, Rethrown rethrown) {
  Store& store = *activation.store;
  Backtrace& trace = store.throw_trace().walked;
  bool is_known = rethrown == Rethrown::yes;  // whether the backtrace already has the current frame
  FrameIterator at(&activation);
  for (; !at.at_end() && at->activation == &activation; ++at) {
    if (!is_known) trace.add(*at);
    is_known = false;
    if ((at->function->flags & codegen::kHasHandlers) != 0) {
      const codegen::HandlerRecord* handler = at->image->find_handler(at->offset);
      if (handler != nullptr) land(store, *at, handler->landing_offset, exception);
    }
    restore_registers(*at, store.state().registers);
  }
  activation.trapped = true;
  activation.kind = wasm::TrapKind::uncaught_exception;
  activation.exception = exception;
  activation.backtrace = trace;
  for (; !at.at_end(); ++at) activation.backtrace.add(*at);
  Platform::resume(activation.entry.trap_resume, activation.entry.saved_stack_pointer);
}

// Where a value of the payload lies in an exception object; the offset is in bytes from the start of the object.
struct FieldPlace {
  uint32_t offset = 0;
  abi::FieldStorage storage;
};

// Returns the function type of a tag by its canonical id. The function type's parameters are the payload of the tag's
// exceptions.
const wasm::FuncType& payload_type(Store& store, CanonicalId type) {
  return store.engine().types().with([&](TypeRegistry& types) -> const wasm::FuncType& { return types[type].func; });
}

// Returns the places of the payload of a tag with this function type, in the order of the parameters.
Result<TryVector<FieldPlace>> payload_places(Store& store, CanonicalId type) {
  TryVector<FieldPlace> places;
  if (!places.try_reserve(payload_type(store, type).params.size())) return fail(out_of_memory("an exception"));
  store.engine().types().with([&](TypeRegistry& types) {
    abi::FieldLayout layout(abi::kExceptionPayloadOffset);
    const auto is_function = [&](wasm::TypeIndex index) {
      return types[CanonicalId(index.index())].kind == wasm::SubType::Kind::func;
    };
    for (const wasm::ValType param : types[type].func.params) {
      const abi::FieldStorage storage = abi::storage_of(param, is_function);
      places.push_back_within_capacity({layout.place(storage), storage});
    }
  });
  return places;
}

// Makes the object of an exception. Returns null if the tag belongs to another store, the payload does not fit the tag,
// or there is no memory.
abi::HeapReference make_exception(Store& store, const Exception& exception) {
  if (!store.owns(exception.tag)) return abi::kNullReference;
  TagObject& tag = store[exception.tag];
  const wasm::FuncType& type = payload_type(store, tag.type);
  if (exception.payload.size() != type.params.size()) return abi::kNullReference;
  for (size_t i = 0; i < type.params.size(); ++i)
    if (!fits(store, exception.payload[i], type.params[i])) return abi::kNullReference;
  const Result<Heap*> heap = store.ensure_heap();
  if (!heap) return abi::kNullReference;
  const HandleScope scope(store);
  TryVector<Val> payload;
  const Result<TryVector<FieldPlace>> places = payload_places(store, tag.type);
  if (!places || !payload.try_append(exception.payload)) return abi::kNullReference;
  for (Val& value : payload)
    if (!store.prepare(value)) return abi::kNullReference;
  const abi::HeapReference reference = (*heap)->allocate(tag.type.index());
  if (reference == abi::kNullReference) return abi::kNullReference;
  std::byte* const object = (*heap)->base() + reference;
  const uint64_t address = reinterpret_cast<uintptr_t>(&tag.vm);
  std::memcpy(object + offsetof(abi::VMException, tag), &address, sizeof address);
  for (size_t i = 0; i < places->size(); ++i) {
    std::array<std::byte, 16> slot;
    store.save(payload[i], slot.data());
    std::memcpy(object + (*places)[i].offset, slot.data(), (*places)[i].storage.size);
  }
  return reference;
}

// Returns the name by which an instance exports the tag, or the tag's number if none does.
std::string name_of(Store& store, Tag tag) {
  for (const InstanceObject& instance : store.instances()) {
    for (const wasm::Export& item : instance.module->definition().exports)
      if (item.kind == wasm::ExternKind::tag && instance.tags[item.index] == tag.index) return item.name;
  }
  return "tag[" + decimal(tag.index) + "]";
}

std::string to_string(const Val& value) {
  switch (value.type().kind()) {
    case wasm::ValType::i32: return "i32 " + decimal(value.as_i32());
    case wasm::ValType::i64: return "i64 " + decimal(value.as_i64());
    case wasm::ValType::f32: return "f32 " + hex(value.low());
    case wasm::ValType::f64: return "f64 " + hex(value.low());
    case wasm::ValType::v128: return "v128 " + hex(value.high(), 16) + hex(value.low(), 16).substr(2);
    default: break;
  }
  switch (value.form()) {
    case Val::Form::host: return "externref " + decimal(value.low());
    case Val::Form::word:
    case Val::Form::handle: return wasm::to_string(value.type()) + (value.is_null() ? " null" : "");
  }
}

}  // namespace

void throw_from_guest(Activation& activation, abi::HeapReference exception, Rethrown rethrown) {
  if (rethrown == Rethrown::no) {
    Store::ThrowTrace& trace = activation.store->throw_trace();
    trace.walked.count = 0;
    trace.walked.omitted = 0;
    trace.given.clear();
  }
  unwind(activation, exception, rethrown);
}

void prepare_throw(Activation& activation, Trap& trap) {
  Store& store = *activation.store;
  activation.exception = make_exception(store, *trap.exception);
  if (activation.exception != abi::kNullReference) store.throw_trace().given = std::move(trap.frames);
}

void throw_from_host(Activation& activation) {
  const abi::HeapReference exception = activation.exception;
  Backtrace& trace = activation.store->throw_trace().walked;
  trace.count = 0;
  trace.omitted = 0;
  activation.exception = abi::kNullReference;
  activation.host_trap.reset();
  unwind(activation, exception, Rethrown::no);
}

namespace {

// Returns the exception in `object` as a value. uncaught() calls this function by run_operation(), and has made room
// for the handles of the payload.
Trap describe(Store& store, const std::byte* object, Tag tag) {
  Exception exception;
  exception.tag = tag;
  const CanonicalId type = store[tag].type;
  const Result<TryVector<FieldPlace>> places = payload_places(store, type);
  if (!places) return Trap::of(wasm::TrapKind::uncaught_exception);
  const wasm::FuncType& signature = payload_type(store, type);
  std::string text = "uncaught exception: " + name_of(store, tag) + "(";
  for (size_t i = 0; i < signature.params.size(); ++i) {
    std::array<std::byte, 16> slot{};
    std::memcpy(slot.data(), object + (*places)[i].offset, (*places)[i].storage.size);
    exception.payload.push_back(*store.load(signature.params[i], slot.data()));
    text += (i == 0 ? "" : ", ") + to_string(exception.payload.back());
  }
  Trap trap = Trap::of(wasm::TrapKind::uncaught_exception, text + ")");
  trap.exception = std::move(exception);
  return trap;
}

}  // namespace

Trap uncaught(Store& store, abi::HeapReference reference) {
  const std::byte* const object = store.heap()->base() + reference;
  abi::VMException header;
  std::memcpy(&header, object, sizeof header);
  const Tag tag = store.tag_of(header.tag);
  if (store.heap()->roots().try_reserve_more(payload_type(store, store[tag].type).params.size())) {
    if (Result<Trap> trap = run_operation([&] { return describe(store, object, tag); })) return *std::move(trap);
  }
  return Trap::of(wasm::TrapKind::uncaught_exception);
}

}  // namespace cairn::runtime
