#include "kernel/shell/shell.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include "base/format.hpp"
#include "kernel/cpu_features.hpp"
#include "kernel/devices/device_signal.hpp"
#include "kernel/fibers/core.hpp"
#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/account.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/program/supervisor.hpp"
#include "kernel/shell/line_editor.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr char kControlC = 3;

// The words of a command line, without the command.
using Words = std::span<const std::string_view>;

class Shell;

struct Command {
  std::string_view name;
  std::string_view arguments;  // for the help
  std::string_view help;
  size_t fewest, most;  // the numbers of words after the command
  void (*run)(Shell& shell, Words words);
};

void print(const LogLine& line) { write_serial(line.text()); }

template <class... Parts>
void print_line(const Parts&... parts) {
  LogLine line;
  (line << ... << parts) << "\n";
  print(line);
}

// A text and the spaces after it that fill a column.
class Column {
 public:
  Column(std::string_view text, size_t width) : text_(text), width_(width) {}
  friend LogLine& operator<<(LogLine& line, const Column& column) {
    line << column.text_;
    for (size_t i = column.text_.size(); i < column.width_; ++i) line << " ";
    return line;
  }

 private:
  std::string_view text_;
  size_t width_;
};

// A number in text.
class Digits {
 public:
  explicit Digits(uint64_t number) : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  [[nodiscard]] std::string_view text() const { return {text_.data(), static_cast<size_t>(end_ - text_.data())}; }

 private:
  std::array<char, 20> text_;
  const char* end_;
};

// The time between two looks at the keyboard, in nanoseconds, while the shell waits for something else, too, or if the
// serial port does not interrupt.
constexpr uint64_t kPause = 10'000'000;

// Raised when a key is typed. It is not part of the shell, because the interrupt stays connected for good.
constinit DeviceSignal key_signal;

// The keys that were typed and have not been read yet.
class Keys {
 public:
  Keys() : interrupts_(machine::connect_console(key_signal)) {
    if (!interrupts_) key_signal.begin_polling(kPause);
  }

  // Waits for a key.
  char read() {
    if (first_ != end_) return kept_[first_++ % kept_.size()];
    for (DeviceWait wait(key_signal, EndsWithTime::no);; wait.wait()) {
      if (interrupts_) machine::allow_console_interrupt();
      if (const int c = machine::console_try_read(); c >= 0) return static_cast<char>(c);
    }
  }
  // Returns whether Ctrl-C was typed since the last call. Keeps the other keys for read(), as many as it has room for.
  bool has_interrupt() {
    for (int c; (c = machine::console_try_read()) >= 0;) {
      if (c == kControlC) return true;
      if (end_ - first_ < kept_.size()) kept_[end_++ % kept_.size()] = static_cast<char>(c);
    }
    return false;
  }

 private:
  std::array<char, 1024> kept_;
  size_t first_ = 0, end_ = 0;
  bool interrupts_;
};

class Shell final : private LineTerminal {
 public:
  explicit Shell(Supervisor* supervisor) : supervisor_(supervisor) {}

  [[noreturn]] void run();

  void show_help(Words words);
  void show_programs();
  void show_running();
  void show_shares();
  void start(Words words);
  void wait(std::string_view name);
  void kill(std::string_view name);
  void show_limits(std::string_view name);

 private:
  void write(std::string_view text) override { write_serial(text); }
  size_t complete(std::string_view before, std::string_view word, std::span<std::string_view> words) override;

  void execute(std::string_view text);
  // Returns the index of a started program by its number or its name. If several have the name, takes the last one that
  // has not ended. Prints a message and returns nothing if there is none.
  std::optional<size_t> find(std::string_view name);
  // Returns the index of the last started program with this name that runs.
  std::optional<size_t> find_running(std::string_view name);
  const BundledProgram* find_bundled(std::string_view name);
  // Waits until a program has ended. Ctrl-C kills it if `kills`, otherwise ends the wait.
  void wait_for(size_t index, bool kills);
  static void report(const ProgramStatus& status);
  // Forgets the programs that the command `run` has started and that have ended. Called after their ends were shown.
  void forget_ended();

