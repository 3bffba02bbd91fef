// One utterance on its way through an engine.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "wildfire-native.h"

namespace wf {

using Clock = std::chrono::steady_clock;

struct Job {
    wf_job spec;
    std::vector<float> samples;  // spec.sample_count of them, and zeros up to whisper.cpp's minimum
    std::string prompt;          // empty for none
    std::atomic<bool> aborted{false};
    Clock::time_point submitted;
    uint32_t queued_us = 0;
};

// Microseconds between two points, at most what fits.
inline uint32_t elapsed_us(Clock::time_point from, Clock::time_point to) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
    if (us <= 0) return 0;
    return us > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(us);
}

}  // namespace wf
