// Makes arguments from the values of scripts, and compares results with the patterns of scripts.
#pragma once

#include <span>
#include <string>

#include "runtime/store.hpp"
#include "wasm/text/wast.hpp"

namespace cairn::runtime {

// Returns the value that a script has written as an argument.
Val to_value(const wasm::text::ScriptValue& value);

// Returns whether the pattern allows the value. A reference matches a heap type if the type that the store recorded
// for it is a subtype.
bool matches(Store& store, const Val& value, const wasm::text::ResultPattern& pattern);
// Returns whether there are as many values as patterns, and each value matches its pattern.
bool match(Store& store, std::span<const Val> values, std::span<const wasm::text::ResultPattern> patterns);

// These functions return texts for messages, such as "i32:5=0x5", "f32:bits 0x40000000" and "ref.null".
std::string describe(const Val& value);
std::string describe(std::span<const Val> values);
std::string describe(const wasm::text::ResultPattern& pattern);
std::string describe(std::span<const wasm::text::ResultPattern> patterns);

}  // namespace cairn::runtime
