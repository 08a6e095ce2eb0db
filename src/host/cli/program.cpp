#include "host/cli/program.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/format.hpp"
#include "host/cli/child.hpp"
#include "host/cli/files.hpp"
#include "wasm/text/text.hpp"

namespace cairn::cli {
namespace {

enum class Language : uint8_t { binary, text, c, cxx };

Language language_of(const std::string& path) {
  const std::string extension = path.substr(std::min(path.size(), path.rfind('.')));
  if (extension == ".wat") return Language::text;
  if (extension == ".c") return Language::c;
  if (extension == ".cc" || extension == ".cpp" || extension == ".cxx") return Language::cxx;
  return Language::binary;
}

// Returns the FNV-1a hash of 128 bits as a name for contents. It does not protect against deliberate collisions.
std::string content_hash(std::string_view bytes) {
  unsigned __int128 hash = static_cast<unsigned __int128>(0x6c62272e07bb0142) << 64 | 0x62b821756295c58d;
  const unsigned __int128 prime = static_cast<unsigned __int128>(1) << 88 | 0x13b;
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
  return hex(static_cast<uint64_t>(hash >> 64), 16).substr(2) + hex(static_cast<uint64_t>(hash), 16).substr(2);
}

// Makes a sysroot of links and returns its path. clang looks for folders named wasm32-wasip1, but Debian names them
// wasm32-wasi. With a sysroot of its own, clang does not see the host's /usr/include.
Result<std::string> sysroot() {
  std::string place = CAIRN_TRY(cache_directory()) + "/wasm-sysroot";
  for (const char* part : {"include", "lib"}) {
    const std::string folder = place + "/" + part;
    const std::string target = std::string("/usr/") + part + "/wasm32-wasi";
    make_directories(folder);
    if (symlink(target.c_str(), (folder + "/wasm32-wasip1").c_str()) != 0 && errno != EEXIST) {
      return fail(Error::of(ErrorKind::io, "cannot create " + folder + ": " + std::strerror(errno)));
    }
  }
  return place;
}

struct Stamp {
  time_t seconds = 0;
  long nanoseconds = 0;
  auto operator<=>(const Stamp&) const = default;
};

bool modified(const std::string& path, Stamp& out) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return false;
  out = {info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
  return true;
}

// Whether the module is newer than all files in the make rule that clang wrote.
bool is_fresh(const std::string& module, const std::string& rule_path) {
  Stamp made;
  const Result<std::string> rule = read_file(rule_path);
  if (!rule || !modified(module, made)) return false;
  std::string name;
  bool in_prerequisites = false;
  for (size_t i = 0; i <= rule->size(); ++i) {
    const char c = i < rule->size() ? (*rule)[i] : '\n';
    if (c == '\\' && i + 1 < rule->size()) {
      if ((*rule)[i + 1] != '\n') name += (*rule)[i + 1];
      ++i;
    } else if (c == ' ' || c == '\n') {
      Stamp changed;
      if (in_prerequisites && !name.empty() && (!modified(name, changed) || changed >= made)) return false;
      if (name.ends_with(':')) in_prerequisites = true;
      name.clear();
    } else {
      name += c;
    }
  }
  return true;
}

// Runs a compiler that writes only into `folder`. If a signal ends the command meanwhile, `files` and the folder are
// removed.
Result<void> run_compiler(const std::vector<std::string>& arguments, const std::string& folder,
                          std::vector<std::string> files) {
  const pid_t compiler = CAIRN_TRY(start_process(arguments, [&] {
    dup2(2, 1);
    setenv("TMPDIR", folder.c_str(), 1);  // the compiler keeps objects there until they are linked
  }));
  files.push_back(folder);
  const EndsTogether together(compiler, files);
  const int status = wait_for(compiler);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kCannotStart)
    return fail(Error::of(ErrorKind::io, "cannot start " + arguments[0]));
  if (status != 0) return fail(Error::of(ErrorKind::malformed, arguments.back() + " does not compile"));
  return {};
}

// Removes the folders of compilers whose command was killed. A folder's name is the process number of its command.
void remove_litter(const std::string& unfinished) {
  const Result<std::vector<std::string>> folders = list_directory(unfinished);
  if (!folders) return;
  for (const std::string& name : *folders) {
    if (kill(static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10)), 0) == 0 || errno != ESRCH) continue;
    const std::string folder = unfinished + "/" + name;
    const Result<std::vector<std::string>> files = list_directory(folder);
    if (!files) continue;
    for (const std::string& file : *files) unlink((folder + "/" + file).c_str());
    rmdir(folder.c_str());
  }
}

// Whether a C program wants threads: it says so by including <pthread.h>, which wasi-libc does not have.
bool has_threads(std::string_view source, Language language) {
  return language == Language::c && source.contains("#include <pthread.h>");
}

// Adds the options for a program with threads, whose memory the host makes. src/guest_c_runtime/threads/README.md gives
// the reasons.
void add_thread_options(std::vector<std::string>& arguments) {
  arguments.insert(arguments.end(), {"-I" + root_directory() + "/src/guest_c_runtime/threads/include", "-D_REENTRANT",
                                     "-matomics", "-mbulk-memory", "-mthread-model", "posix", "-nostartfiles",
                                     "-Wl,--shared-memory", "-Wl,--import-memory", "-Wl,--export-memory",
                                     "-Wl,--max-memory=1073741824", "-Wl,--no-check-features"});
  for (const char* function :
       {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "free",    "vfprintf", "vfscanf", "fwrite",
        "fread",  "fputs",  "puts",    "fputc",         "putc",           "putchar", "fgetc",    "getc",    "getchar",
        "ungetc", "fgets",  "fflush",  "fclose",        "fopen",          "fseek",   "ftell"}) {
    arguments.push_back(std::string("-Wl,--wrap=") + function);
  }
}

