#include "slow/growth.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "support/instructions.hpp"
#include "support/module_mutator.hpp"
#include "wasm/decoder.hpp"

namespace cairn::fuzz {
namespace {

using Bytes = std::vector<std::byte>;

// A function's body with no locals and the instructions `unreachable` and `end`. It is valid for every type.
constexpr std::byte kUnreachable[] = {std::byte{0}, std::byte{0x00}, std::byte{0x0b}};

bool opens(std::byte opcode) {
  return opcode == std::byte{0x02} || opcode == std::byte{0x03} || opcode == std::byte{0x04} ||
         opcode == std::byte{0x06} || opcode == std::byte{0x1f};  // block, loop, if, try, try_table
}
bool closes(std::byte opcode) { return opcode == std::byte{0x0b} || opcode == std::byte{0x18}; }  // end, delegate

// The reachable instructions of a body.
class Body {
 public:
  Body(const wasm::Module& module, wasm::FuncIndex function, FunctionInstructions found)
      : bytes_(module.functions[function.index()].body),
        offset_(module.functions[function.index()].body_offset),
        instructions_(std::move(found.live)) {}

  [[nodiscard]] size_t count() const { return instructions_.size(); }
  [[nodiscard]] std::byte opcode(size_t i) const { return bytes_[begin_of(i)]; }
  [[nodiscard]] size_t begin_of(size_t i) const {
    return i < count() ? static_cast<size_t>(instructions_[i].begin - offset_) : bytes_.size();
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  // Returns the instruction that ends the block that `opener` begins.
  [[nodiscard]] std::optional<size_t> end_of(size_t opener) const {
    size_t depth = 0;
    for (size_t i = opener; i < count(); ++i) {
      if (opens(opcode(i))) ++depth;
      if (closes(opcode(i)) && --depth == 0) return i;
    }
    return std::nullopt;
  }

 private:
  std::span<const std::byte> bytes_;
  uint64_t offset_;
  std::vector<Instruction> instructions_;
};

// Returns the body with the instructions from `from` until before `to` repeated, so that they occur `times` times.
Bytes repeat(const Body& body, size_t from, size_t to, size_t times) {
  const auto bytes = body.bytes();
  const size_t begin = body.begin_of(from), end = body.begin_of(to);
  Bytes out(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(begin));
  for (size_t i = 0; i < times; ++i) out.append_range(bytes.subspan(begin, end - begin));
  out.append_range(bytes.subspan(end));
  return out;
}

// Returns the body with `times` nested blocks instead of the one from `opener` to `closer`. The instructions before
// `inside` and those from `after` on occur in each of the blocks, and the instructions between them only once.
Bytes nest(const Body& body, size_t opener, size_t inside, size_t after, size_t closer, size_t times) {
  const auto bytes = body.bytes();
  const size_t first = body.begin_of(opener), middle = body.begin_of(inside), tail = body.begin_of(after),
               end = body.begin_of(closer + 1);
  Bytes out(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(first));
  for (size_t i = 0; i < times; ++i) out.append_range(bytes.subspan(first, middle - first));
  out.append_range(bytes.subspan(middle, tail - middle));
  for (size_t i = 0; i < times; ++i) out.append_range(bytes.subspan(tail, end - tail));
  out.append_range(bytes.subspan(end));
  return out;
}

}  // namespace

Bytes grow_module(const Bytes& bytes, size_t max_size, std::mt19937& random) {
  const auto pick = [&](size_t count) { return static_cast<size_t>(random() % count); };
  const auto module = wasm::decode_module(bytes, wasm::Features::all());
  if (!module) return {};
  const size_t defined = module->functions.size() - module->imported_functions;
  if (defined == 0) return {};
  const wasm::FuncIndex function(module->imported_functions + static_cast<uint32_t>(pick(defined)));
  const auto body_of = [&](uint32_t index) { return module->functions[index].body; };

  // Sometimes keeps the body of one function and makes all other bodies `unreachable`.
  if (defined > 1 && pick(6) == 0) {
    return replace_bodies(*module, [&](uint32_t index) {
      return index == function.index() ? body_of(index) : std::span<const std::byte>(kUnreachable);
    });
  }
  auto found = find_instructions(*module, function);
  if (!found || found->live.size() < 2) return {};
  const Body body(*module, function, std::move(*found));
  // The instructions are repeated until the module has about this many bytes.
  const size_t wanted = max_size >> pick(8);
  const size_t room = wanted - std::min(wanted, bytes.size());
  Bytes grown;
  if (pick(2) == 0) {
    const size_t from = pick(body.count());
    const size_t to = std::min(body.count() - 1, from + 1 + pick(pick(4) == 0 ? 64 : 12));
    if (from >= to) return {};
    const size_t each = body.begin_of(to) - body.begin_of(from);
    grown = repeat(body, from, to, std::max<size_t>(2, room / each));
  } else {
    std::vector<size_t> openers;
    for (size_t i = 0; i < body.count(); ++i)
      if (opens(body.opcode(i))) openers.push_back(i);
    if (openers.empty()) return {};
    const size_t opener = openers[pick(openers.size())];
    const auto closer = body.end_of(opener);
    if (!closer) return {};
    const size_t inside = std::min(*closer, opener + 1 + pick(5));
    const size_t after = std::max(inside, *closer - std::min(*closer, pick(6)));
    const size_t each =
        body.begin_of(inside) - body.begin_of(opener) + body.begin_of(*closer + 1) - body.begin_of(after);
    grown = nest(body, opener, inside, after, *closer, std::max<size_t>(2, room / each));
  }
  return replace_bodies(*module, [&](uint32_t index) {
    return index == function.index() ? std::span<const std::byte>(grown) : body_of(index);
  });
}

}  // namespace cairn::fuzz
