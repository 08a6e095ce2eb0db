// path_*: what is done with names in preopened directories.
#include <algorithm>

#include "wasi/functions.hpp"
#include "wasi/path.hpp"

namespace cairn::wasi {

namespace {

LastLink last_link(uint32_t flags) {
  return (flags & lookupflags::symlink_follow) != 0 ? LastLink::follow : LastLink::keep;
}

// Resolves a guest's path below descriptor `fd`, which must be a directory with the given rights.
WasiResult<ResolvedPath> resolve(Call& call, uint32_t fd, uint64_t needed, Pointer path, uint32_t length, LastLink last) {
  auto descriptor = call.context.get_directory(fd, needed);
  if (!descriptor) return std::unexpected(descriptor.error());
  auto text = call.memory.text(path, length, kMaximumPath);
  if (!text) return std::unexpected(text.error());
  return resolve_path(*(*descriptor)->directory, *text, last);
}

// For operations that make or remove a name: there has to be one.
WasiResult<ResolvedPath> resolve_name(Call& call, uint32_t fd, uint64_t needed, Pointer path, uint32_t length) {
  auto place = resolve(call, fd, needed, path, length, LastLink::keep);
  if (place && place->name.empty()) return std::unexpected(Errno::inval);
  return place;
}

}  // namespace

Errno path_create_directory(Call& call, uint32_t fd, Pointer path, uint32_t length) {
  auto place = resolve(call, fd, rights::path_create_directory, path, length, LastLink::keep);
  if (!place) return place.error();
  return place->name.empty() ? Errno::exist : place->directory->create_directory(place->name);
}

Errno path_filestat_get(Call& call, uint32_t fd, uint32_t flags, Pointer path, uint32_t length, Pointer at) {
  auto place = resolve(call, fd, rights::path_filestat_get, path, length, last_link(flags));
  if (!place) return place.error();
  auto stat = place->name.empty() ? place->directory->stat_self() : place->directory->stat(place->name);
  if (!stat) return stat.error();
  if (place->must_be_directory && stat->type != FileType::directory) return Errno::notdir;
  return store_filestat(call, at, *stat);
}

Errno path_filestat_set_times(Call& call, uint32_t fd, uint32_t flags, Pointer path, uint32_t length, uint64_t access,
                              uint64_t modification, uint32_t fst_flags) {
  auto times = decode_times(call, access, modification, fst_flags);
  if (!times) return times.error();
  auto place = resolve(call, fd, rights::path_filestat_set_times, path, length, last_link(flags));
  if (!place) return place.error();
  return place->name.empty() ? place->directory->set_times_self(*times)
                             : place->directory->set_times(place->name, *times);
}

Errno path_link(Call& call, uint32_t fd, uint32_t flags, Pointer path, uint32_t length, uint32_t new_fd,
                Pointer new_path, uint32_t new_length) {
  auto source = resolve(call, fd, rights::path_link_source, path, length, last_link(flags));
  if (!source) return source.error();
  auto target = resolve_name(call, new_fd, rights::path_link_target, new_path, new_length);
  if (!target) return target.error();
  if (source->name.empty()) return Errno::perm;
  if (target->must_be_directory) return Errno::noent;
  return source->directory->link(source->name, *target->directory, target->name);
}

Errno path_open(Call& call, uint32_t fd, uint32_t dirflags, Pointer path, uint32_t length, uint32_t open_flags,
                uint64_t wanted, uint64_t inheriting, uint32_t flags, Pointer opened) {
  auto base = call.context.get_directory(fd, rights::path_open);
  if (!base) return base.error();
  const bool wants_directory = (open_flags & oflags::directory) != 0;
  OpenOptions options;
  options.create = (open_flags & oflags::creat) != 0;
  options.exclusive = (open_flags & oflags::excl) != 0;
  options.truncate = (open_flags & oflags::trunc) != 0;
  options.read = (wanted & (rights::fd_read | rights::fd_readdir)) != 0;
  options.write = options.truncate ||
                  (wanted & (rights::fd_write | rights::fd_allocate | rights::fd_filestat_set_size)) != 0;
  if (options.create && wants_directory) return Errno::inval;
  if (options.create && ((*base)->rights & rights::path_create_file) == 0) return Errno::notcapable;
  if (options.truncate && ((*base)->rights & rights::path_filestat_set_size) == 0) return Errno::notcapable;
  const uint64_t allowed = (*base)->inheriting_rights;

  // An exclusive creation must not follow a link to what does not exist yet.
  const LastLink last = options.create && options.exclusive ? LastLink::keep : last_link(dirflags);
  auto place = resolve(call, fd, rights::path_open, path, length, last);
  if (!place) return place.error();
  const bool needs_directory = wants_directory || place->must_be_directory;

  Descriptor descriptor;
  descriptor.flags = static_cast<uint16_t>(flags);
  WasiResult<std::unique_ptr<File>> file = std::unexpected(Errno::isdir);
  if (!place->name.empty() && !needs_directory) file = place->directory->open_file(place->name, options);
  if (file) {
    auto stat = (*file)->stat();
    if (!stat) return stat.error();
    descriptor.type = stat->type;
    descriptor.rights = wanted & allowed & ((*file)->is_stream() ? rights::stream : rights::regular_file);
    descriptor.file = std::move(*file);
  } else {
    if (file.error() != Errno::isdir) return file.error();
    if (options.create && options.exclusive) return Errno::exist;
    if (options.truncate) return Errno::isdir;
    // Without a demand for a directory, wanting to write means that a file was expected.
    if (!needs_directory && (wanted & rights::fd_write) != 0 && (wanted & rights::fd_readdir) == 0) return Errno::isdir;
    auto directory =
        place->name.empty() ? place->directory->duplicate() : place->directory->open_directory(place->name);
    if (!directory) {
      // A link where the caller said not to follow is no directory, whatever it leads to.
      return directory.error() == Errno::notdir && !needs_directory ? Errno::loop : directory.error();
    }
    descriptor.type = FileType::directory;
    descriptor.rights = wanted & allowed & rights::directory;
    descriptor.inheriting_rights = inheriting & allowed;
    descriptor.directory = std::move(*directory);
  }
  auto number = call.context.insert(std::move(descriptor));
  if (!number) return number.error();
  const Errno stored = call.memory.store(opened, *number);
  if (stored != Errno::success) (void)call.context.close(*number);
  return stored;
}

Errno path_readlink(Call& call, uint32_t fd, Pointer path, uint32_t length, Pointer buffer, uint32_t buffer_length,
                    Pointer used) {
  auto place = resolve_name(call, fd, rights::path_readlink, path, length);
  if (!place) return place.error();
  auto target = place->directory->read_link(place->name);
  if (!target) return target.error();
  const auto count = static_cast<uint32_t>(std::min<size_t>(target->size(), buffer_length));
  const Errno copied = call.memory.copy_out(buffer, std::as_bytes(std::span(*target).first(count)));
  return copied == Errno::success ? call.memory.store(used, count) : copied;
}

Errno path_remove_directory(Call& call, uint32_t fd, Pointer path, uint32_t length) {
  auto place = resolve_name(call, fd, rights::path_remove_directory, path, length);
  return place ? place->directory->remove_directory(place->name) : place.error();
}

Errno path_rename(Call& call, uint32_t fd, Pointer path, uint32_t length, uint32_t new_fd, Pointer new_path,
                  uint32_t new_length) {
  auto source = resolve_name(call, fd, rights::path_rename_source, path, length);
  if (!source) return source.error();
  auto target = resolve_name(call, new_fd, rights::path_rename_target, new_path, new_length);
  if (!target) return target.error();
  auto stat = source->directory->stat(source->name);
  if (!stat) return stat.error();
  if ((source->must_be_directory || target->must_be_directory) && stat->type != FileType::directory) return Errno::notdir;
  return source->directory->rename(source->name, *target->directory, target->name);
}

Errno path_symlink(Call& call, Pointer target, uint32_t target_length, uint32_t fd, Pointer path, uint32_t length) {
  auto contents = call.memory.text(target, target_length, kMaximumPath);
  if (!contents) return contents.error();
  if (contents->empty()) return Errno::noent;
  // A link that is absolute could never be followed.
  if (contents->view().front() == '/') return Errno::notcapable;
  auto place = resolve_name(call, fd, rights::path_symlink, path, length);
  if (!place) return place.error();
  if (place->must_be_directory) {
    return place->directory->stat(place->name) ? Errno::exist : Errno::noent;
  }
  return place->directory->symlink(std::string(*contents), place->name);
}

Errno path_unlink_file(Call& call, uint32_t fd, Pointer path, uint32_t length) {
  auto place = resolve_name(call, fd, rights::path_unlink_file, path, length);
  if (!place) return place.error();
  if (place->must_be_directory) {
    auto stat = place->directory->stat(place->name);
    if (!stat) return stat.error();
    return stat->type == FileType::directory ? Errno::isdir : Errno::notdir;
  }
  return place->directory->unlink(place->name);
}

}  // namespace cairn::wasi