  Supervisor* supervisor_;
  Keys keys_;
  LineEditor editor_{*this, "cairn> "};
};

std::string_view state_name(const ProgramStatus& status) {
  switch (status.state) {
    case ProgramState::running: return "runs";
    case ProgramState::waiting: return "waits";
    case ProgramState::ended: return "ended";
  }
  return "";
}

void show_memory() {
  const MemoryStatistics memory = memory_statistics();
  print_line("total ", memory.total >> 10, " KiB, used ", (memory.total - memory.free) >> 10, " KiB, heap ",
             memory.heap >> 10, " KiB, committed ", memory.committed >> 10, " KiB, filled ", memory.filled >> 10,
             " KiB");
  constexpr size_t kWidth = 10;
  const auto kibibytes = [](uint64_t frames) { return Digits(frames << kPageBits >> 10); };
  LogLine names;
  names << Column("IN KiB", 20) << Column("total", kWidth) << Column("peak", kWidth) << Column("limit", kWidth);
  for (size_t use = 0; use < kUses; ++use) names << Column(to_string(static_cast<Use>(use)), kWidth);
  print_line(names.text());
  std::array<AccountState, 32> accounts;
  const size_t count = read_accounts(accounts);
  for (size_t i = 0; i < std::min(count, accounts.size()); ++i) {
    const AccountState& account = accounts[i];
    LogLine line;
    line << Column(i == 0 ? "the system" : account.name_text(), 20) << Column(kibibytes(account.total).text(), kWidth)
         << Column(kibibytes(account.peak).text(), kWidth)
         << Column(account.limit == AccountState::kNoLimit ? "none" : kibibytes(account.limit).text(), kWidth);
    for (const uint64_t frames : account.frames) line << Column(kibibytes(frames).text(), kWidth);
    print_line(line.text());
  }
  if (count > accounts.size()) print_line("and ", uint64_t{count - accounts.size()}, " other programs");
}

void show_time() {
  LogLine line;
  line << "up " << nanoseconds_since_boot() / 1'000'000 << " ms";
  if (has_wall_clock()) line << ", " << wall_clock_nanoseconds() / kSecond << " s since 1970";
  line << "\n";
  print(line);
}

void show_cpus() {
  const compiler::CpuFeatures f = detect_cpu_features();
  const std::pair<std::string_view, bool> names[] = {
      {"sse4.2", f.sse42}, {"popcnt", f.popcnt}, {"lzcnt", f.lzcnt}, {"bmi1", f.bmi1}, {"bmi2", f.bmi2}, {"avx", f.avx},
      {"avx2", f.avx2},    {"fma", f.fma},       {"zba", f.zba},     {"zbb", f.zbb},   {"zbs", f.zbs},   {"v", f.v}};
  LogLine line;
  line << "CPUs: " << uint64_t{cpu_count()} << "; optional instruction sets:";
  for (const auto& [name, present] : names) {
    if (present) line << " " << name;
  }
  line << "\n";
  print(line);
  const LongestDelay delay = longest_delay();
  print_line("preemptions: ", preemption_count(), "; kernel code kept a CPU for ", delay.nanoseconds / 1000,
             " us at most", delay.pc == 0 ? "" : ", last in ", delay.pc == 0 ? "" : find_symbol(delay.pc).name);
  const DeviceInterrupts devices = device_interrupts();
  print_line("interrupts of devices: ", devices.handled, "; missed: ", devices.missed);
  print_line("spurious interrupts: ", spurious_interrupts());
}

// Shows the lines of the log that all filters admit: a level, a part of the kernel, or the name of a program.
void show_log(Words filters) {
  for (uint64_t number = 0;;) {
    const auto record = take_log_record(number);
    if (!record) return;
    const bool admitted = std::ranges::all_of(filters, [&](std::string_view filter) {
      if (const auto level = parse_log_level(filter)) return record->level <= *level;
      if (const auto subsystem = parse_subsystem(filter)) return record->subsystem == *subsystem;
      return record->program() == filter;
    });
    if (!admitted) continue;
    const uint64_t milliseconds = record->nanoseconds / 1'000'000;
    print_line(Column(Digits(milliseconds).text(), 9), "CPU ", Column(Digits(record->cpu).text(), 3),
               Column(to_string(record->level), 8), Column(to_string(record->subsystem), 8),
               Column(record->program(), record->program().empty() ? 0 : record->program().size() + 1), record->text());
  }
}

