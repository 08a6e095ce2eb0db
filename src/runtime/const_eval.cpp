#include "runtime/const_eval.hpp"

namespace cairn::runtime {

Val evaluate(InstanceObject& instance, const wasm::ConstExpr& expression) {
  using Kind = wasm::ConstOp::Kind;
  std::vector<Val> stack;
  const auto arithmetic = [&](const wasm::ConstOp& op, auto&& apply) {
    const uint64_t right = stack.back().low();
    stack.pop_back();
    uint64_t value = apply(stack.back().low(), right);
    if (op.type == wasm::ValType::i32) value &= 0xffff'ffff;
    stack.back() = Val::from_bits(op.type, value);
  };
  for (const wasm::ConstOp& op : expression) {
    switch (op.kind) {
      case Kind::value: stack.push_back(Val::from_bits(op.type, op.bits, op.high_bits)); break;
      case Kind::ref_null: stack.push_back(Val::null(op.type.heap())); break;
      case Kind::ref_func:
        stack.push_back(
            Val::from_bits(op.type, reinterpret_cast<uint64_t>(instance.func_ref(wasm::FuncIndex(op.index)))));
        break;
      case Kind::global_get: {
        const GlobalObject& global = instance.store[Global{instance.store.id(), instance.globals[op.index]}];
        stack.push_back(Val::load_from(op.type, global.vm->bytes.data()));
        break;
      }
      case Kind::i32_add:
      case Kind::i64_add: arithmetic(op, [](uint64_t a, uint64_t b) { return a + b; }); break;
      case Kind::i32_sub:
      case Kind::i64_sub: arithmetic(op, [](uint64_t a, uint64_t b) { return a - b; }); break;
      case Kind::i32_mul:
      case Kind::i64_mul: arithmetic(op, [](uint64_t a, uint64_t b) { return a * b; }); break;
      default: CAIRN_UNREACHABLE();  // GC instructions are refused when the module is decoded
    }
  }
  CAIRN_ASSERT(stack.size() == 1);
  return stack.back();
}

}  // namespace cairn::runtime
