#include "wasm/decode/const_expr.hpp"

namespace cairn::wasm {

bool ConstExprReader::read(ByteReader& in, ValType type, ConstExpr& expr) {
  in_ = in;
  operands_.clear();
  frames_.clear();
  type_.results.assign(1, type);
  function_type_ = &type_;
  frames_.push_back(Frame{BlockSignature(type_), 0, 0, FrameKind::function, false, true});
  const bool done = read_ops(expr);
  if (!done) malformed_first(1, true);
  in = in_;
  return done;
}

bool ConstExprReader::read_ops(ConstExpr& expr) {
  while (true) {
    Opcode opcode = kNoOpcode;
    CAIRN_CHECK(next_opcode(opcode));
    if (opcode == Opcode::end) return check_block_end();
    ConstOp op;
    CAIRN_CHECK(read_op(opcode, op));
    expr.push_back(op);
  }
}

bool ConstExprReader::read_op(Opcode opcode, ConstOp& op) {
  using Kind = ConstOp::Kind;
  TypeIndex type;
  const auto aggregate = [&](Kind kind) {
    op.kind = kind;
    op.index = type.index();
    op.type = operands_.back();
    return true;
  };
  switch (opcode) {
    case Opcode::i32_const: {
      int32_t value = 0;
      CAIRN_CHECK(in_.read_s32(value));
      op = {Kind::value, ValType::i32, 0, static_cast<uint32_t>(value), 0};
      return push(op.type);
    }
    case Opcode::i64_const: {
      int64_t value = 0;
      CAIRN_CHECK(in_.read_s64(value));
      op = {Kind::value, ValType::i64, 0, static_cast<uint64_t>(value), 0};
      return push(op.type);
    }
    case Opcode::f32_const: {
      uint32_t bits = 0;
      CAIRN_CHECK(in_.read_bits32(bits));
      op = {Kind::value, ValType::f32, 0, bits, 0};
      return push(op.type);
    }
    case Opcode::f64_const: {
      op.type = ValType::f64;
      return in_.read_bits64(op.bits) && push(op.type);
    }
    case Opcode::v128_const:
      op.type = ValType::v128;
      return in_.read_bits64(op.bits) && in_.read_bits64(op.high_bits) && push(op.type);
    case Opcode::ref_null: {
      HeapType heap = HeapType::func;
      CAIRN_CHECK(read_heap_type(in_, type_context(), heap));
      op.kind = Kind::ref_null;
      op.type = ValType::reference(Nullability::nullable, heap);
      return push(op.type);
    }
    case Opcode::ref_func: {
      FuncIndex function;
      const FuncType* func_type = nullptr;
      CAIRN_CHECK(read_function(function, func_type));
      module_to_mark_->functions[function.index()].is_escaped = true;
      op.kind = Kind::ref_func;
      op.index = function.index();
      op.type = reference_to(module_->functions[function.index()].type, Nullability::non_null);
      return push(op.type);
    }
    case Opcode::global_get: {
      CAIRN_CHECK(in_.read_u32(op.index));
      if (op.index >= module_->globals.size()) return unknown("global", op.index);
      const Global& global = module_->globals[op.index];
      if (global.type.mutability != Mutability::immutable) return invalid("constant expression required");
      if (!global.is_imported) {
        // WebAssembly 3.0 allows global.get of a defined global. The text of the proposal extended-const does not, but
        // the standard got both at the same time, so the feature extended_const covers both.
        CAIRN_CHECK(require(Feature::extended_const, "global.get of a defined global in a constant expression"));
      }
      op.kind = Kind::global_get;
      op.type = global.type.type;
      return push(op.type);
    }
    case Opcode::i32_add:
    case Opcode::i32_sub:
    case Opcode::i32_mul:
    case Opcode::i64_add:
    case Opcode::i64_sub:
    case Opcode::i64_mul: return read_arithmetic(opcode, op);
    case Opcode::struct_new: return check_struct_new(opcode, type) && aggregate(Kind::struct_new);
    case Opcode::struct_new_default: return check_struct_new(opcode, type) && aggregate(Kind::struct_new_default);
    case Opcode::array_new: return check_array_new(opcode, type) && aggregate(Kind::array_new);
    case Opcode::array_new_default: return check_array_new(opcode, type) && aggregate(Kind::array_new_default);
    case Opcode::array_new_fixed: {
      uint32_t count = 0;
      CAIRN_CHECK(check_array_new_fixed(type, count));
      op.bits = count;
      return aggregate(Kind::array_new_fixed);
    }
    case Opcode::ref_i31:
      op.kind = Kind::ref_i31;
      op.type = ValType::reference(Nullability::non_null, HeapType::i31);
      return pop(ValType::i32) && push(op.type);
    case Opcode::any_convert_extern:
      CAIRN_CHECK(check_convert(HeapType::extern_, HeapType::any));
      op.kind = Kind::any_convert_extern;
      op.type = operands_.back();
      return true;
    case Opcode::extern_convert_any:
      CAIRN_CHECK(check_convert(HeapType::any, HeapType::extern_));
      op.kind = Kind::extern_convert_any;
      op.type = operands_.back();
      return true;
    default: return invalid("constant expression required");
  }
}

bool ConstExprReader::read_arithmetic(Opcode opcode, ConstOp& op) {
  using Kind = ConstOp::Kind;
  CAIRN_CHECK(require(Feature::extended_const, info(opcode).name));
  const OpcodeRow& opcode_row = row(opcode);
  op.type = opcode_row.results[0];
  switch (opcode) {
    case Opcode::i32_add: op.kind = Kind::i32_add; break;
    case Opcode::i32_sub: op.kind = Kind::i32_sub; break;
    case Opcode::i32_mul: op.kind = Kind::i32_mul; break;
    case Opcode::i64_add: op.kind = Kind::i64_add; break;
    case Opcode::i64_sub: op.kind = Kind::i64_sub; break;
    default: op.kind = Kind::i64_mul; break;
  }
  return check_plain(opcode_row);
}

}  // namespace cairn::wasm
