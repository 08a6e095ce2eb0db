// Fuzzes the reader of system files with any text.
//
// Each mistake is one line that begins with its place, which lies in the file. In the system that a file without
// mistakes describes, programs have different names, at most one of them gets standard input, and the main program
// exists, if there is one.
#include "host/description/system_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "support/check.hpp"
#include "support/input.hpp"

using namespace cairn;

namespace {

void check_mistakes(std::string_view lines, long last_line) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    const bool has_place = line.starts_with("f:") && line.size() > 2 && line[2] >= '1' && line[2] <= '9';
    fuzz::check(has_place, "a mistake has no place, or is more than a line");
    fuzz::check(std::strtol(line.data() + 2, nullptr, 10) <= last_line, "a mistake lies after the end of the file");
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
  }
}

void check_system(const host::SystemDescription& system) {
  fuzz::check(!system.programs.empty(), "there is no program");
  fuzz::check(!system.main || *system.main < system.programs.size(), "there is no main program");
  std::set<std::string_view> names;
  for (const host::ProgramDescription& program : system.programs) {
    fuzz::check(names.insert(program.config.name).second, "two programs have the same name");
    fuzz::check(!program.module.empty(), "a program has no module");
    fuzz::check(program.places.directories.size() == program.directories.size(), "a directory has no place");
  }
  fuzz::check(std::ranges::count_if(system.programs, [](const auto& program) { return program.config.has_input; }) < 2,
              "two programs get standard input");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  host::Mistakes mistakes;
  const std::string_view text = fuzz::as_text(data, size);
  const host::SystemDescription system = host::read_system(text, mistakes);
  if (mistakes.empty()) {
    check_system(system);
  } else {
    check_mistakes(mistakes.to_string("f"), 1 + std::ranges::count(text, '\n'));
  }
  return 0;
}
