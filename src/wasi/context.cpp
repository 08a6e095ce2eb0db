#include "wasi/context.hpp"

#include "base/nothrow_memory.hpp"

namespace cairn::wasi {

bool Context::add(std::unique_ptr<Descriptor> descriptor) {
  const auto fd = reserve();
  if (fd) insert(*fd, std::move(descriptor));
  return fd.has_value();
}

bool Context::add_stream(std::unique_ptr<File> file, FileType type) {
  auto descriptor = try_make_unique<Descriptor>();
  if (file == nullptr || descriptor == nullptr) return false;
  descriptor->rights = file->is_stream() ? rights::stream : rights::regular_file;
  descriptor->type = type;
  descriptor->file = std::move(file);
  return add(std::move(descriptor));
}

bool Context::add_preopen(std::unique_ptr<Directory> directory, std::string guest_path) {
  auto descriptor = try_make_unique<Descriptor>();
  if (directory == nullptr || descriptor == nullptr) return false;
  descriptor->directory = std::move(directory);
  descriptor->type = FileType::directory;
  descriptor->rights = rights::directory;
  descriptor->inheriting_rights = rights::all;
  descriptor->preopen = std::move(guest_path);
  return add(std::move(descriptor));
}

WasiResult<Descriptor*> Context::get(uint32_t fd, uint64_t needed) {
  Descriptor* descriptor = find(fd);
  if (descriptor == nullptr) return std::unexpected(Errno::badf);
  if ((descriptor->rights & needed) != needed) return std::unexpected(Errno::notcapable);
  return descriptor;
}

WasiResult<Descriptor*> Context::get_file(uint32_t fd, uint64_t needed) {
  const Descriptor* descriptor = find(fd);
  if (descriptor != nullptr && descriptor->directory) return std::unexpected(Errno::isdir);
  return get(fd, needed);
}

WasiResult<Descriptor*> Context::get_directory(uint32_t fd, uint64_t needed) {
  const Descriptor* descriptor = find(fd);
  if (descriptor != nullptr && descriptor->file) return std::unexpected(Errno::notdir);
  return get(fd, needed);
}

WasiResult<uint32_t> Context::reserve() {
  uint32_t fd = 0;
  while (fd < descriptors_.size() && descriptors_[fd] != nullptr) ++fd;
  if (fd == kMaximumDescriptors) return std::unexpected(Errno::mfile);
  if (fd == descriptors_.size() && !descriptors_.try_push_back(nullptr)) return std::unexpected(Errno::nomem);
  return fd;
}

void Context::insert(uint32_t fd, std::unique_ptr<Descriptor> descriptor) { descriptors_[fd] = std::move(descriptor); }

Errno Context::close(uint32_t fd) {
  if (find(fd) == nullptr) return Errno::badf;
  descriptors_[fd].reset();
  return Errno::success;
}

Errno Context::renumber(uint32_t from, uint32_t to) {
  if (find(from) == nullptr || find(to) == nullptr) return Errno::badf;
  if (from != to) descriptors_[to] = std::move(descriptors_[from]);
  return Errno::success;
}

}  // namespace cairn::wasi
