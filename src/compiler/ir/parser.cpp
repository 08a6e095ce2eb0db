#include "compiler/ir/parser.hpp"

#include <string>
#include <unordered_map>
#include <vector>

#include "base/format.hpp"
#include "compiler/ir/names.hpp"

namespace cairn::ir {

namespace {

// Whether the character may be part of a name or number.
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

class Parser {
 public:
  Parser(std::string_view text, Function& function) : text_(text), function_(function) { advance(); }

  Result<void> run() {
    CAIRN_TRY(expect("function"));
    function_.function_index = static_cast<uint32_t>(CAIRN_TRY(integer()));
    function_.signature = CAIRN_TRY(signature());
    CAIRN_TRY(expect("{"));
    while (!is("}")) CAIRN_TRY(block());
    advance();
    if (!word_.empty()) return error("text after the function");
    // All values are known by name now, so the operands can be filled in.
    for (const Patch& patch : patches_) {
      const auto found = values_.find(patch.name);
      if (found == values_.end()) return error_at(patch.at, "no value is named " + std::string(patch.name));
      *place_of(patch) = found->second;
    }
    for (uint32_t b = 0; b < function_.block_count(); ++b) {
      if (!defined_[b]) return error("block" + decimal(b) + " is not there");
    }
    return {};
  }

 private:
  // An operand that is filled in later, in an instruction or in value_lists.
  struct Patch {
    std::string_view name;
    size_t at;          // offset of the name in the text
    Value instruction;  // none for a place in value_lists
    size_t index;       // index of the operand, or index in value_lists
  };
  Value* place_of(const Patch& patch) {
    return patch.instruction ? &function_[patch.instruction].operands[patch.index]
                             : &function_.value_lists[patch.index];
  }

  // --- words. advance() goes to the next word, past white space and comments.
  void advance() {
    while (next_ < text_.size() && (text_[next_] == ' ' || text_[next_] == '\n' || text_[next_] == ';')) {
      if (text_[next_] == ';') {
        while (next_ < text_.size() && text_[next_] != '\n') ++next_;
      } else {
        ++next_;
      }
    }
    at_ = next_;
    if (next_ == text_.size()) {
      word_ = {};
      return;
    }
    if (is_word(text_[next_])) {
      while (next_ < text_.size() && is_word(text_[next_])) ++next_;
    } else if (text_[next_] == '-') {
      ++next_;
      while (next_ < text_.size() && (is_word(text_[next_]) || text_[next_] == '>')) ++next_;
    } else {
      ++next_;
    }
    word_ = text_.substr(at_, next_ - at_);
  }
  [[nodiscard]] bool is(std::string_view word) const { return word_ == word; }
  bool take(std::string_view word) {
    if (!is(word)) return false;
    advance();
    return true;
  }
  static std::unexpected<Error> error_at(size_t at, std::string message) {
    return fail(Error::at(ErrorKind::malformed, at, std::move(message)));
  }
  std::unexpected<Error> error(std::string message) const { return error_at(at_, std::move(message)); }
  Result<void> expect(std::string_view word) {
    if (!take(word)) return error("expected `" + std::string(word) + "` instead of `" + std::string(word_) + "`");
    return {};
  }

  Result<int64_t> integer() {
    std::string_view digits = word_;
    const bool is_negative = digits.starts_with('-');
    if (is_negative) digits.remove_prefix(1);
    uint64_t base = 10;
    if (digits.starts_with("0x")) {
      base = 16;
      digits.remove_prefix(2);
    }
    if (digits.empty()) return error("expected a number instead of `" + std::string(word_) + "`");
    uint64_t value = 0;
    for (const char c : digits) {
      const uint64_t digit = c >= '0' && c <= '9'   ? static_cast<uint64_t>(c - '0')
                             : c >= 'a' && c <= 'f' ? static_cast<uint64_t>(c - 'a' + 10)
                                                    : 99;
      if (digit >= base) return error("not a number: `" + std::string(word_) + "`");
      value = value * base + digit;
    }
    advance();
    return static_cast<int64_t>(is_negative ? uint64_t{0} - value : value);
  }

  // Reads the 16 bytes of a vector as one hexadecimal number. The last two digits are byte 0.
  Result<V128> vector() {
    if (!word_.starts_with("0x") || word_.size() != 34) return error("expected 0x and 32 digits");
    V128 bytes{};
    for (size_t i = 0; i < 32; ++i) {
      const char c = word_[2 + i];
      const unsigned digit = c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'a' + 10);
      std::byte& byte = bytes[15 - i / 2];
      byte = (byte << 4) | static_cast<std::byte>(digit & 15);
    }
    advance();
    return bytes;
  }

