// A Silero model in whisper.cpp's hands, with the memory of one stream.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "whisper.h"

namespace wf {

struct VadContextDeleter {
    void operator()(whisper_vad_context * context) const { whisper_vad_free(context); }
};
using VadContextPtr = std::unique_ptr<whisper_vad_context, VadContextDeleter>;

// A context that has heard nothing yet, or null; first_error() then tells why. Throws for bytes
// that end too early.
VadContextPtr load_voice_model(const std::vector<uint8_t> & bytes,
                               const std::atomic<bool> & cancelled);

// Judges whole windows that follow what the context heard before, one after the other. All at once
// or each by itself gives the same probabilities; all at once takes a sixth less time, since
// whisper.cpp builds its graph anew each time. Returns null when whisper.cpp failed; first_error()
// then tells why.
const float * judge_windows(whisper_vad_context & context, const std::vector<float> & samples);

}  // namespace wf
