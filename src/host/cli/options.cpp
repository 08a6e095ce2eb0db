#include "host/cli/options.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "wasm/types/features.hpp"

namespace cairn::cli {
namespace {

constexpr unsigned bit(Command command) { return 1u << static_cast<unsigned>(command); }
constexpr unsigned kMachineCommands =
    bit(Command::run) | bit(Command::boot) | bit(Command::wast) | bit(Command::try_modules);
constexpr unsigned kEngineCommands = bit(Command::run) | bit(Command::compile) | bit(Command::objdump) |
                                     bit(Command::validate) | bit(Command::wast) | bit(Command::try_modules);
constexpr unsigned kEveryCommand = ~0u;

enum class Argument : uint8_t { none, required };

// An option: `set` stores its value and returns whether the value is valid.
struct Option {
  std::string_view name;
  Argument argument;
  unsigned commands;          // the commands that have the option: a set of bit(Command)
  std::string_view expected;  // for the message about an invalid value
  bool (*set)(Options&, std::string_view value);
};

struct NamedCommand {
  std::string_view name;
  Command command;
  size_t min_operands, max_operands;
};

constexpr size_t kAny = SIZE_MAX;
constexpr NamedCommand kCommands[] = {
    {"run", Command::run, 1, kAny},           {"compile", Command::compile, 1, 1},
    {"objdump", Command::objdump, 1, 1},      {"boot", Command::boot, 0, 1},
    {"validate", Command::validate, 1, kAny}, {"wast", Command::wast, 1, kAny},
    {"try", Command::try_modules, 1, kAny},   {"wat2wasm", Command::wat2wasm, 1, 1},
    {"wasm2wat", Command::wasm2wat, 1, 1},
};

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool set_memory(Options& options, std::string_view value) {
  const std::optional<uint64_t> bytes = host::parse_memory(value);
  if (bytes) options.memory_bytes = *bytes;
  return bytes.has_value();
}

bool set_directory(Options& options, std::string_view value) {
  auto directory = host::parse_directory(value);
  if (!directory) return false;
  options.directories.push_back(*std::move(directory));
  return true;
}

bool set_limit(Options& options, std::string_view value) {
  const size_t equals = value.find('=');
  if (equals == std::string_view::npos) return false;
  const LimitKind* const kind = find_limit(value.substr(0, equals));
  if (kind == nullptr) return false;
  const std::optional<uint64_t> amount = host::parse_limit(*kind, value.substr(equals + 1));
  if (amount) options.limits.set(kind->limit, *amount);
  return amount.has_value();
}

bool add_companion(Options& options, std::string_view value) {
  std::vector<std::string> words;
  while (!value.empty()) {
    const std::string_view word = value.substr(0, value.find(' '));
    if (!word.empty()) words.emplace_back(word);
    value.remove_prefix(std::min(value.size(), word.size() + 1));
  }
  if (words.empty()) return false;
  options.companions.push_back(std::move(words));
  return true;
}

bool set_disabled(Options& options, std::string_view value) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view name = value.substr(0, comma);
    bool known = false;
#define X(id, text) known = known || name == text;
    CAIRN_WASM_FEATURES(X)
#undef X
    if (!known) return false;
    options.disabled_features.emplace_back(name);
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
  }
  return true;
}

template <class T>
bool choose(T& out, std::string_view value, std::initializer_list<std::pair<std::string_view, T>> choices) {
  for (const auto& [name, choice] : choices) {
    if (name != value) continue;
    out = choice;
    return true;
  }
  return false;
}

