// The C functions for engines: handles, argument checks, and no exception past this file.
#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

#include "engine.h"
#include "log.h"
#include "wildfire-native.h"

namespace {

constexpr int32_t max_lanes = 64;
constexpr int32_t max_threads = 64;
constexpr int32_t max_jobs = 100000;
constexpr int32_t max_nice = 19;

// Engines by handle. Handles are not used again, so a stale one cannot name another engine.
struct Registry {
    std::mutex mutex;
    std::unordered_map<int32_t, std::shared_ptr<wf::Engine>> engines;
    int32_t last_handle = 0;
};

// Never destroyed: joining threads while the process exits could hang it.
Registry & registry() {
    static auto * instance = new Registry;
    return *instance;
}

template <class Body> int32_t guarded(Body && body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return WF_ERR_MEMORY;
    } catch (...) {
        return WF_ERR_INTERNAL;
    }
}

// Runs `body` with the engine, which stays alive meanwhile, or yields WF_ERR_HANDLE.
template <class Body> int32_t with_engine(int32_t handle, Body && body) noexcept {
    return guarded([&]() -> int32_t {
        std::shared_ptr<wf::Engine> engine;
        {
            Registry & known = registry();
            std::lock_guard<std::mutex> lock(known.mutex);
            const auto found = known.engines.find(handle);
            if (found == known.engines.end()) return WF_ERR_HANDLE;
            engine = found->second;
        }
        return body(*engine);
    });
}

bool in_range(int32_t value, int32_t low, int32_t high) { return value >= low && value <= high; }

int32_t check_options(const wf_engine_options & options) {
    const bool valid = in_range(options.lanes, 1, max_lanes) &&
                       in_range(options.threads_per_lane, 1, max_threads) &&
                       in_range(options.flash_attn, 0, 1) && in_range(options.use_gpu, 0, 1) &&
                       in_range(options.job_limit, 1, max_jobs) &&
                       in_range(options.lane_nice, 0, max_nice);
    return valid ? WF_OK : WF_ERR_ARGUMENT;
}

int32_t open_engine(const wf_engine_options & options, wf::ModelSource source) {
    wf::start_log_capture();
    auto engine = std::make_shared<wf::Engine>(options, std::move(source));
    Registry & known = registry();
    std::lock_guard<std::mutex> lock(known.mutex);
    const int32_t handle = ++known.last_handle;
    known.engines.emplace(handle, std::move(engine));
    return handle;
}

}  // namespace

int32_t wf_engine_open(const wf_engine_options * options, const char * path,
                       const uint8_t * bytes, uint64_t byte_count) {
    return guarded([&]() -> int32_t {
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
        return open_engine(*options, std::move(source));
    });
}

int32_t wf_engine_submit(int32_t engine, const wf_job * job, const float * samples) {
    if (job == nullptr || samples == nullptr) return WF_ERR_ARGUMENT;
    if (job->struct_size != sizeof *job) return WF_ERR_STRUCT_SIZE;
    return with_engine(engine, [&](wf::Engine & e) { return e.submit(*job, samples); });
}

int32_t wf_engine_poll(int32_t engine, wf_event * events, int32_t capacity) {
    if (events == nullptr || capacity < 1) return WF_ERR_ARGUMENT;
    if (events->struct_size != sizeof *events) return WF_ERR_STRUCT_SIZE;
    return with_engine(engine, [&](wf::Engine & e) { return e.poll(events, capacity); });
}

int32_t wf_engine_take_result(int32_t engine, uint32_t job_id, uint8_t * buffer,
                              int32_t capacity) {
    if (buffer == nullptr || capacity < 0) return WF_ERR_ARGUMENT;
    return with_engine(
        engine, [&](wf::Engine & e) { return e.take_result(job_id, buffer, capacity); });
}

int32_t wf_engine_abort(int32_t engine, uint32_t job_id) {
    return with_engine(engine, [&](wf::Engine & e) { return e.abort(job_id); });
}

int32_t wf_engine_read_status(int32_t engine, wf_engine_status * status) {
    if (status == nullptr) return WF_ERR_ARGUMENT;
    if (status->struct_size != sizeof *status) return WF_ERR_STRUCT_SIZE;
    return with_engine(engine, [&](wf::Engine & e) -> int32_t {
        e.status(*status);
        return WF_OK;
    });
}

int32_t wf_engine_begin_close(int32_t engine) {
    return with_engine(engine, [&](wf::Engine & e) -> int32_t {
        e.begin_close();
        return WF_OK;
    });
}

int32_t wf_engine_free(int32_t engine) {
    return guarded([&]() -> int32_t {
        std::shared_ptr<wf::Engine> last;
        {
            Registry & known = registry();
            std::lock_guard<std::mutex> lock(known.mutex);
            const auto found = known.engines.find(engine);
            if (found == known.engines.end()) return WF_ERR_HANDLE;
            last = std::move(found->second);
            known.engines.erase(found);
        }
        // Outside the lock: this waits for threads unless WF_EVENT_CLOSED has been there.
        last.reset();
        return WF_OK;
    });
}

int32_t wf_log_drain(uint8_t * buffer, int32_t capacity, uint32_t * dropped) {
    if (buffer == nullptr || capacity < 0) return WF_ERR_ARGUMENT;
    return guarded([&] { return wf::drain_log(buffer, capacity, dropped); });
}
