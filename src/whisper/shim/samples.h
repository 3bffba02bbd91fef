// Samples from outside, made safe to compute with.
#pragma once

#include <cstdint>

namespace wf {

// Copies `count` samples; what is not finite becomes silence, and what is absurdly loud less loud.
void copy_sanitised(const float * samples, int32_t count, float * out);

}  // namespace wf
