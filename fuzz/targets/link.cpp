// Fuzzes linking. The input decides about a few modules that import from each other, from the host, and names that
// nobody exports. Some modules link and some do not, segments lie inside or outside of memories and tables, and start
// functions may trap. At the end, all exported functions are called.
#include <string>

#include "base/format.hpp"
#include "runtime/configure.hpp"
#include "runtime/linker.hpp"
#include "support/check.hpp"
#include "support/guest_scope.hpp"
#include "support/input.hpp"
#include "testing/wast/spectest.hpp"
#include "wasm/text/text.hpp"

using namespace cairn;

namespace {

constexpr uint32_t kModules = 4;  // the most modules
// Types of functions, arguments for each of them, and its number of results.
constexpr std::string_view kTypes[] = {
    "", "(param i32)", "(result i32)", "(param i32 i64) (result i32)", "(param f64) (result f64 i32)", "(param i64)"};
constexpr std::string_view kArguments[] = {
    "", "(i32.const 1)", "", "(i32.const 3) (i64.const 4)", "(f64.const 0.5)", "(i64.const 6)"};
constexpr uint32_t kResults[] = {0, 0, 1, 1, 2, 0};
// Types of globals, and an initial value for each.
constexpr std::string_view kValues[] = {"i32", "i64", "funcref", "externref", "f64"};
constexpr std::string_view kInitial[] = {"(i32.const 5)", "(i64.const 6)", "(ref.null func)", "(ref.null extern)",
                                         "(f64.const 1)"};

// Writes one module's text.
class Writer {
 public:
  Writer(fuzz::Input& input, uint32_t number) : input_(input), number_(number) {}

  std::string write() {
    text_ = "(module\n";
    for (size_t i = 0; i < std::size(kTypes); ++i) add("(type (func ", kTypes[i], "))\n");
    add("(rec (type $s (sub (func (param i32)))) (type $s2 (sub $s (func (param i32)))))\n");
    for (uint32_t i = input_.below(5); i > 0; --i) import();
    for (uint32_t i = input_.below(3); i > 0; --i) memory();
    for (uint32_t i = input_.below(3); i > 0; --i) table();
    for (uint32_t i = input_.below(3); i > 0; --i) global();
    if (input_.one_in(2)) add("(tag $tag", decimal(tags_++), " (type ", decimal(input_.below(2)), "))\n");
    const uint32_t defined = 1 + input_.below(4);
    all_functions_ = functions_ + defined;
    for (uint32_t i = 0; i < defined; ++i) function();
    for (uint32_t i = input_.below(3); i > 0; --i) segment();
    exports();
    if (input_.one_in(4)) add("(start ", decimal(input_.below(functions_)), ")\n");
    return text_ + ")";
  }

 private:
  template <class... P>
  void add(const P&... parts) {
    ((text_ += parts), ...);
  }
  // Returns the limits of a memory or table. The minimum is below `most`.
  std::string limits(uint32_t most) {
    const uint32_t least = input_.below(most);
    return decimal(least) + (input_.one_in(2) ? " " + decimal(least + input_.below(4)) : std::string());
  }
  // Returns a type, and its index in kValues in `which`.
  std::string value_type(uint32_t& which) {
    which = input_.below(std::size(kValues));
    return std::string(kValues[which]);
  }
  std::string_view address() { return input_.one_in(8) ? "i64 " : ""; }

  void import() {
    const uint32_t from = input_.below(kModules + 2);
    add("(import \"", from >= kModules ? "spectest" : "m" + decimal(from), "\" \"");
    constexpr std::string_view kSpectest[] = {"print", "print_i32", "memory", "table", "global_i32", "global_i64"};
    add(from >= kModules ? std::string(kSpectest[input_.below(std::size(kSpectest))]) : "e" + decimal(input_.below(8)),
        "\" ");
    uint32_t which = 0;
    switch (input_.below(5)) {
      case 0:
        add("(func (type ", decimal(which = input_.below(std::size(kTypes) + 2)), "))");
        types_.push_back(which), ++functions_;
        break;
      case 1: add("(memory ", address(), limits(3), input_.one_in(8) ? " 4 shared" : "", ")"), ++memories_; break;
      case 2:
        add("(table ", address(), limits(12), input_.one_in(4) ? " externref" : " funcref", ")"), ++tables_;
        break;
      case 3: {
        const std::string type = value_type(which);
        const bool is_mutable = input_.one_in(2);
        add("(global ", is_mutable ? "(mut " : "", type, is_mutable ? ")" : "", ")");
        globals_.push_back({which, is_mutable});
        break;
      }
      default: add("(tag (type ", decimal(input_.below(2)), "))"), ++tags_; break;
    }
    add(")\n");
  }
  void memory() { add("(memory ", address(), limits(3), ")\n"), ++memories_; }
  void table() { add("(table ", address(), limits(12), " funcref)\n"), ++tables_; }
  void global() {
    uint32_t which = 0;
    const std::string type = value_type(which);
    add("(global (mut ", type, ") ", kInitial[which], ")\n");
    globals_.push_back({which, true});
  }

