#include "host/cli/symbolize.hpp"

#include <cstdio>
#include <string_view>
#include <vector>

namespace cairn::cli {
namespace {

// Returns the address in a line such as `  #0 0x80001234`; empty for other lines.
std::string_view frame_address(std::string_view line) {
  const size_t start = line.find_first_not_of(' ');
  if (start == std::string_view::npos || line[start] != '#') return {};
  const size_t digits = line.find("0x", start);
  if (digits == std::string_view::npos) return {};
  return line.substr(digits, line.find_first_not_of("0123456789abcdefABCDEF", digits + 2) - digits);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

std::string ask_symbolizer(const std::string& addresses, const std::string& symbols) {
  const std::string command = "llvm-symbolizer-22 --no-inlines --obj='" + symbols + "'" + addresses + " 2>/dev/null";
  FILE* stream = popen(command.c_str(), "r");
  if (stream == nullptr) return {};
  std::string answer;
  char buffer[4096];
  size_t length;
  while ((length = fread(buffer, 1, sizeof buffer, stream)) > 0) answer.append(buffer, length);
  pclose(stream);
  return answer;
}

}  // namespace

std::string symbolize_backtrace(const std::string& log, const std::string& symbols) {
  const std::vector<std::string_view> lines = lines_of(log);
  std::string addresses;
  for (std::string_view line : lines) {
    const std::string_view address = frame_address(line);
    if (!address.empty()) addresses += " " + std::string(address);
  }
  if (addresses.empty()) return log;
  // The answer has three lines for each address: the function, its place in the source, and an empty line.
  const std::string answer = ask_symbolizer(addresses, symbols);
  const std::vector<std::string_view> names = lines_of(answer);
  std::string out;
  size_t next = 0;
  for (std::string_view line : lines) {
    out += line;
    if (!frame_address(line).empty() && next + 1 < names.size()) {
      // The log may have the function's name, because the kernel knows its functions' names, but not their lines.
      const bool is_named = line.find_first_of(' ', line.find("0x")) != std::string_view::npos;
      out += (is_named ? "" : " " + std::string(names[next])) + " at " + std::string(names[next + 1]);
      next += 3;
    }
    out += '\n';
  }
  return out;
}

}  // namespace cairn::cli
