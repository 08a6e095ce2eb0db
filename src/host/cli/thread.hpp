// Starts threads of the process. (The C++ library of the RV64 build has no std::thread.)
#pragma once

#include <functional>

namespace cairn::cli {

// Starts a thread that runs `body`. The returned function waits for its end and must be called once.
std::function<void()> start_thread(std::function<void()> body);

}  // namespace cairn::cli
