// Runs sequences of WASI's file functions on three file systems: the one in memory, a real directory, and a model
// (fuzz/files).
//
// All three must give the same answers. A call that fails for lack of room or memory must change nothing. At the end,
// all memory must have been given back.
#include "files/sequence.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cairn::fuzz::Input input(data, size);
  cairn::fuzz::run_file_sequence(input);
  return 0;
}
