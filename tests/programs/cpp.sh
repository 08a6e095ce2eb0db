# C++ of our own: iostream, containers, sorting, exact arithmetic, recursion, and memory in quantity.
cpp_sources() { :; }

cpp_build() { # KIND OUTPUT
  cd "$here/cpp" && compile "$1" -std=c++23 -fno-exceptions -ffp-contract=off -- containers.cpp main.cpp memory.cpp numbers.cpp recursion.cpp &&
    link "$1" "$2"
}

cpp_inputs() { :; }

cpp_part() { # PART INPUTS COMMAND...
  local part=$1
  shift 2
  "$@" "$part" </dev/null
}
cpp_case_containers() { cpp_part containers "$@"; }
cpp_case_numbers() { cpp_part numbers "$@"; }
cpp_case_recursion() { cpp_part recursion "$@"; }
cpp_case_memory() { cpp_part memory "$@"; }