void show_levels() {
  LogLine line;
  for (size_t i = 0; i < kSubsystems; ++i) {
    const auto subsystem = static_cast<Subsystem>(i);
    line << (i == 0 ? "" : ",") << to_string(subsystem) << "=" << to_string(log_levels()[subsystem]);
  }
  print_line(line.text());
}

void set_levels(std::string_view words) {
  if (const auto wrong = log_levels().set(words))
    print_line("`", *wrong, "` is neither a level (off, error, warning, info, debug, trace) nor PART=LEVEL");
}

// Recurses until the kernel's stack overflows.
[[gnu::noinline]] uint64_t go_down(uint64_t depth) {
  volatile uint64_t mark = depth;
  return mark == ~uint64_t{0} ? 0 : go_down(mark + 1) + mark;
}

constexpr size_t kMany = 64;

constexpr Command kCommands[] = {
    {"help", "[COMMAND]", "lists the commands, or explains one", 0, 1,
     [](Shell& shell, Words words) { shell.show_help(words); }},
    {"programs", "", "lists the programs of the boot bundle", 0, 0, [](Shell& shell, Words) { shell.show_programs(); }},
    {"ps", "", "lists the programs that were started", 0, 0, [](Shell& shell, Words) { shell.show_running(); }},
    {"top", "", "shows their shares of the CPUs each second, until a key is pressed", 0, 0,
     [](Shell& shell, Words) { shell.show_shares(); }},
    {"run", "PROGRAM [ARGUMENT].. [&]",
     "starts a program of the bundle once more, and waits for it unless & ends the line", 1, kMany,
     [](Shell& shell, Words words) { shell.start(words); }},
    {"wait", "PROGRAM", "waits until a program has ended", 1, 1,
     [](Shell& shell, Words words) { shell.wait(words[0]); }},
    {"kill", "PROGRAM", "ends a program, whatever it does", 1, 1,
     [](Shell& shell, Words words) { shell.kill(words[0]); }},
    {"limits", "PROGRAM", "shows the limits of a program, and what it has in use", 1, 1,
     [](Shell& shell, Words words) { shell.show_limits(words[0]); }},
    {"mem", "", "shows how much memory is in use", 0, 0, [](Shell&, Words) { show_memory(); }},
    {"cpus", "", "shows how many CPUs there are, and what they offer", 0, 0, [](Shell&, Words) { show_cpus(); }},
    {"log", "[FILTER]..", "shows the log's newest lines: those of a level, a part of the kernel, a program", 0, kMany,
     [](Shell&, Words words) { show_log(words); }},
    {"level", "[LEVEL|PART=LEVEL,..]", "shows or sets which lines the log keeps, as in info,memory=off", 0, 1,
     [](Shell&, Words words) { words.empty() ? show_levels() : set_levels(words[0]); }},
    {"time", "", "shows the time since boot and the time of day", 0, 0, [](Shell&, Words) { show_time(); }},
    {"version", "", "says which system this is", 0, 0,
     [](Shell&, Words) { print_line("Cairn, a WebAssembly operating system"); }},
    {"panic", "", "stops the kernel as a bug would", 0, 0, [](Shell&, Words) { panic("asked for in the shell"); }},
    {"overflow", "", "overflows the kernel's stack as a bug would", 0, 0, [](Shell&, Words) { go_down(0); }},
    {"poweroff", "", "switches the machine off", 0, 0, [](Shell&, Words) { machine::power_off(0); }},
    {"reboot", "", "starts the machine anew", 0, 0, [](Shell&, Words) { machine::restart(); }},
};

const Command* find_command(std::string_view name) {
  const auto* const found = std::ranges::find(kCommands, name, &Command::name);
  return found == std::end(kCommands) ? nullptr : found;
}