// Returns the sources of the functions that wasi-libc and libc++abi lack. They are compiled along with the program.
std::vector<std::string> support_files(Language language, bool threads) {
  const std::string folder = root_directory() + "/src/guest_c_runtime";
  std::vector<std::string> files = {folder + "/setjmp.c", folder + "/tags.s"};
  for (const char* file : {"main.c", "threads.c", "locks.c", "libc_locks.c", "start.s"}) {
    if (threads) files.push_back(folder + "/threads/" + file);
  }
  if (language == Language::cxx) files.push_back(folder + "/exceptions.cpp");
  return files;
}

Result<std::string> compile_source(const std::string& path, const std::string& source, Language language) {
  std::vector<std::string> arguments = {language == Language::cxx ? "clang++-22" : "clang-22", "--target=wasm32-wasip1",
                                        "--sysroot=" + CAIRN_TRY(sysroot()), "-O2",
                                        // Binaryen's optimizer, if it is there, would rewrite the module.
                                        "--no-wasm-opt", "-Wl,-z,stack-size=1048576", "-Wl,--strip-debug",
                                        "-D_WASI_EMULATED_SIGNAL", "-D_WASI_EMULATED_PROCESS_CLOCKS",
                                        "-D_WASI_EMULATED_GETPID", "-D_WASI_EMULATED_MMAN",
                                        // setjmp uses exceptions in their final encoding.
                                        "-mllvm", "-wasm-enable-sjlj", "-mllvm", "-wasm-use-legacy-eh=false",
                                        "-I" + root_directory() + "/src/guest_c_runtime/include"};
  if (language == Language::cxx) {
    arguments.insert(arguments.end(), {"-std=c++23", "-fwasm-exceptions", "-Wno-deprecated"});
  } else {
    arguments.insert(arguments.end(), {"-std=gnu17", "-mexception-handling"});
  }
  const bool threads = has_threads(source, language);
  if (threads) add_thread_options(arguments);
  const std::vector<std::string> support = support_files(language, threads);
  std::string key = path + '\0' + source;
  for (const std::string& file : support) key += '\0' + CAIRN_TRY(read_file(file));
  for (const std::string& argument : arguments) key += '\0' + argument;
  const std::string folder = CAIRN_TRY(cache_directory()) + "/compiled/" + content_hash(key);
  const std::string stem = path.substr(path.rfind('/') + 1);
  const std::string module = folder + "/" + stem.substr(0, stem.rfind('.')) + ".wasm";
  const std::string rule = folder + "/depends";
  if (!is_fresh(module, rule)) {
    make_directories(folder);
    // Files are written elsewhere and then moved, so that a concurrent command does not read half a file.
    const std::string all_unfinished = CAIRN_TRY(cache_directory()) + "/unfinished";
    remove_litter(all_unfinished);
    const std::string unfinished = all_unfinished + "/" + decimal(getpid());
    make_directories(unfinished);
    const std::string output = unfinished + module.substr(folder.size());
    const std::string depends = unfinished + "/depends";
    arguments.insert(arguments.end(),
                     {"-MMD", "-MF", depends, "-o", output, "-lwasi-emulated-signal", "-lwasi-emulated-process-clocks",
                      "-lwasi-emulated-getpid", "-lwasi-emulated-mman"});
    // The program's own file comes last, because the make rule of the last file is kept, and a failure names this file.
    arguments.insert(arguments.end(), support.begin(), support.end());
    arguments.push_back(path.starts_with('-') ? "./" + path : path);
    const Result<void> compiled = run_compiler(arguments, unfinished, {depends, output});
    if (compiled) {
      rename(depends.c_str(), rule.c_str());
      rename(output.c_str(), module.c_str());
    } else {
      unlink(depends.c_str());
    }
    rmdir(unfinished.c_str());
    CAIRN_TRY(compiled);
  }
  return read_file(module);
}

}  // namespace

Result<std::string> load_program(const std::string& path, Validation validation) {
  const Language language = language_of(path);
  const bool is_source = language == Language::c || language == Language::cxx;
  // A source is read here and then by the compiler, but a pipe can be read only once.
  if (is_source && access(path.c_str(), F_OK) == 0 && !is_directory(path) && !is_regular_file(path)) {
    return fail(Error::of(ErrorKind::io, "cannot read " + path + ": it is not a regular file"));
  }
  std::string contents = CAIRN_TRY(read_file(path, is_source ? kMaximumSource : kMaximumModule));
  switch (language) {
    case Language::binary: return contents;
    case Language::text: {
      const std::vector<std::byte> module =
          CAIRN_TRY(validation == Validation::on ? wasm::text::assemble_valid(contents, path)
                                                 : wasm::text::assemble(contents, path));
      return std::string(reinterpret_cast<const char*>(module.data()), module.size());
    }
    case Language::c:
    case Language::cxx: return compile_source(path, contents, language);
  }
}

}  // namespace cairn::cli
