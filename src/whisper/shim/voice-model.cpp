#include "voice-model.h"

#include <algorithm>
#include <cmath>

#include "log.h"
#include "model-reader.h"
#include "wildfire-native.h"

namespace wf {
namespace {

bool is_probability(float value) { return std::isfinite(value) && value >= 0.0f && value <= 1.0f; }

}  // namespace

VadContextPtr load_voice_model(const std::vector<uint8_t> & bytes,
                               const std::atomic<bool> & cancelled) {
    whisper_vad_context_params params = whisper_vad_default_context_params();
    params.n_threads = 1;
    params.use_gpu = false;
    const auto reader = read_memory(bytes, cancelled);
    whisper_model_loader loader = reader->loader();
    return VadContextPtr(whisper_vad_init_with_params(&loader, params));
}

const float * judge_windows(whisper_vad_context & context, const std::vector<float> & samples) {
    // Four lines for each window would leave no room in the log for anything else.
    const LogThreshold errors(GGML_LOG_LEVEL_ERROR);
    forget_errors();
    const bool done = whisper_vad_detect_speech_no_reset(&context, samples.data(),
                                                         static_cast<int>(samples.size()));
    // whisper.cpp logs that a window failed, and says that all is well.
    if (!done || !first_error().empty()) return nullptr;
    const auto windows = static_cast<int>(samples.size() / WF_VAD_WINDOW);
    const float * probs = whisper_vad_probs(&context);
    const bool complete = whisper_vad_n_probs(&context) == windows;
    return complete && std::all_of(probs, probs + windows, is_probability) ? probs : nullptr;
}

}  // namespace wf
