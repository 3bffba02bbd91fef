#include "engine.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include "log.h"
#include "thread.h"

namespace wf {

Engine::Engine(const wf_engine_options & options, ModelSource source)
    : options_(options), source_(std::move(source)), manager_([this] { manage(); }) {}

Engine::~Engine() {
    begin_close();
    manager_.join();
}

// ---- called from outside ----------------------------------------------------------------------

int32_t Engine::submit(const wf_job & spec, const float * samples, std::string prompt) {
    const int32_t valid = check_job(spec);
    if (valid != WF_OK) return valid;
    auto job = std::make_shared<Job>();
    job->spec = spec;
    job->samples = job_samples(samples, spec.sample_count);
    job->prompt = std::move(prompt);
    job->submitted = Clock::now();

    std::lock_guard<std::mutex> lock(mutex_);
    if (is_closing_) return WF_ERR_CLOSING;
    if (!is_loaded_) return WF_ERR_NOT_READY;
    if (entries_.size() >= static_cast<size_t>(options_.job_limit)) return WF_ERR_QUEUE_FULL;
    Entry entry;
    entry.job = job;
    const Clock::time_point due = job->submitted + std::chrono::milliseconds(spec.handicap_ms);
    entry.key = QueueKey(spec.priority, due, arrivals_++);
    const QueueKey key = entry.key;
    if (!entries_.emplace(spec.id, std::move(entry)).second) return WF_ERR_ARGUMENT;
    queue_.emplace(key, std::move(job));
    work_.notify_one();
    return WF_OK;
}

int32_t Engine::poll(wf_event * events, int32_t capacity) {
    std::lock_guard<std::mutex> lock(mutex_);
    int32_t count = 0;
    while (count < capacity && !events_.empty()) {
        const wf_event event = events_.front();
        events_.pop_front();
        events[count++] = event;
        const auto found = entries_.find(event.job_id);
        if (found == entries_.end()) continue;
        found->second.event_polled = true;
        forget_if_collected(event.job_id);
    }
    return count;
}

int32_t Engine::take_result(uint32_t job_id, uint8_t * buffer, int32_t capacity) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(job_id);
    if (found == entries_.end() || found->second.payload.empty()) return WF_ERR_NOT_FOUND;
    std::vector<uint8_t> & payload = found->second.payload;
    if (payload.size() > static_cast<size_t>(capacity)) return WF_ERR_CAPACITY;
    const auto size = static_cast<int32_t>(payload.size());
    std::memcpy(buffer, payload.data(), payload.size());
    payload.clear();
    forget_if_collected(job_id);
    return size;
}

int32_t Engine::abort(uint32_t job_id) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(job_id);
    if (found == entries_.end() || !found->second.job) return WF_ERR_NOT_FOUND;
    const Entry & entry = found->second;
    const JobPtr job = entry.job;
    job->aborted.store(true);
    if (entry.running) return WF_OK;
    queue_.erase(entry.key);
    job->queued_us = elapsed_us(job->submitted, Clock::now());
    finish(job, Outcome{WF_ERR_ABORTED, 0, {}}, 0);
    return WF_OK;
}

int32_t Engine::raise(uint32_t job_id, int32_t priority) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(job_id);
    if (found == entries_.end() || !found->second.job) return WF_ERR_NOT_FOUND;
    Entry & entry = found->second;
    if (entry.running || std::get<0>(entry.key) <= priority) return WF_OK;
    auto queued = queue_.extract(entry.key);
    std::get<0>(entry.key) = priority;
    queued.key() = entry.key;
    queue_.insert(std::move(queued));
    return WF_OK;
}

void Engine::status(wf_engine_status & out) const {
    std::lock_guard<std::mutex> lock(mutex_);
    out.lanes = options_.lanes;
    out.queued = static_cast<int32_t>(queue_.size());
    out.running = running_;
    out.unclaimed = static_cast<int32_t>(entries_.size()) - out.queued - out.running;
    out.model_audio_ctx = model_audio_ctx_;
    out.multilingual = multilingual_;
}

void Engine::begin_close() {
    cancel_load_.store(true);
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_closing_) return;
    is_closing_ = true;
    abort_everything();
    work_.notify_all();
    closing_.notify_all();
}

void Engine::abort_everything() {
    const Clock::time_point now = Clock::now();
    for (const auto & [key, job] : queue_) {
        job->aborted.store(true);
        job->queued_us = elapsed_us(job->submitted, now);
        finish(job, Outcome{WF_ERR_ABORTED, 0, {}}, 0);
    }
    queue_.clear();
    for (auto & [id, entry] : entries_) {
        if (entry.job) entry.job->aborted.store(true);
    }
}

// ---- the manager ------------------------------------------------------------------------------

