#include "wasm/text/wast.hpp"

#include <algorithm>
#include <array>

#include "base/format.hpp"
#include "base/operation.hpp"
#include "wasm/text/lexer.hpp"
#include "wasm/text/literal.hpp"
#include "wasm/text/text.hpp"

namespace cairn::wasm::text {
namespace {

// Limits how deep threads can be nested in each other, and how deep `either` patterns can be.
constexpr uint32_t kMaxScriptNesting = 16;

struct HeapName {
  std::string_view keyword;
  HeapType type;
};
constexpr auto kHeapNames = std::to_array<HeapName>({{"any", HeapType::any},
                                                     {"none", HeapType::none},
                                                     {"eq", HeapType::eq},
                                                     {"i31", HeapType::i31},
                                                     {"struct", HeapType::struct_},
                                                     {"array", HeapType::array},
                                                     {"func", HeapType::func},
                                                     {"nofunc", HeapType::nofunc},
                                                     {"exn", HeapType::exn},
                                                     {"noexn", HeapType::noexn},
                                                     {"extern", HeapType::extern_},
                                                     {"noextern", HeapType::noextern}});

struct VectorShape {
  std::string_view keyword;
  uint32_t lanes;
  bool is_float;
};
constexpr auto kVectorShapes = std::to_array<VectorShape>({{"i8x16", 16, false},
                                                           {"i16x8", 8, false},
                                                           {"i32x4", 4, false},
                                                           {"i64x2", 2, false},
                                                           {"f32x4", 4, true},
                                                           {"f64x2", 2, true}});

class ScriptParser {
 public:
  ScriptParser(const TokenStream& stream, Features features)
      : cursor_(stream, 0), lines_(stream.source), features_(features) {}

  Result<Script> run() {
    Script script;
    if (is_inline_module()) {
      const auto eof = static_cast<uint32_t>(cursor_.stream().tokens.size() - 1);
      Directive directive{1, DefineModule{}};
      std::get<DefineModule>(directive.what).module.bytes = module_bytes(cursor_, eof, ModuleForm::text, {}, features_);
      script.directives.push_back(std::move(directive));
      return script;
    }
    while (!cursor_.at(Kind::eof)) script.directives.push_back(CAIRN_TRY(directive(0)));
    return script;
  }

 private:
  using Kind = Token::Kind;

  bool is_inline_module() const {
    static constexpr auto kFields = std::to_array<std::string_view>(
        {"type", "rec", "import", "func", "table", "memory", "tag", "global", "export", "start", "elem", "data"});
    return cursor_.at(Kind::lparen) && std::ranges::contains(kFields, cursor_.text(1));
  }

  std::string optional_identifier() {
    if (!cursor_.at(Kind::identifier)) return {};
    return std::string(cursor_.stream().identifier(cursor_.next()));
  }

  Result<Directive> directive(uint32_t depth) {
    if (depth > kMaxScriptNesting) {
      return fail(Error::at(ErrorKind::limit, cursor_.peek().offset,
                            "nesting limit of " + decimal(kMaxScriptNesting) + " threads exceeded"));
    }
    Directive result;
    result.line = lines_.position_of(cursor_.peek().offset).line;
    if (!cursor_.at(Kind::lparen)) return cursor_.unexpected("a directive");
    if (cursor_.at_open("module")) {
      result.what = CAIRN_TRY(module_directive());
    } else if (cursor_.at_open("invoke") || cursor_.at_open("get")) {
      result.what = CAIRN_TRY(action());
    } else if (cursor_.take_open("register")) {
      Register what;
      what.as = CAIRN_TRY(cursor_.expect_name("the name to register"));
      what.instance = optional_identifier();
      result.what = std::move(what);
      CAIRN_TRY(cursor_.expect_close());
    } else if (cursor_.take_open("thread")) {
      result.what = CAIRN_TRY(thread(depth));
    } else if (cursor_.take_open("wait")) {
      result.what = Wait{optional_identifier()};
      CAIRN_TRY(cursor_.expect_close());
    } else {
      return assertion(std::move(result));
    }
    return result;
  }

  // --- Modules.

  using ModuleDirective = decltype(Directive::what);
  // Called at "(module". Reads (module ...), (module definition ...) or (module instance ...).
  Result<ModuleDirective> module_directive() {
    if (cursor_.at_keyword("instance", 2)) return ModuleDirective(CAIRN_TRY(instance()));
    const uint32_t after = CAIRN_TRY(cursor_.after_group());
    DefineModule define;
    define.is_instantiated = !cursor_.at_keyword("definition", 2);
    define.module = CAIRN_TRY(module(after));
    return ModuleDirective(std::move(define));
  }

