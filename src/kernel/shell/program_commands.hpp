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
  // `supervisor` is null if there are no programs.
  ProgramCommands(Supervisor* supervisor, Keys& keys) : supervisor_(supervisor), keys_(keys) {}

  void show_programs();
  void show_running();
  void show_shares();
  // Starts a program: the first word is its name, and the others are its arguments. Waits for it unless the last word
  // is `&`.
  void start(std::span<const std::string_view> words);
  void wait(std::string_view name);
  void kill(std::string_view name);
  void show_limits(std::string_view name);

 private:
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
  Keys& keys_;
};

}  // namespace cairn::kernel
