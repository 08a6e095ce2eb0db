#!/usr/bin/env bash
# Shows that tools/check_sizes.sh fails for a line, a file and a function that are too long, and for nothing else.
# Last line: N passed, N failed.
set -u
check=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tools/check_sizes.sh
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
passed=0 failed=0

repeat() { # TIMES TEXT: prints the text on this number of lines
  local i
  for ((i = 0; i < $1; ++i)); do printf '%s\n' "$2"; done
}

# expect NAME PATTERN: checks that the check of the directory prints one failure, which matches. Empties the directory.
expect() {
  local output failures
  output=$("$check" "$directory") && output+=$'\n(it succeeded)'
  failures=$(grep -c '^FAIL ' <<<"$output")
  if [ "$failures" -eq 1 ] && grep -qE "^FAIL $2" <<<"$output" &&
    grep -qE '^[0-9]+ passed, 1 failed$' <<<"$output"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL %s: expected one failure, %s, but got:\n%s\n' "$1" "$2" "$output"
  fi
  rm -rf "${directory:?}"/*
}

# expect_good NAME: checks that the check of the directory passes. Empties the directory.
expect_good() {
  local output
  if output=$("$check" "$directory") && ! grep -q '^FAIL ' <<<"$output"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL %s: expected no failure, but got:\n%s\n' "$1" "$output"
  fi
  rm -rf "${directory:?}"/*
}

# function_of HEAD LINES: prints a function with this number of lines between its braces.
function_of() { printf '%s {\n' "$1" && repeat "$2" '  step();' && printf '}\n'; }

printf 'int x;  //%*s\n' 120 '' >"$directory/line.cpp"
expect "a long line" 'line\.cpp:1: 130 columns'
printf '%-120s\n' '// Not too long.' >"$directory/line.cpp"
expect_good "a line of 120 columns"
for name in text.c text.h text.S text.sh text.py text.cmake text.md CMakeLists.txt cairn; do
  printf '#%*s\n' 120 x >"$directory/$name"
  expect "a long line of $name" "$name:1: 121 columns"
done
printf 'First.\n    %*s\n' 120 'no example, but the same paragraph' >"$directory/text.md"
expect "a long line of a paragraph" 'text\.md:2: 124 columns'
printf '| %*s |\n\n    %*s\n\n```\n%*s\n```\n' 120 cell 120 example 130 example >"$directory/text.md"
expect_good "a wide table and wide examples"
printf '%*s\n' 130 x >"$directory/data.txt"
repeat 600 '# text' >"$directory/long.sh"
expect_good "a wide line of data, and a long file that is not C++"
mkdir "$directory/inner" && repeat 501 'int f();' >"$directory/inner/file.hpp"
expect "a long file" 'inner/file\.hpp: 501 lines'
repeat 500 'int f();' >"$directory/file.hpp"
expect_good "a file of 500 lines"
function_of 'void f()' 98 >"$directory/function.cpp"
expect_good "a function of 100 lines"

heads=(
  'void f(int a = 0)'
  'TEST(Suite, Name)'
  'template <class T> auto Class<T>::f() const noexcept -> Result<int>'
  'Class::Class() : member_{1}, other_(2)'
  'bool operator==(const Class& a, const Class& b)'
  'constexpr auto f = [](int a)'
)
for head in "${heads[@]}"; do
  function_of "$head" 99 >"$directory/function.cpp"
  expect "$head" 'function\.cpp:1: a function of 101 lines'
done
{
  printf 'namespace n {\nclass C {\n public:\n' && function_of '  void short_one()' 10 && function_of '  void f()' 99
  printf '};\n}\n'
} >"$directory/member.hpp"
expect "a member function" 'member\.hpp:16: a function of 101 lines'
{
  printf 'void f() {\n  puts("}");\n  puts(R"(}})");\n  char c = '"'}'"';  // }\n'
  printf '  /* } */\n#define OPEN {\n  for (;;) {\n  }\n'
  repeat 92 '  step();' && printf '}\n'
} >"$directory/braces.cpp"
expect "braces that mean nothing" 'braces\.cpp:1: a function of 101 lines'
{ printf 'constexpr int kTable[] = {\n' && repeat 200 '  f(1),' && printf '};\n'; } >"$directory/table.cpp"
expect_good "a long table"
{
  printf 'namespace {\nclass alignas(16) C {\n' && repeat 200 '  int f();' && printf '};\n}\n'
} >"$directory/class.hpp"
expect_good "a long class"

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