  Result<Type> type() {
    const auto found = parse_type(word_);
    if (!found) return error("no type is named `" + std::string(word_) + "`");
    advance();
    return *found;
  }
  Result<std::span<const Type>> types() {
    std::vector<Type> list;
    CAIRN_TRY(expect("("));
    while (!is(")")) {
      if (!list.empty()) CAIRN_TRY(expect(","));
      list.push_back(CAIRN_TRY(type()));
    }
    advance();
    const std::span<Type> kept = function_.add_types(list.size());
    for (size_t i = 0; i < list.size(); ++i) kept[i] = list[i];
    return std::span<const Type>(kept);
  }
  Result<Signature> signature() {
    Signature result;
    result.params = CAIRN_TRY(types());
    CAIRN_TRY(expect("->"));
    result.results = CAIRN_TRY(types());
    return result;
  }

  // --- values and blocks
  // Reads the name of a block, and creates the blocks up to this one if they do not exist. The limit on block numbers
  // bounds the memory that this takes.
  Result<Block> block_name() {
    if (!word_.starts_with("block") || word_.size() == 5) return error("expected a block");
    word_.remove_prefix(5);
    const int64_t number = CAIRN_TRY(integer());
    constexpr int64_t kMaximum = 1'000'000;
    if (number < 0 || number > kMaximum) return error("a bad block number");
    while (function_.block_count() <= static_cast<uint64_t>(number)) {
      function_.create_block();
      defined_.push_back(false);
    }
    return Block(static_cast<uint32_t>(number));
  }
  // Gives a value its name in the text.
  Result<void> define(std::string_view name, Value value) {
    if (!values_.emplace(name, value).second) return error(std::string(name) + " is defined twice");
    return {};
  }
  [[nodiscard]] bool is_value() const {
    return is("_") || (word_.starts_with("v") && word_.size() > 1 && word_[1] <= '9');
  }
  // Whether the word is a value that an instruction takes, and not the name of the next instruction's result.
  [[nodiscard]] bool is_operand() const {
    const size_t after = text_.find_first_not_of(" \n", next_);
    return is_value() && (after == std::string_view::npos || text_[after] != '=');
  }
  std::string_view take_word() {
    const std::string_view word = word_;
    advance();
    return word;
  }

  // Appends a value to a list in value_lists.
  Result<void> list_value() {
    if (!is_value()) return error("expected a value instead of `" + std::string(word_) + "`");
    patches_.push_back({word_, at_, Value::none(), function_.value_lists.size()});
    function_.value_lists.push_back(Value::none());
    advance();
    return {};
  }

  Result<void> block() {
    const Block block = CAIRN_TRY(block_name());
    if (defined_[block.index()]) return error("the block is there twice");
    defined_[block.index()] = true;
    if (take("(")) {
      while (!is(")")) {
        if (function_[block].param_count != 0) CAIRN_TRY(expect(","));
        const std::string_view name = take_word();
        CAIRN_TRY(expect(":"));
        CAIRN_TRY(define(name, function_.append_param(block, CAIRN_TRY(type()))));
      }
      advance();
    }
    CAIRN_TRY(expect(":"));
    for (;;) {
      if (take("loop")) {
        function_[block].is_loop_header = true;
      } else if (take("cold")) {
        function_[block].is_cold = true;
      } else if (take("depth")) {
        function_[block].loop_depth = static_cast<uint16_t>(CAIRN_TRY(integer()));
      } else {
        break;
      }
    }
    while (!is("}") && !word_.starts_with("block")) CAIRN_TRY(instruction(block));
    return {};
  }

  Result<Target> target() {
    Target result;
    result.block = CAIRN_TRY(block_name());
    result.first_argument = static_cast<uint32_t>(function_.value_lists.size());
    if (take("(")) {
      while (!is(")")) {
        if (result.argument_count != 0) CAIRN_TRY(expect(","));
        CAIRN_TRY(list_value());
        ++result.argument_count;
      }
      advance();
    }
    return result;
  }

