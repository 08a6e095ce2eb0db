#include "wasi/context.hpp"

#include "wasi/system/children.hpp"

namespace cairn::wasi {

Context::Context(System& system, Allowances* allowances)
    : system_(system),
      allowances_(allowances != nullptr ? *allowances : own_allowances_.emplace()),
      threads_(system, allowances_[Limit::fibers]) {}

Context::~Context() {
  table_.with([&](Table& table) {
    for (const Slot& slot : table.slots) {
      if (slot.descriptor) descriptors().give_back(1);
    }
  });
}

void Context::set_children(std::unique_ptr<Children> children) { children_ = std::move(children); }

bool Context::add(Ref<Descriptor> descriptor) {
  auto number = reserve();
  if (number) std::move(*number).insert(std::move(descriptor));
  return number.has_value();
}

bool Context::add_stream(std::unique_ptr<File> file, FileType type) {
  Ref<Descriptor> descriptor = make_descriptor();
  if (file == nullptr || !descriptor) return false;
  descriptor->rights = file->is_stream() ? rights::stream : rights::regular_file;
  descriptor->type = type;
  descriptor->file = std::move(file);
  return add(std::move(descriptor));
}

bool Context::add_preopen(std::unique_ptr<Directory> directory, std::string guest_path) {
  Ref<Descriptor> descriptor = make_descriptor();
  if (directory == nullptr || !descriptor) return false;
  descriptor->directory = std::move(directory);
  descriptor->type = FileType::directory;
  descriptor->rights = rights::directory;
  descriptor->inheriting_rights = rights::all;
  descriptor->preopen = std::move(guest_path);
  return add(std::move(descriptor));
}

WasiResult<Ref<Descriptor>> Context::get(uint32_t fd, uint64_t needed) {
  Ref<Descriptor> descriptor = table_.with([&](Table& table) { return Ref<Descriptor>(table.find(fd)); });
  if (!descriptor) return std::unexpected(Errno::badf);
  if ((descriptor->rights & needed) != needed) return std::unexpected(Errno::notcapable);
  return descriptor;
}

WasiResult<Ref<Descriptor>> Context::get_file(uint32_t fd, uint64_t needed) {
  auto descriptor = get(fd, needed);
  // If a descriptor is of the wrong kind and lacks a right, too, the error is the one for the wrong kind.
  const auto any = descriptor ? descriptor : get(fd, 0);
  if (any && (*any)->directory) return std::unexpected(Errno::isdir);
  return descriptor;
}

WasiResult<Ref<Descriptor>> Context::get_directory(uint32_t fd, uint64_t needed) {
  auto descriptor = get(fd, needed);
  const auto any = descriptor ? descriptor : get(fd, 0);
  if (any && (*any)->file) return std::unexpected(Errno::notdir);
  return descriptor;
}

WasiResult<Context::Reservation> Context::reserve() {
  return table_.with([&](Table& table) -> WasiResult<Reservation> {
    TryVector<Slot>& slots = table.slots;
    uint32_t fd = 0;
    while (fd < slots.size() && (slots[fd].descriptor || slots[fd].is_reserved)) ++fd;
    if (!descriptors().try_take(1)) return std::unexpected(Errno::mfile);
    if (fd == slots.size() && !slots.try_push_back({})) {
      descriptors().give_back(1);
      return std::unexpected(Errno::nomem);
    }
    slots[fd].is_reserved = true;
    return Reservation(*this, fd);
  });
}

void Context::end_reservation(uint32_t fd, Ref<Descriptor> descriptor) {
  if (!descriptor) descriptors().give_back(1);
  table_.with([&](Table& table) { table.slots[fd] = {std::move(descriptor), false}; });
}

// Descriptors that are removed from the table are destroyed after the lock is released, because that may close a file.

Errno Context::close(uint32_t fd) {
  const Ref<Descriptor> closed = table_.with([&](Table& table) {
    return table.find(fd) == nullptr ? Ref<Descriptor>() : std::move(table.slots[fd].descriptor);
  });
  if (!closed) return Errno::badf;
  descriptors().give_back(1);
  return Errno::success;
}

Errno Context::renumber(uint32_t from, uint32_t to) {
  Ref<Descriptor> replaced;
  return table_.with([&](Table& table) {
    if (table.find(from) == nullptr || table.find(to) == nullptr) return Errno::badf;
    if (from == to) return Errno::success;
    replaced = std::move(table.slots[to].descriptor);
    descriptors().give_back(1);
    table.slots[to].descriptor = std::move(table.slots[from].descriptor);
    return Errno::success;
  });
}

Errno Context::restrict_rights(uint32_t fd, uint64_t base, uint64_t inheriting) {
  return table_.with([&](Table& table) {
    Descriptor* const descriptor = table.find(fd);
    if (descriptor == nullptr) return Errno::badf;
    if ((base & ~descriptor->rights) != 0 || (inheriting & ~descriptor->inheriting_rights) != 0)
      return Errno::notcapable;
    descriptor->rights = base;
    descriptor->inheriting_rights = inheriting;
    return Errno::success;
  });
}

}  // namespace cairn::wasi