  Result<InstantiateModule> instance() {
    for (int i = 0; i < 3; ++i) cursor_.next();
    InstantiateModule result;
    result.instance = optional_identifier();
    result.module = optional_identifier();
    // A single identifier names the module.
    if (result.module.empty()) std::swap(result.instance, result.module);
    CAIRN_TRY(cursor_.expect_close());
    return result;
  }

  Result<ScriptModule> module(uint32_t after) {
    CAIRN_TRY(cursor_.expect_open("module"));
    cursor_.take_keyword("definition");
    ScriptModule result;
    result.name = optional_identifier();
    result.form = take_form(cursor_);
    result.bytes = module_bytes(cursor_, after - 1, result.form, result.name, features_);
    cursor_.seek(after);
    return result;
  }

  Result<Thread> thread(uint32_t depth) {
    Thread result;
    result.name = optional_identifier();
    while (cursor_.take_open("shared")) {
      CAIRN_TRY(cursor_.expect_open("module"));
      result.shared.push_back(optional_identifier());
      CAIRN_TRY(cursor_.expect_close());
      CAIRN_TRY(cursor_.expect_close());
    }
    while (!cursor_.at(Kind::rparen)) result.directives.push_back(CAIRN_TRY(directive(depth + 1)));
    CAIRN_TRY(cursor_.expect_close());
    return result;
  }

  // --- Assertions.

  Result<Directive> assertion(Directive result) {
    if (cursor_.take_open("assert_return")) {
      AssertReturn what{CAIRN_TRY(action()), {}};
      while (!cursor_.at(Kind::rparen)) what.results.push_back(CAIRN_TRY(result_pattern(0)));
      result.what = std::move(what);
    } else if (cursor_.take_open("assert_exception")) {
      result.what = AssertException{CAIRN_TRY(action())};
    } else if (cursor_.take_open("assert_exhaustion")) {
      result.what = CAIRN_TRY(assert_trap());
    } else if (cursor_.take_open("assert_trap")) {
      if (cursor_.at_open("module")) {
        result.what = CAIRN_TRY(assert_module(AssertModule::Kind::trap));
      } else {
        result.what = CAIRN_TRY(assert_trap());
      }
    } else if (cursor_.take_open("assert_malformed")) {
      result.what = CAIRN_TRY(assert_module(AssertModule::Kind::malformed));
    } else if (cursor_.take_open("assert_invalid")) {
      result.what = CAIRN_TRY(assert_module(AssertModule::Kind::invalid));
    } else if (cursor_.take_open("assert_malformed_custom")) {
      result.what = CAIRN_TRY(assert_module(AssertModule::Kind::malformed_custom));
    } else if (cursor_.take_open("assert_invalid_custom")) {
      result.what = CAIRN_TRY(assert_module(AssertModule::Kind::invalid_custom));
    } else if (cursor_.take_open("assert_unlinkable")) {
      result.what = CAIRN_TRY(assert_module(AssertModule::Kind::unlinkable));
    } else {
      return cursor_.unexpected_at(1, "a directive");
    }
    CAIRN_TRY(cursor_.expect_close());
    return result;
  }

  Result<AssertTrap> assert_trap() {
    AssertTrap result;
    result.action = CAIRN_TRY(action());
    result.message = CAIRN_TRY(cursor_.expect_string("the message"));
    return result;
  }

  Result<AssertModule> assert_module(AssertModule::Kind kind) {
    AssertModule result;
    result.kind = kind;
    if (cursor_.at_open("module") && cursor_.at_keyword("instance", 2)) {
      result.subject = CAIRN_TRY(instance());
    } else {
      const uint32_t after = CAIRN_TRY(cursor_.after_group());
      result.subject = CAIRN_TRY(module(after));
    }
    result.message = CAIRN_TRY(cursor_.expect_string("the message"));
    return result;
  }

  Result<Action> action() {
    Action result;
    if (cursor_.take_open("get")) {
      result.kind = Action::Kind::get;
    } else {
      CAIRN_TRY(cursor_.expect_open("invoke"));
    }
    result.instance = optional_identifier();
    result.name = CAIRN_TRY(cursor_.expect_name("the name of an export"));
    if (result.kind == Action::Kind::invoke) {
      while (!cursor_.at(Kind::rparen)) result.arguments.push_back(CAIRN_TRY(value()));
    }
    CAIRN_TRY(cursor_.expect_close());
    return result;
  }

  // --- Values and patterns. A pattern without NaNs, types and alternatives is a value.

