#include "runtime/const_eval.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "abi/field_layout.hpp"
#include "base/try_vector.hpp"

namespace cairn::runtime {

namespace {

using Kind = wasm::ConstOp::Kind;

// Evaluates an instruction that needs no operand and makes no object. Returns nothing for other instructions.
std::optional<RawValue> simple_value(InstanceObject& instance, const wasm::ConstOp& op) {
  switch (op.kind) {
    case Kind::value: return RawValue{op.bits, op.high_bits};
    case Kind::ref_null: return RawValue{};
    case Kind::ref_func: return RawValue{reinterpret_cast<uint64_t>(instance.func_ref(wasm::FuncIndex(op.index))), 0};
    case Kind::global_get: {
      const GlobalObject& global = instance.store[Global{instance.store.id(), instance.globals[op.index]}];
      const Val value = Val::load_from(op.type, global.vm->bytes.data());
      return global.is_heap_reference ? RawValue{static_cast<abi::HeapReference>(value.low()), 0}
                                      : RawValue{value.low(), value.high()};
    }
    default: return std::nullopt;
  }
}

// Evaluates one expression with an operand stack. Heap references on this stack are among the store's roots, because
// making an object may collect.
class Evaluator {
 public:
  explicit Evaluator(InstanceObject& instance) : instance_(instance), scope_(instance.store) {}

  bool run(const wasm::ConstExpr& expression) {
    return std::ranges::all_of(expression, [&](const wasm::ConstOp& op) { return apply(op) && !is_full_; });
  }

  [[nodiscard]] RawValue result() const {
    CAIRN_ASSERT(stack_.size() == 1);
    return value_of(stack_.back());
  }

 private:
  static constexpr size_t kNoRoot = ~size_t{0};
  struct Entry {
    RawValue value;
    size_t root = kNoRoot;  // for a reference to an object: its position in Heap::roots()
  };

  [[nodiscard]] RawValue value_of(const Entry& entry) const {
    return entry.root == kNoRoot ? entry.value : RawValue{heap().roots()[entry.root], 0};
  }
  [[nodiscard]] Heap& heap() const { return *instance_.store.heap(); }

  // If there is no memory for the entry, is_full_ is set, and run() fails.
  void push(const Entry& entry) { is_full_ |= !stack_.try_push_back(entry); }
  void push(uint64_t low, uint64_t high = 0) { push(Entry{{low, high}}); }
  void push_reference(abi::HeapReference reference) {
    if (reference == abi::kNullReference || (reference & 1) != 0) return push(reference);
    if (!heap().roots().try_push_back(reference)) {
      is_full_ = true;
      return;
    }
    push(Entry{{}, heap().roots().size() - 1});
  }
  RawValue pop() {
    const RawValue value = value_of(stack_.back());
    stack_.pop_back();
    return value;
  }

