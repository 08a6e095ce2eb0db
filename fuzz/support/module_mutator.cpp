#include "support/module_mutator.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>
#include <vector>

#include "support/instructions.hpp"
#include "support/snippets.hpp"
#include "wasm/byte_reader.hpp"
#include "wasm/decoder.hpp"

namespace cairn::fuzz {
namespace {

using Bytes = std::vector<std::byte>;
using wasm::text::ByteWriter;

// --- Sections.

struct Section {
  uint8_t id = 0;
  Bytes contents;
};

// Splits a module into its sections. Returns nothing when the bytes are not a sequence of sections.
std::optional<std::vector<Section>> split(std::span<const std::byte> module) {
  if (module.size() < 8) return std::nullopt;
  std::vector<Section> sections;
  wasm::ByteReader in(module.subspan(8), 8);
  while (!in.at_end()) {
    Section section;
    uint32_t size = 0;
    std::span<const std::byte> contents;
    if (!in.read_u8(section.id) || !in.read_u32(size) || !in.read_bytes(size, contents)) return std::nullopt;
    section.contents.assign(contents.begin(), contents.end());
    sections.push_back(std::move(section));
  }
  return sections;
}

Bytes join(std::span<const std::byte> header, std::span<const Section> sections) {
  ByteWriter out;
  out.append(header);
  for (const Section& section : sections) out.section(section.id, section.contents);
  return out.take();
}

// Damages bytes, which may become up to 32 bytes more.
void damage(Bytes& bytes, Random& random) {
  const size_t size = bytes.size();
  bytes.resize(size + 1 + random() % 32);
  auto* data = reinterpret_cast<uint8_t*>(bytes.data());
  bytes.resize(LLVMFuzzerMutate(data, size, bytes.size()));
}

// Damages or drops a section, or swaps two. The sections' lengths are right afterwards.
Bytes mutate_sections(std::span<const std::byte> module, Random& random) {
  auto sections = split(module);
  if (!sections || sections->empty()) return {};
  const size_t at = random() % sections->size();
  switch (random() % 16) {
    case 0: sections->erase(sections->begin() + static_cast<ptrdiff_t>(at)); break;
    case 1: std::swap((*sections)[at], (*sections)[random() % sections->size()]); break;
    default: damage((*sections)[at].contents, random);
  }
  return join(module.first(8), *sections);
}

// --- Functions.

// Returns the module with another body of a function.
Bytes replace_body(const wasm::Module& module, wasm::FuncIndex function, std::span<const std::byte> body) {
  return replace_bodies(module, [&](uint32_t i) {
    return i == function.index() ? body : std::span<const std::byte>(module.functions[i].body);
  });
}

// Returns the module with up to four edits in one function. An edit replaces an instruction, or inserts instructions
// before or after it.
Bytes mutate_function(const wasm::Module& module, Random& random) {
  const auto defined = static_cast<uint32_t>(module.functions.size()) - module.imported_functions;
  if (defined == 0) return {};
  const wasm::FuncIndex function(module.imported_functions + static_cast<uint32_t>(random() % defined));
  const auto found = find_instructions(module, function);
  if (!found || found->live.empty()) return {};
  const wasm::Function& old = module.functions[function.index()];
  Snippets snippets(module, *found, random);
  Bytes body(old.body.begin(), old.body.end());
  // Later positions come first, so that an edit does not move the positions of the following edits.
  std::vector<size_t> positions(1 + random() % 4);
  for (size_t& position : positions) position = random() % found->live.size();
  std::ranges::sort(positions, std::greater());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  for (const size_t position : positions) {
    const Instruction& at = found->live[position];
    ByteWriter out;
    const Edit edit = snippets.edit(at, out);
    // Now and then the same statement is inserted many times, which makes a long function.
    if (edit == Edit::insert_before && random() % 8 == 0) {
      const Bytes once(out.bytes().begin(), out.bytes().end());
      for (unsigned times = 1U << random() % 8; times > 1; --times) out.append(once);
    }
    const auto begin =
        body.begin() + static_cast<ptrdiff_t>((edit == Edit::insert_behind ? at.end : at.begin) - old.body_offset);
    const auto end =
        body.begin() + static_cast<ptrdiff_t>((edit == Edit::insert_before ? at.begin : at.end) - old.body_offset);
    const auto where = body.erase(begin, end);
    body.insert(where, out.bytes().begin(), out.bytes().end());
  }
  return replace_body(module, function, body);
}

// Gives a function of `module` the body of a function of `from` that has the same type.
Bytes copy_function(const wasm::Module& module, const wasm::Module& from, Random& random) {
  const auto pick = [&](const wasm::Module& of) -> std::optional<wasm::FuncIndex> {
    const size_t defined = of.functions.size() - of.imported_functions;
    if (defined == 0) return std::nullopt;
    return wasm::FuncIndex(of.imported_functions + static_cast<uint32_t>(random() % defined));
  };
  const auto to = pick(module);
  if (!to) return {};
  for (int attempt = 0; attempt < 8; ++attempt) {
    const auto source = pick(from);
    if (!source) return {};
    if (from.func_type(*source) != module.func_type(*to)) continue;
    return replace_body(module, *to, from.functions[source->index()].body);
  }
  return {};
}

size_t store(const Bytes& bytes, uint8_t* out, size_t max_size) {
  if (bytes.empty() || bytes.size() > max_size) return 0;
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

Bytes to_vector(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Bytes replace_bodies(const wasm::Module& module, const std::function<std::span<const std::byte>(uint32_t)>& body_of) {
  auto sections = split(module.bytes);
  if (!sections) return {};
  for (Section& section : *sections) {
    if (section.id != 10) continue;
    ByteWriter code;
    code.unsigned_leb(module.functions.size() - module.imported_functions);
    for (uint32_t i = module.imported_functions; i < module.functions.size(); ++i) code.sized(body_of(i));
    section.contents = code.take();
  }
  return join(std::span(module.bytes).first(8), *sections);
}

size_t mutate_module(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  Random random(seed);
  const unsigned way = random() % 16;
  if (way >= 2) {
    const Bytes bytes = to_vector(data, size);
    Bytes mutated;
    if (way < 5) {
      mutated = mutate_sections(bytes, random);
    } else if (const auto module = wasm::decode_module(bytes, wasm::Features::all())) {
      mutated = way == 5 ? copy_function(*module, *module, random) : mutate_function(*module, random);
    }
    if (const size_t stored = store(mutated, data, max_size); stored != 0) return stored;
  }
  return LLVMFuzzerMutate(data, size, max_size);
}

size_t cross_modules(const uint8_t* data, size_t size, const uint8_t* other, size_t other_size, uint8_t* out,
                     size_t max_size, unsigned seed) {
  Random random(seed);
  const Bytes first = to_vector(data, size), second = to_vector(other, other_size);
  Bytes crossed;
  if (random() % 2 == 0) {
    const auto module = wasm::decode_module(first, wasm::Features::all());
    const auto source = wasm::decode_module(second, wasm::Features::all());
    if (module && source) crossed = copy_function(*module, *source, random);
  }
  if (crossed.empty()) {
    auto sections = split(first), others = split(second);
    if (sections && others && !sections->empty()) {
      Section& section = (*sections)[random() % sections->size()];
      for (const Section& replacement : *others) {
        if (replacement.id == section.id) section = replacement;
      }
      crossed = join(std::span<const std::byte>(first).first(8), *sections);
    }
  }
  return store(crossed, out, max_size);
}

}  // namespace cairn::fuzz
