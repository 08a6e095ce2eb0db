#include "kernel/shell/program_commands.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

#include "kernel/fibers/scheduler.hpp"
#include "kernel/machine.hpp"
#include "kernel/shell/console_text.hpp"
#include "kernel/time/clock.hpp"
#include "wasi/system/pipe.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr size_t kMostShares = 64;  // the number of programs whose shares are shown
constexpr size_t kMostStages = 16;  // the number of programs of a pipeline

std::string_view state_name(const ProgramStatus& status) {
  switch (status.state) {
    case ProgramState::running: return "runs";
    case ProgramState::waiting: return "waits";
    case ProgramState::ended: return "ended";
  }
  return "";
}

}  // namespace

void ProgramCommands::show_programs() {
  if (supervisor_ == nullptr || supervisor_->bundle().programs.empty()) return print_line("there are no programs");
  for (const BundledProgram& program : supervisor_->bundle().programs)
    print_line(Column(program.config.name, 20), supervisor_->bundle().modules[program.config.module].size(),
               " bytes of module");
}

void ProgramCommands::show_running() {
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

void ProgramCommands::show_shares() {
  if (supervisor_ == nullptr || supervisor_->count() == 0) return print_line("no program was started");
  std::array<uint64_t, kMostShares> before{};
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

void ProgramCommands::forget_ended() {
  for (size_t i = supervisor_->count(); i-- != 0;) {
    const ProgramStatus status = supervisor_->status(i);
    if (status.state == ProgramState::ended && status.number >= supervisor_->bundle().programs.size())
      supervisor_->forget(i);
  }
}

std::optional<size_t> ProgramCommands::find_running(std::string_view name) {
  std::optional<size_t> found;
  for (size_t i = 0; supervisor_ != nullptr && i < supervisor_->count(); ++i) {
    const ProgramStatus status = supervisor_->status(i);
    if (name == status.name && status.state == ProgramState::running) found = i;
  }
  return found;
}

std::optional<size_t> ProgramCommands::find(std::string_view name) {
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

const BundledProgram* ProgramCommands::find_bundled(std::string_view name) {
  if (supervisor_ != nullptr) {
    for (const BundledProgram& program : supervisor_->bundle().programs) {
      if (program.config.name == name) return &program;
    }
  }
  print_line("the boot bundle has no program `", name, "`; `programs` lists those that it has");
  return nullptr;
}

size_t ProgramCommands::read_stages(std::span<const std::string_view> words, std::span<Stage> stages) {
  for (size_t count = 0;;) {
    const auto length = static_cast<size_t>(std::ranges::find(words, "|") - words.begin());
    if (length == 0) return print_line("a program is missing; `help run` shows how to write it"), 0;
    if (count == stages.size()) return print_line("a pipeline has ", stages.size(), " programs at most"), 0;
    const BundledProgram* const program = find_bundled(words[0]);
    if (program == nullptr) return 0;
    stages[count++] = {.program = program, .arguments = words.subspan(1, length - 1)};
    if (length == words.size()) return count;
    words = words.subspan(length + 1);
  }
}

bool ProgramCommands::start_stages(std::span<const Stage> stages) {
  std::unique_ptr<wasi::File> input;
  for (const Stage& stage : stages) {
    ProgramStreams streams{.input = std::move(input), .output = nullptr};
    if (&stage != &stages.back()) {
      // The pipe belongs to the system's account.
      wasi::PipeEnds ends = wasi::make_pipe();
      if (!ends.writer) return print_line("there is no memory for a pipe"), false;
      streams.output = std::move(ends.writer);
      input = std::move(ends.reader);
    }
    const auto number = supervisor_->start_another(*stage.program, stage.arguments, std::move(streams));
    if (!number)
      return print_line("`", stage.program->config.name, "` does not start: ", number.error().message), false;
  }
  return true;
}

void ProgramCommands::start(std::span<const std::string_view> words) {
  const bool waits = words.back() != "&";
  if (!waits) words = words.first(words.size() - 1);
  std::array<Stage, kMostStages> stages;
  const size_t count = read_stages(words, stages);
  if (count == 0) return;
  const size_t first = supervisor_->count();
  const bool started = start_stages(std::span(stages).first(count));
  const size_t end = supervisor_->count();
  if (!started) {
    for (size_t i = first; i < end; ++i) supervisor_->kill(i);
  }
  if (first == end) return;
  if (waits || !started) return wait_for(first, end - 1, Interrupt::kills);
  LogLine line;
  line << (count == 1 ? "number" : "numbers");
  for (size_t i = first; i < end; ++i) line << " " << supervisor_->status(i).number;
  print_line(line.text());
}

void ProgramCommands::report(const ProgramStatus& status) {
  if (status.status != 0) print_line("`", status.name, "` ended with status ", status.status);
}

bool ProgramCommands::wait_until(size_t index, uint64_t deadline) {
  for (uint64_t now = nanoseconds_since_boot(); now < deadline; now = nanoseconds_since_boot()) {
    if (supervisor_->wait(index, std::min(deadline, now + kPause))) return true;
    if (!keys_.has_interrupt()) continue;
    print_line("^C");
    return false;
  }
  return false;
}

void ProgramCommands::wait_for(size_t first, size_t last, Interrupt interrupt) {
  for (size_t i = first; i <= last;) {
    if (wait_until(i, ~uint64_t{0})) {
      ++i;
    } else if (interrupt == Interrupt::ends_wait) {
      return;
    } else {
      for (size_t killed = first; killed <= last; ++killed) supervisor_->kill(killed);
    }
  }
  report(supervisor_->status(last));
  forget_ended();
}

void ProgramCommands::wait(std::string_view name) {
  if (const auto index = find(name)) wait_for(*index, *index, Interrupt::ends_wait);
}

void ProgramCommands::kill(std::string_view name) {
  const auto index = find(name);
  if (!index) return;
  supervisor_->kill(*index);
  wait_for(*index, *index, Interrupt::ends_wait);
}

void ProgramCommands::stop(std::span<const std::string_view> words) {
  uint64_t seconds = kGraceSeconds;
  if (words.size() > 1) {
    const std::string_view text = words[1];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds > kMostGraceSeconds)
      return print_line("`", text, "` is no number of seconds up to ", kMostGraceSeconds);
  }
  const auto index = find(words[0]);
  if (!index) return;
  supervisor_->request_stop(*index);
  if (!wait_until(*index, nanoseconds_since_boot() + seconds * kSecond)) supervisor_->kill(*index);
  wait_for(*index, *index, Interrupt::ends_wait);
}

void ProgramCommands::stop_all() {
  if (supervisor_ == nullptr) return;
  for (size_t i = 0; i < supervisor_->count(); ++i) supervisor_->request_stop(i);
  const uint64_t deadline = nanoseconds_since_boot() + kLastGrace;
  for (size_t i = 0; i < supervisor_->count(); ++i) (void)supervisor_->wait(i, deadline);
}

void ProgramCommands::show_limits(std::string_view name) {
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

}  // namespace cairn::kernel
