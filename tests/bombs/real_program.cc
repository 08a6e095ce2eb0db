// What an ordinary program costs is the measure: those of tests/programs/cpp, as one file.
#include "../programs/cpp/containers.cpp"
#include "../programs/cpp/main.cpp"
#include "../programs/cpp/memory.cpp"
#include "../programs/cpp/numbers.cpp"
#include "../programs/cpp/recursion.cpp"
