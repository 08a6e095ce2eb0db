// Calls one function that a module exports, with arguments and results as text.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/value.hpp"
#include "wasm/module.hpp"

namespace cairn::wasi {

// Returns the exported function of that name. Fails (link) if there is none; the error lists the existing ones.
Result<const wasm::Export*> find_function(const wasm::Module& module, std::string_view name);

// Lists the first functions that a module exports, for messages: "add, sub", or "none".
std::string list_functions(const wasm::Module& module);

// Parses arguments: numbers in decimal or hexadecimal (integers with a sign or without; floats also `inf` and `nan`),
// vectors as 0x and up to 32 hexadecimal digits, `null` for nullable references, and a number for an externref. Fails
// (usage) with an error that names the argument.
Result<std::vector<runtime::Val>> parse_arguments(std::string_view function, const wasm::FuncType& type,
                                                  std::span<const std::string> texts);

// Prints one line for each result: integers with a sign, floats in the shortest form that denotes them, vectors in
// hexadecimal, null, the numbers of i31 and externref, and the type of other references.
std::string print_results(std::span<const runtime::Val> results);

}  // namespace cairn::wasi