void Engine::manage() {
    block_signals();
    name_thread("wf-engine");
    {
        ContextPtr context;
        std::vector<StatePtr> states;
        if (load(context, states)) serve(context.get(), std::move(states));
        std::unique_lock<std::mutex> lock(mutex_);
        closing_.wait(lock, [this] { return is_closing_; });
    }
    std::lock_guard<std::mutex> lock(mutex_);
    push_event(WF_EVENT_CLOSED, WF_OK);
}

bool Engine::load(ContextPtr & context, std::vector<StatePtr> & states) {
    forget_errors();
    try {
        whisper_context_params params = whisper_context_default_params();
        params.use_gpu = options_.use_gpu != 0;
        params.flash_attn = options_.flash_attn != 0;
        context = load_model(source_, params, cancel_load_);
        source_.bytes = {};
        while (context && states.size() < static_cast<size_t>(options_.lanes)) {
            StatePtr state;
            if (!cancel_load_.load()) state.reset(whisper_init_state(context.get()));
            if (!state) context.reset();
            states.push_back(std::move(state));
        }
    } catch (const std::bad_alloc &) {
        fail_load(WF_ERR_MEMORY, "out of memory");
        return false;
    } catch (const std::exception & error) {
        fail_load(WF_ERR_MODEL, error.what());
        return false;
    }
    if (!context) {
        fail_load(cancel_load_.load() ? WF_ERR_CLOSING : WF_ERR_MODEL, first_error());
        return false;
    }
    return true;
}

void Engine::serve(whisper_context * context, std::vector<StatePtr> states) {
    std::vector<std::thread> lanes;
    try {
        for (size_t i = 0; i < states.size(); ++i) {
            lanes.emplace_back([this, i, context, state = std::move(states[i])]() mutable {
                run_lane(static_cast<int>(i), context, std::move(state));
            });
        }
        std::unique_lock<std::mutex> lock(mutex_);
        is_loaded_ = true;
        model_audio_ctx_ = whisper_model_n_audio_ctx(context);
        multilingual_ = whisper_is_multilingual(context) ? 1 : 0;
        push_event(WF_EVENT_LOADED, WF_OK);
        closing_.wait(lock, [this] { return is_closing_; });
    } catch (const std::exception & error) {
        fail_load(WF_ERR_INTERNAL, error.what());
        begin_close();
    }
    for (std::thread & lane : lanes) lane.join();
}

void Engine::fail_load(int32_t status, const std::string & reason) {
    std::lock_guard<std::mutex> lock(mutex_);
    Entry entry;
    entry.payload.assign(reason.begin(), reason.end());
    wf_event event = {};
    event.struct_size = sizeof event;
    event.kind = WF_EVENT_LOAD_FAILED;
    event.status = status;
    event.result_bytes = static_cast<uint32_t>(reason.size());
    entries_.emplace(0, std::move(entry));
    events_.push_back(event);
}

// ---- the lanes --------------------------------------------------------------------------------

void Engine::run_lane(int index, whisper_context * context, StatePtr state) {
    name_thread(("wf-lane-" + std::to_string(index)).c_str());
    set_thread_nice(options_.lane_nice);
    while (const JobPtr job = next_job()) {
        const Clock::time_point started = Clock::now();
        Outcome outcome = decode(context, state, *job, options_.threads_per_lane);
        const uint32_t decode_us = elapsed_us(started, Clock::now());
        std::lock_guard<std::mutex> lock(mutex_);
        running_ -= 1;
        finish(job, std::move(outcome), decode_us);
    }
}

Engine::JobPtr Engine::next_job() {
    std::unique_lock<std::mutex> lock(mutex_);
    work_.wait(lock, [this] { return is_closing_ || !queue_.empty(); });
    if (queue_.empty()) return nullptr;
    JobPtr job = queue_.begin()->second;
    queue_.erase(queue_.begin());
    job->queued_us = elapsed_us(job->submitted, Clock::now());
    entries_.at(job->spec.id).running = true;
    running_ += 1;
    return job;
}

// ---- with the mutex held ----------------------------------------------------------------------

void Engine::finish(const JobPtr & job, Outcome outcome, uint32_t decode_us) {
    wf_event event = {};
    event.struct_size = sizeof event;
    event.kind = WF_EVENT_JOB_DONE;
    event.job_id = job->spec.id;
    event.status = outcome.status;
    event.detail = outcome.detail;
    event.result_bytes = static_cast<uint32_t>(outcome.payload.size());
    event.queued_us = job->queued_us;
    event.decode_us = decode_us;
    Entry & entry = entries_.at(job->spec.id);
    entry.payload = std::move(outcome.payload);
    entry.job.reset();
    events_.push_back(event);
}

void Engine::push_event(int32_t kind, int32_t status) {
    wf_event event = {};
    event.struct_size = sizeof event;
    event.kind = kind;
    event.status = status;
    events_.push_back(event);
}

void Engine::forget_if_collected(uint32_t job_id) {
    const auto found = entries_.find(job_id);
    const Entry & entry = found->second;
    if (!entry.job && entry.event_polled && entry.payload.empty()) entries_.erase(found);
}

}  // namespace wf