constexpr Option kOptions[] = {
    {"--target", Argument::required, kEngineCommands | kMachineCommands, "x86_64, riscv64, host or host-riscv64",
     [](Options& o, std::string_view v) {
       return choose(o.target, v,
                     {{"x86_64", Target::x86_64},
                      {"riscv64", Target::riscv64},
                      {"host", Target::host},
                      {"host-riscv64", Target::host_riscv64}});
     }},
    {"--machine", Argument::required, kMachineCommands, "q35 or microvm",
     [](Options& o, std::string_view v) {
       return choose(o.machine, v, {{"microvm", Machine::microvm}, {"q35", Machine::q35}});
     }},
    {"--accel", Argument::required, kMachineCommands, "tcg, kvm or auto",
     [](Options& o, std::string_view v) {
       return choose(o.accelerator, v,
                     {{"tcg", Accelerator::tcg}, {"kvm", Accelerator::kvm}, {"auto", Accelerator::automatic}});
     }},
    {"--cpus", Argument::required, kMachineCommands, "a number from 1 to 64",
     [](Options& o, std::string_view v) {
       const std::optional<unsigned> number = parse_number<unsigned>(v);
       if (!number || *number == 0 || *number > host::kMaximumCpus) return false;
       o.cpus = *number;
       return true;
     }},
    {"--cpu", Argument::required, kMachineCommands, "QEMU's name of a CPU",
     [](Options& o, std::string_view v) { return !(o.cpu = v).empty(); }},
    {"--memory", Argument::required, kMachineCommands, host::kMemoryExpected, set_memory},
    {"--paging", Argument::required, kMachineCommands, "sv39, sv48 or sv57",
     [](Options& o, std::string_view v) { return (o.paging = v) == "sv39" || v == "sv48" || v == "sv57"; }},
    {"--with", Argument::required, bit(Command::run), "a program and its arguments, separated by spaces",
     add_companion},
    {"--limit", Argument::required, bit(Command::run),
     "LIMIT=VALUE, such as memory=64M, cpu-time=500ms or fibers=16 (docs/manual/limits.md)", set_limit},
    {"--raw", Argument::none, bit(Command::run), "",
     [](Options& o, std::string_view) { return !(o.marks_output = false); }},
    {"--env", Argument::required, bit(Command::run), "NAME=VALUE",
     [](Options& o, std::string_view v) {
       o.environment.emplace_back(v);
       return v.find('=') != std::string_view::npos && v[0] != '=' && v.find('\0') == std::string_view::npos;
     }},
    {"--dir", Argument::required, bit(Command::run), "HOST::GUEST", set_directory},
    {"--invoke", Argument::required, bit(Command::run), "the name of an exported function",
     [](Options& o, std::string_view v) { return !(o.invoke = v).empty(); }},
    {"--unknown-imports", Argument::required, bit(Command::run), "trap or error",
     [](Options& o, std::string_view v) {
       return choose(o.trap_unknown_imports, v, {{"trap", true}, {"error", false}});
     }},
    {"--allow", Argument::required, bit(Command::run), "system",
     [](Options& o, std::string_view v) { return o.allows_system = v == "system"; }},
    {"--root", Argument::required, bit(Command::run), "memory or none",
     [](Options& o, std::string_view v) { return choose(o.has_default_root, v, {{"memory", true}, {"none", false}}); }},
    {"--limit", Argument::required, bit(Command::wast), "a number of seconds from 1 to 86400",
     [](Options& o, std::string_view v) {
       const std::optional<unsigned> number = parse_number<unsigned>(v);
       if (!number || *number == 0 || *number > 86400) return false;
       o.limit_nanoseconds = uint64_t{*number} * 1'000'000'000;
       return true;
     }},
    {"--time", Argument::none, kMachineCommands & ~bit(Command::boot), "",
     [](Options& o, std::string_view) { return o.report_times = true; }},
    {"--verbose", Argument::none, kEveryCommand, "", [](Options& o, std::string_view) { return o.verbose = true; }},
    {"--bounds", Argument::required, kEngineCommands, "guard or check",
     [](Options& o, std::string_view v) {
       return choose(o.bounds, v, {{"guard", BoundsMode::guard}, {"check", BoundsMode::check}});
     }},
    {"--gc-stress", Argument::none, kEngineCommands, "",
     [](Options& o, std::string_view) { return !o.engine_options.emplace_back("gc-stress=on").empty(); }},
    {"--gc-verify", Argument::none, kEngineCommands, "",
     [](Options& o, std::string_view) { return !o.engine_options.emplace_back("gc-verify=on").empty(); }},
    {"--disable", Argument::required, kEngineCommands, "names of features, such as simd,threads", set_disabled},
    {"--engine", Argument::required, kEngineCommands, "KEY=VALUE",
     [](Options& o, std::string_view v) { return !o.engine_options.emplace_back(v).empty(); }},
    {"-o", Argument::required, bit(Command::compile) | bit(Command::wat2wasm) | bit(Command::wasm2wat), "a file name",
     [](Options& o, std::string_view v) { return !(o.output = v).empty(); }},
    {"--function", Argument::required, bit(Command::objdump), "a function's name or index",
     [](Options& o, std::string_view v) { return !(o.function = v).empty(); }},
};

std::unexpected<Error> usage(std::string message) {
  return fail(Error::of(ErrorKind::usage, std::move(message) + " (`./cairn help` explains)"));
}

const Option* find_option(std::string_view name, Command command) {
  for (const Option& option : kOptions) {
    if (option.name == name && (option.commands & bit(command)) != 0) return &option;
  }
  return nullptr;
}

