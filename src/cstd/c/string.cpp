// The C functions str* that libc++'s headers and the compiler refer to. They are simple, because nothing calls them
// often.
#include <string.h>

#include <cstddef>

extern "C" {

size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

size_t strnlen(const char* text, size_t limit) {
  size_t length = 0;
  while (length < limit && text[length] != '\0') ++length;
  return length;
}

int strncmp(const char* left, const char* right, size_t limit) {
  for (; limit != 0; --limit, ++left, ++right) {
    auto a = static_cast<unsigned char>(*left), b = static_cast<unsigned char>(*right);
    if (a != b) return a < b ? -1 : 1;
    if (a == 0) return 0;
  }
  return 0;
}
int strcmp(const char* left, const char* right) { return strncmp(left, right, ~size_t{0}); }

char* strchr(const char* text, int character) {
  for (;; ++text) {
    if (*text == static_cast<char>(character)) return const_cast<char*>(text);
    if (*text == '\0') return nullptr;
  }
}

}  // extern "C"
