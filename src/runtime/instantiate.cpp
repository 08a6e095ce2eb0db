#include "runtime/instantiate.hpp"

#include <cstring>

#include "base/format.hpp"
#include "base/operation.hpp"
#include "compiler/options/bounds.hpp"
#include "runtime/const_eval.hpp"
#include "runtime/storage/segments.hpp"

namespace cairn::runtime {

abi::VMFuncRef* InstanceObject::func_ref(wasm::FuncIndex function) const {
  const abi::VMLayout& layout = module->layout();
  if (module->definition().functions[function.index()].is_imported) {
    return at<abi::VMFunctionImport>(layout.function_import(function.index()))->reference;
  }
  const uint32_t position = module->escaped_position(function);
  CAIRN_ASSERT(position != ~uint32_t{0});
  return at<abi::VMFuncRef>(layout.func_ref(position));
}

namespace {

// Builds one instance in steps. Each step relies on the steps that instantiate_unchecked() runs before it.
class Instantiation {
 public:
  Instantiation(Store& store, InstanceObject& instance)
      : store_(store),
        instance_(instance),
        module_(*instance.module),
        definition_(module_.definition()),
        layout_(module_.layout()) {}

  // Allocates the VMContext. After this step, every vector of the instance has room for all its elements.
  Result<void> allocate_context() {
    constexpr size_t kAlignment = 64;
    instance_.context_storage.reset(new (std::nothrow) std::byte[layout_.size() + kAlignment]());
    if (instance_.context_storage == nullptr) return fail(out_of_memory("an instance", layout_.size() + kAlignment));
    const bool has_room = instance_.dropped_data.try_resize(definition_.data.size()) &&
                          instance_.dropped_elements.try_resize(definition_.elements.size()) &&
                          instance_.element_values.try_resize(definition_.elements.size()) &&
                          instance_.exports.try_resize(definition_.exports.size()) &&
                          instance_.memories.try_reserve(definition_.memories.size()) &&
                          instance_.tables.try_reserve(definition_.tables.size()) &&
                          instance_.globals.try_reserve(definition_.globals.size()) &&
                          instance_.tags.try_reserve(definition_.tags.size());
    if (!has_room) return fail(out_of_memory("an instance's tables"));
    const auto address = reinterpret_cast<uintptr_t>(instance_.context_storage.get());
    instance_.context =
        std::construct_at(reinterpret_cast<abi::VMContext*>((address + kAlignment - 1) & ~uintptr_t{kAlignment - 1}));
    store_.initialize_header(*instance_.context, abi::kVMContextMagic);
    instance_.context->instance = &instance_;
    return {};
  }

  void bind_imports(std::span<const Extern> imports) {
    uint32_t functions = 0;
    for (const Extern& item : imports) {
      if (const auto* function = std::get_if<Func>(&item)) {
        auto* slot = instance_.at<abi::VMFunctionImport>(layout_.function_import(functions++));
        slot->code = function->reference->code;
        slot->context = function->reference->context;
        slot->reference = function->reference;
      } else if (const auto* table = std::get_if<Table>(&item)) {
        *instance_.at<abi::VMTable*>(layout_.table_import(static_cast<uint32_t>(instance_.tables.size()))) =
            store_[*table].vm;
        instance_.tables.push_back_within_capacity(table->index);
      } else if (const auto* memory = std::get_if<Memory>(&item)) {
        bind_memory(*memory);
      } else if (const auto* global = std::get_if<Global>(&item)) {
        *instance_.at<abi::VMGlobal*>(layout_.global_import(static_cast<uint32_t>(instance_.globals.size()))) =
            store_[*global].vm;
        instance_.globals.push_back_within_capacity(global->index);
      } else {
        add_tag(std::get<Tag>(item));
      }
    }
  }