void Shell::show_help(Words words) {
  for (const Command& command : kCommands) {
    if (!words.empty() && words[0] != command.name) continue;
    LogLine usage;
    usage << command.name << " " << command.arguments;
    print_line("  ", Column(usage.text(), 30), command.help);
  }
  if (words.empty()) {
    print_line("  PROGRAM is a name or a number of `ps`. Ctrl-C ends the program that `run` waits for, Tab completes,");
    print_line("  the arrow keys edit the line and recall earlier ones. Ctrl-A X leaves QEMU.");
  } else if (find_command(words[0]) == nullptr) {
    print_line("there is no command `", words[0], "`");
  }
}

void Shell::show_programs() {
  if (supervisor_ == nullptr || supervisor_->bundle().programs.empty()) return print_line("there are no programs");
  for (const BundledProgram& program : supervisor_->bundle().programs)
    print_line(Column(program.config.name, 20), supervisor_->bundle().modules[program.config.module].size(),
               " bytes of module");
}

void Shell::show_running() {
  if (supervisor_ == nullptr || supervisor_->count() == 0) return print_line("no program was started");
  print_line(Column("NUMBER", 8), Column("NAME", 20), Column("STATE", 8), Column("RUNS", 6), Column("STATUS", 8),
             "CPU TIME");
  for (size_t i = 0; i < supervisor_->count(); ++i) {
    const ProgramStatus status = supervisor_->status(i);
    const bool has_status = status.state != ProgramState::running;
    print_line(Column(Digits(status.number).text(), 8), Column(status.name, 20), Column(state_name(status), 8),
               Column(Digits(status.runs).text(), 6),
               Column(has_status ? Digits(static_cast<uint64_t>(status.status)).text() : "-", 8),
               status.cpu_nanoseconds / 1'000'000, " ms");
  }
  forget_ended();
}

void Shell::show_shares() {
  if (supervisor_ == nullptr || supervisor_->count() == 0) return print_line("no program was started");
  std::array<uint64_t, kMany> before{};
  const size_t count = std::min(supervisor_->count(), before.size());
  for (size_t i = 0; i < count; ++i) before[i] = supervisor_->status(i).cpu_nanoseconds;
  for (uint64_t last = nanoseconds_since_boot();;) {
    while (nanoseconds_since_boot() < last + kSecond) {
      if (machine::console_try_read() >= 0) return;
      sleep_until(nanoseconds_since_boot() + kPause);
    }
    const uint64_t now = nanoseconds_since_boot();
    print_line(Column("NUMBER", 8), Column("NAME", 20), Column("STATE", 8), "% OF A CPU");
    for (size_t i = 0; i < count; ++i) {
      const ProgramStatus status = supervisor_->status(i);
      print_line(Column(Digits(status.number).text(), 8), Column(status.name, 20), Column(state_name(status), 8),
                 (status.cpu_nanoseconds - before[i]) * 100 / (now - last));
      before[i] = status.cpu_nanoseconds;
    }
    last = now;
  }
}

void Shell::forget_ended() {
  for (size_t i = supervisor_->count(); i-- != 0;) {
    const ProgramStatus status = supervisor_->status(i);
    if (status.state == ProgramState::ended && status.number >= supervisor_->bundle().programs.size())
      supervisor_->forget(i);
  }
}

std::optional<size_t> Shell::find_running(std::string_view name) {
  std::optional<size_t> found;
  for (size_t i = 0; supervisor_ != nullptr && i < supervisor_->count(); ++i) {
    const ProgramStatus status = supervisor_->status(i);
    if (name == status.name && status.state == ProgramState::running) found = i;
  }
  return found;
}

std::optional<size_t> Shell::find(std::string_view name) {
  std::optional<size_t> found;
  for (size_t i = 0; supervisor_ != nullptr && i < supervisor_->count(); ++i) {
    const ProgramStatus status = supervisor_->status(i);
    if (name == Digits(status.number).text()) return i;
    if (name != status.name) continue;
    if (!found || status.state != ProgramState::ended) found = i;
  }
  if (!found) print_line("no program `", name, "` was started; `ps` lists those that were");
  return found;
}

const BundledProgram* Shell::find_bundled(std::string_view name) {
  if (supervisor_ != nullptr) {
    for (const BundledProgram& program : supervisor_->bundle().programs) {
      if (program.config.name == name) return &program;
    }
  }
  print_line("the boot bundle has no program `", name, "`; `programs` lists those that it has");
  return nullptr;
}

