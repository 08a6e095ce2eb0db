#include "runtime/store.hpp"

#include <algorithm>
#include <new>

#include "abi/builtins.hpp"
#include "abi/field_layout.hpp"
#include "abi/host_stack.hpp"
#include "base/format.hpp"
#include "base/operation.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"
#include "runtime/storage/memory.hpp"
#include "wasm/types/limits.hpp"

namespace cairn::runtime {

using platform::Platform;

Store::Store(Engine& engine, std::span<std::byte> stack, Allowances* allowances)
    : engine_(engine),
      allowances_(allowances != nullptr ? allowances : &own_allowances_.emplace()),
      id_(engine.next_store_id()),
      stack_(stack) {
  state_.registers = registers_.data();
  state_.stack_limit = stack.data() + std::min(abi::kGuestStackReserve, stack.size() / 2);
}

Result<std::unique_ptr<Store>> Store::create(Engine& engine, size_t stack_bytes, Allowances* allowances) {
  Platform::prepare_thread();
  std::span<std::byte> stack = CAIRN_TRY(Platform::allocate_stack(stack_bytes));
  std::unique_ptr<Store> store(new (std::nothrow) Store(engine, stack, allowances));
  if (store == nullptr) {
    Platform::release_stack(stack);
    return fail(out_of_memory("a store"));
  }
  return store;
}

Store::~Store() {
  while (!memories_.empty()) drop_last_memory();
  while (!tables_.empty()) drop_last_table();
  drop_instances(0);
  Platform::release_stack(stack_);
}

void Store::initialize_header(abi::VMContext& context, uint64_t magic) {
  context.store = &state_;
  context.builtins = engine_.builtins();
  context.tail_call_restore = engine_.tail_call_restore();
  context.magic = magic;
  context.heap_base = heap_ != nullptr ? heap_->base() : nullptr;
  context.types = engine_.types().with([](TypeRegistry& types) { return types.table(); });
}

Result<Heap*> Store::ensure_heap() {
  if (heap_ == nullptr) {
    const abi::VMTypeInfo* const* types =
        CAIRN_TRY(engine_.types().with([](TypeRegistry& registry) { return registry.ensure_table(); }));
    HeapConfig config = engine_.config().heap;
    config.limit_bytes = std::min(config.limit_bytes, (*allowances_)[Limit::gc_heap].limit());
    heap_ = CAIRN_TRY(Heap::create(config, types, state_.allocation, roots_of(*this)));
  }
  return heap_.get();
}

// Makes TableObject::changed large enough for a table of `elements` elements. Returns false if there is no memory.
static bool make_changed(TableObject& table, uint64_t elements) {
  if (!table.holds_heap_references) return true;
  if (!table.changed.try_resize((elements + abi::kTablePiece - 1) / abi::kTablePiece)) return false;
  table.vm->changed = table.changed.data();
  return true;
}

Result<void> Store::initialize(TableObject& table, uint64_t initial) {
  const uint64_t count = table.type.limits.minimum;
  if (count > wasm::limits::kTableSize) {
    return fail(make_error([&] {
      return Error::of(ErrorKind::limit, "a table of " + decimal(count) + " elements exceeds the limit of " +
                                             decimal(uint64_t{wasm::limits::kTableSize}));
    }));
  }
  Allowance& allowed = (*allowances_)[Limit::table_elements];
  if (!allowed.try_take(count)) {
    return fail(make_error([&] {
      return Error::of(ErrorKind::limit, "a table of " + decimal(count) + " elements exceeds the limit of " +
                                             decimal(allowed.limit()) + " for all tables together");
    }));
  }
  if (!make_changed(table, count) || !table.elements.try_grow(count)) {
    allowed.give_back(count);
    return fail(make_error([&] {
      return Error::of(ErrorKind::resource, "out of memory for a table of " + decimal(count) + " elements");
    }));
  }
  if (initial != 0) {
    std::ranges::fill(table.elements, initial);
    table.note_change(0, count);
  }
  table.allowed_elements = &allowed;
  table.vm->elements = table.elements.data();
  table.vm->length = count;
  return {};
}

bool Store::is_heap_reference(wasm::ValType type) {
  if (!type.is_ref()) return false;
  return abi::storage_of(type,
                         [&](wasm::TypeIndex index) {
                           return engine_.types().with([&](TypeRegistry& types) {
                             return types[CanonicalId(index.index())].kind == wasm::SubType::Kind::func;
                           });
                         })
      .is_reference;
}

Result<Val> Store::load(wasm::ValType type, const std::byte* slot) {
  if (!is_heap_reference(type)) return Val::load_from(type, slot);
  abi::HeapReference reference;
  std::memcpy(&reference, slot, sizeof(reference));
  if (reference == abi::kNullReference) return Val::null(type.heap());
  // A reference of the extern or exn hierarchy gets its static type, because any.convert_extern and extern.convert_any
  // do not change the object. Other references get the precise type of their object.
  using wasm::HeapType;
  const bool is_any = type.heap() != HeapType::extern_ && type.heap() != HeapType::noextern &&
                      type.heap() != HeapType::exn && type.heap() != HeapType::noexn;
  const auto of = [&](HeapType heap) { return wasm::ValType::reference(wasm::Nullability::non_null, heap); };
  if ((reference & 1) != 0) return Val::from_bits(of(is_any ? HeapType::i31 : type.heap()), reference);
  const abi::VMObject& object = heap_->at(reference);
  if (object.kind == abi::ObjectKind::host) {
    return Val::host_reference(is_any ? HeapType::any : type.heap(), heap_->at<abi::VMHostValue>(reference).value);
  }
  if (!heap_->roots().try_push_back(reference)) return fail(out_of_memory("a handle"));
  return Val::handle(of(is_any ? HeapType::of(wasm::TypeIndex(object.type_id)) : type.heap()),
                     heap_->roots().size() - 1);
}

Result<void> Store::prepare(Val& value) {
  if (value.form() != Val::Form::host) return {};
  Heap& heap = *CAIRN_TRY(ensure_heap());
  const abi::HeapReference object = heap.allocate_host_value(value.low());
  if (object == abi::kNullReference)
    return fail(make_error([] { return Error::of(ErrorKind::resource, "the heap of managed objects is full"); }));
  if (!heap.roots().try_push_back(object)) return fail(out_of_memory("a handle"));
  value = Val::handle(value.type(), heap.roots().size() - 1);
  return {};
}

void Store::save(const Val& value, std::byte* slot) const {
  CAIRN_ASSERT(value.form() != Val::Form::host);
  if (value.form() == Val::Form::word) return value.store_to(slot);
  CAIRN_ASSERT(heap_ != nullptr && value.low() < heap_->roots().size());
  const std::array<uint64_t, 2> words = {heap_->roots()[value.low()], 0};
  std::memcpy(slot, words.data(), sizeof(words));
}

Result<Memory> Store::add_memory(const wasm::MemoryType& type, abi::VMMemory* vm, compiler::BoundsMode bounds) {
  Allowance& pages = (*allowances_)[Limit::memory_pages];
  if (type.sharedness == wasm::Sharedness::shared) {
    return add_shared_memory(CAIRN_TRY(SharedMemory::create(engine_, type, bounds, pages)));
  }
  const MemorySpace space = CAIRN_TRY(reserve_memory(engine_, type, bounds, pages));
  MemoryObject* const added = memories_.try_emplace_back();
  if (added == nullptr) {
    release_memory(engine_, space.reservation, space.initial_bytes);
    return fail(out_of_memory("a memory"));
  }
  MemoryObject& memory = *added;
  memory.type = type;
  memory.vm = vm;
  memory.reservation = space.reservation;
  memory.maximum_bytes = space.maximum_bytes;
  memory.allowed_pages = &pages;
  memory.has_guards = space.has_guards;
  vm->base = space.reservation.data();
  vm->length = space.initial_bytes;
  return Memory{id_, static_cast<uint32_t>(memories_.size() - 1)};
}

Result<Memory> Store::add_shared_memory(Ref<SharedMemory> shared) {
  CAIRN_ASSERT(&shared->engine() == &engine_);
  MemoryObject* const added = memories_.try_emplace_back();
  if (added == nullptr) return fail(out_of_memory("a memory"));
  MemoryObject& memory = *added;
  memory.type = shared->type();
  memory.vm = shared->vm();
  memory.reservation = shared->reservation();
  memory.has_guards = shared->has_guards();
  memory.shared = std::move(shared);
  return Memory{id_, static_cast<uint32_t>(memories_.size() - 1)};
}

void Store::drop_last_memory() {
  const MemoryObject& last = memories_.back();
  if (!last.shared) release_memory(engine_, last.reservation, last.length());
  memories_.pop_back();
}

Result<Memory> Store::create_memory(const wasm::MemoryType& type) {
  auto owned = try_make_unique<abi::VMMemory>();
  if (owned == nullptr) return fail(out_of_memory("a memory"));
  Memory memory = CAIRN_TRY(add_memory(type, owned.get(), engine_.options().bounds));
  memories_.back().owned = std::move(owned);
  return memory;
}

void Store::drop_last_table() {
  const TableObject& last = tables_.back();
  if (last.allowed_elements != nullptr) last.allowed_elements->give_back(last.elements.size());
  tables_.pop_back();
}

Result<Table> Store::add_table(const wasm::TableType& type, uint64_t initial, abi::VMTable* vm) {
  TableObject* const added = tables_.try_emplace_back();
  if (added == nullptr) return fail(out_of_memory("a table"));
  TableObject& table = *added;
  table.type = type;
  table.vm = vm;
  table.holds_heap_references = is_heap_reference(type.element);
  if (Result<void> initialized = initialize(table, initial); !initialized) {
    drop_last_table();
    return fail(std::move(initialized).error());
  }
  return Table{id_, static_cast<uint32_t>(tables_.size() - 1)};
}

Result<Table> Store::create_table(const wasm::TableType& type, const Val& initial) {
  auto owned = try_make_unique<abi::VMTable>();
  if (owned == nullptr) return fail(out_of_memory("a table"));
  const HandleScope scope(*this);
  Val value = initial;
  CAIRN_TRY(prepare(value));
  std::array<uint64_t, 2> word{};
  save(value, reinterpret_cast<std::byte*>(word.data()));
  Table table = CAIRN_TRY(add_table(type, word[0], owned.get()));
  tables_.back().owned = std::move(owned);
  return table;
}

Result<Global> Store::add_global(const wasm::GlobalType& type, abi::VMGlobal* vm) {
  if (globals_.try_emplace_back(vm, is_heap_reference(type.type), type, nullptr) == nullptr)
    return fail(out_of_memory("a global"));
  return Global{id_, static_cast<uint32_t>(globals_.size() - 1)};
}

Result<Global> Store::create_global(const wasm::GlobalType& type, const Val& value) {
  auto owned = try_make_unique<abi::VMGlobal>();
  if (owned == nullptr) return fail(out_of_memory("a global"));
  const HandleScope scope(*this);
  Val prepared = value;
  CAIRN_TRY(prepare(prepared));
  save(prepared, owned->bytes.data());
  const Global global = CAIRN_TRY(add_global(type, owned.get()));
  globals_.back().owned = std::move(owned);
  return global;
}

Result<Tag> Store::create_tag(CanonicalId type) {
  const auto index = static_cast<uint32_t>(tags_.size());
  if (tags_.try_emplace_back(type, abi::VMTag{type.index(), index}) == nullptr) return fail(out_of_memory("a tag"));
  return Tag{id_, index};
}

Tag Store::tag_of(uint64_t vm_tag) const { return {id_, std::bit_cast<const abi::VMTag*>(vm_tag)->index}; }

Result<Func> Store::create_host_function(const wasm::FuncType& type,
                                         uint32_t (*invoke)(abi::VMHostContext*, abi::VMContext*, std::byte*),
                                         void* callable, void (*destroy)(void*)) {
  HostFunction* const function = host_functions_.try_emplace_back();
  if (function == nullptr) {
    if (destroy != nullptr) destroy(callable);
    return fail(out_of_memory("a host function"));
  }
  function->callable = callable;
  function->destroy = destroy;
  const auto prepared_type = [&]() -> Result<CanonicalId> {
    const CanonicalId made =
        CAIRN_TRY(engine_.types().with([&](TypeRegistry& types) { return types.canonicalize(type); }));
    CAIRN_TRY(engine_.prepare_trampolines(std::span(&made, 1)));
    return made;
  };
  Result<CanonicalId> prepared = prepared_type();
  if (!prepared) {
    host_functions_.pop_back();
    return fail(std::move(prepared).error());
  }
  const CanonicalId id = *prepared;
  initialize_header(function->context.header, abi::kVMHostContextMagic);
  function->context.invoke = invoke;
  function->context.data = callable;
  function->reference.code = engine_.trampolines(id).host;
  function->reference.context = &function->context.header;
  function->reference.type_id = id.index();
  return Func{id_, &function->reference};
}

Result<Instance> Store::add_instance(Ref<Module> module) {
  Allowance& allowed = (*allowances_)[Limit::instances];
  if (!allowed.try_take(1)) {
    return fail(make_error(
        [&] { return Error::of(ErrorKind::limit, "the program's limit is instances=" + decimal(allowed.limit())); }));
  }
  if (instances_.try_emplace_back(*this, std::move(module)) == nullptr) {
    allowed.give_back(1);
    return fail(out_of_memory("an instance"));
  }
  return Instance{id_, static_cast<uint32_t>(instances_.size() - 1)};
}

void Store::drop_instances(size_t size) {
  (*allowances_)[Limit::instances].give_back(instances_.size() - size);
  instances_.truncate(size);
}

Store::Mark Store::mark() const {
  return {instances_.size(), memories_.size(), tables_.size(), globals_.size(), tags_.size()};
}

void Store::roll_back(const Mark& mark) {
  while (memories_.size() > mark.memories) drop_last_memory();
  while (tables_.size() > mark.tables) drop_last_table();
  drop_instances(mark.instances);
  globals_.truncate(mark.globals);
  tags_.truncate(mark.tags);
}

std::optional<uint64_t> grow(MemoryObject& memory, uint64_t delta_pages) {
  if (memory.shared) return memory.shared->grow(delta_pages);
  const uint64_t old_length = memory.vm->length;
  if (delta_pages > (memory.maximum_bytes - old_length) >> memory.type.page_size_log2) return std::nullopt;
  const uint64_t new_length = old_length + (delta_pages << memory.type.page_size_log2);
  if (!allows_length(*memory.allowed_pages, new_length)) return std::nullopt;
  if (!extend_memory(memory.reservation, old_length, new_length)) return std::nullopt;
  memory.vm->length = new_length;
  return old_length >> memory.type.page_size_log2;
}

std::optional<uint64_t> grow(TableObject& table, uint64_t delta, uint64_t initial) {
  const uint64_t old_size = table.vm->length;
  const uint64_t maximum =
      std::min<uint64_t>(table.type.limits.maximum.value_or(~uint64_t{0}), wasm::limits::kTableSize);
  if (old_size > maximum || delta > maximum - old_size) return std::nullopt;
  if (!table.allowed_elements->try_take(delta)) return std::nullopt;
  if (!make_changed(table, old_size + delta) || !table.elements.try_grow(old_size + delta)) {
    table.allowed_elements->give_back(delta);
    return std::nullopt;
  }
  if (initial != 0) {
    std::fill_n(table.elements.data() + old_size, delta, initial);
    table.note_change(old_size, delta);
  }
  table.vm->elements = table.elements.data();
  table.vm->length = table.elements.size();
  return old_size;
}

}  // namespace cairn::runtime
