// The operations on the model.
#include <algorithm>

#include "files/model.hpp"

namespace cairn::fuzz {

using wasi::Errno;
using wasi::FileType;
namespace rights = wasi::rights;
namespace oflags = wasi::oflags;

namespace {
constexpr uint64_t kMaximum = (uint64_t{1} << 63) - 1;  // Linux's largest offset in a file

Outcome failed(Errno error) { return Outcome{.error = error}; }
}  // namespace

Errno Model::parent_of(const Operation& op, uint64_t needed, Place& place) const {
  int base = -1;
  place.error = directory_of(op.fd, needed, base);
  if (place.error == Errno::success) place = walk(base, op.path, Ending::parent);
  return place.error;
}

int Model::look_up(const Operation& op, uint64_t needed, bool follow, Place& place) const {
  int base = -1;
  place.error = directory_of(op.fd, needed, base);
  if (place.error != Errno::success) return -1;
  place = walk(base, op.path, follow ? Ending::follow : Ending::keep);
  return place.error == Errno::success ? node_at(place) : -1;
}

Errno Model::may_make(const Place& place, bool directory) const {
  if (!place.is_name() || child(place.directory, place.last) >= 0) return Errno::exist;
  if (place.slash && !directory) return Errno::noent;
  return nodes_[place.directory].links == 0 ? Errno::noent : Errno::success;
}

Outcome Model::create_directory(const Operation& op) {
  Place place;
  if (parent_of(op, rights::path_create_directory, place) != Errno::success) return failed(place.error);
  const Errno error = may_make(place, true);
  if (error == Errno::success) add(place.directory, place.last, FileType::directory);
  return failed(error);
}

Outcome Model::symlink(const Operation& op) {
  Place place;
  if (op.other_path.empty()) return failed(Errno::noent);
  if (op.other_path[0] == '/') return failed(Errno::notcapable);
  if (parent_of(op, rights::path_symlink, place) != Errno::success) return failed(place.error);
  const Errno error = may_make(place, false);
  if (error == Errno::success) nodes_[add(place.directory, place.last, FileType::symbolic_link)].target = op.other_path;
  return failed(error);
}

Outcome Model::remove_directory(const Operation& op) {
  Place place;
  if (parent_of(op, rights::path_remove_directory, place) != Errno::success) return failed(place.error);
  if (place.last == ".") return failed(Errno::inval);
  if (place.last == "..") return failed(Errno::notempty);
  const int node = child(place.directory, place.last);
  if (node < 0) return failed(Errno::noent);
  if (!nodes_[node].is_directory()) return failed(Errno::notdir);
  if (!nodes_[node].entries.empty()) return failed(Errno::notempty);
  remove_name(place.directory, place.last);
  return {};
}

Outcome Model::unlink(const Operation& op) {
  Place place;
  if (parent_of(op, rights::path_unlink_file, place) != Errno::success) return failed(place.error);
  if (!place.is_name()) return failed(Errno::isdir);
  const int node = child(place.directory, place.last);
  if (node < 0) return failed(Errno::noent);
  if (nodes_[node].is_directory()) return failed(Errno::isdir);
  if (place.slash) return failed(Errno::notdir);
  remove_name(place.directory, place.last);
  return {};
}

Outcome Model::readlink(const Operation& op) {
  Place place;
  const int node = look_up(op, rights::path_readlink, false, place);
  if (node < 0) return failed(place.error);
  if (nodes_[node].type != FileType::symbolic_link) return failed(Errno::inval);
  Outcome outcome{.text = nodes_[node].target.substr(0, op.length)};
  outcome.count = outcome.text.size();
  return outcome;
}

Outcome Model::set_size(const Operation& op) {
  Open* open = nullptr;
  const Errno error = file_of(op.fd, rights::fd_filestat_set_size, false, open);
  if (error != Errno::success) return failed(error);
  if (op.offset > kMaximum) return failed(Errno::inval);
  Node& file = nodes_[open->node];
  file.size = op.offset;
  file.bytes.erase(file.bytes.lower_bound(op.offset), file.bytes.end());
  return {};
}

Outcome Model::allocate(const Operation& op) {
  Open* open = nullptr;
  const Errno error = file_of(op.fd, rights::fd_allocate, true, open);
  if (error != Errno::success) return failed(error);
  if (op.length == 0 || op.offset > kMaximum) return failed(Errno::inval);
  if (op.length > kMaximum - op.offset) return failed(Errno::fbig);
  nodes_[open->node].size = std::max(nodes_[open->node].size, op.offset + op.length);
  return {};
}

Outcome Model::stat_path(const Operation& op) {
  Place place;
  const int node = look_up(op, rights::path_filestat_get, op.lookup != 0, place);
  return node < 0 ? failed(place.error) : stat(node);
}

Outcome Model::times_path(const Operation& op) {
  Place place;
  const int node = look_up(op, rights::path_filestat_set_times, op.lookup != 0, place);
  if (node < 0) return failed(place.error);
  if ((open_[op.fd].rights & rights::path_filestat_get) == 0) return failed(Errno::notcapable);
  Outcome outcome = stat(node);
  outcome.text += times_text(nodes_[node].type, op.offset, op.offset / 2);
  return outcome;
}

Outcome Model::stat_descriptor(const Operation& op) {
  const auto found = open_.find(op.fd);
  if (found == open_.end()) return failed(Errno::badf);
  const uint64_t needed = op.kind == Kind::times_fd ? rights::fd_filestat_set_times : rights::fd_filestat_get;
  if ((found->second.rights & needed) == 0) return failed(Errno::notcapable);
  if ((found->second.rights & rights::fd_filestat_get) == 0) return failed(Errno::notcapable);
  Outcome outcome = stat(found->second.node);
  if (op.kind == Kind::times_fd) outcome.text += times_text(nodes_[found->second.node].type, op.offset, op.offset / 2);
  return outcome;
}

Outcome Model::set_flags(const Operation& op) {
  Open* open = nullptr;
  const Errno error = file_of(op.fd, rights::fd_fdstat_set_flags, false, open);
  if (error == Errno::success) open->appends = op.fdflags != 0;
  return failed(error);
}

Outcome Model::renumber(const Operation& op) {
  if (op.fd == 3 || op.other_fd == 3) return {};
  if (!open_.contains(op.fd) || !open_.contains(op.other_fd)) return failed(Errno::badf);
  if (op.fd == op.other_fd) return {};
  open_[op.other_fd] = open_[op.fd];
  open_.erase(op.fd);
  return {};
}

Outcome Model::open(const Operation& op) {
  int base = -1;
  if (const Errno error = directory_of(op.fd, rights::path_open, base); error != Errno::success) return failed(error);
  const bool create = (op.oflags & oflags::creat) != 0, exclusive = (op.oflags & oflags::excl) != 0;
  const bool truncate = (op.oflags & oflags::trunc) != 0, directory = (op.oflags & oflags::directory) != 0;
  const uint64_t base_rights = open_[op.fd].rights;
  if (create && directory) return failed(Errno::inval);
  if (create && (base_rights & rights::path_create_file) == 0) return failed(Errno::notcapable);
  if (truncate && (base_rights & rights::path_filestat_set_size) == 0) return failed(Errno::notcapable);
  const bool follow = op.lookup != 0 && !(create && exclusive);
  Place place =
      walk(base, op.path,
           create ? (follow ? Ending::create_follow : Ending::create_keep) : (follow ? Ending::follow : Ending::keep));
  if (place.error != Errno::success) return failed(place.error);
  int node = place.is_name() ? child(place.directory, place.last) : place.directory;
  if (node < 0) {
    if (!create || nodes_[place.directory].links == 0) return failed(Errno::noent);
    node = add(place.directory, place.last, FileType::regular_file);
  } else {
    const FileType type = nodes_[node].type;
    if (create && exclusive) return failed(Errno::exist);
    if (create && type == FileType::directory) return failed(Errno::isdir);
    if ((directory || place.slash) && type != FileType::directory) return failed(Errno::notdir);
    if (type == FileType::symbolic_link) return failed(Errno::loop);
    const bool wants_file = truncate || ((op.rights & rights::fd_write) != 0 && (op.rights & rights::fd_readdir) == 0);
    if (type == FileType::directory && wants_file) return failed(Errno::isdir);
    if (truncate) {
      nodes_[node].size = 0;
      nodes_[node].bytes.clear();
    }
  }
  uint32_t fd = 4;
  while (open_.contains(fd)) ++fd;
  const bool is_directory = nodes_[node].is_directory();
  open_[fd] = {.node = node,
               .is_directory = is_directory,
               .rights = op.rights & (is_directory ? rights::directory : rights::regular_file),
               .appends = op.fdflags != 0};
  return {.text = "fd " + std::to_string(fd)};
}

Errno Model::link(const Operation& op) {
  int from = -1, to = -1;
  if (const Errno error = directory_of(op.fd, rights::path_link_source, from); error != Errno::success) return error;
  Place source = walk(from, op.path, op.lookup != 0 ? Ending::follow : Ending::keep);
  if (source.error != Errno::success) return source.error;
  const int node = node_at(source);
  if (node < 0) return source.error;
  if (const Errno error = directory_of(op.other_fd, rights::path_link_target, to); error != Errno::success)
    return error;
  const Place target = walk(to, op.other_path, Ending::parent);
  if (target.error != Errno::success) return target.error;
  if (!target.is_name() || child(target.directory, target.last) >= 0) return Errno::exist;
  if (target.slash || nodes_[target.directory].links == 0) return Errno::noent;
  if (nodes_[node].is_directory()) return Errno::perm;
  nodes_[target.directory].entries[target.last] = node;
  ++nodes_[node].links;
  return Errno::success;
}

Errno Model::rename(const Operation& op) {
  int from = -1, to = -1;
  if (const Errno error = directory_of(op.fd, rights::path_rename_source, from); error != Errno::success) return error;
  const Place source = walk(from, op.path, Ending::parent);
  if (source.error != Errno::success) return source.error;
  if (const Errno error = directory_of(op.other_fd, rights::path_rename_target, to); error != Errno::success)
    return error;
  const Place target = walk(to, op.other_path, Ending::parent);
  if (target.error != Errno::success) return target.error;
  if (!source.is_name() || !target.is_name()) return Errno::busy;
  const int moved = child(source.directory, source.last), replaced = child(target.directory, target.last);
  if (moved < 0) return Errno::noent;
  const bool is_directory = nodes_[moved].is_directory();
  if (!is_directory && (source.slash || target.slash)) return Errno::notdir;
  for (int at = target.directory; at >= 0; at = nodes_[at].parent) {
    if (at == moved) return Errno::inval;
  }
  for (int at = source.directory; at >= 0 && replaced >= 0; at = nodes_[at].parent) {
    if (at == replaced) return Errno::notempty;
  }
  if (moved == replaced) return Errno::success;
  if (nodes_[target.directory].links == 0) return Errno::noent;
  if (replaced >= 0) {
    if (is_directory && !nodes_[replaced].is_directory()) return Errno::notdir;
    if (!is_directory && nodes_[replaced].is_directory()) return Errno::isdir;
    if (!nodes_[replaced].entries.empty()) return Errno::notempty;
    remove_name(target.directory, target.last);
  }
  nodes_[source.directory].entries.erase(source.last);
  nodes_[target.directory].entries[target.last] = moved;
  if (is_directory) {
    --nodes_[source.directory].links;
    ++nodes_[target.directory].links;
    nodes_[moved].parent = target.directory;
  }
  return Errno::success;
}

Outcome Model::read(const Operation& op) {
  Open* open = nullptr;
  const bool positioned = op.kind == Kind::pread;
  const uint64_t needed = rights::fd_read | (positioned ? rights::fd_seek : 0);
  if (const Errno error = file_of(op.fd, needed, positioned, open); error != Errno::success) return failed(error);
  if (positioned && op.offset > kMaximum) return failed(Errno::inval);
  const uint64_t offset = positioned ? op.offset : open->offset;
  const Node& file = nodes_[open->node];
  Outcome outcome;
  if (offset < file.size) outcome.text.assign(std::min<uint64_t>(op.length, file.size - offset), '\0');
  for (auto at = file.bytes.lower_bound(offset); at != file.bytes.end() && at->first - offset < outcome.text.size();
       ++at) {
    outcome.text[at->first - offset] = at->second;
  }
  outcome.count = outcome.text.size();
  if (!positioned) open->offset += outcome.count;
  return outcome;
}

Outcome Model::write(const Operation& op, std::optional<uint64_t> limit) {
  Open* open = nullptr;
  const bool positioned = op.kind == Kind::pwrite;
  const uint64_t needed = rights::fd_write | (positioned ? rights::fd_seek : 0);
  if (const Errno error = file_of(op.fd, needed, positioned, open); error != Errno::success) return failed(error);
  if (positioned && op.offset > kMaximum) return failed(Errno::inval);
  Node& file = nodes_[open->node];
  const uint64_t offset = positioned ? op.offset : open->appends ? file.size : open->offset;
  if (op.length != 0 && offset >= kMaximum) return failed(Errno::fbig);
  const uint64_t count = limit.value_or(std::min<uint64_t>(op.length, kMaximum - offset));
  for (uint64_t i = 0; i < count; ++i) {
    const char byte = written_byte(op.seed, i);
    if (byte != 0) {
      file.bytes[offset + i] = byte;
    } else {
      file.bytes.erase(offset + i);
    }
  }
  if (count != 0) file.size = std::max(file.size, offset + count);
  if (!positioned) open->offset = offset + count;
  return {.count = count};
}

void Model::perform_write(const Operation& op, uint64_t count) { (void)write(op, count); }

Outcome Model::seek(const Operation& op) {
  if (op.whence > 2) return failed(Errno::inval);
  Open* open = nullptr;
  const uint64_t needed = op.whence == 1 && op.offset == 0 ? rights::fd_tell : rights::fd_seek;
  if (const Errno error = file_of(op.fd, needed, true, open); error != Errno::success) return failed(error);
  const uint64_t base = op.whence == 0 ? 0 : op.whence == 1 ? open->offset : nodes_[open->node].size;
  const __int128 target = static_cast<__int128>(base) + static_cast<int64_t>(op.offset);
  if (target < 0 || target > static_cast<__int128>(kMaximum)) return failed(Errno::inval);
  open->offset = static_cast<uint64_t>(target);
  return {.text = std::to_string(open->offset)};
}

Outcome Model::stat(int node) const {
  return {.text =
              stat_text(nodes_[node].type, nodes_[node].links,
                        nodes_[node].type == FileType::symbolic_link ? nodes_[node].target.size() : nodes_[node].size)};
}

Outcome Model::list(const Operation& op) {
  int directory = -1;
  uint64_t needed = rights::fd_readdir;
  if (op.kind == Kind::list_while_removing) needed = rights::path_open;
  if (const Errno error = directory_of(op.fd, needed, directory); error != Errno::success) return failed(error);
  if (op.kind == Kind::list_while_removing) {
    Place place = walk(directory, op.path, Ending::follow);
    if (place.error != Errno::success) return failed(place.error);
    directory = node_at(place);
    if (directory < 0) return failed(place.error);
    if (!nodes_[directory].is_directory()) return failed(Errno::notdir);
  }
  if (nodes_[directory].links == 0) return failed(Errno::noent);
  // The listing has ".", ".." and all names, each after 24 bytes (WASI's dirent). If it is shorter than the buffer, the
  // first call lists all of it, and nothing is removed.
  std::vector<std::string> entries{". 3", ".. 3"};
  size_t bytes = 2 * 24 + 3;
  for (const auto& [name, node] : nodes_[directory].entries) {
    bytes += 24 + name.size();
    if (op.kind != Kind::list_while_removing || name != op.other_path) {
      entries.push_back(name + " " + std::to_string(static_cast<int>(nodes_[node].type)));
    }
  }
  if (op.kind == Kind::list_while_removing) {
    if (bytes >= op.length) {
      const Place place = walk(directory, op.other_path, Ending::parent);
      if (place.error == Errno::success && place.is_name() && !place.slash) {
        const int node = child(place.directory, place.last);
        if (node >= 0 && !nodes_[node].is_directory()) remove_name(place.directory, place.last);
      }
    }
  }
  return {.text = listing_text(std::move(entries))};
}

Outcome Model::perform(const Operation& op) {
  switch (op.kind) {
    case Kind::create_directory: return create_directory(op);
    case Kind::symlink: return symlink(op);
    case Kind::remove_directory: return remove_directory(op);
    case Kind::unlink: return unlink(op);
    case Kind::rename: return failed(rename(op));
    case Kind::link: return failed(link(op));
    case Kind::readlink: return readlink(op);
    case Kind::open: return this->open(op);
    case Kind::close: return failed(op.fd == 3 || open_.erase(op.fd) == 1 ? Errno::success : Errno::badf);
    case Kind::read:
    case Kind::pread: return read(op);
    case Kind::write:
    case Kind::pwrite: return write(op, std::nullopt);
    case Kind::seek: return seek(op);
    case Kind::set_size: return set_size(op);
    case Kind::allocate: return allocate(op);
    case Kind::stat_path: return stat_path(op);
    case Kind::times_path: return times_path(op);
    case Kind::stat_fd:
    case Kind::times_fd: return stat_descriptor(op);
    case Kind::list:
    case Kind::list_while_removing: return list(op);
    case Kind::set_flags: return set_flags(op);
    case Kind::renumber: return renumber(op);
    case Kind::count_: break;
  }
  return {};
}

}  // namespace cairn::fuzz
