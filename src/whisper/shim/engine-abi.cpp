// The C functions for engines and the log: argument checks, and no exception past this file.
#include <memory>
#include <string>
#include <utility>

#include "engine.h"
#include "handles.h"
#include "log.h"
#include "wildfire-native.h"

namespace {

constexpr int32_t max_lanes = 64;
constexpr int32_t max_threads = 64;
constexpr int32_t max_jobs = 100000;
constexpr int32_t max_nice = 19;

// Never destroyed: joining threads while the process exits could hang it.
wf::Registry<wf::Engine> & engines() {
    static auto * instance = new wf::Registry<wf::Engine>;
    return *instance;
}

int32_t check_options(const wf_engine_options & options) {
    using wf::in_range;
    const bool valid = in_range(options.lanes, 1, max_lanes) &&
                       in_range(options.threads_per_lane, 1, max_threads) &&
                       in_range(options.flash_attn, 0, 1) && in_range(options.use_gpu, 0, 1) &&
                       in_range(options.job_limit, 1, max_jobs) &&
                       in_range(options.lane_nice, 0, max_nice);
    return valid ? WF_OK : WF_ERR_ARGUMENT;
}

// The end of a prompt that is too long, from the start of a character on.
std::string prompt_tail(const char * prompt, int32_t bytes) {
    if (bytes <= WF_MAX_PROMPT_BYTES) return std::string(prompt, static_cast<size_t>(bytes));
    const char * end = prompt + bytes;
    const char * start = end - WF_MAX_PROMPT_BYTES;
    while (start < end && (*start & 0xc0) == 0x80) ++start;
    return std::string(start, end);
}

}  // namespace

int32_t wf_engine_open(const wf_engine_options * options, const char * path,
                       const uint8_t * bytes, uint64_t byte_count) {
    return wf::guarded([&]() -> int32_t {
        if (options == nullptr) return WF_ERR_ARGUMENT;
        if (options->struct_size != sizeof *options) return WF_ERR_STRUCT_SIZE;
        if (const int32_t status = check_options(*options); status != WF_OK) return status;
        wf::ModelSource source;
        if (path != nullptr) {
            if (*path == '\0') return WF_ERR_ARGUMENT;
            source.path = path;
        } else {
            if (bytes == nullptr) return WF_ERR_ARGUMENT;
            source.bytes.assign(bytes, bytes + byte_count);
        }
        wf::start_log_capture();
        return engines().add(std::make_shared<wf::Engine>(*options, std::move(source)));
    });
}

int32_t wf_engine_submit(int32_t engine, const wf_job * job, const float * samples,
                         const char * prompt) {
    if (job == nullptr || samples == nullptr) return WF_ERR_ARGUMENT;
    if (job->struct_size != sizeof *job) return WF_ERR_STRUCT_SIZE;
    if (job->prompt_bytes < 0 || (job->prompt_bytes > 0 && prompt == nullptr)) {
        return WF_ERR_ARGUMENT;
    }
    return engines().with(engine, [&](wf::Engine & e) {
        return e.submit(*job, samples,
                        prompt == nullptr ? "" : prompt_tail(prompt, job->prompt_bytes));
    });
}

int32_t wf_engine_poll(int32_t engine, wf_event * events, int32_t capacity) {
    if (events == nullptr || capacity < 1) return WF_ERR_ARGUMENT;
    if (events->struct_size != sizeof *events) return WF_ERR_STRUCT_SIZE;
    return engines().with(engine, [&](wf::Engine & e) { return e.poll(events, capacity); });
}

int32_t wf_engine_take_result(int32_t engine, uint32_t job_id, uint8_t * buffer,
                              int32_t capacity) {
    if (buffer == nullptr || capacity < 0) return WF_ERR_ARGUMENT;
    return engines().with(
        engine, [&](wf::Engine & e) { return e.take_result(job_id, buffer, capacity); });
}

int32_t wf_engine_abort(int32_t engine, uint32_t job_id) {
    return engines().with(engine, [&](wf::Engine & e) { return e.abort(job_id); });
}

int32_t wf_engine_raise(int32_t engine, uint32_t job_id, int32_t priority) {
    return engines().with(engine, [&](wf::Engine & e) { return e.raise(job_id, priority); });
}

int32_t wf_engine_read_status(int32_t engine, wf_engine_status * status) {
    if (status == nullptr) return WF_ERR_ARGUMENT;
    if (status->struct_size != sizeof *status) return WF_ERR_STRUCT_SIZE;
    return engines().with(engine, [&](wf::Engine & e) -> int32_t {
        e.status(*status);
        return WF_OK;
    });
}

int32_t wf_engine_begin_close(int32_t engine) {
    return engines().with(engine, [&](wf::Engine & e) -> int32_t {
        e.begin_close();
        return WF_OK;
    });
}

int32_t wf_engine_free(int32_t engine) { return engines().free(engine); }

int32_t wf_log_drain(uint8_t * buffer, int32_t capacity, uint32_t * dropped) {
    if (buffer == nullptr || capacity < 0) return WF_ERR_ARGUMENT;
    return wf::guarded([&] { return wf::drain_log(buffer, capacity, dropped); });
}