  Result<ScriptValue> value() {
    const Token& start = cursor_.peek();
    const ResultPattern pattern = CAIRN_TRY(result_pattern(0));
    ScriptValue result;
    for (const NumberPattern& number : pattern.numbers) {
      if (number.kind != NumberPattern::Kind::bits) return unexpected_pattern(start);
    }
    switch (pattern.kind) {
      case ResultPattern::Kind::i32: result.kind = ScriptValue::Kind::i32; break;
      case ResultPattern::Kind::i64: result.kind = ScriptValue::Kind::i64; break;
      case ResultPattern::Kind::f32: result.kind = ScriptValue::Kind::f32; break;
      case ResultPattern::Kind::f64: result.kind = ScriptValue::Kind::f64; break;
      case ResultPattern::Kind::v128: {
        result.kind = ScriptValue::Kind::v128;
        const size_t half = pattern.numbers.size() / 2;
        const auto width = static_cast<unsigned>(64 / half);
        for (size_t i = 0; i < half; ++i) {
          result.bits |= pattern.numbers[i].bits << (width * i);
          result.high_bits |= pattern.numbers[half + i].bits << (width * i);
        }
        return result;
      }
      case ResultPattern::Kind::ref_null:
        if (!pattern.heap) return unexpected_pattern(start);
        result.kind = ScriptValue::Kind::ref_null;
        result.heap = *pattern.heap;
        return result;
      case ResultPattern::Kind::ref_extern: result.kind = ScriptValue::Kind::ref_extern; break;
      case ResultPattern::Kind::ref_host: result.kind = ScriptValue::Kind::ref_host; break;
      case ResultPattern::Kind::ref:
      case ResultPattern::Kind::either: return unexpected_pattern(start);
    }
    result.bits = pattern.numbers[0].bits;
    return result;
  }

  static std::unexpected<Error> unexpected_pattern(const Token& start) {
    return Cursor::error_at(start.offset, "unexpected token: a pattern, expected a value");
  }

  Result<ResultPattern> result_pattern(uint32_t depth) {
    CAIRN_TRY(cursor_.expect(Kind::lparen, "a value"));
    const std::string_view keyword = cursor_.text();
    ResultPattern result;
    if (cursor_.take_keyword("i32.const")) {
      result.kind = ResultPattern::Kind::i32;
      result.numbers.push_back(CAIRN_TRY(integer(32)));
    } else if (cursor_.take_keyword("i64.const")) {
      result.kind = ResultPattern::Kind::i64;
      result.numbers.push_back(CAIRN_TRY(integer(64)));
    } else if (cursor_.take_keyword("f32.const")) {
      result.kind = ResultPattern::Kind::f32;
      result.numbers.push_back(CAIRN_TRY(floating(32)));
    } else if (cursor_.take_keyword("f64.const")) {
      result.kind = ResultPattern::Kind::f64;
      result.numbers.push_back(CAIRN_TRY(floating(64)));
    } else if (cursor_.take_keyword("v128.const")) {
      CAIRN_TRY(vector(result));
    } else if (cursor_.take_keyword("either")) {
      if (depth > kMaxScriptNesting) return cursor_.error("nesting limit of alternatives exceeded");
      result.kind = ResultPattern::Kind::either;
      while (!cursor_.at(Kind::rparen)) result.alternatives.push_back(CAIRN_TRY(result_pattern(depth + 1)));
    } else if (cursor_.take_keyword("ref.null")) {
      result.kind = ResultPattern::Kind::ref_null;
      if (!cursor_.at(Kind::rparen)) result.heap = CAIRN_TRY(heap_type());
    } else if (cursor_.take_keyword("ref")) {
      result.kind = ResultPattern::Kind::ref;
      result.heap = HeapType::any;
    } else if (keyword.starts_with("ref.")) {
      CAIRN_TRY(reference(keyword.substr(4), result));
    } else {
      return cursor_.unexpected("a value");
    }
    CAIRN_TRY(cursor_.expect_close());
    return result;
  }

  // Reads ref.extern 1, ref.host 1, or a reference of a type: ref.extern, ref.func, ref.i31, ...
  Result<void> reference(std::string_view type, ResultPattern& result) {
    if (cursor_.peek(1).kind == Kind::natural && (type == "extern" || type == "host")) {
      cursor_.next();
      result.kind = type == "extern" ? ResultPattern::Kind::ref_extern : ResultPattern::Kind::ref_host;
      result.numbers.push_back(
          {NumberPattern::Kind::bits, CAIRN_TRY(cursor_.expect_natural(32, "the number of a host object"))});
      return {};
    }
    const auto* found = std::ranges::find(kHeapNames, type, &HeapName::keyword);
    if (found == kHeapNames.end()) return cursor_.unexpected("a value");
    cursor_.next();
    result.kind = ResultPattern::Kind::ref;
    result.heap = found->type;
    return {};
  }

