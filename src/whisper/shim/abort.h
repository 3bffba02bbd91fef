// Stopping whisper.cpp in the middle of a compute graph.
#pragma once

#include <atomic>

namespace wf {

// While one lives, graphs computed by the calling thread stop soon after `flag` becomes true.
class AbortScope {
public:
    explicit AbortScope(const std::atomic<bool> & flag);
    ~AbortScope();
    AbortScope(const AbortScope &) = delete;
    AbortScope & operator=(const AbortScope &) = delete;
};

// In the form of a ggml abort callback; `flag` is a const std::atomic<bool> *, or null for never.
bool abort_requested(void * flag);

}  // namespace wf
