// Parses scripts of the specification's test suite. Their format is that of the reference interpreter, with the
// directives of the threads proposal.
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

// A module in a script. A module that cannot be assembled is no error of the script, since an assertion may expect the
// module's error. The message of that error begins with the specification's words and has no position.
struct ScriptModule {
  std::string name;  // name of the definition and, if it is instantiated at once, of the instance; may be empty
  ModuleForm form = ModuleForm::text;
  Result<std::vector<std::byte>> bytes;
};

// A value in a script.
struct ScriptValue {
  enum class Kind : uint8_t {
    i32,
    i64,
    f32,
    f64,         // `bits` has the bits, as for i32, i64 and f32
    v128,        // `bits` has the low half, `high_bits` the high half
    ref_null,    // a null reference of type `heap`
    ref_extern,  // a reference to the host's object number `bits`, of type externref
    ref_host,    // the same object as an anyref
  };
  Kind kind = Kind::i32;
  uint64_t bits = 0;
  uint64_t high_bits = 0;
  HeapType heap = HeapType::any;
};

// The value that a number, or a lane of a vector, must have.
struct NumberPattern {
  enum class Kind : uint8_t { bits, canonical_nan, arithmetic_nan };
  Kind kind = Kind::bits;
  uint64_t bits = 0;
};

// The value that a result must have.
struct ResultPattern {
  enum class Kind : uint8_t {
    i32,
    i64,
    f32,
    f64,         // the value is numbers[0], as for i32, i64 and f32
    v128,        // one entry of `numbers` for each lane, the lowest lane first
    ref_null,    // a null reference, of type `heap` if `heap` is set
    ref_extern,  // a reference to the host's object numbers[0].bits, of type externref
    ref_host,    // the same object as an anyref
    ref,         // a reference that is not null and whose type matches `heap`
    either,      // one of `alternatives`
  };
  Kind kind = Kind::i32;
  std::vector<NumberPattern> numbers;
  std::optional<HeapType> heap;
  std::vector<ResultPattern> alternatives;
};

// (invoke $instance "export" argument*) or (get $instance "export"), as a directive or inside an assertion.
struct Action {
  enum class Kind : uint8_t { invoke, get };
  Kind kind = Kind::invoke;
  std::string instance;  // empty for the last instance
  std::string name;      // name of the export
  std::vector<ScriptValue> arguments;
};

// The directives (module ...) and (module definition ...).
struct DefineModule {
  ScriptModule module;
  bool is_instantiated = true;  // false for (module definition ...)
};
// The directive (module instance $instance $module).
struct InstantiateModule {
  std::string instance;
  std::string module;  // empty for the last module
};
// The directive (register "as" $instance).
struct Register {
  std::string as;        // the module name under which later modules can import the instance's exports
  std::string instance;  // empty for the last instance
};
// The action must return values that match `results`.
struct AssertReturn {
  Action action;
  std::vector<ResultPattern> results;
};
// The action of assert_trap or assert_exhaustion must trap with this message.
struct AssertTrap {
  Action action;
  std::string message;
};
// The action must end with an exception that is not caught.
struct AssertException {
  Action action;
};
// An assertion about a module.
struct AssertModule {
  enum class Kind : uint8_t { malformed, invalid, malformed_custom, invalid_custom, unlinkable, trap };
  Kind kind = Kind::malformed;
  // `unlinkable` and `trap` can name a definition instead of containing a module.
  std::variant<ScriptModule, InstantiateModule> subject;
  std::string message;
};
struct Directive;
// The directive (thread $name (shared (module $m))* directive*).
struct Thread {
  std::string name;
  std::vector<std::string> shared;  // modules that the thread can use
  std::vector<Directive> directives;
};
// The directive (wait $thread), which waits for the end of a thread.
struct Wait {
  std::string thread;
};

struct Directive {
  uint32_t line = 0;  // line of the directive in the script, counted from 1
  std::variant<DefineModule, InstantiateModule, Register, Action, AssertReturn, AssertTrap, AssertException,
               AssertModule, Thread, Wait>
      what;
};

struct Script {
  std::vector<Directive> directives;
};

// Returns the directive's keyword for messages: "module", "assert_return", ...
std::string_view keyword_of(const Directive& directive);

// Parses a script. If the source is not a script, the error has the form of assemble()'s errors. A source with only
// module fields is a script of one module.
Result<Script> parse_script(std::string_view source, std::string_view file_name, Features features = Features::all());

}  // namespace cairn::wasm::text
