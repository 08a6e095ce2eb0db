// The commands of the shell that are about programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/program/supervisor.hpp"
#include "kernel/shell/keys.hpp"

namespace cairn::kernel {

class ProgramCommands {
 public:
  static constexpr uint64_t kGraceSeconds = 5, kMostGraceSeconds = 86'400;
  static constexpr uint64_t kLastGrace = 1'000'000'000;

  // `supervisor` is null if there are no programs.
  ProgramCommands(Supervisor* supervisor, Keys& keys) : supervisor_(supervisor), keys_(keys) {}

  void show_programs();
  void show_running();
  void show_shares();
  // Starts programs, which the word `|` separates: each has its name as first word, and then its arguments. What one
  // writes to standard output, the next one reads. Waits for all of them unless the last word is `&`.
  void start(std::span<const std::string_view> words);
  void wait(std::string_view name);
  void kill(std::string_view name);
  // Asks a program, the first word, to end, and kills it if it has not ended after a time. That is the second word, a
  // number of seconds, or kGraceSeconds.
  void stop(std::span<const std::string_view> words);
  // Asks all programs to end. Returns when they have ended, or after kLastGrace nanoseconds.
  void stop_all();
  void show_limits(std::string_view name);

 private:
  // Returns the index of a started program by its number or its name. If several have the name, takes the last one that
  // has not ended. Prints a message and returns nothing if there is none.
  std::optional<size_t> find(std::string_view name);
  // Returns the index of the last started program with this name that runs.
  std::optional<size_t> find_running(std::string_view name);
  const BundledProgram* find_bundled(std::string_view name);
  // What Ctrl-C does during a wait for programs.
  enum class Interrupt : uint8_t { ends_wait, kills };
  // Waits until the programs `first` to `last` have ended, and reports the end of `last`.
  void wait_for(size_t first, size_t last, Interrupt interrupt);
  // Waits for a program until the time `deadline`, and until Ctrl-C is typed, at most. Returns whether it has ended.
  bool wait_until(size_t index, uint64_t deadline);
  // A program of a pipeline, and its arguments.
  struct Stage {
    const BundledProgram* program = nullptr;
    std::span<const std::string_view> arguments;
  };
  // Splits the words of a pipeline. Returns the number of stages; 0 if it has printed a message about a mistake.
  size_t read_stages(std::span<const std::string_view> words, std::span<Stage> stages);
  // Starts the programs of a pipeline. Prints a message and returns false if one of them cannot be started.
  bool start_stages(std::span<const Stage> stages);
  static void report(const ProgramStatus& status);
  // Forgets the programs that the command `run` has started and that have ended. Called after their ends were shown.
  void forget_ended();

  Supervisor* supervisor_;
  Keys& keys_;
};

}  // namespace cairn::kernel
