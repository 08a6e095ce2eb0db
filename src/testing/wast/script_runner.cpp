#include "testing/wast/script_runner.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/format.hpp"
#include "runtime/linker.hpp"
#include "runtime/time_limit.hpp"
#include "testing/wast/pattern.hpp"
#include "testing/wast/spectest.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/wast.hpp"

namespace cairn::runtime {
namespace {

namespace text = wasm::text;

// The result of a directive: nothing if it succeeded, otherwise a text that says why it failed.
using Verdict = std::expected<void, std::string>;
std::unexpected<std::string> failure(std::string why) { return std::unexpected(std::move(why)); }

// Compares messages. Scripts have one phrase for a missing import; the linker says which kind of import it is.
bool says(std::string_view message, std::string_view expected) {
  return message.starts_with(expected) || (expected == "unknown import" && message.starts_with("Missing "));
}

// Removes the number at the end of a script's message such as "uninitialized element 2". A trap's message does not say
// which element it was.
std::string_view without_number(std::string_view message) {
  const size_t last = message.find_last_not_of("0123456789");
  return last + 1 < message.size() && message[last] == ' ' ? message.substr(0, last) : message;
}

// Modules and instances by the names that a script or a thread of it has given them.
struct Names {
  std::map<std::string, Ref<Module>> modules;
  std::map<std::string, Instance> instances;
  // In a thread: the shared memories that instances outside of the thread export, by the instance's name.
  std::map<std::string, std::vector<std::pair<std::string, Memory>>> shared;
  std::optional<Ref<Module>> last_module;
  std::optional<Instance> last_instance;
};

// Runs the directives of one script, or of one thread of a script, in a store.
class Session {
 public:
  // Modules that an assertion expects to be refused are validated with `features`.
  Session(Engine& engine, wasm::Features features, const StartThread& start_thread, uint64_t limit,
          std::unique_ptr<Store> store)
      : engine_(engine),
        features_(features),
        start_thread_(start_thread),
        limit_(limit),
        store_(std::move(store)),
        linker_(*store_) {
    linker_.allow_shadowing(true);
  }

  Result<void> define_host() { return define_spectest(*store_, linker_); }

  // Runs the directives until the time is over, and calls `report(directive, verdict)` after each. The reports of a
  // thread's directives come when the thread has been waited for.
  template <class Report>
  void run(const std::vector<text::Directive>& directives, Names& names, const Report& report) {
    for (const text::Directive& directive : directives) {
      if (TimeLimit::is_over()) break;
      if (const auto* thread = std::get_if<text::Thread>(&directive.what)) {
        start(*thread, names);
        continue;
      }
      const HandleScope scope(*store_);
      report(directive, std::visit([&](const auto& what) { return execute(what, names); }, directive.what));
      if (const auto* wait = std::get_if<text::Wait>(&directive.what)) report_thread(wait->thread, report);
    }
    while (!threads_.empty()) {
      const std::string name = threads_.begin()->first;
      const text::Directive end{.line = 0, .what = text::Wait{name}};
      const Verdict verdict = execute(text::Wait{name}, names);
      if (!verdict) report(end, verdict);
      report_thread(name, report);
    }
  }

 private:
  using Results = std::expected<std::vector<Val>, Failure>;

  // --- Threads. A thread's reports are kept until it has ended.

  struct Thread {
    struct Share {
      std::string instance, name;
      Ref<SharedMemory> memory;
    };
    const text::Thread* script = nullptr;
    std::vector<Share> shares;
    std::vector<std::pair<const text::Directive*, Verdict>> reports;
    std::optional<std::string> error;
    std::function<void()> join;
  };

  void start(const text::Thread& script, const Names& names) {
    auto thread = std::make_unique<Thread>();
    thread->script = &script;
    for (const std::string& name : script.shared) {
      for (auto& [item, memory] : shared_memories(name, names)) {
        thread->shares.push_back({name, item, (*store_)[memory].shared});
      }
    }
    const auto body = [this, running = thread.get()] { run_thread(*running); };
    if (start_thread_) {
      thread->join = start_thread_(body);
    } else {
      thread->join = body;
    }
    threads_[script.name] = std::move(thread);
  }