void Shell::start(Words words) {
  const bool waits = words.back() != "&";
  if (!waits) words = words.first(words.size() - 1);
  const BundledProgram* const program = words.empty() ? nullptr : find_bundled(words[0]);
  if (program == nullptr) return;
  const auto number = supervisor_->start_another(*program, words.subspan(1));
  if (!number) return print_line("it does not start: ", number.error().message);
  if (waits) return wait_for(supervisor_->count() - 1, true);
  print_line("number ", *number);
}

void Shell::report(const ProgramStatus& status) {
  if (status.status != 0) print_line("`", status.name, "` ended with status ", status.status);
}

void Shell::wait_for(size_t index, bool kills) {
  while (!supervisor_->wait(index, nanoseconds_since_boot() + kPause)) {
    if (!keys_.has_interrupt()) continue;
    print_line("^C");
    if (!kills) return;
    supervisor_->kill(index);
  }
  report(supervisor_->status(index));
  forget_ended();
}

void Shell::wait(std::string_view name) {
  if (const auto index = find(name)) wait_for(*index, false);
}

void Shell::kill(std::string_view name) {
  const auto index = find(name);
  if (!index) return;
  supervisor_->kill(*index);
  wait_for(*index, false);
}

void Shell::show_limits(std::string_view name) {
  const BundledProgram* const program = find_bundled(name);
  if (program == nullptr) return;
  const ProgramConfig& config = program->config;
  const std::optional<size_t> running = find_running(name);
  print_line(Column("LIMIT", 16), Column("VALUE", 16), "IN USE");
  for (const LimitKind& kind : kLimitKinds) {
    const uint64_t value = config.limits[kind.limit];
    const auto use = running ? supervisor_->use_of(*running, kind.limit) : std::nullopt;
    print_line(Column(kind.name, 16), Column(value == kNoLimit ? "none" : limit_text(kind, value), 16),
               use ? limit_text(kind, *use) : "-");
  }
  print_line(Column("weight", 16), config.weight);
  print_line(Column("restart", 16), to_string(config.restart));
}

size_t Shell::complete(std::string_view before, std::string_view word, std::span<std::string_view> words) {
  size_t count = 0;
  const auto offer = [&](std::string_view text) {
    if (text.starts_with(word) && count < words.size()) words[count++] = text;
  };
  const std::string_view command = before.substr(0, before.find(' '));
  if (before.empty() || command == "help") {
    for (const Command& known : kCommands) offer(known.name);
  } else if (supervisor_ != nullptr) {
    for (const BundledProgram& program : supervisor_->bundle().programs) offer(program.config.name);
  }
  return count;
}

void Shell::execute(std::string_view text) {
  std::array<std::string_view, kMany + 1> words;
  size_t count = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end != 0 && count == words.size()) return print_line("a command has ", kMany, " words at most");
    if (end != 0) words[count++] = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (count == 0) return;
  const Command* const command = find_command(words[0]);
  if (command == nullptr) return print_line("unknown command `", words[0], "`; try `help`");
  if (count - 1 < command->fewest || count - 1 > command->most)
    return print_line("usage: ", command->name, " ", command->arguments);
  command->run(*this, Words(words).subspan(1, count - 1));
}

void Shell::run() {
  if (supervisor_ != nullptr) supervisor_->start_all();
  for (;;) {
    editor_.begin();
    LineEditor::Event event;
    do event = editor_.key(keys_.read());
    while (event == LineEditor::Event::none);
    if (event == LineEditor::Event::line) execute(editor_.line());
    if (event == LineEditor::Event::end) print_line("`poweroff` ends the machine");
  }
}

}  // namespace

void run_shell(const Bundle* bundle) {
  std::unique_ptr<Supervisor> supervisor;
  if (bundle != nullptr) {
    auto made = Supervisor::create(*bundle);
    if (!made) print_line("the programs cannot be started: ", made.error().message);
    if (made) supervisor = *std::move(made);
  }
  Shell(supervisor.get()).run();
}

}  // namespace cairn::kernel
