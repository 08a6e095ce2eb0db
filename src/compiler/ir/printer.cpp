#include "compiler/ir/printer.hpp"

#include <vector>

#include "base/format.hpp"
#include "compiler/ir/names.hpp"

namespace cairn::ir {

namespace {

class Printer {
 public:
  Printer(const Function& function, Numbering numbering) : function_(function) {
    values_.assign(function.value_count(), Value::kNone);
    blocks_.assign(function.block_count(), Block::kNone);
    uint32_t next_value = 0;
    uint32_t next_block = 0;
    const auto name = [&](Value value) {
      values_[value.index()] = numbering == Numbering::raw ? value.index() : next_value++;
    };
    for (uint32_t b = 0; b < function.block_count(); ++b) {
      if (!is_printed(Block(b))) continue;
      blocks_[b] = numbering == Numbering::raw ? b : next_block++;
      for (const Value param : function.params(Block(b))) name(param);
      for (Value v = function[Block(b)].first; v; v = function.next(v)) {
        if (is_named(function[v])) name(v);
      }
    }
  }

  std::string run() {
    text_ = "function " + decimal(function_.function_index) + " ";
    signature(function_.signature);
    text_ += " {\n";
    for (uint32_t b = 0; b < function_.block_count(); ++b) {
      if (is_printed(Block(b))) block(Block(b));
    }
    text_ += "}\n";
    return std::move(text_);
  }

 private:
  // An invoke has a name although it has no value, since invoke_result and caught in other blocks refer to it.
  static bool is_named(const Instruction& inst) { return inst.type != Type::none || inst.opcode == Opcode::invoke; }
  // A block without instructions has been removed.
  [[nodiscard]] bool is_printed(Block block) const { return function_[block].first.valid() || block.index() == 0; }

  void types(std::span<const Type> list) {
    text_ += "(";
    for (size_t i = 0; i < list.size(); ++i) {
      if (i != 0) text_ += ", ";
      text_ += to_string(list[i]);
    }
    text_ += ")";
  }
  void signature(const Signature& signature) {
    types(signature.params);
    text_ += " -> ";
    types(signature.results);
  }
  void value(Value value) {
    if (!value) {
      text_ += "_";
    } else if (values_[value.index()] == Value::kNone) {
      text_ += "v?" + decimal(value.index());  // the value is in no block, which the verifier reports
    } else {
      text_ += "v" + decimal(values_[value.index()]);
    }
  }
  void values(std::span<const Value> list) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (i != 0) text_ += ", ";
      value(list[i]);
    }
  }
  void block_name(Block block) {
    const uint32_t name = block.index() < blocks_.size() ? blocks_[block.index()] : Block::kNone;
    text_ += name == Block::kNone ? "block?" : "block" + decimal(name);
  }
  void target(const Target& target) {
    block_name(target.block);
    if (target.argument_count == 0) return;
    text_ += "(";
    values(function_.arguments(target));
    text_ += ")";
  }

  void block(Block block) {
    block_name(block);
    const std::span<const Value> params = function_.params(block);
    if (!params.empty()) {
      text_ += "(";
      for (size_t i = 0; i < params.size(); ++i) {
        if (i != 0) text_ += ", ";
        value(params[i]);
        text_ += ": ";
        text_ += to_string(function_[params[i]].type);
      }
      text_ += ")";
    }
    text_ += ":";
    const BlockData& data = function_[block];
    if (data.is_loop_header) text_ += " loop";
    if (data.is_cold) text_ += " cold";
    if (data.loop_depth != 0) text_ += " depth " + decimal(uint32_t{data.loop_depth});
    text_ += "\n";
    for (Value v = data.first; v; v = function_.next(v)) {
      text_ += "  ";
      instruction(v);
      text_ += "\n";
    }
  }