  // Returns the shared memories that the instance exports, with the names of the exports.
  std::vector<std::pair<std::string, Memory>> shared_memories(const std::string& name, const Names& names) {
    if (const auto known = names.shared.find(name); known != names.shared.end()) return known->second;
    std::vector<std::pair<std::string, Memory>> result;
    const auto instance = names.instances.find(name);
    if (instance == names.instances.end()) return result;
    for (const wasm::Export& item : module_of(*store_, instance->second).definition().exports) {
      if (item.kind != wasm::ExternKind::memory) continue;
      const auto memory = get_export_as<Memory>(*store_, instance->second, item.name);
      if (memory && (*store_)[*memory].shared) result.emplace_back(item.name, *memory);
    }
    return result;
  }

  // Runs in the thread. It uses only constant parts of the session that started it.
  void run_thread(Thread& thread) const {
    Result<std::unique_ptr<Store>> store = Store::create(engine_);
    if (!store) {
      thread.error = store.error().to_string();
      return;
    }
    Store& own_store = **store;
    // A thread that start_thread_ has started needs its own time limit, which is as long as the script's.
    std::optional<TimeLimit> limit;
    if (limit_ != 0 && start_thread_) limit.emplace(limit_);
    Session session(engine_, features_, start_thread_, limit_, *std::move(store));
    if (const Result<void> done = session.define_host(); !done) {
      thread.error = done.error().to_string();
      return;
    }
    Names names;
    for (typename Thread::Share& share : thread.shares) {
      const Result<Memory> memory = own_store.add_shared_memory(std::move(share.memory));
      if (!memory) {
        thread.error = memory.error().to_string();
        return;
      }
      names.shared[share.instance].emplace_back(share.name, *memory);
    }
    session.run(thread.script->directives, names, [&](const text::Directive& directive, Verdict verdict) {
      thread.reports.emplace_back(&directive, std::move(verdict));
    });
  }

  template <class Report>
  void report_thread(const std::string& name, const Report& report) {
    const auto found = threads_.find(name);
    if (found == threads_.end()) return;
    for (const auto& [directive, verdict] : found->second->reports) report(*directive, verdict);
    threads_.erase(found);
  }

  // --- Directives.

  Verdict execute(const text::DefineModule& define, Names& names) {
    Result<Ref<Module>> module = compile(define.module);
    names.last_module.reset();
    if (define.is_instantiated) names.last_instance.reset();
    if (!define.module.name.empty()) {
      names.modules.erase(define.module.name);
      if (define.is_instantiated) names.instances.erase(define.module.name);
    }
    if (!module) return failure(module.error().to_string());
    names.last_module = *module;
    if (!define.module.name.empty()) names.modules[define.module.name] = *module;
    if (!define.is_instantiated) return {};
    return instantiate(*module, define.module.name, names);
  }

  Verdict execute(const text::InstantiateModule& what, Names& names) {
    const std::optional<Ref<Module>> module = find_module(what.module, names);
    if (!module) return failure("there is no module " + what.module);
    return instantiate(*module, what.instance, names);
  }

  Verdict execute(const text::Register& what, Names& names) {
    registered_.insert(what.as);
    if (const auto shared = names.shared.find(what.instance); shared != names.shared.end()) {
      for (const auto& [name, memory] : shared->second) {
        if (const Result<void> done = linker_.define(what.as, name, memory); !done)
          return failure(done.error().to_string());
      }
      return {};
    }
    const std::optional<Instance> instance = find_instance(what.instance, names);
    if (!instance) return failure("there is no instance " + what.instance);
    const Result<void> done = linker_.define_instance(what.as, *instance);
    if (!done) return failure(done.error().to_string());
    return {};
  }

  Verdict execute(const text::Action& action, Names& names) {
    const Results results = act(action, names);
    if (!results) return failure(results.error().what());
    return {};
  }

  Verdict execute(const text::AssertReturn& assertion, Names& names) {
    const Results results = act(assertion.action, names);
    if (!results) return failure(results.error().what());
    if (match(*store_, *results, assertion.results)) return {};
    return failure("returned " + describe(std::span<const Val>(*results)) + ", expected " +
                   describe(std::span<const text::ResultPattern>(assertion.results)));
  }

  Verdict execute(const text::AssertTrap& assertion, Names& names) {
    return expect_trap(act(assertion.action, names), assertion.message);
  }

  Verdict execute(const text::AssertException& assertion, Names& names) {
    const Results results = act(assertion.action, names);
    if (results) return failure("returned " + describe(std::span<const Val>(*results)) + ", expected an exception");
    if (results.error().trap && results.error().trap->kind == wasm::TrapKind::uncaught_exception) return {};
    return failure(results.error().what() + ", expected an exception");
  }

