// Text tests: files of cases with input and expected output.
//
//   === heading
//   input
//   --- expected
//   output
//
// With CAIRN_BLESS=1 the expected parts are rewritten instead of compared.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace cairn::testing {

struct TextCase {
  std::string heading;  // the whole line, with the "=== "
  std::string input;
  std::string expected;
};

struct TextFile {
  std::string head;  // the text before the first case
  std::vector<TextCase> cases;
};

inline TextFile read_text_cases(const std::filesystem::path& path) {
  std::ifstream in(path);
  TextFile file;
  bool in_expected = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("=== ")) {
      file.cases.push_back({line, {}, {}});
      in_expected = false;
    } else if (file.cases.empty()) {
      file.head += line + "\n";
    } else if (line == "--- expected") {
      in_expected = true;
    } else {
      (in_expected ? file.cases.back().expected : file.cases.back().input) += line + "\n";
    }
  }
  return file;
}

inline void write_text_cases(const std::filesystem::path& path, const TextFile& file) {
  std::ofstream out(path);
  out << file.head;
  for (const TextCase& c : file.cases) out << c.heading << "\n" << c.input << "--- expected\n" << c.expected;
}

// Removes the newlines at both ends, because blank lines between the parts of a file do not count.
inline std::string without_blank_ends(const std::string& text) {
  const size_t first = text.find_first_not_of('\n');
  const size_t last = text.find_last_not_of('\n');
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// Runs the cases of the folder's .txt files. `run` makes the output of a case, which ends with a newline. Returns the
// number of cases.
template <class Run>
size_t check_text_cases(const std::filesystem::path& folder, Run run) {
  const bool bless = std::getenv("CAIRN_BLESS") != nullptr;
  size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    TextFile file = read_text_cases(entry.path());
    for (TextCase& c : file.cases) {
      ++cases;
      const std::string actual = run(c);
      if (bless) {
        c.expected = actual + (&c == &file.cases.back() ? "" : "\n");
      } else {
        EXPECT_EQ(without_blank_ends(actual), without_blank_ends(c.expected))
            << entry.path().filename().string() << " " << c.heading;
      }
    }
    if (bless) write_text_cases(entry.path(), file);
  }
  return cases;
}

}  // namespace cairn::testing
