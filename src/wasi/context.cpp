#include "wasi/context.hpp"

namespace cairn::wasi {

void Context::add_stream(std::unique_ptr<File> file, FileType type) {
  Descriptor descriptor;
  descriptor.rights = file->is_stream() ? rights::stream : rights::regular_file;
  descriptor.type = type;
  descriptor.file = std::move(file);
  descriptors_.push_back(std::move(descriptor));
}

void Context::add_preopen(std::unique_ptr<Directory> directory, std::string guest_path) {
  Descriptor descriptor;
  descriptor.directory = std::move(directory);
  descriptor.type = FileType::directory;
  descriptor.rights = rights::directory;
  descriptor.inheriting_rights = rights::all;
  descriptor.preopen = std::move(guest_path);
  descriptors_.push_back(std::move(descriptor));
}

WasiResult<Descriptor*> Context::get(uint32_t fd, uint64_t needed) {
  if (fd >= descriptors_.size() || !descriptors_[fd]) return std::unexpected(Errno::badf);
  Descriptor& descriptor = *descriptors_[fd];
  if ((descriptor.rights & needed) != needed) return std::unexpected(Errno::notcapable);
  return &descriptor;
}

WasiResult<Descriptor*> Context::get_file(uint32_t fd, uint64_t needed) {
  if (fd < descriptors_.size() && descriptors_[fd] && descriptors_[fd]->directory) return std::unexpected(Errno::isdir);
  return get(fd, needed);
}

WasiResult<Descriptor*> Context::get_directory(uint32_t fd, uint64_t needed) {
  if (fd < descriptors_.size() && descriptors_[fd] && descriptors_[fd]->file) return std::unexpected(Errno::notdir);
  return get(fd, needed);
}

WasiResult<uint32_t> Context::insert(Descriptor descriptor) {
  for (uint32_t fd = 0; fd < descriptors_.size(); ++fd) {
    if (!descriptors_[fd]) {
      descriptors_[fd] = std::move(descriptor);
      return fd;
    }
  }
  if (descriptors_.size() == kMaximumDescriptors) return std::unexpected(Errno::mfile);
  descriptors_.push_back(std::move(descriptor));
  return static_cast<uint32_t>(descriptors_.size() - 1);
}

Errno Context::close(uint32_t fd) {
  if (fd >= descriptors_.size() || !descriptors_[fd]) return Errno::badf;
  descriptors_[fd].reset();
  return Errno::success;
}

Errno Context::renumber(uint32_t from, uint32_t to) {
  if (from >= descriptors_.size() || !descriptors_[from]) return Errno::badf;
  if (to >= descriptors_.size() || !descriptors_[to]) return Errno::badf;
  if (from == to) return Errno::success;
  descriptors_[to] = std::move(descriptors_[from]);
  descriptors_[from].reset();
  return Errno::success;
}

}  // namespace cairn::wasi
