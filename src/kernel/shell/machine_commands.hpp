// The commands of the shell that show the machine and the log.
#pragma once

#include <span>
#include <string_view>

namespace cairn::kernel {

void show_memory();
void show_time();
void show_cpus();
// Shows the lines of the log that all filters admit: a level, a part of the kernel, or the name of a program.
void show_log(std::span<const std::string_view> filters);
void show_levels();
void set_levels(std::string_view words);

}  // namespace cairn::kernel