  Result<MemoryAccess> access() {
    MemoryAccess result;
    CAIRN_TRY(expect("{"));
    const auto alias = parse_alias_class(word_);
    if (!alias) return error("no alias class is named `" + std::string(word_) + "`");
    advance();
    result.alias = *alias;
    result.index = static_cast<uint32_t>(CAIRN_TRY(integer()));
    while (take(",")) {
      if (take("offset")) {
        result.offset = static_cast<uint64_t>(CAIRN_TRY(integer()));
      } else if (take("size")) {
        result.size = static_cast<uint8_t>(CAIRN_TRY(integer()));
      } else if (take("sign")) {
        result.extension = Extension::sign;
      } else if (take("zero")) {
        result.extension = Extension::zero;
      } else if (take("faults")) {
        result.can_fault = true;
        if (!is(",") && !is("}")) result.trap = CAIRN_TRY(trap());
      } else {
        return error("unexpected `" + std::string(word_) + "`");
      }
    }
    CAIRN_TRY(expect("}"));
    return result;
  }

  Result<wasm::TrapKind> trap() {
    const auto found = parse_trap(word_);
    if (!found) return error("no trap is named `" + std::string(word_) + "`");
    advance();
    return *found;
  }

  // Reads the opcode, its condition and its result type from `iadd.i32`, `icmp.eq`, `simd.v128` and the like.
  // `has_result` says whether the text names the result. The operations simd_unary, simd_binary and simd_ternary share
  // a name; instruction() chooses by the number of operands.
  Result<void> mnemonic(Instruction& inst, bool has_result) {
    const std::string_view word = word_;
    const size_t dot = word.find('.');
    const std::string_view name = word.substr(0, dot);
    const std::string_view suffix = dot == std::string_view::npos ? std::string_view() : word.substr(dot + 1);
    bool found = false;
    for (uint16_t i = 0; i <= static_cast<uint16_t>(kLastOpcode) && !found; ++i) {
      inst.opcode = static_cast<Opcode>(i);
      found = facts(inst.opcode).text == name && inst.opcode != Opcode::block_param;
    }
    if (!found) return error("no operation is named `" + std::string(name) + "`");
    if (inst.opcode == Opcode::icmp || inst.opcode == Opcode::fcmp) {
      const auto condition = parse_condition(suffix);
      if (!condition) return error("no condition is named `" + std::string(suffix) + "`");
      inst.aux = static_cast<uint8_t>(*condition);
      inst.type = Type::i32;
    } else if (inst.opcode == Opcode::vmctx || inst.opcode == Opcode::gc_address) {
      inst.type = Type::i64;
    } else if (inst.opcode == Opcode::type_id || inst.opcode == Opcode::gc_bits || inst.opcode == Opcode::gc_test) {
      inst.type = Type::i32;
    } else if (inst.opcode == Opcode::gc_new || inst.opcode == Opcode::gc_from_bits) {
      inst.type = Type::gcref;
    } else if (has_result && inst.opcode != Opcode::invoke) {
      const auto result = parse_type(suffix);
      if (!result) return error("no type is named `" + std::string(suffix) + "`");
      inst.type = *result;
    }
    advance();
    return {};
  }

  Result<void> instruction(Block block) {
    Instruction inst;
    std::string_view name;
    if (is_value()) {
      name = take_word();
      CAIRN_TRY(expect("="));
    }
    CAIRN_TRY(mnemonic(inst, !name.empty()));
    const Payload payload = payload_of(inst.opcode);
    if (payload == Payload::simd || payload == Payload::simd_lane || payload == Payload::access_simd) {
      const auto op = parse_simd(word_);
      if (!op) return error("no vector operation is named `" + std::string(word_) + "`");
      advance();
      inst.immediate = static_cast<int64_t>(*op);
    }
    if (payload == Payload::access_atomic) {
      const auto op = parse_atomic_op(word_);
      if (!op) return error("no atomic operation is named `" + std::string(word_) + "`");
      advance();
      inst.aux = static_cast<uint8_t>(*op);
    }
    if (payload == Payload::check) {
      const auto condition = parse_condition(word_);
      if (!condition) return error("no condition is named `" + std::string(word_) + "`");
      advance();
      inst.aux = static_cast<uint8_t>(*condition);
    }
    CallInfo call;
    if (is_call(payload)) CAIRN_TRY(call_head(call));

    // Reads operands up to a word that is not a value. If the operation has a list of operands, their places in
    // value_lists are made at once.
    std::vector<Patch> operands;
    const uint32_t first = static_cast<uint32_t>(function_.value_lists.size());
    bool comma = false;
    while (is_operand()) {
      operands.push_back({word_, at_, Value::none(), operands.size()});
      advance();
      comma = take(",");
      if (!comma) break;
    }
    const bool is_list = is_call(payload) || inst.opcode == Opcode::return_ || inst.opcode == Opcode::add128 ||
                         inst.opcode == Opcode::sub128 || inst.opcode == Opcode::atomic_cas;
    if (is_list) {
      for (const Patch& operand : operands) {
        if (operand.name != "_")
          patches_.push_back({operand.name, operand.at, Value::none(), function_.value_lists.size()});
        function_.value_lists.push_back(Value::none());
      }
      inst.extra = first;
      if (inst.opcode == Opcode::atomic_cas) inst.immediate = first;
      if (inst.opcode == Opcode::return_) inst.immediate = static_cast<int64_t>(operands.size());
    }
    if (payload == Payload::simd) {
      inst.opcode = operands.size() == 1   ? Opcode::simd_unary
                    : operands.size() == 2 ? Opcode::simd_binary
                                           : Opcode::simd_ternary;
    }
    if (facts(inst.opcode).operands != kVariable && facts(inst.opcode).operands != operands.size()) {
      return error("a wrong number of operands");
    }
    if (is_call(payload)) {
      call.first_argument = first;
      call.argument_count = static_cast<uint32_t>(operands.size());
      inst.extra = function_.add_call(call);
    }
    CAIRN_TRY(rest(inst, payload));

    const Value value = function_.append(block, inst);
    if (!name.empty()) CAIRN_TRY(define(name, value));
    if (is_list) return {};
    for (const Patch& operand : operands) {
      if (operand.name != "_") patches_.push_back({operand.name, operand.at, value, operand.index});
    }
    return {};
  }

