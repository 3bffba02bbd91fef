// Loading a ggml whisper model from a file or from memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "whisper.h"

namespace wf {

struct ModelSource {
    std::string path;  // empty: the model is in `bytes`
    std::vector<uint8_t> bytes;
};

struct ContextDeleter {
    void operator()(whisper_context * context) const { whisper_free(context); }
};
using ContextPtr = std::unique_ptr<whisper_context, ContextDeleter>;

struct StateDeleter {
    void operator()(whisper_state * state) const { whisper_free_state(state); }
};
using StatePtr = std::unique_ptr<whisper_state, StateDeleter>;

// The model without a state, or null; first_error() then tells why. Gives up soon after
// `cancelled` becomes true. Throws std::system_error for a file that cannot be opened.
ContextPtr load_model(const ModelSource & source, const whisper_context_params & params,
                      const std::atomic<bool> & cancelled);

}  // namespace wf
