// C++ exceptions on wasm: the functions of the Itanium C++ ABI that compiled code calls
// [Itanium C++ ABI, "Exception Handling"], and the search among a landing pad's clauses. See README.md.
//
// An exception is a wasm exception with the tag __cpp_exception, whose payload is the address of a Header; the thrown
// object follows the Header. A landing pad calls _Unwind_CallPersonality, which finds the clause that matches in the
// table of the function.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <typeinfo>

namespace {

constexpr int kCppExceptionTag = 0;  // clang's number of the tag __cpp_exception

// A destructor. On wasm, it returns the object.
using Destructor = void* (*)(void*);

struct alignas(16) Header {
  // Number of references to the object: one for the throw and its handlers together, one for each std::exception_ptr,
  // and one for each exception whose `primary` is this header.
  std::size_t references = 0;
  const std::type_info* type = nullptr;
  Destructor destructor = nullptr;
  Header* primary = nullptr;      // the exception that owns the object, if std::rethrow_exception made this one
  Header* next_caught = nullptr;  // the exception that was handled before this one was caught
  int handlers = 0;               // number of active handlers; negated when the innermost one rethrows the exception
  void* adjusted = nullptr;       // for the handler: the address of the object or of a base, or the thrown pointer
};

void* object_of(Header* header) { return header->primary != nullptr ? header->primary + 1 : header + 1; }
Header* header_of(void* object) { return static_cast<Header*>(object) - 1; }

struct Globals {
  Header* caught = nullptr;  // the exception of the innermost handler
  unsigned uncaught = 0;     // number of exceptions that are thrown and not yet caught
};
constinit Globals globals;

[[noreturn]] void raise(Header* header) {
  header->adjusted = object_of(header);
  __builtin_wasm_throw(kCppExceptionTag, header);
}

void release(void* object) {
  Header* header = header_of(object);
  if (--header->references != 0) return;
  if (header->destructor != nullptr) header->destructor(object);
  std::free(header);
}

// The virtual functions that libc++abi's type descriptions have after those of std::type_info. The third one decides
// whether a handler catches an exception.
class CatchableType : public std::type_info {
 public:
  virtual void unused1() const = 0;
  virtual void unused2() const = 0;
  virtual bool can_catch(const CatchableType* thrown, void*& object) const = 0;
};

// Reads the exception table that clang makes for a function. The table consists of bytes, numbers in DWARF's LEB128,
// and addresses.
class TableReader {
 public:
  explicit TableReader(const std::uint8_t* at) : at_(at) {}
  [[nodiscard]] const std::uint8_t* at() const { return at_; }
  std::uint8_t byte() { return *at_++; }
  std::uint32_t uleb() { return leb().bits; }
  std::int32_t sleb() {
    const Number number = leb();
    const bool is_negative = number.length < 32 && (number.bits >> (number.length - 1) & 1) != 0;
    return static_cast<std::int32_t>(is_negative ? number.bits | ~std::uint32_t{0} << number.length : number.bits);
  }

 private:
  struct Number {
    std::uint32_t bits = 0;
    unsigned length = 0;  // number of bits that the table gives
  };
  Number leb() {
    Number number;
    std::uint8_t next = 0;
    do {
      next = byte();
      number.bits |= static_cast<std::uint32_t>(next & 0x7f) << number.length;
      number.length += 7;
    } while ((next & 0x80) != 0);
    return number;
  }
  const std::uint8_t* at_;
};

constexpr std::uint8_t kOmitted = 0xff;

// Returns the number of the first catch clause of landing pad `index` that catches the exception. Returns 0 if none
// does, so that the landing pad only cleans up.
std::int32_t find_clause(const std::uint8_t* table, std::uintptr_t index, Header* header) {
  TableReader reader(table);
  if (reader.byte() != kOmitted) std::abort();  // the start of the landing pads, which tables for wasm omit
  const std::uint8_t type_encoding = reader.byte();
  const std::uint8_t* types = nullptr;  // end of the type table; the type of clause n is the n-th before it
  if (type_encoding != kOmitted) {
    const std::uint32_t distance = reader.uleb();
    types = reader.at() + distance;
  }
  reader.byte();  // the encoding of call sites, which is always ULEB128
  const std::uint32_t sites_size = reader.uleb();
  const std::uint8_t* actions = reader.at() + sites_size;
  // On wasm, a call site consists of the number of a landing pad, and the offset of its first action plus one (0: no
  // action).
  while (reader.at() < actions) {
    const std::uint32_t pad = reader.uleb();
    const std::uint32_t action = reader.uleb();
    if (pad != index) continue;
    if (action == 0) return 0;
    for (const std::uint8_t* at = actions + action - 1;;) {
      TableReader entry(at);
      const std::int32_t clause = entry.sleb();
      const std::uint8_t* next = entry.at();
      if (clause > 0) {
        const std::type_info* wanted = reinterpret_cast<const std::type_info* const*>(types)[-clause];
        void* object = object_of(header);
        if (wanted == nullptr || static_cast<const CatchableType*>(wanted)->can_catch(
                                     static_cast<const CatchableType*>(header->type), object)) {
          header->adjusted = object;
          return clause;
        }
      }
      const std::int32_t distance = entry.sleb();
      if (distance == 0) return 0;
      at = next + distance;
    }
  }
  std::abort();  // the compiler made no such landing pad
}

}  // namespace