  void instruction(Value v) {
    const Instruction& inst = function_[v];
    const Payload payload = payload_of(inst.opcode);
    if (is_named(inst)) {
      value(v);
      text_ += " = ";
    }
    text_ += facts(inst.opcode).text;
    if (payload == Payload::condition) {
      text_ += ".";
      text_ += to_string(inst.condition());
    } else if (inst.type != Type::none && has_type_suffix(inst.opcode)) {
      text_ += ".";
      text_ += to_string(inst.type);
    }
    if (payload == Payload::simd || payload == Payload::simd_lane || payload == Payload::access_simd) {
      text_ += " ";
      text_ += to_string(inst.simd());
    }
    if (payload == Payload::access_atomic) {
      text_ += " ";
      text_ += to_string(inst.atomic_op());
    }
    if (payload == Payload::check) {
      text_ += " ";
      text_ += to_string(inst.condition());
    }
    if (is_call(payload)) call(function_.call_info(v));
    if (!function_.operands(v).empty()) {
      text_ += " ";
      values(function_.operands(v));
    }
    switch (payload) {
      case Payload::integer:
      case Payload::scale:
      case Payload::position:
        separator(v);
        text_ += decimal(inst.immediate);
        break;
      case Payload::bits: text_ += " " + hex(static_cast<uint64_t>(inst.immediate)); break;
      case Payload::vector:
        separator(v);
        vector(function_.vector_constants[static_cast<size_t>(inst.immediate)]);
        break;
      case Payload::simd_lane:
        separator(v);
        text_ += decimal(inst.lane());
        break;
      case Payload::access:
      case Payload::access_atomic:
      case Payload::access_simd: access(function_.memory_access(v)); break;
      case Payload::access_lane:
        separator(v);
        text_ += decimal(inst.lane());
        access(function_.memory_access(v));
        break;
      case Payload::displacement:
        separator(v);
        text_ += decimal(inst.immediate);
        access(function_.memory_access(v));
        break;
      case Payload::check:
      case Payload::trap:
        separator(v);
        text_ += trap_name(inst.trap_kind());
        break;
      case Payload::invoke:
      case Payload::targets: {
        bool comma = !function_.operands(v).empty();
        for (const Target& t : function_.targets(v)) {
          text_ += comma ? ", " : " ";
          comma = true;
          target(t);
        }
        if (inst.opcode == Opcode::branch && inst.branch_hint() == BranchHint::likely) text_ += " likely";
        if (inst.opcode == Opcode::branch && inst.branch_hint() == BranchHint::unlikely) text_ += " unlikely";
        break;
      }
      default: break;
    }
  }

  // Appends what comes between the operands and the words after them.
  void separator(Value v) { text_ += function_.operands(v).empty() ? " " : ", "; }

  void vector(const V128& bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    text_ += "0x";
    for (size_t i = bytes.size(); i-- > 0;) {
      text_ += kDigits[static_cast<size_t>(bytes[i]) >> 4];
      text_ += kDigits[static_cast<size_t>(bytes[i]) & 15];
    }
  }

  void access(const MemoryAccess& access) {
    text_ += " {";
    text_ += to_string(access.alias);
    text_ += " " + decimal(access.index);
    if (access.offset != 0) text_ += ", offset " + decimal(access.offset);
    text_ += ", size " + decimal(uint32_t{access.size});
    if (access.extension == Extension::sign) text_ += ", sign";
    if (access.extension == Extension::zero) text_ += ", zero";
    if (access.can_fault) {
      text_ += ", faults";
      if (access.trap != wasm::TrapKind::out_of_bounds_memory_access) {
        text_ += " ";
        text_ += trap_name(access.trap);
      }
    }
    text_ += "}";
  }

  void call(const CallInfo& call) {
    text_ += " ";
    text_ += to_string(call.kind);
    text_ += " " + decimal(call.callee) + " ";
    signature(call.signature);
    if (call.kind == CalleeKind::reference && call.null_trap != wasm::TrapKind::null_function_reference) {
      text_ += " ";
      text_ += trap_name(call.null_trap);
    }
  }

  const Function& function_;
  std::vector<uint32_t> values_;
  std::vector<uint32_t> blocks_;
  std::string text_;
};

}  // namespace

std::string to_string(const Function& function, Numbering numbering) { return Printer(function, numbering).run(); }

}  // namespace cairn::ir