  void function() {
    const uint32_t type = input_.below(std::size(kTypes));
    add("(func (type ", decimal(type), ")\n");
    for (uint32_t i = input_.below(4); i > 0; --i) statement();
    add(kResults[type] == 2 ? "(f64.const 2) (i32.const 3)" : kResults[type] == 1 ? "(i32.const 1)" : "", ")\n");
    types_.push_back(type), ++functions_;
  }
  void statement() {
    switch (input_.below(9)) {
      case 0: {  // recursion is bounded by the stack
        const uint32_t callee = input_.below(functions_ + 1);
        if (callee >= types_.size() || types_[callee] >= std::size(kTypes)) break;
        add("(call ", decimal(callee), " ", kArguments[types_[callee]], ")", drops(types_[callee]), "\n");
        return;
      }
      case 1: {
        if (tables_ == 0) break;
        const uint32_t type = input_.below(std::size(kTypes));
        add("(call_indirect ", decimal(input_.below(tables_)), " (type ", decimal(type), ") ", kArguments[type],
            " (i32.const ", decimal(input_.below(12)), "))", drops(type), "\n");
        return;
      }
      case 2:
        if (memories_ == 0) break;
        add("(i64.store ", decimal(input_.below(memories_)), " offset=", decimal(input_.take<uint16_t>()),
            " (i32.const ", decimal(input_.below(3) * 65530), ") (i64.const 7))\n");
        return;
      case 3:
        if (globals_.empty()) break;
        if (const uint32_t index = input_.below(static_cast<uint32_t>(globals_.size())); globals_[index].is_mutable) {
          add("(global.set ", decimal(index), " ", kInitial[globals_[index].type], ")\n");
          return;
        }
        break;
      case 4:
        if (memories_ == 0) break;
        add("(drop (memory.grow ", decimal(input_.below(memories_)), " (i32.const 1)))\n");
        return;
      case 5:
        if (tables_ == 0) break;
        add("(table.set ", decimal(input_.below(tables_)), " (i32.const ", decimal(input_.below(12)), ") (ref.func ",
            decimal(input_.below(all_functions_)), "))\n");
        return;
      case 6:
        if (tables_ == 0) break;
        add("(drop (table.grow ", decimal(input_.below(tables_)), " (ref.null func) (i32.const 2)))\n");
        return;
      case 7:
        if (tags_ == 0) break;
        add("(block $h (try_table (catch_all $h) (throw ", decimal(input_.below(tags_)), ")))\n");
        return;
      default: break;
    }
    add("(nop)\n");
  }
  std::string drops(uint32_t type) const {
    std::string text;
    for (uint32_t i = 0; i < kResults[type]; ++i) text += " (drop)";
    return text;
  }

  void segment() {
    if (input_.one_in(2)) {
      if (tables_ == 0) return;
      add("(elem (table ", decimal(input_.below(tables_)), ") (i32.const ", decimal(input_.below(12)), ") func ",
          decimal(input_.below(functions_)), " ", decimal(input_.below(functions_)), ")\n");
    } else if (memories_ != 0) {
      add("(data (memory ", decimal(input_.below(memories_)), ") (i32.const ", decimal(input_.below(4) * 65534),
          ") \"abc\")\n");
    }
  }
  void exports() {
    uint32_t name = 0;
    const auto one = [&](std::string_view kind, uint32_t count) {
      if (count != 0 && name < 8) {
        add("(export \"e", decimal(name++), "\" (", kind, " ", decimal(input_.below(count)), "))\n");
      }
    };
    for (uint32_t i = 0; i < 6; ++i) {
      switch (input_.below(5)) {
        case 0: one("func", functions_); break;
        case 1: one("memory", memories_); break;
        case 2: one("table", tables_); break;
        case 3: one("global", static_cast<uint32_t>(globals_.size())); break;
        default: one("tag", tags_); break;
      }
    }
    // Functions that ref.func names must be declared.
    add("(elem declare func");
    for (uint32_t i = 0; i < functions_; ++i) add(" ", decimal(i));
    add(")\n");
  }

  struct GlobalInfo {
    uint32_t type;
    bool is_mutable;
  };
  fuzz::Input& input_;
  [[maybe_unused]] uint32_t number_;
  std::string text_;
  uint32_t functions_ = 0, all_functions_ = 0, memories_ = 0, tables_ = 0, tags_ = 0;
  std::vector<uint32_t> types_;
  std::vector<GlobalInfo> globals_;
};

void call_all(runtime::Store& store, runtime::Instance instance, const wasm::Module& definition) {
  for (const wasm::Export& item : definition.exports) {
    const runtime::HandleScope scope(store);
    if (item.kind != wasm::ExternKind::func) {
      fuzz::check(runtime::get_export(store, instance, item.name).has_value(), "an export is not there");
      continue;
    }
    const auto function = runtime::get_export_as<runtime::Func>(store, instance, item.name);
    fuzz::check(function.has_value(), "an export is not there");
    std::vector<runtime::Val> arguments;
    for (const wasm::ValType type : definition.func_type(wasm::FuncIndex(item.index)).params) {
      arguments.push_back(runtime::Val::from_bits(type, 3));
    }
    (void)runtime::call(store, *function, arguments);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  runtime::Engine& engine = fuzz::shared_engine();
  const auto store = runtime::Store::create(engine);
  fuzz::check(store.has_value(), "no store");
  runtime::Linker linker(**store);
  linker.allow_shadowing(true);
  fuzz::check(runtime::define_spectest(**store, linker).has_value(), "no spectest");
  const fuzz::GuestScope scope;
  std::vector<std::pair<runtime::Instance, Ref<runtime::Module>>> instances;
  for (uint32_t i = 0; i < kModules && !input.empty(); ++i) {
    const std::string text = Writer(input, i).write();
    auto bytes = wasm::text::assemble(text, "module");
    if (!bytes) continue;  // for example, an index is too large
    const auto module = runtime::Module::create(engine, std::move(*bytes));
    if (!module) continue;
    const runtime::Outcome<runtime::Instance> instance = linker.instantiate(*module);
    if (!instance) continue;
    instances.emplace_back(*instance, *module);
    fuzz::check(linker.define_instance("m" + decimal(i), *instance).has_value(), "an instance cannot be defined");
  }
  for (const auto& [instance, module] : instances) call_all(**store, instance, module->definition());
  return 0;
}