  void create_function_references() {
    for (size_t i = definition_.imported_functions; i < definition_.functions.size(); ++i) {
      const wasm::FuncIndex index(static_cast<uint32_t>(i));
      if (!definition_.functions[i].is_escaped) continue;
      auto* reference = instance_.at<abi::VMFuncRef>(layout_.func_ref(module_.escaped_position(index)));
      reference->code = instance_.code->function(index.index());
      reference->context = instance_.context;
      reference->type_id = module_.type_id(index).index();
      reference->function_index = index.index();
    }
  }

  Result<void> create_memories(compiler::BoundsMode bounds) {
    for (size_t i = definition_.imported_memories; i < definition_.memories.size(); ++i) {
      const auto defined = static_cast<uint32_t>(i) - definition_.imported_memories;
      auto* vm = instance_.at<abi::VMMemory>(layout_.defined_memory(defined));
      bind_memory(CAIRN_TRY(store_.add_memory(definition_.memories[i].type, vm, bounds)));
    }
    return {};
  }

  // Returns how the instance's code checks bounds. If one of the instance's memories lacks guard pages that a memory of
  // its type can have, the code checks explicitly; otherwise it does as the module prefers (decision 0011).
  [[nodiscard]] compiler::BoundsMode choose_bounds() const {
    for (const uint32_t memory : instance_.memories) {
      const MemoryObject& object = store_[Memory{store_.id(), memory}];
      if (!object.has_guards && compiler::can_have_guards(object.type)) return compiler::BoundsMode::check;
    }
    return module_.bounds();
  }

  // Creates the memories that the module defines. Then all memories are known, and the code that fits them is chosen.
  // No effect of the instance is visible yet, so the step may fail.
  Result<void> create_memories_and_code() {
    CAIRN_TRY(create_memories(choose_bounds()));
    instance_.code = CAIRN_TRY(instance_.module->code(choose_bounds()));
    return {};
  }

  // Evaluates the initializers of globals. If the heap is full, this step or create_tables() fails, and no effect of
  // the instance is visible yet.
  Result<void> create_globals() {
    for (size_t i = definition_.imported_globals; i < definition_.globals.size(); ++i) {
      const wasm::Global& global = definition_.globals[i];
      auto* vm =
          instance_.at<abi::VMGlobal>(layout_.defined_global(static_cast<uint32_t>(i) - definition_.imported_globals));
      const RawValue value = CAIRN_TRY(evaluate_or_fail(global.initializer));
      std::memcpy(vm->bytes.data(), &value, sizeof(value));
      wasm::GlobalType type = global.type;
      type.type = module_.canonical(type.type);
      instance_.globals.push_back_within_capacity(CAIRN_TRY(store_.add_global(type, vm)).index);
    }
    return {};
  }

  Result<void> create_tables() {
    for (size_t i = definition_.imported_tables; i < definition_.tables.size(); ++i) {
      const wasm::Table& table = definition_.tables[i];
      auto* vm =
          instance_.at<abi::VMTable>(layout_.defined_table(static_cast<uint32_t>(i) - definition_.imported_tables));
      const uint64_t initial = table.initializer ? CAIRN_TRY(evaluate_or_fail(*table.initializer)).low : 0;
      wasm::TableType type = table.type;
      type.element = module_.canonical(type.element);
      instance_.tables.push_back_within_capacity(CAIRN_TRY(store_.add_table(type, initial, vm)).index);
    }
    return {};
  }

  void add_tag(Tag tag) {
    *instance_.at<const abi::VMTag*>(layout_.tag(static_cast<uint32_t>(instance_.tags.size()))) = &store_[tag].vm;
    instance_.tags.push_back_within_capacity(tag.index);
  }

  Result<void> create_tags() {
    for (size_t i = definition_.imported_tags; i < definition_.tags.size(); ++i) {
      add_tag(CAIRN_TRY(store_.create_tag(module_.type_ids()[definition_.tags[i].type.type.index()])));
    }
    return {};
  }