  template <class F>
  void arithmetic(const wasm::ConstOp& op, F&& apply) {
    const uint64_t right = pop().low;
    const uint64_t value = apply(pop().low, right);
    push(op.type == wasm::ValType::i32 ? value & 0xffff'ffff : value);
  }

  bool apply(const wasm::ConstOp& op) {
    switch (op.kind) {
      case Kind::value:
      case Kind::ref_null:
      case Kind::ref_func: {
        const RawValue value = *simple_value(instance_, op);
        push(value.low, value.high);
        break;
      }
      case Kind::global_get: {
        const GlobalObject& global = instance_.store[Global{instance_.store.id(), instance_.globals[op.index]}];
        const Val value = Val::load_from(op.type, global.vm->bytes.data());
        if (global.is_heap_reference) {
          push_reference(static_cast<abi::HeapReference>(value.low()));
        } else {
          push(value.low(), value.high());
        }
        break;
      }
      case Kind::i32_add:
      case Kind::i64_add: arithmetic(op, [](uint64_t a, uint64_t b) { return a + b; }); break;
      case Kind::i32_sub:
      case Kind::i64_sub: arithmetic(op, [](uint64_t a, uint64_t b) { return a - b; }); break;
      case Kind::i32_mul:
      case Kind::i64_mul: arithmetic(op, [](uint64_t a, uint64_t b) { return a * b; }); break;
      case Kind::struct_new:
      case Kind::struct_new_default: return make_struct(op);
      case Kind::array_new:
      case Kind::array_new_default: {
        const auto length = static_cast<uint32_t>(pop().low);
        return make_array(op, length, op.kind == Kind::array_new ? 1 : 0);
      }
      case Kind::array_new_fixed: {
        const auto length = static_cast<uint32_t>(op.bits);
        return make_array(op, length, length);
      }
      case Kind::ref_i31: push(static_cast<uint32_t>(pop().low << 1) | 1); break;
      case Kind::any_convert_extern:
      case Kind::extern_convert_any: break;  // the reference stays the same
    }
    return true;
  }

  [[nodiscard]] const wasm::SubType& definition(const wasm::ConstOp& op) const {
    return instance_.module->definition().types[op.index];
  }
  [[nodiscard]] abi::FieldStorage storage(const wasm::FieldType& field) const {
    return abi::storage_of(field, [&](wasm::TypeIndex index) {
      return instance_.module->definition().types[index.index()].kind == wasm::SubType::Kind::func;
    });
  }
  [[nodiscard]] uint32_t type_id(const wasm::ConstOp& op) const {
    return instance_.module->type_ids()[op.index].index();
  }

  bool make_struct(const wasm::ConstOp& op) {
    const std::vector<wasm::FieldType>& fields = definition(op).fields;
    const abi::HeapReference object = heap().allocate(type_id(op));
    if (object == abi::kNullReference) return false;
    std::byte* bytes = heap().base() + object;
    std::memset(bytes + sizeof(abi::VMObject), 0, heap().type_of(object).size - sizeof(abi::VMObject));
    if (op.kind == Kind::struct_new) {
      abi::FieldLayout layout;
      const size_t first = stack_.size() - fields.size();
      for (size_t i = 0; i < fields.size(); ++i) {
        const abi::FieldStorage field = storage(fields[i]);
        const RawValue value = value_of(stack_[first + i]);
        const uint32_t offset = layout.place(field);
        std::memcpy(bytes + offset, &value, field.size);
        if (field.is_reference) heap().remember(object, offset);
      }
      stack_.truncate(first);
    }
    push_reference(object);
    return true;
  }

  // Makes an array of `length` elements. Its values are the `operands` topmost values of the stack; a single operand is
  // copied to every element, and without operands the elements are zero or null.
  bool make_array(const wasm::ConstOp& op, uint32_t length, uint32_t operands) {
    const abi::FieldStorage element = storage(definition(op).fields[0]);
    const abi::HeapReference array = heap().allocate_array(type_id(op), length);
    if (array == abi::kNullReference) return false;
    const uint32_t start = abi::array_data_offset(element.size);
    const size_t first = stack_.size() - operands;
    for (uint32_t i = 0; operands != 0 && i < length; ++i) {
      const RawValue value = value_of(stack_[first + (operands == 1 ? 0 : i)]);
      std::memcpy(heap().base() + array + start + uint64_t{i} * element.size, &value, element.size);
    }
    if (element.is_reference && operands != 0) heap().remember_range(array, start, length);
    stack_.truncate(first);
    push_reference(array);
    return true;
  }

  InstanceObject& instance_;
  HandleScope scope_;
  TryVector<Entry> stack_;
  bool is_full_ = false;
};

}  // namespace

std::expected<RawValue, wasm::TrapKind> evaluate(InstanceObject& instance, const wasm::ConstExpr& expression) {
  if (expression.size() == 1) {
    if (const std::optional<RawValue> value = simple_value(instance, expression[0])) return *value;
  }
  Evaluator evaluator(instance);
  if (!evaluator.run(expression)) return std::unexpected(wasm::TrapKind::allocation_failure);
  return evaluator.result();
}

bool makes_objects(const wasm::ConstExpr& expression) {
  return std::ranges::any_of(expression, [](const wasm::ConstOp& op) {
    return op.kind >= Kind::struct_new && op.kind <= Kind::array_new_fixed;
  });
}

}  // namespace cairn::runtime