extern "C" {

// A landing pad fills in `index` and `table` before it calls _Unwind_CallPersonality, and reads `selector` afterwards.
struct LandingPadContext {
  std::uintptr_t index;
  const std::uint8_t* table;
  std::uintptr_t selector;
};
LandingPadContext __wasm_lpad_context;

int _Unwind_CallPersonality(void* exception) {
  const std::int32_t clause =
      find_clause(__wasm_lpad_context.table, __wasm_lpad_context.index, static_cast<Header*>(exception));
  __wasm_lpad_context.selector = static_cast<std::uintptr_t>(clause);
  return 0;
}

void* __cxa_allocate_exception(std::size_t size) noexcept {
  void* memory = std::calloc(1, sizeof(Header) + size);
  if (memory == nullptr) std::terminate();
  return new (memory) Header + 1;
}

void __cxa_free_exception(void* object) noexcept { std::free(header_of(object)); }

__cxxabiv1::__cxa_exception* __cxxabiv1::__cxa_init_primary_exception(void* object, std::type_info* type,
                                                                      Destructor destructor) noexcept {
  Header* header = header_of(object);
  header->references = 0;
  header->type = type;
  header->destructor = destructor;
  return reinterpret_cast<__cxxabiv1::__cxa_exception*>(header);
}

[[noreturn]] void __cxa_throw(void* object, std::type_info* type, Destructor destructor) {
  Header* header = header_of(object);
  header->references = 1;
  header->type = type;
  header->destructor = destructor;
  ++globals.uncaught;
  raise(header_of(object));
}

void* __cxa_get_exception_ptr(void* exception) noexcept { return static_cast<Header*>(exception)->adjusted; }

void* __cxa_begin_catch(void* exception) noexcept {
  auto* header = static_cast<Header*>(exception);
  header->handlers = (header->handlers < 0 ? -header->handlers : header->handlers) + 1;
  if (header != globals.caught) {
    header->next_caught = globals.caught;
    globals.caught = header;
  }
  --globals.uncaught;
  return header->adjusted;
}

void __cxa_end_catch() {
  Header* header = globals.caught;
  if (header == nullptr) return;
  if (header->handlers < 0) {
    // The exception was thrown again, so it lives on in a handler further out.
    if (++header->handlers == 0) globals.caught = header->next_caught;
    return;
  }
  if (--header->handlers != 0) return;
  globals.caught = header->next_caught;
  if (header->primary != nullptr) {
    release(header->primary + 1);
    std::free(header);
  } else {
    release(header + 1);
  }
}

[[noreturn]] void __cxa_rethrow() {
  Header* header = globals.caught;
  if (header == nullptr) std::terminate();
  header->handlers = -header->handlers;
  ++globals.uncaught;
  raise(header);
}

std::type_info* __cxa_current_exception_type() {
  return globals.caught == nullptr ? nullptr : const_cast<std::type_info*>(globals.caught->type);
}

bool __cxa_uncaught_exception() noexcept { return globals.uncaught != 0; }
unsigned __cxa_uncaught_exceptions() noexcept { return globals.uncaught; }
void* __cxa_get_globals() { return &globals; }
void* __cxa_get_globals_fast() { return &globals; }

// std::exception_ptr refers to the object of an exception, and counts its references by these functions.
void __cxa_increment_exception_refcount(void* object) noexcept {
  if (object != nullptr) ++header_of(object)->references;
}
void __cxa_decrement_exception_refcount(void* object) noexcept {
  if (object != nullptr) release(object);
}
void* __cxa_current_primary_exception() noexcept {
  if (globals.caught == nullptr) return nullptr;
  void* object = object_of(globals.caught);
  __cxa_increment_exception_refcount(object);
  return object;
}
void __cxa_rethrow_primary_exception(void* object) {
  if (object == nullptr) return;
  void* memory = std::malloc(sizeof(Header));
  if (memory == nullptr) std::terminate();
  auto* header = new (memory) Header;
  header->primary = header_of(object);
  header->type = header->primary->type;
  __cxa_increment_exception_refcount(object);
  ++globals.uncaught;
  raise(header);
}

// These functions replace those of Debian's libc++abi, which abort.
[[noreturn]] void __cxa_bad_cast() { throw std::bad_cast(); }
[[noreturn]] void __cxa_bad_typeid() { throw std::bad_typeid(); }
[[noreturn]] void __cxa_throw_bad_array_new_length() { throw std::bad_array_new_length(); }

}  // extern "C"

void* operator new(std::size_t size) {
  if (size == 0) size = 1;
  for (;;) {
    if (void* memory = std::malloc(size)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return operator new(size);
  } catch (...) {
    return nullptr;
  }
}
