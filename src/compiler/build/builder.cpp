// Builds the beginning and the end of a function, and keeps the values of its locals.
#include "compiler/build/builder.hpp"

#include <algorithm>

#include "base/format.hpp"

namespace cairn::compiler {

Builder::Builder(const ModuleContext& context, ir::Function& function)
    : context_(context),
      module_(context.module()),
      function_(function),
      insert_(function, context.options().optimize ? ir::Simplify::yes : ir::Simplify::no, 0),
      loop_scan_(function.arena),
      stack_(function.arena),
      locals_(function.arena),
      log_(function.arena),
      frames_(function.arena),
      edges_(function.arena),
      edge_values_(function.arena),
      edge_locals_(function.arena),
      saved_(function.arena),
      loop_locals_(function.arena),
      clauses_(function.arena),
      handler_locals_(function.arena),
      non_null_(function.arena),
      stamps_(function.arena),
      slots_(function.arena) {}

Error Builder::error() const {
  if (unsupported_ != nullptr) {
    return Error::at(ErrorKind::unsupported, offset_, std::string(unsupported_) + " is not supported");
  }
  if (merge_work_ > kMaximumMergeWork) {
    return Error::at(ErrorKind::limit, offset_,
                     "function " + decimal(function_.function_index) +
                         " has branches that bring more than the limit of " + decimal(kMaximumMergeWork) +
                         " locals together");
  }
  return Error::at(ErrorKind::limit, offset_,
                   "function " + decimal(function_.function_index) +
                       " needs more memory to compile than the limit of " +
                       decimal(uint64_t{function_.arena.budget()}) + " bytes");
}

void Builder::begin_function(wasm::FuncIndex index, const wasm::FuncType& type, std::span<const wasm::ValType> locals) {
  const wasm::Function& entry = module_.functions[index.index()];
  function_.function_index = index.index();
  function_.signature = context_.signature(index);
  body_offset_ = entry.body_offset;
  const auto hints = std::ranges::lower_bound(module_.branch_hints, index, {}, [](const auto& e) { return e.first; });
  if (hints != module_.branch_hints.end() && hints->first == index) hints_ = hints->second;

  start_block(create_block());
  locals_.reserve(locals.size());
  for (size_t i = 0; i < locals.size(); ++i) {
    const Type local_type = context_.to_ir(locals[i]);
    Value value;
    if (i < type.params.size()) {
      value = function_.append_param(insert_.block(), local_type);
      note_type(value, type.params[i]);
    }
    locals_.push_back({value, local_type, kNone});
  }
  Value zeros[8];  // the zero of each type that a local has
  for (size_t i = type.params.size(); i < locals.size(); ++i) {
    Value& zero = zeros[static_cast<size_t>(locals_[i].type)];
    if (!zero) zero = zero_of(locals_[i].type);
    locals_[i].value = zero;
  }
  stamps_.assign(locals.size(), 0);
  slots_.assign(locals.size(), 0);
  loop_scan_.scan(entry.body, entry.body_offset, locals.size());

  Frame frame;
  frame.kind = FrameKind::function;
  frame.result_count = frame.label_count = static_cast<uint32_t>(type.results.size());
  frames_.push_back(frame);
}

void Builder::end_function() {
  if (is_live_) return_();
}

// --- locals

void Builder::write_local(uint32_t index, Value value) {
  Local& local = locals_[index];
  if (local.value == value) return;
  // Whether log_ has an entry for this local that was made in the innermost frame.
  const bool is_logged = local.logged != kNone && local.logged >= frames_.back().log_mark &&
                         local.logged < log_.size() && log_[local.logged].local == index;
  if (!is_logged) {
    log_.push_back({index, local.value, local.logged});
    local.logged = static_cast<uint32_t>(log_.size() - 1);
  }
  local.value = value;
}

void Builder::undo_locals(uint32_t log_mark) {
  while (log_.size() > log_mark) {
    const LogEntry& entry = log_.back();
    locals_[entry.local].value = entry.old_value;
    locals_[entry.local].logged = entry.old_logged;
    log_.pop_back();
  }
}

}  // namespace cairn::compiler
