# The C++ program of this project: iostream, containers, sorting, exact arithmetic, recursion, and much memory.
cpp_sources() { :; }

cpp_build() { # KIND OUTPUT
  cd "$here/cpp" && compile "$1" -std=c++23 -fno-exceptions -ffp-contract=off -- containers.cpp main.cpp memory.cpp \
    numbers.cpp recursion.cpp &&
    link "$1" "$2"
}

cpp_inputs() { :; }

cpp_case_containers() { run_part containers "$@"; }
cpp_case_numbers() { run_part numbers "$@"; }
cpp_case_recursion() { run_part recursion "$@"; }
cpp_case_memory() { run_part memory "$@"; }
