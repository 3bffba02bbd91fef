#include "samples.h"

#include <algorithm>
#include <cmath>

namespace wf {
namespace {

// An overshooting resampler stays far below; the sums of a Fourier transform stay finite.
constexpr float max_amplitude = 16.0f;

}  // namespace

void copy_sanitised(const float * samples, int32_t count, float * out) {
    std::transform(samples, samples + count, out, [](float sample) {
        return std::isfinite(sample) ? std::clamp(sample, -max_amplitude, max_amplitude) : 0.0f;
    });
}

}  // namespace wf
