// std::to_string for integers.
#include <charconv>
#include <string>

_LIBCPP_BEGIN_NAMESPACE_STD

namespace {
template <class T>
string convert(T value) {
  char digits[24];
  return string(digits, to_chars(digits, digits + sizeof digits, value).ptr);
}
}  // namespace

string to_string(int value) { return convert(value); }
string to_string(long value) { return convert(value); }
string to_string(long long value) { return convert(value); }
string to_string(unsigned value) { return convert(value); }
string to_string(unsigned long value) { return convert(value); }
string to_string(unsigned long long value) { return convert(value); }

_LIBCPP_END_NAMESPACE_STD