  // Evaluates element segments, applies the active ones, and drops the active and declarative ones. Then applies the
  // active data segments. Stops at the first trap.
  std::optional<wasm::TrapKind> run_segments() {
    for (uint32_t i = 0; i < definition_.elements.size(); ++i) {
      if (!evaluate_elements(instance_, i)) return wasm::TrapKind::allocation_failure;
    }
    for (uint32_t i = 0; i < definition_.elements.size(); ++i) {
      const wasm::ElemSegment& segment = definition_.elements[i];
      if (segment.mode == wasm::SegmentMode::active) {
        TableObject& table = store_[Table{store_.id(), instance_.tables[segment.table.index()]}];
        const auto offset = evaluate(instance_, segment.offset);
        if (!offset) return offset.error();
        if (auto trap = initialize_table(instance_, table, i, offset->low, 0, segment.size())) return trap;
      }
      if (segment.mode != wasm::SegmentMode::passive) drop_elements(instance_, i);
    }
    for (uint32_t i = 0; i < definition_.data.size(); ++i) {
      const wasm::DataSegment& segment = definition_.data[i];
      if (segment.mode != wasm::SegmentMode::active) continue;
      MemoryObject& memory = store_[Memory{store_.id(), instance_.memories[segment.memory.index()]}];
      const auto offset = evaluate(instance_, segment.offset);
      if (!offset) return offset.error();
      if (auto trap = initialize_memory(instance_, memory, i, offset->low, 0, segment.bytes.size())) return trap;
      instance_.dropped_data[i] = true;
    }
    return std::nullopt;
  }

  std::expected<void, Trap> run_start() {
    if (!definition_.start) return {};
    abi::VMFuncRef reference;
    if (definition_.functions[definition_.start->index()].is_imported) {
      reference = *instance_.func_ref(*definition_.start);
    } else {
      reference.code = instance_.code->function(definition_.start->index());
      reference.context = instance_.context;
      reference.type_id = module_.type_id(*definition_.start).index();
    }
    std::array<std::byte, 16> no_values;
    return store_.invoke(reference, no_values.data());
  }

 private:
  Result<RawValue> evaluate_or_fail(const wasm::ConstExpr& expression) {
    const std::expected<RawValue, wasm::TrapKind> value = evaluate(instance_, expression);
    if (!value) {
      return fail(make_error([] { return Error::of(ErrorKind::resource, "the heap of managed objects is full"); }));
    }
    return *value;
  }

  void bind_memory(Memory memory) {
    const auto index = static_cast<uint32_t>(instance_.memories.size());
    abi::VMMemory* vm = store_[memory].vm;
    *instance_.at<std::byte*>(layout_.memory_base(index)) = vm->base;
    *instance_.at<abi::VMMemory*>(layout_.memory_pointer(index)) = vm;
    if (index == 0) instance_.context->memory0_base = vm->base;
    instance_.memories.push_back_within_capacity(memory.index);
  }

