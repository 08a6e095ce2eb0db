// Throws values of many types: objects of class hierarchies, pointers, functions, the library's exceptions. Keeps
// exceptions after their handlers have ended, and nests them. `live` counts the Counted objects, so that a leak or a
// second destruction shows in the output.
#include <any>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <variant>
#include <vector>

#include "parts.hpp"

namespace {

int live = 0;

struct Counted {
  int value;
  explicit Counted(int v) : value(v) { ++live; }
  Counted(const Counted& other) : value(other.value + 100) { ++live; }
  virtual ~Counted() { --live; }
  virtual const char* name() const { return "Counted"; }
};
struct Other {
  int other = 5;
  virtual ~Other() = default;
};
struct Derived : Other, Counted {
  explicit Derived(int v) : Counted(v) {}
  const char* name() const override { return "Derived"; }
};
struct Left : virtual Counted {
  Left() : Counted(1) {}
};
struct Right : virtual Counted {
  Right() : Counted(2) {}
};
struct Diamond : Left, Right {
  Diamond() : Counted(3) {}
  const char* name() const override { return "Diamond"; }
};
struct Private : private Counted {
  Private() : Counted(9) {}
};

template <class F>
void attempt(const char* what, F&& f) {
  std::printf("%s: ", what);
  try {
    f();
    std::printf("nothing");
  } catch (const Other& o) {
    std::printf("Other %d", o.other);
  } catch (const Counted& c) {
    std::printf("%s %d", c.name(), c.value);
  } catch (const Counted* p) {
    std::printf("pointer %s %d", p == nullptr ? "null" : p->name(), p == nullptr ? 0 : p->value);
    delete p;
  } catch (const std::bad_cast&) {
    std::printf("bad_cast");
  } catch (const std::out_of_range&) {
    std::printf("out_of_range");
  } catch (const std::runtime_error& e) {
    std::printf("runtime_error %s", e.what());
  } catch (const std::exception&) {
    std::printf("exception");
  } catch (const char* text) {
    std::printf("text %s", text);
  } catch (int (*function)(int)) {
    std::printf("function %d", function(4));
  } catch (...) {
    std::printf("anything");
  }
  std::printf(", %d live, %d uncaught\n", live, std::uncaught_exceptions());
}

int square(int x) { return x * x; }

void chain(int n) {
  try {
    if (n == 0) throw std::runtime_error("root");
    chain(n - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level " + std::to_string(n)));
  }
}

void print_chain(const std::exception& e) {
  std::printf("%s; ", e.what());
  try {
    std::rethrow_if_nested(e);
  } catch (const std::exception& inner) {
    print_chain(inner);
  }
}

}  // namespace

void objects() {
  attempt("value", [] { throw Counted(1); });
  attempt("derived", [] { throw Derived(2); });
  attempt("diamond", [] { throw Diamond(); });
  attempt("private", [] { throw Private(); });
  attempt("pointer", [] { throw static_cast<Counted*>(new Diamond()); });
  attempt("derived pointer", [] { throw new Diamond(); });
  attempt("text", [] { throw "literal"; });
  attempt("function", [] { throw &square; });
  attempt("null", [] { throw nullptr; });
  attempt("cast", [] {
    const Counted c(1);
    (void)dynamic_cast<const Derived&>(c).value;
  });
  attempt("vector", [] { (void)std::vector<int>(3).at(3); });
  attempt("variant", [] { (void)std::get<int>(std::variant<int, double>(1.5)); });
  attempt("any", [] { (void)std::any_cast<int>(std::any(1.5)); });
  attempt("map", [] { (void)std::map<int, int>().at(1); });
  attempt("length", [] { std::vector<char>().reserve(static_cast<size_t>(-1)); });
  attempt("array", [] {
    volatile int length = -1;
    delete[] new int[static_cast<size_t>(length)];
  });
  attempt("nothing", [] {});

  std::exception_ptr kept;
  try {
    throw Derived(50);
  } catch (...) {
    kept = std::current_exception();
  }
  std::printf("kept, %d live\n", live);
  for (int i = 0; i < 2; ++i) attempt("again", [&] { std::rethrow_exception(kept); });
  kept = nullptr;
  std::printf("dropped, %d live\n", live);
  kept = std::make_exception_ptr(Counted(60));
  attempt("made", [&] { std::rethrow_exception(kept); });
  kept = nullptr;
  std::printf("dropped, %d live\n", live);

  try {
    chain(5);
  } catch (const std::exception& e) {
    print_chain(e);
  }
  std::printf("\n");

  // The handler of one exception throws and catches another one.
  try {
    try {
      throw Counted(1);
    } catch (const Counted& first) {
      try {
        throw Derived(2);
      } catch (const Derived& second) {
        std::printf("%d in %d, ", second.value, first.value);
      }
      std::printf("%s\n", typeid(first).name());
      throw;
    }
  } catch (const Counted& c) {
    std::printf("%d again, %d live\n", c.value, live);
  }
  std::printf("%d live\n", live);

  auto made = std::make_unique<Counted>(3);
  attempt("unique", [held = std::move(made)] { throw Counted(held->value); });
  std::printf("%d live\n", live);
}
