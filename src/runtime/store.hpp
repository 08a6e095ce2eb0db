// A store owns all its runtime objects: instances and their contexts, host functions, memories, tables, globals, tags,
// and the stack that its guest code runs on. Only shared memories can be in several stores. One thread at a time uses
// a store. Destroying a store destroys instances before the host functions that they import, releases the memories'
// address space, and drops the store's references to modules.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>

#include "abi/vmcontext.hpp"
#include "base/allowance.hpp"
#include "base/ref.hpp"
#include "base/result.hpp"
#include "base/try_deque.hpp"
#include "base/try_vector.hpp"
#include "runtime/code/activation.hpp"
#include "runtime/engine.hpp"
#include "runtime/heap/heap.hpp"
#include "runtime/module.hpp"
#include "runtime/storage/shared_memory.hpp"
#include "runtime/storage/table_storage.hpp"
#include "runtime/value.hpp"

namespace cairn::runtime {

// The reason why an instantiation failed: an error before any effect was visible, or a trap.
struct Failure {
  std::optional<Trap> trap;
  Error error;  // valid when there is no trap
  [[nodiscard]] std::string what() const { return trap ? trap->what() : error.to_string(); }
};
template <class T>
using Outcome = std::expected<T, Failure>;

// A memory of a store. `vm`, here and in the structs below, is the part that compiled code sees. It lies in the
// VMContext of the instance that defines the object, in `owned`, or in the shared memory.
struct MemoryObject {
  abi::VMMemory* vm = nullptr;
  wasm::MemoryType type;
  std::span<std::byte> reservation;
  uint64_t maximum_bytes = 0;            // the largest length in bytes; not used for shared memories
  Allowance* allowed_pages = nullptr;    // the limit of each memory; not used for shared memories
  bool has_guards = false;               // whether code that relies on guard pages may access the memory
  std::unique_ptr<abi::VMMemory> owned;  // set for memories made by the host
  Ref<SharedMemory> shared;              // set for shared memories: owns `vm` and the reservation

  [[nodiscard]] uint64_t length() const { return shared ? shared->length() : vm->length; }
  [[nodiscard]] uint64_t pages() const { return length() >> type.page_size_log2; }
};

struct TableObject {
  abi::VMTable* vm = nullptr;
  bool holds_heap_references = false;
  wasm::TableType type;  // element type in canonical form
  TableStorage elements;
  Allowance* allowed_elements = nullptr;  // the limit of all tables together
  TryVector<uint8_t> changed;             // the array that VMTable::changed points to
  std::unique_ptr<abi::VMTable> owned;    // set for tables made by the host

  // Notes for the collector that `count` elements from `start` on are about to be written.
  void note_change(uint64_t start, uint64_t count) {
    if (!holds_heap_references || count == 0) return;
    for (uint64_t piece = start / abi::kTablePiece; piece <= (start + count - 1) / abi::kTablePiece; ++piece) {
      changed[piece] = static_cast<uint8_t>(abi::PieceState::changed);
    }
  }
};

// The values of an element segment in which some expression has several instructions or makes an object. Such a segment
// is evaluated once, when the instance is made. Heap references among the values are roots.
struct ElementValues {
  TryVector<uint64_t> words;
  size_t seen = 0;  // number of values that the collector has visited since they were evaluated
};

struct GlobalObject {
  abi::VMGlobal* vm = nullptr;
  bool is_heap_reference = false;
  wasm::GlobalType type;                 // in canonical form
  std::unique_ptr<abi::VMGlobal> owned;  // set for globals made by the host
};

struct TagObject {
  CanonicalId type;
  abi::VMTag vm;
};

// The part of an instance that only the runtime uses; VMContext::instance points to it.
struct InstanceObject {
  InstanceObject(Store& owner, Ref<Module> source) : store(owner), module(std::move(source)) {}

  Store& store;
  Ref<Module> module;
  // The module's code, with or without explicit bounds checks, as this instance's memories need.
  const CodeImage* code = nullptr;
  std::unique_ptr<std::byte[]> context_storage;
  abi::VMContext* context = nullptr;
  // For each index of the module's index spaces, in which imports come first: the number of the object in the store.
  TryVector<uint32_t> memories, tables, globals, tags;
  TryVector<bool> dropped_data, dropped_elements;  // by segment: whether it was dropped
  TryVector<ElementValues> element_values;         // by segment; empty for a segment that does not need them
  bool has_new_element_values = false;             // whether the collector has not visited some element values yet
  TryVector<std::optional<Extern>> exports;        // in the order of the export section; get_export() fills an entry

