// Results as the bytes that wf_engine_take_result() documents.
#pragma once

#include <cstdint>
#include <vector>

#include "whisper.h"

namespace wf {

// What `state` holds after a successful decode.
std::vector<uint8_t> serialise_result(whisper_context * context, whisper_state * state,
                                      float no_speech_prob);

// A result with no segments.
std::vector<uint8_t> empty_result(const char * language);

}  // namespace wf
