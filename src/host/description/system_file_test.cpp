#include "host/description/system_file.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cairn::host {
namespace {

// Returns the mistakes in a file named f.
std::string mistakes_of(std::string_view text) {
  Mistakes mistakes;
  (void)read_system(text, mistakes);
  return mistakes.to_string("f");
}

// The mistakes in a program that has a name and a module, and these further lines from line 4 on.
std::string mistakes_in_program(std::string_view lines) {
  return mistakes_of("[[program]]\nname = 'a'\nmodule = 'a.wasm'\n" + std::string(lines));
}

TEST(SystemFile, DescribesPrograms) {
  Mistakes mistakes;
  const SystemDescription system = read_system(R"(
main = "web"
cpus = 2
memory = "512M"

[[program]]
name = "web"
module = "bin/web.wasm"
arguments = ["--port", "80", ""]
environment = { MODE = "fast", EMPTY = "" }
directories = ["data::/data", "here"]
limits = { cpu-time = "2s", wall-time = "1m" }
minimums = { memory = "2M" }
weight = 3
restart = "on-failure"
input = true

[[program]]
name = "log"
module = "log.c"
)",
                                               mistakes);
  ASSERT_TRUE(mistakes.empty()) << mistakes.to_string("f");
  EXPECT_EQ(system.main, 0u);
  EXPECT_EQ(system.cpus, 2u);
  EXPECT_EQ(system.memory_bytes, uint64_t{512} << 20);
  ASSERT_EQ(system.programs.size(), 2u);
  const ProgramDescription& web = system.programs[0];
  EXPECT_EQ(web.module, "bin/web.wasm");
  EXPECT_EQ(web.config.name, "web");
  EXPECT_EQ(web.config.arguments, (std::vector<std::string>{"web", "--port", "80", ""}));
  EXPECT_EQ(web.config.environment, (std::vector<std::string>{"MODE=fast", "EMPTY="}));
  EXPECT_EQ(web.directories, (std::vector<DirectoryMapping>{{"data", "/data"}, {"here", "here"}}));
  EXPECT_EQ(web.config.limits[Limit::cpu_time], 2'000'000'000u);
  EXPECT_EQ(web.config.limits[Limit::wall_time], 60'000'000'000u);
  EXPECT_EQ(web.config.minimum_memory, 2u << 20);
  EXPECT_EQ(web.config.weight, 3u);
  EXPECT_EQ(web.config.restart, Restart::on_failure);
  EXPECT_TRUE(web.config.has_input);
  EXPECT_TRUE(web.has_default_root);
  EXPECT_EQ(web.places.module, (Position{8, 10}));
  EXPECT_EQ(web.places.directories[1], (Position{11, 31}));
  const ProgramDescription& log = system.programs[1];
  EXPECT_EQ(log.config.arguments, std::vector<std::string>{"log"});
  EXPECT_EQ(log.config.weight, 1u);
  EXPECT_EQ(log.config.restart, Restart::never);
  EXPECT_FALSE(log.config.has_input);
}

TEST(SystemFile, HasNoMainProgramUnlessItSaysSo) {
  Mistakes mistakes;
  const SystemDescription system = read_system("[[program]]\nname='a'\nmodule='a'\nrestart='always'", mistakes);
  EXPECT_TRUE(mistakes.empty());
  EXPECT_FALSE(system.main.has_value());
}

TEST(SystemFile, MistakesOfTheWholeFile) {
  EXPECT_EQ(mistakes_of(""), "f:1:1: a system file needs at least one [[program]]");
  EXPECT_EQ(mistakes_of("program = []"), "f:1:1: a system file needs at least one [[program]]");
  EXPECT_EQ(mistakes_of("program = 1"), "f:1:11: `program` needs tables that begin with [[program]], not an integer");
  EXPECT_EQ(mistakes_of("program = [{name='a', module='a'}, 'b']"),
            "f:1:36: `program` needs tables that begin with [[program]], not a string");
  EXPECT_EQ(mistakes_of("[program]\nname='a'\nmodule='b'"),
            "f:1:1: `program` needs tables that begin with [[program]], not a table");
  const std::string program = "\n[[program]]\nname='web'\nmodule='a'\n";
  EXPECT_EQ(mistakes_of("cpu = 2" + program), "f:1:1: unknown key `cpu`; did you mean `cpus`?");
  EXPECT_EQ(mistakes_of("network = 2" + program),
            "f:1:1: unknown key `network`; a system file has `main`, `cpus`, `memory` and `program`");
  EXPECT_EQ(mistakes_of("cpus = 0" + program), "f:1:8: `cpus` needs an integer from 1 to 64, not 0");
  EXPECT_EQ(mistakes_of("cpus = -9223372036854775808" + program),
            "f:1:8: `cpus` needs an integer from 1 to 64, not -9223372036854775808");
  EXPECT_EQ(mistakes_of("cpus = 2.0" + program), "f:1:8: `cpus` needs an integer from 1 to 64, not a float");
  EXPECT_EQ(mistakes_of("memory = '15M'" + program),
            "f:1:10: `memory` needs a size from 16M to 1024G, such as 512M or 2G, not `15M`");
  EXPECT_EQ(mistakes_of("memory = 512" + program), "f:1:10: `memory` needs a string, not an integer");
  EXPECT_EQ(mistakes_of("main = 'wbe'" + program),
            "f:1:8: `main` needs the name of a program, and there is no `wbe`; did you mean `web`?");
  EXPECT_EQ(mistakes_of("main = 'shell'" + program),
            "f:1:8: `main` needs the name of a program, and there is no `shell`");
  EXPECT_EQ(mistakes_of("main = true" + program), "f:1:8: `main` needs a string, not a boolean");
  EXPECT_EQ(mistakes_of("main = 'web'" + program + "restart = 'always'"),
            "f:5:11: the machine ends with its main program, which therefore cannot be started always; `restart` of "
            "`web` needs `never` or `on-failure`");
}

TEST(SystemFile, MistakesOfPrograms) {
  EXPECT_EQ(mistakes_of("[[program]]"), "f:1:1: this program has no `name`\nf:1:1: this program has no `module`");
  const std::string name = "`name` needs 1 to 64 letters, digits, dots, dashes or underscores";
  EXPECT_EQ(mistakes_of("[[program]]\nname=''\nmodule='a'"), "f:2:6: " + name);
  EXPECT_EQ(mistakes_of("[[program]]\nname='a b'\nmodule='a'"), "f:2:6: " + name);
  EXPECT_EQ(mistakes_of("[[program]]\nname='" + std::string(65, 'x') + "'\nmodule='a'"), "f:2:6: " + name);
  EXPECT_EQ(mistakes_of("[[program]]\nname='a'\nmodule=''"), "f:3:8: `module` needs the path of a module");
  EXPECT_EQ(mistakes_in_program("modul = 1"), "f:4:1: unknown key `modul`; did you mean `module`?");
  EXPECT_EQ(mistakes_in_program("capabilities = []"),
            "f:4:1: unknown key `capabilities`; a program has `name`, `module`, `arguments`, `environment`, "
            "`directories`, `limits`, `minimums`, `allow`, `weight`, `restart` and `input`");
  EXPECT_EQ(mistakes_in_program("arguments = 'a b'"), "f:4:13: `arguments` needs an array of strings, not a string");
  EXPECT_EQ(mistakes_in_program("arguments = ['a', 1, [2]]"),
            "f:4:19: `arguments` needs a string, not an integer\nf:4:22: `arguments` needs a string, not an array");
  EXPECT_EQ(mistakes_in_program("arguments = [\"a\\u0000b\"]"), "f:4:14: `arguments` must not contain NUL");
  EXPECT_EQ(mistakes_in_program("environment = ['A=b']"), "f:4:15: `environment` needs a table, not an array");
  EXPECT_EQ(mistakes_in_program("environment = { A = 1 }"), "f:4:21: `A` needs a string, not an integer");
  EXPECT_EQ(mistakes_in_program("environment = { 'A=B' = '' }"),
            "f:4:17: a name of `environment` must not be empty or contain = or NUL");
  EXPECT_EQ(mistakes_in_program("directories = ['::/a']"),
            "f:4:16: `directories` needs strings \"HOST::GUEST\", not `::/a`");
  EXPECT_EQ(mistakes_in_program("weight = 1001"), "f:4:10: `weight` needs an integer from 1 to 1000, not 1001");
  EXPECT_EQ(mistakes_in_program("restart = 'allways'"),
            "f:4:11: `restart` needs `never`, `on-failure` or `always`, not `allways`; did you mean `always`?");
  EXPECT_EQ(mistakes_in_program("restart = true"), "f:4:11: `restart` needs a string, not a boolean");
  EXPECT_EQ(mistakes_in_program("input = 'yes'"), "f:4:9: `input` needs true or false, not a string");
}

TEST(SystemFile, MistakesOfLimits) {
  EXPECT_EQ(mistakes_in_program("limits = '2s'"), "f:4:10: `limits` needs a table, not a string");
  EXPECT_EQ(mistakes_in_program("limits = { threads = '64' }"),
            "f:4:12: no limit on `threads` can be kept; the limits are `memory`, `memory-pages`, `table-elements`, "
            "`gc-heap`, `guest-stack`, `fibers`, `descriptors`, `files`, `instances`, `types`, `compile-memory`, "
            "`compile-time`, `cpu-time`, `wall-time` and `cpu-share`");
  EXPECT_EQ(mistakes_in_program("limits = { cpu-share = '50' }"),
            "f:4:24: `cpu-share` needs a part of a CPU from 1% to 6400%, such as 50%, not `50`");
  EXPECT_EQ(mistakes_in_program("limits = { fibers = 0 }"), "f:4:21: `fibers` needs an integer from 1 to 1024, not 0");
  EXPECT_EQ(mistakes_in_program("limits = { fibers = '8' }"),
            "f:4:21: `fibers` needs an integer from 1 to 1024, not a string");
  EXPECT_EQ(mistakes_in_program("limits = { gc-heap = '3M' }"),
            "f:4:22: `gc-heap` needs a size from 4M to 4G, such as 64M or 1G, not `3M`");
  EXPECT_EQ(mistakes_in_program("limits = { guest-stack = '2G' }"),
            "f:4:26: `guest-stack` needs a size from 64K to 1G, such as 64M or 1G, not `2G`");
  EXPECT_EQ(mistakes_in_program("limits = { memory = 64 }"), "f:4:21: `memory` needs a string, not an integer");
  EXPECT_EQ(mistakes_in_program("minimums = { fibers = 2 }"),
            "f:4:14: no minimum of `fibers` can be promised; only one of memory can");
  EXPECT_EQ(mistakes_in_program("minimums = { memory = '64M' }\nlimits = { memory = '32M' }"),
            "f:4:14: the minimum of memory is more than the program's limit");
  EXPECT_EQ(mistakes_in_program("minimums = { memory = '64M' }\nlimits = { memory = '64M' }"), "");
  EXPECT_EQ(mistakes_in_program("limits = { memory = '1000K' }"),
            "f:4:21: `memory` needs a size from 1M to 1024G, such as 64M or 1G, not `1000K`");
  EXPECT_EQ(mistakes_in_program("limits = { cputime = '2s' }"),
            "f:4:12: no limit on `cputime` can be kept; did you mean `cpu-time`?");
  EXPECT_EQ(mistakes_in_program("limits = { cpu-time = 2 }"), "f:4:23: `cpu-time` needs a string, not an integer");
  for (const std::string wrong : {"2", "0s", "-1s", "2 s", "99999999999h"}) {
    EXPECT_EQ(mistakes_in_program("limits = { wall-time = '" + wrong + "' }"),
              "f:4:24: `wall-time` needs a time such as 250ms, 2s, 5m or 1h, not `" + wrong + "`");
  }
}

TEST(SystemFile, MistakesOfProgramsTogether) {
  const std::string program = "[[program]]\nname='a'\nmodule='a'\ninput=true\n";
  EXPECT_EQ(mistakes_of(program + program),
            "f:6:6: another program has the name `a` (line 2)\n"
            "f:8:7: another program gets the standard input (line 4); only one can");
  std::string many;
  for (int i = 0; i < 1025; ++i) many += "[[program]]\nname='p" + std::to_string(i) + "'\nmodule='a'\n";
  EXPECT_EQ(mistakes_of(many), "f:3074:6: a system has at most 1024 programs");
}

TEST(SystemFile, AllMistakesAreReportedInTheirOrder) {
  EXPECT_EQ(mistakes_of("memory = 1\ncpus = 'two'\n[[program]]\nweight = 0\nname = 1\ncolor = 1\n"),
            "f:1:10: `memory` needs a string, not an integer\n"
            "f:2:8: `cpus` needs an integer from 1 to 64, not a string\n"
            "f:3:1: this program has no `module`\n"
            "f:4:10: `weight` needs an integer from 1 to 1000, not 0\n"
            "f:5:8: `name` needs a string, not an integer\n"
            "f:6:1: unknown key `color`; a program has `name`, `module`, `arguments`, `environment`, `directories`, "
            "`limits`, `minimums`, `allow`, `weight`, `restart` and `input`");
}

TEST(SystemFile, MistakesOfSyntaxAreReportedAlone) {
  EXPECT_EQ(mistakes_of("cpu = 2\nmain = \n[[program]]\nname = 'a'\n[[program]\nweight = 0\n[[program]]\nname = a\n"),
            "f:2:8: a value is expected here\n"
            "f:5:10: ]] is expected here\n"
            "f:8:8: this is no value; a string needs quotes");
}

TEST(SystemFile, AMessageIsOneLineWhateverTheFileSays) {
  EXPECT_EQ(mistakes_in_program("\"a\\nb\" = 1").find("`a?b`"), std::string("f:4:1: unknown key ").size());
  const std::string long_word(1000, 'x');
  EXPECT_LT(mistakes_in_program("restart = '" + long_word + "'").size(), 200u);
}

TEST(SystemFile, SurvivesDamage) {
  const std::string good =
      "main = 'web'\ncpus = 2\n[[program]]\nname = 'web'\nmodule = 'a'\narguments = ['a', \"b\\u00e9\"]\n"
      "environment = { A = 'b' }\nlimits = { cpu-time = '2s' }\nweight = 0x10\n";
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (unsigned i = 0; i <= random() % 4; ++i) text[random() % text.size()] = static_cast<char>(random());
    (void)mistakes_of(text);
  }
}

}  // namespace
}  // namespace cairn::host