  Result<HeapType> heap_type() {
    if (cursor_.at(Kind::natural)) {
      const uint64_t index = CAIRN_TRY(cursor_.expect_natural(32, "a type index"));
      return HeapType::of(TypeIndex(static_cast<uint32_t>(index)));
    }
    const auto* found = std::ranges::find(kHeapNames, cursor_.text(), &HeapName::keyword);
    if (found == kHeapNames.end()) return cursor_.unexpected("a heap type");
    cursor_.next();
    return found->type;
  }

  Result<void> vector(ResultPattern& result) {
    result.kind = ResultPattern::Kind::v128;
    const auto* shape = std::ranges::find(kVectorShapes, cursor_.text(), &VectorShape::keyword);
    if (shape == kVectorShapes.end()) return cursor_.unexpected("the shape of a vector");
    cursor_.next();
    for (uint32_t i = 0; i < shape->lanes; ++i) {
      const unsigned bits = 128 / shape->lanes;
      result.numbers.push_back(shape->is_float ? CAIRN_TRY(floating(bits)) : CAIRN_TRY(integer(bits)));
    }
    return {};
  }

  Result<NumberPattern> integer(unsigned bits) {
    if (!cursor_.at(Kind::natural) && !cursor_.at(Kind::integer)) return cursor_.unexpected("an integer");
    const auto value = parse_integer(cursor_.text(), bits);
    if (!value) return cursor_.error("constant out of range");
    cursor_.next();
    return NumberPattern{NumberPattern::Kind::bits, *value};
  }

  Result<NumberPattern> floating(unsigned bits) {
    if (cursor_.take_keyword("nan:canonical")) return NumberPattern{NumberPattern::Kind::canonical_nan, 0};
    if (cursor_.take_keyword("nan:arithmetic")) return NumberPattern{NumberPattern::Kind::arithmetic_nan, 0};
    if (!cursor_.at(Kind::natural) && !cursor_.at(Kind::integer) && !cursor_.at(Kind::floating)) {
      return cursor_.unexpected("a number");
    }
    const auto value = bits == 32 ? std::optional<uint64_t>(parse_f32(cursor_.text())) : parse_f64(cursor_.text());
    if (!value) return cursor_.error("constant out of range");
    cursor_.next();
    return NumberPattern{NumberPattern::Kind::bits, *value};
  }

  Cursor cursor_;
  Lines lines_;
  Features features_;
};

}  // namespace

std::string_view keyword_of(const Directive& directive) {
  struct Visitor {
    std::string_view operator()(const DefineModule&) const { return "module"; }
    std::string_view operator()(const InstantiateModule&) const { return "module instance"; }
    std::string_view operator()(const Register&) const { return "register"; }
    std::string_view operator()(const Action& action) const {
      return action.kind == Action::Kind::invoke ? "invoke" : "get";
    }
    std::string_view operator()(const AssertReturn&) const { return "assert_return"; }
    std::string_view operator()(const AssertTrap&) const { return "assert_trap"; }
    std::string_view operator()(const AssertException&) const { return "assert_exception"; }
    std::string_view operator()(const AssertModule& assertion) const {
      switch (assertion.kind) {
        case AssertModule::Kind::malformed: return "assert_malformed";
        case AssertModule::Kind::invalid: return "assert_invalid";
        case AssertModule::Kind::malformed_custom: return "assert_malformed_custom";
        case AssertModule::Kind::invalid_custom: return "assert_invalid_custom";
        case AssertModule::Kind::unlinkable: return "assert_unlinkable";
        case AssertModule::Kind::trap: break;
      }
      return "assert_trap";
    }
    std::string_view operator()(const Thread&) const { return "thread"; }
    std::string_view operator()(const Wait&) const { return "wait"; }
  };
  return std::visit(Visitor(), directive.what);
}

Result<Script> parse_script(std::string_view source, std::string_view file_name, Features features) {
  if (source.size() >= 0xffff'ffff) return fail(Error::of(ErrorKind::limit, "the text is longer than 4 GiB"));
  return run_operation([&]() -> Result<Script> {
    const TokenStream stream = lex(source);
    Result<Script> script = ScriptParser(stream, features).run();
    if (!script) return fail(with_position(std::move(script).error(), source, file_name));
    return script;
  });
}

}  // namespace cairn::wasm::text
