// Threads of the process. (The RV64 build's C++ library has none.)
#pragma once

#include <functional>

namespace cairn::cli {

// Starts a thread that runs `body`. The returned function waits for its end and must be called once.
std::function<void()> start_thread(std::function<void()> body);

}  // namespace cairn::cli