Result<void> check_system_file(const Options& options) {
  if (options.operands.size() > 1) return usage("a system file takes no arguments; it has those of its programs");
  for (const std::string_view name :
       {"--with", "--limit", "--env", "--dir", "--root", "--invoke", "--unknown-imports", "--allow"}) {
    if (options.has(name)) return usage(std::string(name) + " is for a program; a system file describes its programs");
  }
  return {};
}

Result<void> check_combination(const Options& options) {
  if (options.has("--machine") && options.target != Target::x86_64) return usage("--machine is for --target x86_64");
  if (!options.paging.empty() && options.target != Target::riscv64) return usage("--paging is for --target riscv64");
  if (options.accelerator != Accelerator::tcg && !is_machine(options.target))
    return usage("--accel is for --target x86_64 and riscv64");
  if (options.command == Command::boot && !is_machine(options.target))
    return usage("boot needs --target x86_64 or riscv64");
  for (const LimitKind& kind : kLimitKinds) {
    if (options.limits.is_given(kind.limit) && !kind.is_of_process && !is_machine(options.target)) {
      return usage("a process cannot keep --limit " + std::string(kind.name) + "; --target x86_64 and riscv64 can");
    }
  }
  if (options.command == Command::boot && !options.operands.empty() && !is_system_file(options))
    return usage("boot takes a system file, whose name ends in .toml, not " + options.operands[0]);
  if (is_system_file(options)) return check_system_file(options);
  return {};
}

}  // namespace

bool is_system_file(const Options& options) {
  const bool runs = options.command == Command::run || options.command == Command::boot;
  return runs && !options.operands.empty() && options.operands[0].ends_with(".toml");
}

std::string_view to_string(Target target) {
  switch (target) {
    case Target::x86_64: return "x86_64";
    case Target::riscv64: return "riscv64";
    case Target::host: return "host";
    case Target::host_riscv64: return "host-riscv64";
  }
  return "?";
}

std::string_view to_string(Accelerator accelerator) {
  switch (accelerator) {
    case Accelerator::tcg: return "tcg";
    case Accelerator::kvm: return "kvm";
    case Accelerator::automatic: return "auto";
  }
  return "?";
}

Result<Options> parse_options(std::span<char* const> arguments) {
  if (arguments.empty()) return usage("no command given");
  const std::string_view command_name = arguments[0];
  const NamedCommand* command = nullptr;
  for (const NamedCommand& candidate : kCommands) {
    if (candidate.name == command_name) command = &candidate;
  }
  if (command == nullptr) return usage("unknown command `" + std::string(command_name) + "`");

  Options options;
  options.command = command->command;
  // These commands run on the host unless --target names a machine.
  if (options.command == Command::validate || options.command == Command::wast ||
      options.command == Command::try_modules) {
    options.target = Target::host;
  }
  bool options_ended = false;
  for (size_t i = 1; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (options_ended || argument.size() < 2 || argument[0] != '-') {
      options.operands.emplace_back(argument);
      options_ended = options_ended || options.command == Command::run;
      continue;
    }
    if (argument == "--") {
      options_ended = true;
      continue;
    }
    const size_t equals = argument.starts_with("--") ? argument.find('=') : std::string_view::npos;
    const std::string_view name = argument.substr(0, equals);
    const Option* option = find_option(name, options.command);
    if (option == nullptr) return usage("unknown option `" + std::string(name) + "` of " + std::string(command_name));
    std::string_view value;
    if (option->argument == Argument::required) {
      if (equals != std::string_view::npos) {
        value = argument.substr(equals + 1);
      } else if (i + 1 < arguments.size()) {
        value = arguments[++i];
      } else {
        return usage(std::string(name) + " needs " + std::string(option->expected));
      }
    } else if (equals != std::string_view::npos) {
      return usage(std::string(name) + " takes no value");
    }
    if (!option->set(options, value)) {
      return usage(std::string(name) + " needs " + std::string(option->expected) + ", not `" + std::string(value) +
                   "`");
    }
    options.given.push_back(option->name);
  }
  if (options.operands.size() < command->min_operands) {
    return usage(std::string(command_name) + (options.command == Command::run ? " needs a program" : " needs a file"));
  }
  if (options.operands.size() > command->max_operands) {
    return usage("unexpected argument `" + options.operands[command->max_operands] + "`");
  }
  CAIRN_TRY(check_combination(options));
  if (options.target == Target::riscv64) options.machine = Machine::virt;
  return options;
}

}  // namespace cairn::cli