  template <class T>
  [[nodiscard]] T* at(uint64_t offset) const {
    return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(context) + offset);
  }
  // Returns the reference to an imported or escaped function of the module.
  [[nodiscard]] abi::VMFuncRef* func_ref(wasm::FuncIndex function) const;
};

// A host function. The store owns it.
struct HostFunction {
  abi::VMHostContext context;
  abi::VMFuncRef reference;
  void* callable = nullptr;          // what VMHostContext::data points to
  void (*destroy)(void*) = nullptr;  // destroys `callable`; null if the store does not own it
  HostFunction() = default;
  HostFunction(const HostFunction&) = delete;
  HostFunction& operator=(const HostFunction&) = delete;
  ~HostFunction() {
    if (destroy != nullptr) destroy(callable);
  }
};

class Store {
  template <class H, class Objects>
  auto& own(H handle, Objects& objects) {
    CAIRN_ASSERT(handle.store == id_ && handle.index < objects.size());
    return objects[handle.index];
  }

 public:
  static Result<std::unique_ptr<Store>> create(Engine& engine) {
    return create(engine, engine.config().guest_stack_bytes);
  }
  // Makes a store with a guest stack of `stack_bytes`, a multiple of the page size. Its memories, tables, instances and
  // managed objects are limited by `allowances`, which other stores of the program may share, and which must outlive
  // the store. If it is null, the store has standard limits of its own.
  static Result<std::unique_ptr<Store>> create(Engine& engine, size_t stack_bytes, Allowances* allowances = nullptr);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] Engine& engine() const { return engine_; }
  [[nodiscard]] uint32_t id() const { return id_; }
  Allowances& allowances() { return *allowances_; }

  // Returns the object that a handle stands for. Asserts that the handle is of this store.
  MemoryObject& operator[](Memory handle) { return own(handle, memories_); }
  TableObject& operator[](Table handle) { return own(handle, tables_); }
  GlobalObject& operator[](Global handle) { return own(handle, globals_); }
  TagObject& operator[](Tag handle) { return own(handle, tags_); }
  InstanceObject& operator[](Instance handle) { return own(handle, instances_); }
  abi::VMFuncRef& operator[](Func handle) {
    CAIRN_ASSERT(handle.store == id_);
    return *handle.reference;
  }
  template <class H>
  [[nodiscard]] bool owns(const H& handle) const {
    return handle.store == id_;
  }
  [[nodiscard]] bool owns(const Extern& item) const {
    return std::visit([this](const auto& handle) { return owns(handle); }, item);
  }

  // These functions make objects for the host. They fail if there is no memory or a limit is reached. The heap types in
  // their arguments must be abstract. The `type` of a tag is the canonical id of its function type.
  Result<Memory> create_memory(const wasm::MemoryType& type);
  Result<Table> create_table(const wasm::TableType& type, const Val& initial);
  Result<Global> create_global(const wasm::GlobalType& type, const Val& value);
  Result<Tag> create_tag(CanonicalId type);
  // Makes a host function. `invoke` is as in VMHostContext and finds `callable` in VMHostContext::data. The store owns
  // `callable` unless `destroy` is null.
  Result<Func> create_host_function(const wasm::FuncType& type,
                                    uint32_t (*invoke)(abi::VMHostContext*, abi::VMContext*, std::byte*),
                                    void* callable, void (*destroy)(void*));

  // Adds a shared memory, which other stores of the engine may have too.
  Result<Memory> add_shared_memory(Ref<SharedMemory> shared);

  // For instantiation: these functions make objects whose VM part lies in a VMContext. A memory has guard pages if
  // `bounds` asks for them and there is address space for them (runtime/storage/memory.hpp). `initial` is the value of
  // each table element as a word.
  Result<Memory> add_memory(const wasm::MemoryType& type, abi::VMMemory* vm, compiler::BoundsMode bounds);
  Result<Table> add_table(const wasm::TableType& type, uint64_t initial, abi::VMTable* vm);
  Result<Global> add_global(const wasm::GlobalType& type, abi::VMGlobal* vm);
  Result<Instance> add_instance(Ref<Module> module);
  // The numbers of objects in the store. roll_back() drops the objects that were added after mark(), when an
  // instantiation fails before it has a visible effect.
  struct Mark {
    size_t instances, memories, tables, globals, tags;
  };
  [[nodiscard]] Mark mark() const;
  void roll_back(const Mark& mark);

  // Fills the header of a context that belongs to this store. `magic` is kVMContextMagic or kVMHostContextMagic.
  void initialize_header(abi::VMContext& context, uint64_t magic);

  // Reads a value of a canonical type from a slot of 16 bytes. If the value refers to an object, the object gets a
  // handle; the function fails if there is no memory for the handle.
  Result<Val> load(wasm::ValType type, const std::byte* slot);
  // Prepares `value` for save(). If it holds a number that the host has chosen (Val::Form::host), a new object gets the
  // number, and `value` becomes a handle of the object. May collect. Fails when the heap is full.
  Result<void> prepare(Val& value);
  // Writes a prepared value to a slot of 16 bytes. Never collects.
  void save(const Val& value, std::byte* slot) const;
  // Whether the values of a canonical type are references to managed objects.
  [[nodiscard]] bool is_heap_reference(wasm::ValType type);

  // Calls a guest or host function. `values` are 16-byte slots: arguments in, results out. They must fit the type.
  std::expected<void, Trap> invoke(const abi::VMFuncRef& function, std::byte* values);

  // The backtrace of the exception that is being thrown.
  struct ThrowTrace {
    Backtrace walked;              // the frames unwound so far
    std::vector<TrapFrame> given;  // for an exception that the host throws again: the frames in the host's trap
  };
  ThrowTrace& throw_trace() { return throw_trace_; }
  // Returns the heap of managed objects. The first call makes the heap, and fails when there is no room for it.
  Result<Heap*> ensure_heap();
  [[nodiscard]] Heap* heap() const { return heap_.get(); }  // null while there is none

  abi::VMStoreState& state() { return state_; }
  [[nodiscard]] std::span<std::byte> stack() const { return stack_; }
  TryDeque<MemoryObject>& memories() { return memories_; }
  TryDeque<TableObject>& tables() { return tables_; }
  TryDeque<GlobalObject>& globals() { return globals_; }
  TryDeque<InstanceObject, 4>& instances() { return instances_; }
  // Returns the tag whose VMTag has this address.
  [[nodiscard]] Tag tag_of(uint64_t vm_tag) const;

  // set_data() sets a pointer to the host's own data, such as a WASI context, and data() returns it. The store does not
  // own the data.
  template <class T>
  void set_data(T* data) {
    data_ = data;
  }
  template <class T>
  T* data() const {
    return static_cast<T*>(data_);
  }

 private:
  Store(Engine& engine, std::span<std::byte> stack, Allowances* allowances);
  void drop_last_memory();  // must run before the instance that holds the memory's VMMemory is destroyed
  void drop_last_table();
  void drop_instances(size_t size);  // drops the last instances until there are `size`
  Result<void> initialize(TableObject& table, uint64_t initial);

  Engine& engine_;
  std::optional<Allowances> own_allowances_;  // set if the program has given none
  Allowances* allowances_;
  uint32_t id_;
  std::span<std::byte> stack_;
  abi::VMStoreState state_;
  std::array<uint64_t, abi::kMaximumCalleeSaved> registers_{};  // VMStoreState::registers points to it
  ThrowTrace throw_trace_;
  std::unique_ptr<Heap> heap_;
  void* data_ = nullptr;
  // These members are destroyed in reverse order, so instances first.
  TryDeque<HostFunction> host_functions_;
  TryDeque<TagObject> tags_;
  TryDeque<GlobalObject> globals_;
  TryDeque<TableObject> tables_;
  TryDeque<MemoryObject> memories_;
  TryDeque<InstanceObject, 4> instances_;
};

// A HandleScope bounds the life of handles to managed objects: a handle ends with the scope that was innermost when the
// handle was made. Scopes nest.
//
//   HandleScope scope(store);
//   Val list = call(store, make_list, {})->front();  // valid until `scope` ends
class HandleScope {
 public:
  explicit HandleScope(Store& store) : store_(store), count_(store.heap() ? store.heap()->roots().size() : 0) {}
  ~HandleScope() {
    if (store_.heap() != nullptr) store_.heap()->roots().truncate(count_);
  }
  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;

 private:
  Store& store_;
  size_t count_;
};

// These functions grow a memory by pages or a table by elements. They return the old size, or nothing when a limit or
// the machine's memory does not allow the growth. `initial` is the value of the new elements as a word.
std::optional<uint64_t> grow(MemoryObject& memory, uint64_t delta_pages);
std::optional<uint64_t> grow(TableObject& table, uint64_t delta, uint64_t initial);

}  // namespace cairn::runtime
