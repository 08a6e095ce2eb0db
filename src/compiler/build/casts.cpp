// Builds casts, which test whether a reference has a type. If the operand's static type decides, no object is examined.
// Otherwise the test is one gc_test, which opt/gc_tests.cpp turns into loads and comparisons.
#include "compiler/build/builder.hpp"
#include "wasm/type_equivalence.hpp"

namespace cairn::compiler {

using ir::Condition;
using ir::GcTest;
using ir::Instruction;
using ir::Opcode;
using wasm::HeapType;
using wasm::Reachability;
using wasm::TrapKind;
using wasm::ValType;

namespace {

// Returns how a gc_test tests for the heap type.
GcTest::Kind kind_of(HeapType heap) {
  switch (heap.kind()) {
    case HeapType::concrete: return GcTest::Kind::concrete;
    case HeapType::struct_: return GcTest::Kind::structure;
    case HeapType::array: return GcTest::Kind::array;
    case HeapType::i31: return GcTest::Kind::i31;
    case HeapType::eq: return GcTest::Kind::eq;
    case HeapType::any:
    case HeapType::func:
    case HeapType::extern_:
    case HeapType::exn: return GcTest::Kind::any;
    case HeapType::none:
    case HeapType::nofunc:
    case HeapType::noextern:
    case HeapType::noexn: return GcTest::Kind::none;
  }
  CAIRN_UNREACHABLE();
}

}  // namespace

// Returns an i32 that says whether the reference, whose static type is `source`, has the type `target`.
ir::Value Builder::test_type(Value reference, ValType target, ValType source) {
  const auto is_null = [&] { return insert_.compare(Condition::eq, reference, null_like(reference)); };
  if (!source.is_bottom_ref() && wasm::matches(module_.types, source.heap(), target.heap())) {
    if (target.is_nullable() || !source.is_nullable() || is_non_null(reference)) return insert_.iconst(Type::i32, 1);
    return insert_.compare(Condition::ne, reference, null_like(reference));
  }
  GcTest test;
  test.kind = kind_of(target.heap());
  if (test.kind == GcTest::Kind::none) return target.is_nullable() ? is_null() : insert_.iconst(Type::i32, 0);
  test.accepts_null = target.is_nullable();
  test.may_be_null = source.is_nullable() && !is_non_null(reference);
  if (!test.may_be_null) test.accepts_null = false;
  test.may_be_i31 = function_[reference].type == Type::gcref &&
                    (source.heap() == HeapType::any || source.heap() == HeapType::eq || source.heap() == HeapType::i31);
  if (test.kind == GcTest::Kind::concrete) {
    const wasm::SubType& type = module_.types[target.heap().index().index()];
    test.is_exact = type.is_final;
    test.depth = static_cast<uint16_t>(type.depth);
    test.type = target.heap().index().index();
  }
  Instruction inst;
  inst.opcode = Opcode::gc_test;
  inst.type = Type::i32;
  if (function_[reference].type == Type::gcref) inst.operands[0] = heap_base();
  inst.operands[1] = reference;
  inst.immediate = test.pack();
  return insert_.emit(inst);
}

void Builder::ref_test(ValType target, ValType source) { push(test_type(pop(), target, source)); }

// Traps unless the reference, whose static type is `source`, has the type `target`.
void Builder::check_type(Value reference, ValType target, ValType source, TrapKind trap) {
  Instruction check;
  check.opcode = Opcode::trap_unless;
  check.aux = static_cast<uint8_t>(trap);
  check.operands[0] = test_type(reference, target, source);
  insert_.emit(check);
}

void Builder::ref_cast(ValType target, ValType source) {
  check_type(stack_.back(), target, source, TrapKind::cast_failure);
}

Reachability Builder::br_on_cast(uint32_t depth, ValType target, ValType source) {
  return branch_to(depth, test_type(stack_.back(), target, source), true);
}

Reachability Builder::br_on_cast_fail(uint32_t depth, ValType target, ValType source) {
  return branch_to(depth, test_type(stack_.back(), target, source), false);
}

}  // namespace cairn::compiler
