#include "kernel/shell/shell.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "kernel/machine.hpp"
#include "kernel/panic.hpp"
#include "kernel/program/supervisor.hpp"
#include "kernel/shell/console_text.hpp"
#include "kernel/shell/keys.hpp"
#include "kernel/shell/line_editor.hpp"
#include "kernel/shell/machine_commands.hpp"
#include "kernel/shell/program_commands.hpp"

namespace cairn::kernel {
namespace {

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

class Shell final : private LineTerminal {
 public:
  explicit Shell(Supervisor* supervisor) : supervisor_(supervisor) {}

  [[noreturn]] void run();

  void show_help(Words words);
  ProgramCommands& programs() { return programs_; }

 private:
  void write(std::string_view text) override { write_serial(text); }
  size_t complete(std::string_view before, std::string_view word, std::span<std::string_view> words) override;
  void execute(std::string_view text);

  Supervisor* supervisor_;
  Keys keys_;
  ProgramCommands programs_{supervisor_, keys_};
  LineEditor editor_{*this, "cairn> "};
};

// Recurses until the kernel's stack overflows.
[[gnu::noinline]] uint64_t go_down(uint64_t depth) {
  volatile uint64_t mark = depth;
  return mark == ~uint64_t{0} ? 0 : go_down(mark + 1) + mark;
}

constexpr size_t kMany = 64;

constexpr Command kCommands[] = {
    {"help", "[COMMAND]", "lists the commands, or explains one", 0, 1,
     [](Shell& shell, Words words) { shell.show_help(words); }},
    {"programs", "", "lists the programs of the boot bundle", 0, 0,
     [](Shell& shell, Words) { shell.programs().show_programs(); }},
    {"ps", "", "lists the programs that were started", 0, 0,
     [](Shell& shell, Words) { shell.programs().show_running(); }},
    {"top", "", "shows their shares of the CPUs each second, until a key is pressed", 0, 0,
     [](Shell& shell, Words) { shell.programs().show_shares(); }},
    {"run", "PROGRAM [ARGUMENT].. [| ..] [&]",
     "starts a program of the bundle once more, and waits for it unless & ends the line; `|` gives its output to a "
     "further program",
     1, kMany, [](Shell& shell, Words words) { shell.programs().start(words); }},
    {"wait", "PROGRAM", "waits until a program has ended", 1, 1,
     [](Shell& shell, Words words) { shell.programs().wait(words[0]); }},
    {"kill", "PROGRAM", "ends a program, whatever it does", 1, 1,
     [](Shell& shell, Words words) { shell.programs().kill(words[0]); }},
    {"stop", "PROGRAM [SECONDS]", "asks a program to end, and kills it after 5 or so many seconds", 1, 2,
     [](Shell& shell, Words words) { shell.programs().stop(words); }},
    {"limits", "PROGRAM", "shows the limits of a program, and what it has in use", 1, 1,
     [](Shell& shell, Words words) { shell.programs().show_limits(words[0]); }},
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
    {"poweroff", "", "asks all programs to end, and switches the machine off after a second at most", 0, 0,
     [](Shell& shell, Words) {
       shell.programs().stop_all();
       machine::power_off(0);
     }},
    {"reboot", "", "asks all programs to end, and starts the machine anew after a second at most", 0, 0,
     [](Shell& shell, Words) {
       shell.programs().stop_all();
       machine::restart();
     }},
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
    print_line("  ", Column(usage.text(), 36), command.help);
  }
  if (words.empty()) {
    print_line(
        "  PROGRAM is a name or a number of `ps`. Ctrl-C kills the programs that `run` waits for, Tab completes,");
    print_line("  the arrow keys edit the line and recall earlier ones. Ctrl-A X leaves QEMU.");
  } else if (find_command(words[0]) == nullptr) {
    print_line("there is no command `", words[0], "`");
  }
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
