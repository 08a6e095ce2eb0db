// Scripts of the specification's test suite: the reference interpreter's format, with the threads proposal's
// directives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "wasm/text/module_source.hpp"
#include "wasm/types/types.hpp"

namespace cairn::wasm::text {

// A module in a script. That it cannot be assembled is a fact about the module, not about the script: an assertion may
// be waiting for it. The error's message has the specification's words in front and no position.
struct ScriptModule {
  std::string name;  // of the definition and, if it is instantiated at once, of the instance; empty: none
  ModuleForm form = ModuleForm::text;
  Result<std::vector<std::byte>> bytes;
};

// A value in a script.
struct ScriptValue {
  enum class Kind : uint8_t {
    i32,
    i64,
    f32,
    f64,         // the bits, in `bits`
    v128,        // bits, high_bits
    ref_null,    // of `heap`
    ref_extern,  // an external reference to the host's object number `bits`
    ref_host,    // the same, internalized: an anyref
  };
  Kind kind = Kind::i32;
  uint64_t bits = 0;
  uint64_t high_bits = 0;
  HeapType heap = HeapType::any;
};

// What a float, or a lane of a vector, must be.
struct NumberPattern {
  enum class Kind : uint8_t { bits, canonical_nan, arithmetic_nan };
  Kind kind = Kind::bits;
  uint64_t bits = 0;
};

// What a result must be.
struct ResultPattern {
  enum class Kind : uint8_t {
    i32,
    i64,
    f32,
    f64,       // numbers[0]
    v128,      // one entry in `numbers` a lane, the lowest first
    ref_null,  // null; of type `heap` if there is one
    ref_extern,
    ref_host,  // of the host's object numbers[0].bits
    ref,       // a reference that is not null and whose type matches `heap`
    either,    // one of `alternatives`
  };
  Kind kind = Kind::i32;
  std::vector<NumberPattern> numbers;
  std::optional<HeapType> heap;
  std::vector<ResultPattern> alternatives;
};

struct Action {
  enum class Kind : uint8_t { invoke, get };
  Kind kind = Kind::invoke;
  std::string instance;  // empty: the last one
  std::string name;      // of the export
  std::vector<ScriptValue> arguments;
};

// (module ...), (module definition ...)
struct DefineModule {
  ScriptModule module;
  bool is_instantiated = true;
};
// (module instance $instance $module)
struct InstantiateModule {
  std::string instance;
  std::string module;  // empty: the last one
};
struct Register {
  std::string as;
  std::string instance;
};
struct AssertReturn {
  Action action;
  std::vector<ResultPattern> results;
};
// assert_trap and assert_exhaustion of an action
struct AssertTrap {
  Action action;
  std::string message;
};
struct AssertException {
  Action action;
};
// Assertions that concern a module
struct AssertModule {
  enum class Kind : uint8_t { malformed, invalid, malformed_custom, invalid_custom, unlinkable, trap };
  Kind kind = Kind::malformed;
  // `unlinkable` and `trap` can name a definition instead of having a module.
  std::variant<ScriptModule, InstantiateModule> subject;
  std::string message;
};
struct Directive;
// (thread $name (shared (module $m))* directive*)
struct Thread {
  std::string name;
  std::vector<std::string> shared;  // modules that the thread sees
  std::vector<Directive> directives;
};
struct Wait {
  std::string thread;
};

struct Directive {
  uint32_t line = 0;
  std::variant<DefineModule, InstantiateModule, Register, Action, AssertReturn, AssertTrap, AssertException,
               AssertModule, Thread, Wait>
      what;
};

struct Script {
  std::vector<Directive> directives;
};

// "module", "assert_return", ...: for messages.
std::string_view keyword_of(const Directive& directive);

// Fails on what is no script; the error is as assemble()'s. A file with module fields alone is a script of one module.
Result<Script> parse_script(std::string_view source, std::string_view file_name, Features features = Features::all());

}  // namespace cairn::wasm::text
