// Sequences of WASI's file functions on three file systems: in memory, a real directory, and a model (fuzz/files).
//
// All answer the same; where there is no room or an allocation fails, nothing has happened; in the end everything was
// given back.
#include "files/sequence.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cairn::fuzz::Input input(data, size);
  cairn::fuzz::run_file_sequence(input);
  return 0;
}
