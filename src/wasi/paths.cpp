// The functions path_*: operations on paths that begin at an open directory. interface/path.hpp walks along the paths;
// the functions here check rights and arguments, and work on the directory and the name that a walk found.
#include <algorithm>
#include <array>

#include "base/nothrow_memory.hpp"
#include "wasi/functions.hpp"
#include "wasi/interface/path.hpp"

namespace cairn::wasi {

namespace {

LastLink last_link(uint32_t flags) {
  return (flags & lookupflags::symlink_follow) != 0 ? LastLink::follow : LastLink::keep;
}

// Looks up a guest's path from the directory `fd`, which must have the rights `needed`.
WasiResult<ResolvedPath> resolve(Call& call, uint32_t fd, uint64_t needed, Pointer path, uint32_t length,
                                 LastLink last) {
  auto descriptor = call.context.get_directory(fd, needed);
  if (!descriptor) return std::unexpected(descriptor.error());
  auto text = call.memory.text(path, length, kMaximumPath);
  if (!text) return std::unexpected(text.error());
  return resolve_path(*(*descriptor)->directory, *text, last);
}

// Resolves the place of a name for operations that make or remove it.
WasiResult<ResolvedParent> parent_of(Call& call, uint32_t fd, uint64_t needed, Pointer path, uint32_t length) {
  auto descriptor = call.context.get_directory(fd, needed);
  if (!descriptor) return std::unexpected(descriptor.error());
  auto text = call.memory.text(path, length, kMaximumPath);
  if (!text) return std::unexpected(text.error());
  return resolve_parent(*(*descriptor)->directory, *text);
}

WasiResult<FileStat> stat_of(const ResolvedPath& place) {
  auto stat = place.name.empty() ? place.directory->stat_self() : place.directory->stat(place.name);
  if (stat && place.must_be_directory && stat->type != FileType::directory) return std::unexpected(Errno::notdir);
  return stat;
}

// Returns Errno::success if a file that is not a directory may get the name, otherwise the reason why it may not.
Errno may_create(const ResolvedParent& place) {
  if (place.last != LastComponent::name) return Errno::exist;
  if (!place.ends_in_slash) return Errno::success;
  const auto stat = place.directory->stat(place.name);
  return stat ? Errno::exist : stat.error();
}

}  // namespace

Errno path_create_directory(Call& call, uint32_t fd, Pointer path, uint32_t length) {
  auto place = parent_of(call, fd, rights::path_create_directory, path, length);
  if (!place) return place.error();
  if (place->last != LastComponent::name) return Errno::exist;
  return place->directory->create_directory(place->name);
}

Errno path_filestat_get(Call& call, uint32_t fd, uint32_t flags, Pointer path, uint32_t length, Pointer at) {
  auto place = resolve(call, fd, rights::path_filestat_get, path, length, last_link(flags));
  if (!place) return place.error();
  auto stat = stat_of(*place);
  return stat ? store_filestat(call, at, *stat) : stat.error();
}

Errno path_filestat_set_times(Call& call, uint32_t fd, uint32_t flags, Pointer path, uint32_t length, uint64_t access,
                              uint64_t modification, uint32_t fst_flags) {
  auto times = decode_times(call, access, modification, fst_flags);
  if (!times) return times.error();
  auto place = resolve(call, fd, rights::path_filestat_set_times, path, length, last_link(flags));
  if (!place) return place.error();
  if (place->name.empty()) return place->directory->set_times_self(*times);
  if (auto stat = stat_of(*place); !stat) return stat.error();
  return place->directory->set_times(place->name, *times);
}

Errno path_link(Call& call, uint32_t fd, uint32_t flags, Pointer path, uint32_t length, uint32_t new_fd,
                Pointer new_path, uint32_t new_length) {
  auto source = resolve(call, fd, rights::path_link_source, path, length, last_link(flags));
  if (!source) return source.error();
  if (auto stat = stat_of(*source); !stat) return stat.error();
  auto target = parent_of(call, new_fd, rights::path_link_target, new_path, new_length);
  if (!target) return target.error();
  if (const Errno error = may_create(*target); error != Errno::success) return error;
  if (source->name.empty()) {
    // A directory cannot get another name (Errno::perm). Errors that concern the new name come first.
    if (target->directory->stat(target->name)) return Errno::exist;
    const auto self = target->directory->stat_self();
    return self && self->links == 0 ? Errno::noent : Errno::perm;
  }
  return source->directory->link(source->name, *target->directory, target->name);
}

Errno path_open(Call& call, uint32_t fd, uint32_t dirflags, Pointer path, uint32_t length, uint32_t open_flags,
                uint64_t wanted, uint64_t inheriting, uint32_t flags, Pointer opened) {
  auto base = call.context.get_directory(fd, rights::path_open);
  if (!base) return base.error();
  if ((dirflags & ~lookupflags::known) != 0 || (open_flags & ~uint32_t{oflags::known}) != 0 ||
      (flags & ~uint32_t{fdflags::known}) != 0) {
    return Errno::inval;
  }
  const bool wants_directory = (open_flags & oflags::directory) != 0;
  OpenOptions options;
  options.create = (open_flags & oflags::creat) != 0;
  options.exclusive = (open_flags & oflags::excl) != 0;
  options.truncate = (open_flags & oflags::trunc) != 0;
  options.read = (wanted & (rights::fd_read | rights::fd_readdir)) != 0;
  options.write =
      options.truncate || (wanted & (rights::fd_write | rights::fd_allocate | rights::fd_filestat_set_size)) != 0;
  if (options.create && wants_directory) return Errno::inval;
  if (options.create && ((*base)->rights & rights::path_create_file) == 0) return Errno::notcapable;
  if (options.truncate && ((*base)->rights & rights::path_filestat_set_size) == 0) return Errno::notcapable;
  const uint64_t allowed = (*base)->inheriting_rights;
  // Checks that do not concern the path come first, so that no file is created or truncated in vain.
  if (const Errno error = call.memory.check(opened, sizeof(uint32_t)); error != Errno::success) return error;
  auto text = call.memory.text(path, length, kMaximumPath);
  if (!text) return text.error();
  Ref<Descriptor> descriptor = make_descriptor();
  if (!descriptor) return Errno::nomem;
  auto number = call.context.reserve();
  if (!number) return number.error();

  // An exclusive creation does not follow a link in the last component.
  const LastLink last = options.create && options.exclusive ? LastLink::keep : last_link(dirflags);
  auto place = options.create ? resolve_to_create(*(*base)->directory, *text, last)
                              : resolve_path(*(*base)->directory, *text, last);
  if (!place) return place.error();

  descriptor->flags = static_cast<uint16_t>(flags);
  WasiResult<std::unique_ptr<File>> file = std::unexpected(Errno::isdir);
  const bool needs_directory = wants_directory || place->must_be_directory;
  if (!needs_directory) file = place->directory->open_file(place->name, options);
  if (file) {
    auto stat = (*file)->stat();
    if (!stat) return stat.error();
    descriptor->type = stat->type;
    descriptor->rights = wanted & allowed & ((*file)->is_stream() ? rights::stream : rights::regular_file);
    descriptor->file = std::move(*file);
  } else {
    if (file.error() != Errno::isdir) return file.error();
    if (options.create) return options.exclusive ? Errno::exist : Errno::isdir;
    auto directory =
        place->name.empty() ? place->directory->duplicate() : place->directory->open_directory(place->name);
    if (!directory) return directory.error();
    // A caller that asks for the right to write expects a file, unless it also asks for the right fd_readdir.
    if (options.truncate || ((wanted & rights::fd_write) != 0 && (wanted & rights::fd_readdir) == 0))
      return Errno::isdir;
    descriptor->type = FileType::directory;
    descriptor->rights = wanted & allowed & rights::directory;
    descriptor->inheriting_rights = inheriting & allowed;
    descriptor->directory = std::move(*directory);
  }
  const uint32_t fd_opened = number->fd();
  std::move(*number).insert(std::move(descriptor));
  return call.memory.store(opened, fd_opened);
}

Errno path_readlink(Call& call, uint32_t fd, Pointer path, uint32_t length, Pointer buffer, uint32_t buffer_length,
                    Pointer used) {
  auto place = resolve(call, fd, rights::path_readlink, path, length, LastLink::keep);
  if (!place) return place.error();
  if (auto stat = stat_of(*place); !stat) return stat.error();
  if (place->name.empty()) return Errno::inval;
  const auto target = try_make_unique<std::array<char, kMaximumPath + 1>>();
  if (target == nullptr) return Errno::nomem;
  const auto target_length = place->directory->read_link(place->name, *target);
  if (!target_length) return target_length.error();
  const auto count = static_cast<uint32_t>(std::min<size_t>(*target_length, buffer_length));
  const Errno copied = call.memory.copy_out(buffer, std::as_bytes(std::span(*target).first(count)));
  return copied == Errno::success ? call.memory.store(used, count) : copied;
}

Errno path_remove_directory(Call& call, uint32_t fd, Pointer path, uint32_t length) {
  auto place = parent_of(call, fd, rights::path_remove_directory, path, length);
  if (!place) return place.error();
  switch (place->last) {
    case LastComponent::dot: return Errno::inval;
    case LastComponent::dot_dot: return Errno::notempty;
    case LastComponent::name: break;
  }
  return place->directory->remove_directory(place->name);
}

Errno path_rename(Call& call, uint32_t fd, Pointer path, uint32_t length, uint32_t new_fd, Pointer new_path,
                  uint32_t new_length) {
  auto source = parent_of(call, fd, rights::path_rename_source, path, length);
  if (!source) return source.error();
  auto target = parent_of(call, new_fd, rights::path_rename_target, new_path, new_length);
  if (!target) return target.error();
  if (source->last != LastComponent::name || target->last != LastComponent::name) return Errno::busy;
  if (source->ends_in_slash || target->ends_in_slash) {
    auto stat = source->directory->stat(source->name);
    if (!stat) return stat.error();
    if (stat->type != FileType::directory) return Errno::notdir;
  }
  return source->directory->rename(source->name, *target->directory, target->name);
}

Errno path_symlink(Call& call, Pointer target, uint32_t target_length, uint32_t fd, Pointer path, uint32_t length) {
  auto text = call.memory.text(target, target_length, kMaximumPath);
  if (!text) return text.error();
  if (text->empty()) return Errno::noent;
  // An absolute link could never be followed.
  if (text->view().front() == '/') return Errno::notcapable;
  if (text->view().find('\0') != std::string_view::npos) return Errno::ilseq;
  auto place = parent_of(call, fd, rights::path_symlink, path, length);
  if (!place) return place.error();
  if (const Errno error = may_create(*place); error != Errno::success) return error;
  return place->directory->symlink(*text, place->name);
}

Errno path_unlink_file(Call& call, uint32_t fd, Pointer path, uint32_t length) {
  auto place = parent_of(call, fd, rights::path_unlink_file, path, length);
  if (!place) return place.error();
  if (place->last != LastComponent::name) return Errno::isdir;
  if (place->ends_in_slash) {
    auto stat = place->directory->stat(place->name);
    if (!stat) return stat.error();
    return stat->type == FileType::directory ? Errno::isdir : Errno::notdir;
  }
  return place->directory->unlink(place->name);
}

}  // namespace cairn::wasi