  Store& store_;
  InstanceObject& instance_;
  const Module& module_;
  const wasm::Module& definition_;
  const abi::VMLayout& layout_;
};

}  // namespace

Outcome<Instance> instantiate_unchecked(Store& store, Ref<Module> module, std::span<const Extern> imports) {
  CAIRN_ASSERT(imports.size() == module->definition().imports.size());
  const Store::Mark mark = store.mark();
  if (module->needs_heap()) {
    if (Result<Heap*> heap = store.ensure_heap(); !heap) {
      return std::unexpected(Failure{std::nullopt, std::move(heap.error())});
    }
  }
  Result<Instance> added = store.add_instance(std::move(module));
  if (!added) return std::unexpected(Failure{std::nullopt, std::move(added.error())});
  const Instance handle = *added;
  Instantiation instantiation(store, store[handle]);
  const auto create = [&]() -> Result<void> {
    CAIRN_TRY(instantiation.allocate_context());
    instantiation.bind_imports(imports);
    CAIRN_TRY(instantiation.create_memories_and_code());
    instantiation.create_function_references();
    CAIRN_TRY(instantiation.create_globals());
    CAIRN_TRY(instantiation.create_tables());
    return instantiation.create_tags();
  };
  if (Result<void> created = create(); !created) {
    store.roll_back(mark);
    return std::unexpected(Failure{std::nullopt, std::move(created.error())});
  }
  if (const auto kind = instantiation.run_segments()) return std::unexpected(Failure{Trap::of(*kind), {}});
  if (auto started = instantiation.run_start(); !started) {
    return std::unexpected(Failure{std::move(started.error()), {}});
  }
  return handle;
}

const Module& module_of(Store& store, Instance instance) { return *store[instance].module; }

Extern get_export(Store& store, Instance handle, size_t position) {
  InstanceObject& instance = store[handle];
  std::optional<Extern>& cached = instance.exports[position];
  if (!cached) {
    const wasm::Export& item = instance.module->definition().exports[position];
    const uint32_t id = store.id();
    switch (item.kind) {
      case wasm::ExternKind::func: cached = Func{id, instance.func_ref(wasm::FuncIndex(item.index))}; break;
      case wasm::ExternKind::table: cached = Table{id, instance.tables[item.index]}; break;
      case wasm::ExternKind::memory: cached = Memory{id, instance.memories[item.index]}; break;
      case wasm::ExternKind::global: cached = Global{id, instance.globals[item.index]}; break;
      case wasm::ExternKind::tag: cached = Tag{id, instance.tags[item.index]}; break;
    }
  }
  return *cached;
}

std::optional<Extern> get_export(Store& store, Instance instance, std::string_view name) {
  const std::vector<wasm::Export>& exports = store[instance].module->definition().exports;
  for (size_t i = 0; i < exports.size(); ++i) {
    if (exports[i].name == name) return get_export(store, instance, i);
  }
  return std::nullopt;
}

std::string describe_context(Store& store, Instance handle) {
  const InstanceObject& instance = store[handle];
  const abi::VMLayout& layout = instance.module->layout();
  const abi::VMShape& shape = layout.shape();
  const auto word = [&](uint64_t offset) { return hex(*instance.at<uint64_t>(offset), 16); };
  std::string text =
      "vmctx " + hex(reinterpret_cast<uintptr_t>(instance.context)) + ", " + decimal(layout.size()) + " bytes\n";
  const auto line = [&](std::string_view name, uint32_t index, const std::string& value) {
    text += "  " + std::string(name) + "[" + decimal(index) + "] " + value + "\n";
  };
  text += "  memory0_base " + hex(reinterpret_cast<uintptr_t>(instance.context->memory0_base)) + "\n";
  for (uint32_t i = 0; i < shape.imported_functions; ++i) {
    const uint64_t at = layout.function_import(i);
    line("imported function", i, "code " + word(at) + " vmctx " + word(at + 8));
  }
  for (uint32_t i = 0; i < shape.imported_memories + shape.defined_memories; ++i) {
    const auto* memory = *instance.at<const abi::VMMemory*>(layout.memory_pointer(i));
    line("memory", i, "base " + word(layout.memory_base(i)) + " length " + hex(memory->length));
  }
  for (uint32_t i = 0; i < shape.imported_tables; ++i) line("imported table", i, "at " + word(layout.table_import(i)));
  for (uint32_t i = 0; i < shape.defined_tables; ++i) {
    const uint64_t at = layout.defined_table(i);
    line("table", i, "elements " + word(at) + " length " + word(at + 8));
  }
  for (uint32_t i = 0; i < shape.imported_globals; ++i)
    line("imported global", i, "at " + word(layout.global_import(i)));
  for (uint32_t i = 0; i < shape.defined_globals; ++i) {
    const uint64_t at = layout.defined_global(i);
    line("global", i, word(at + 8) + " " + word(at));
  }
  for (uint32_t i = 0; i < shape.tags; ++i) line("tag", i, "at " + word(layout.tag(i)));
  for (uint32_t i = 0; i < shape.escaped_functions; ++i) {
    const auto* reference = instance.at<const abi::VMFuncRef>(layout.func_ref(i));
    line("function reference", i,
         "func[" + decimal(reference->function_index) + "] code " + word(layout.func_ref(i)) + " type " +
             decimal(reference->type_id));
  }
  return text;
}

}  // namespace cairn::runtime
