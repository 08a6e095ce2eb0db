#include "files/operation.hpp"

#include "wasi/interface/types.hpp"

namespace cairn::fuzz {

namespace {

constexpr const char* kNames[] = {"create_directory",
                                  "remove_directory",
                                  "unlink",
                                  "rename",
                                  "link",
                                  "symlink",
                                  "readlink",
                                  "open",
                                  "close",
                                  "read",
                                  "pread",
                                  "write",
                                  "pwrite",
                                  "seek",
                                  "set_size",
                                  "allocate",
                                  "stat_path",
                                  "stat_fd",
                                  "times_path",
                                  "times_fd",
                                  "list",
                                  "list_while_removing",
                                  "set_flags",
                                  "renumber"};

// These functions take parts of an operation from the input. The values are often small, or at limits.
std::string take_component(Input& input) {
  const uint32_t which = input.below(32);
  if (which < 24) return std::string(1, static_cast<char>('a' + which % 4));
  if (which < 26) return ".";
  if (which < 29) return "..";
  switch (input.below(8)) {
    case 0: return std::string(255, 'n');
    case 1: return std::string(256, 'n');
    case 2: return std::string(200, 'm');
    default: return std::string(1, static_cast<char>('e' + input.below(8)));
  }
}

std::string take_path(Input& input) {
  std::string path;
  const uint32_t shape = input.below(64);
  if (shape == 0) return path;
  if (shape == 1) path = "/";
  const uint32_t depth = shape < 32 ? 1 : shape < 50 ? 2 : 3;
  for (uint32_t i = 0; i < depth; ++i) {
    if (i != 0) path += input.one_in(16) ? "//" : "/";
    path += take_component(input);
  }
  switch (input.below(16)) {
    case 0: path += "/"; break;
    case 1: path += "/."; break;
    case 2: path += "/.."; break;
    case 3: path += "//"; break;
    default: break;
  }
  return path;
}

uint64_t take_offset(Input& input) {
  switch (input.below(16)) {
    case 0: return 0;
    case 1: return (uint64_t{1} << 63) - input.below(16);
    case 2: return (uint64_t{1} << 62) + input.below(3) - 1;
    case 3: return ~uint64_t{0} - input.below(4);
    case 4: return uint64_t{1} << (12 + input.below(51));
    case 5:
    case 6:
    case 7: return uint64_t{4096} * input.below(70) + input.below(5) - 2;
    case 8:
    case 9: return input.take<uint16_t>();
    default: return input.below(40);
  }
}

uint32_t take_length(Input& input) {
  switch (input.below(16)) {
    case 0: return 0;
    case 1: return 4096 + input.below(3) - 1;
    case 2: return input.take<uint16_t>() % 20000;
    case 3: return 4096 * (1 + input.below(4));
    default: return 1 + input.below(40);
  }
}

uint64_t take_rights(Input& input) {
  using namespace wasi::rights;
  switch (input.below(8)) {
    case 0: return fd_read | fd_seek | fd_tell | fd_filestat_get | fd_readdir;
    case 1: return fd_read | fd_write | fd_seek;
    case 2: return fd_write;
    case 3: return 0;
    default: return all;
  }
}

}  // namespace

Operation take_operation(Input& input) {
  // These operations come more often than the others, because most of them create something.
  constexpr Kind kOften[] = {Kind::open,    Kind::open,   Kind::open,   Kind::create_directory,
                             Kind::symlink, Kind::rename, Kind::pwrite, Kind::unlink};
  const uint32_t which = input.below(40);
  Operation op;
  op.kind = which < 32 ? static_cast<Kind>(which % static_cast<uint32_t>(Kind::count_)) : kOften[which - 32];
  // Descriptor 3 is the root. It is chosen most often, because other descriptors are often not directories.
  op.fd = input.one_in(3) ? 3 + input.below(8) : 3;
  op.other_fd = input.one_in(3) ? 3 + input.below(8) : 3;
  switch (op.kind) {
    case Kind::open:
      op.oflags = input.one_in(2) ? wasi::oflags::creat : input.one_in(2) ? 0u : input.below(16);
      op.rights = take_rights(input);
      op.fdflags = input.one_in(4) ? wasi::fdflags::append : uint16_t{0};
      op.lookup = input.below(2);
      op.path = take_path(input);
      break;
    case Kind::rename:
    case Kind::link:
    case Kind::symlink:
    case Kind::list_while_removing:
      op.path = take_path(input);
      op.other_path = op.kind == Kind::list_while_removing ? take_component(input) : take_path(input);
      op.lookup = op.kind == Kind::link ? input.below(2) : 0;
      if (op.kind == Kind::list_while_removing) op.length = 24 + input.below(200);
      break;
    case Kind::create_directory:
    case Kind::remove_directory:
    case Kind::unlink:
    case Kind::readlink:
    case Kind::stat_path:
    case Kind::times_path:
      op.lookup = input.below(2);
      op.path = take_path(input);
      op.offset = op.kind == Kind::times_path ? take_offset(input) : 0;
      op.length = op.kind == Kind::readlink ? take_length(input) : 0;
      break;
    default:
      // Descriptors from 4 on are those that the sequence has opened.
      op.fd = 4 + input.below(6);
      if (input.one_in(8)) op.fd = 3 + input.below(10);
      op.other_fd = 4 + input.below(7);
      op.offset = take_offset(input);
      op.length = op.kind == Kind::list ? 24 + input.below(255) : take_length(input);
      op.whence = input.below(4);
      op.fdflags = input.one_in(2) ? wasi::fdflags::append : uint16_t{0};
      op.seed = input.byte();
      break;
  }
  return op;
}

std::string Operation::to_string() const {
  const auto short_of = [](const std::string& text) {
    return text.size() > 100 ? text.substr(0, 20) + "...(" + std::to_string(text.size()) + ")" : text;
  };
  std::string text = kNames[static_cast<size_t>(kind)];
  text += " fd=" + std::to_string(fd) + " path=\"" + short_of(path) + "\"";
  if (!other_path.empty() || other_fd != 3)
    text += " fd2=" + std::to_string(other_fd) + " path2=\"" + short_of(other_path) + "\"";
  text +=
      " lookup=" + std::to_string(lookup) + " oflags=" + std::to_string(oflags) + " fdflags=" + std::to_string(fdflags);
  text +=
      " rights=" + std::to_string(rights) + " offset=" + std::to_string(offset) + " length=" + std::to_string(length);
  return text + " whence=" + std::to_string(whence) + " seed=" + std::to_string(seed);
}

}  // namespace cairn::fuzz