  Verdict execute(const text::AssertModule& assertion, Names& names) {
    using Kind = text::AssertModule::Kind;
    const auto* module = std::get_if<text::ScriptModule>(&assertion.subject);
    switch (assertion.kind) {
      case Kind::malformed:
      case Kind::malformed_custom: return expect_refused(module, ErrorKind::malformed, assertion.message);
      case Kind::invalid:
      case Kind::invalid_custom: return expect_refused(module, ErrorKind::invalid, assertion.message);
      case Kind::unlinkable:
      case Kind::trap: break;
    }
    std::optional<Ref<Module>> compiled;
    if (module != nullptr) {
      Result<Ref<Module>> result = compile(*module);
      if (!result) return failure(result.error().to_string());
      compiled = *result;
    } else {
      const auto& instance = std::get<text::InstantiateModule>(assertion.subject);
      compiled = find_module(instance.module, names);
      if (!compiled) return failure("there is no module " + instance.module);
    }
    const Outcome<Instance> instance = linker_.instantiate(*compiled);
    if (assertion.kind == Kind::trap) {
      if (instance) return failure("was instantiated, expected trap: " + assertion.message);
      return expect_trap(std::unexpected(instance.error()), assertion.message);
    }
    if (instance) return failure("was instantiated, expected: " + assertion.message);
    const Failure& why = instance.error();
    if (!why.trap && why.error.kind == ErrorKind::link && says(why.error.message, assertion.message)) return {};
    return failure(why.what() + ", expected: " + assertion.message);
  }

  Verdict execute(const text::Wait& wait, Names&) {
    const auto thread = threads_.find(wait.thread);
    if (thread == threads_.end()) return failure("there is no thread " + wait.thread);
    thread->second->join();
    if (thread->second->error) return failure(*thread->second->error);
    return {};
  }

  Verdict execute(const text::Thread&, Names&) { return {}; }  // run() starts threads

  // --- Parts of directives.

  Result<Ref<Module>> compile(const text::ScriptModule& module) {
    if (!module.bytes) return fail(module.bytes.error());
    return Module::create(engine_, *module.bytes);
  }

  Verdict instantiate(const Ref<Module>& module, const std::string& name, Names& names) {
    names.last_instance.reset();
    const Outcome<Instance> instance = linker_.instantiate(module);
    if (!instance) return failure(instance.error().what());
    names.last_instance = *instance;
    if (name.empty()) return {};
    names.instances[name] = *instance;
    if (registered_.contains(name)) return {};
    // Scripts of other engines import from a named instance without registering it.
    const Result<void> defined = linker_.define_instance(name, *instance);
    return defined ? Verdict{} : failure(defined.error().to_string());
  }

  // find_module() and find_instance() return what the script has given this name, or the last one if the name is empty.
  static std::optional<Ref<Module>> find_module(const std::string& name, const Names& names) {
    if (name.empty()) return names.last_module;
    const auto found = names.modules.find(name);
    return found == names.modules.end() ? std::nullopt : std::optional(found->second);
  }

  static std::optional<Instance> find_instance(const std::string& name, const Names& names) {
    if (name.empty()) return names.last_instance;
    const auto found = names.instances.find(name);
    return found == names.instances.end() ? std::nullopt : std::optional(found->second);
  }

  static std::unexpected<Failure> error(std::string message) {
    return std::unexpected(Failure{std::nullopt, Error::of(ErrorKind::usage, std::move(message))});
  }

  // Calls a function or reads a global. Fails with the trap, or with an error if there is no such export.
  Results act(const text::Action& action, const Names& names) {
    const std::optional<Instance> instance = find_instance(action.instance, names);
    if (!instance) return error("there is no instance " + action.instance);
    if (action.kind == text::Action::Kind::get) {
      const auto global = get_export_as<Global>(*store_, *instance, action.name);
      if (!global) return error("there is no global \"" + action.name + '"');
      const GlobalObject& object = (*store_)[*global];
      const Result<Val> value = store_->load(object.type.type, object.vm->bytes.data());
      if (!value) return std::unexpected(Failure{std::nullopt, value.error()});
      return std::vector<Val>{*value};
    }
    const auto function = get_export_as<Func>(*store_, *instance, action.name);
    if (!function) return error("there is no function \"" + action.name + '"');
    std::vector<Val> arguments;
    for (const text::ScriptValue& value : action.arguments) {
      arguments.push_back(to_value(value));
    }
    std::expected<std::vector<Val>, Trap> results = call(*store_, *function, arguments);
    if (!results) return std::unexpected(Failure{std::move(results).error(), {}});
    return *std::move(results);
  }

