// Finds the files of the specification's test suite, for tests.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace cairn::wasm::testing {

// Returns the suite's directory: $CAIRN_WASM_TESTSUITE, or shared/wasm-testsuite beside the source tree.
inline std::filesystem::path suite_root() {
  const char* root = std::getenv("CAIRN_WASM_TESTSUITE");
  return root != nullptr ? std::filesystem::path(root)
                         : std::filesystem::path(CAIRN_SOURCE_DIR) / "../shared/wasm-testsuite";
}

// Returns the suite's scripts, sorted by path, without those of proposals that are not supported.
inline std::vector<std::filesystem::path> suite_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(suite_root())) {
    const std::string path = entry.path().string();
    if (entry.path().extension() == ".wast" && !path.contains("custom-descriptors")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// Returns the contents of the file.
inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace cairn::wasm::testing
