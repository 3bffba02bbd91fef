// The C functions for voice detectors: argument checks, and no exception past this file.
#include <memory>
#include <utility>
#include <vector>

#include "handles.h"
#include "log.h"
#include "voice-detector.h"
#include "wildfire-native.h"

namespace {

constexpr int32_t max_streams = 100000;
constexpr int32_t max_windows = 100000;

// Never destroyed: joining threads while the process exits could hang it.
wf::Registry<wf::VoiceDetector> & detectors() {
    static auto * instance = new wf::Registry<wf::VoiceDetector>;
    return *instance;
}

}  // namespace

int32_t wf_vad_open(const wf_vad_options * options, const uint8_t * bytes, uint64_t byte_count) {
    return wf::guarded([&]() -> int32_t {
        if (options == nullptr || bytes == nullptr) return WF_ERR_ARGUMENT;
        if (options->struct_size != sizeof *options) return WF_ERR_STRUCT_SIZE;
        if (!wf::in_range(options->stream_limit, 1, max_streams) ||
            !wf::in_range(options->window_limit, 1, max_windows)) {
            return WF_ERR_ARGUMENT;
        }
        wf::start_log_capture();
        std::vector<uint8_t> model(bytes, bytes + byte_count);
        return detectors().add(std::make_shared<wf::VoiceDetector>(*options, std::move(model)));
    });
}

int32_t wf_vad_stream_open(int32_t vad) {
    return detectors().with(vad, [](wf::VoiceDetector & d) { return d.open_stream(); });
}

int32_t wf_vad_stream_close(int32_t vad, int32_t stream) {
    return detectors().with(vad, [&](wf::VoiceDetector & d) { return d.close_stream(stream); });
}

int32_t wf_vad_push(int32_t vad, int32_t stream, const float * samples, int32_t sample_count,
                    int32_t forget) {
    if (samples == nullptr || !wf::in_range(forget, 0, 1)) return WF_ERR_ARGUMENT;
    return detectors().with(vad, [&](wf::VoiceDetector & d) {
        return d.push(stream, samples, sample_count, forget != 0);
    });
}

int32_t wf_vad_poll(int32_t vad, wf_vad_event * events, int32_t capacity) {
    if (events == nullptr || capacity < 1) return WF_ERR_ARGUMENT;
    if (events->struct_size != sizeof *events) return WF_ERR_STRUCT_SIZE;
    return detectors().with(vad, [&](wf::VoiceDetector & d) { return d.poll(events, capacity); });
}

int32_t wf_vad_read_error(int32_t vad, uint8_t * buffer, int32_t capacity) {
    if (buffer == nullptr || capacity < 0) return WF_ERR_ARGUMENT;
    return detectors().with(
        vad, [&](wf::VoiceDetector & d) { return d.read_error(buffer, capacity); });
}

int32_t wf_vad_read_status(int32_t vad, wf_vad_status * status) {
    if (status == nullptr) return WF_ERR_ARGUMENT;
    if (status->struct_size != sizeof *status) return WF_ERR_STRUCT_SIZE;
    return detectors().with(vad, [&](wf::VoiceDetector & d) -> int32_t {
        d.status(*status);
        return WF_OK;
    });
}

int32_t wf_vad_begin_close(int32_t vad) {
    return detectors().with(vad, [](wf::VoiceDetector & d) -> int32_t {
        d.begin_close();
        return WF_OK;
    });
}

int32_t wf_vad_free(int32_t vad) { return detectors().free(vad); }