  // Reads the part of a call that comes before its operands.
  Result<void> call_head(CallInfo& call) {
    const auto kind = parse_callee_kind(word_);
    if (!kind) return error("no kind of callee is named `" + std::string(word_) + "`");
    advance();
    call.kind = *kind;
    call.callee = static_cast<uint32_t>(CAIRN_TRY(integer()));
    call.signature = CAIRN_TRY(signature());
    if (call.kind == CalleeKind::reference && !is_value()) call.null_trap = CAIRN_TRY(trap());
    return {};
  }

  // Reads the words after the operands.
  Result<void> rest(Instruction& inst, Payload payload) {
    switch (payload) {
      case Payload::integer:
      case Payload::scale:
      case Payload::position:
      case Payload::bits: inst.immediate = CAIRN_TRY(integer()); break;
      case Payload::vector: inst.immediate = function_.add_vector_constant(CAIRN_TRY(vector())); break;
      case Payload::simd_lane: inst.aux = static_cast<uint8_t>(CAIRN_TRY(integer())); break;
      case Payload::access_lane: inst.aux = static_cast<uint8_t>(CAIRN_TRY(integer())); [[fallthrough]];
      case Payload::access:
      case Payload::access_atomic:
      case Payload::access_simd: inst.extra = function_.add_access(CAIRN_TRY(access())); break;
      case Payload::displacement:
        inst.immediate = CAIRN_TRY(integer());
        inst.extra = function_.add_access(CAIRN_TRY(access()));
        break;
      case Payload::trap: inst.aux = static_cast<uint8_t>(CAIRN_TRY(trap())); break;
      case Payload::check: inst.extra = static_cast<uint32_t>(CAIRN_TRY(trap())); break;
      case Payload::invoke:
      case Payload::targets: {
        std::vector<Target> list;
        do list.push_back(CAIRN_TRY(target()));
        while (take(","));
        if (payload == Payload::invoke && list.size() != 2) return error("expected two targets");
        function_.set_targets(inst, list);
        if (payload == Payload::invoke) break;
        if (take("likely")) inst.aux = static_cast<uint8_t>(BranchHint::likely);
        if (take("unlikely")) inst.aux = static_cast<uint8_t>(BranchHint::unlikely);
        break;
      }
      case Payload::none:
      case Payload::condition:
      case Payload::simd:
      case Payload::call: break;
    }
    return {};
  }

  std::string_view text_;
  Function& function_;
  size_t next_ = 0;        // offset of the text after word_
  size_t at_ = 0;          // offset of word_
  std::string_view word_;  // the current word; empty at the end
  std::unordered_map<std::string_view, Value> values_;
  std::vector<Patch> patches_;
  std::vector<bool> defined_;  // for each block, whether the text has defined it
};

}  // namespace

Result<void> parse(std::string_view text, Function& function) { return Parser(text, function).run(); }

}  // namespace cairn::ir
