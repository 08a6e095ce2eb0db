// An ordinary program, for comparison: the program of tests/programs/cpp in one file.
#include "../programs/cpp/containers.cpp"
#include "../programs/cpp/main.cpp"
#include "../programs/cpp/memory.cpp"
#include "../programs/cpp/numbers.cpp"
#include "../programs/cpp/recursion.cpp"