  static Verdict expect_trap(const Results& results, const std::string& message) {
    if (results) {
      return failure("returned " + describe(std::span<const Val>(*results)) + ", expected trap: " + message);
    }
    const Failure& why = results.error();
    if (why.trap && (why.trap->what().starts_with(message) || why.trap->what() == without_number(message))) return {};
    return failure(why.what() + ", expected trap: " + message);
  }

  // Checks that the module is refused with an error of this kind and message.
  Verdict expect_refused(const text::ScriptModule* module, ErrorKind kind, const std::string& message) {
    if (module == nullptr) return failure("an instance is neither malformed nor invalid");
    std::optional<Error> refusal;
    if (!module->bytes) {
      refusal = module->bytes.error();
    } else {
      const Result<wasm::Module> decoded = wasm::decode_and_validate(*module->bytes, features_);
      if (!decoded) refusal = decoded.error();
    }
    if (!refusal) return failure("was accepted, expected: " + message);
    // An Error of kind limit is right, too, because a limit of the implementation may be reached before the rule of the
    // specification, with the same message. So is one of kind unsupported if features_of() has switched features off.
    const bool is_off = refusal->kind == ErrorKind::unsupported && features_ != engine_.options().features;
    const bool is_kind = refusal->kind == kind || refusal->kind == ErrorKind::limit || is_off;
    if (is_kind && says(refusal->message, message)) return {};
    return failure(refusal->to_string() + ", expected: " + message);
  }

  Engine& engine_;
  wasm::Features features_;
  const StartThread& start_thread_;
  uint64_t limit_;
  std::unique_ptr<Store> store_;
  Linker linker_;
  std::set<std::string> registered_;  // names that `register` directives have given
  std::map<std::string, std::unique_ptr<Thread>> threads_;
};

// Returns the features that a script expects. The scripts of the threads proposal date from a time when sizes had 32
// bits and a module had one memory, one table and no reference types but funcref. The specification's binary.wast
// expects that the flag of custom page sizes is malformed.
wasm::Features features_of(std::string_view name, wasm::Features features) {
  if (name.ends_with("/binary.wast") && !name.contains("proposals/")) {
    return features.without(wasm::Feature::custom_page_sizes);
  }
  if (!name.contains("proposals/threads/")) return features;
  for (wasm::Feature later : {wasm::Feature::memory64, wasm::Feature::multi_memory, wasm::Feature::reference_types,
                              wasm::Feature::function_references, wasm::Feature::gc}) {
    features = features.without(later);
  }
  return features;
}

bool is_assertion(const text::Directive& directive) { return text::keyword_of(directive).starts_with("assert_"); }

}  // namespace

void ScriptRunner::count_failure(std::string_view line) {
  ++totals_.failed;
  print_(line);
}

void ScriptRunner::run(std::string_view name, std::string_view source) {
  const wasm::Features features = features_of(name, engine_.options().features);
  const Result<text::Script> script = text::parse_script(source, name, features);
  if (!script) return count_failure(script.error().message);
  Result<std::unique_ptr<Store>> store = Store::create(engine_);
  if (!store) return count_failure(std::string(name) + ": " + store.error().to_string());
  std::optional<TimeLimit> limit;
  if (limit_ != 0) limit.emplace(limit_);
  Session session(engine_, features, start_thread_, limit_, *std::move(store));
  if (const Result<void> done = session.define_host(); !done) {
    return count_failure(std::string(name) + ": spectest: " + done.error().to_string());
  }
  Names names;
  session.run(script->directives, names, [&](const text::Directive& directive, const Verdict& verdict) {
    if (verdict) {
      if (is_assertion(directive)) ++totals_.passed;
      return;
    }
    count_failure(std::string(name) + ":" + decimal(directive.line) + ": " + std::string(text::keyword_of(directive)) +
                  ": " + verdict.error());
  });
  if (limit && TimeLimit::is_over()) {
    count_failure(std::string(name) + ": not done after the limit of " + decimal(limit_ / 1'000'000'000) + " s");
  }
}

}  // namespace cairn::runtime
