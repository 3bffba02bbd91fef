// One model and the pool of native threads that decode with it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "decode.h"
#include "job.h"
#include "model.h"
#include "wildfire-native.h"

namespace wf {

// Its public members may be called from any thread and do not wait for inference, but for the
// destructor. One manager thread loads the model, starts the lanes, and frees all of it at the end.
class Engine {
public:
    Engine(const wf_engine_options & options, ModelSource source);
    // Closes the engine if nobody did, and waits for its threads.
    ~Engine();
    Engine(const Engine &) = delete;
    Engine & operator=(const Engine &) = delete;

    int32_t submit(const wf_job & spec, const float * samples, std::string prompt);
    int32_t poll(wf_event * events, int32_t capacity);
    int32_t take_result(uint32_t job_id, uint8_t * buffer, int32_t capacity);
    int32_t abort(uint32_t job_id);
    int32_t raise(uint32_t job_id, int32_t priority);
    void status(wf_engine_status & out) const;
    void begin_close();

private:
    using JobPtr = std::shared_ptr<Job>;
    // Priority, time of submission plus handicap, order of arrival: the least runs first.
    using QueueKey = std::tuple<int32_t, Clock::time_point, uint64_t>;

    // What is known of a job from its submission until its event and its result are collected.
    struct Entry {
        JobPtr job;  // null when done
        QueueKey key{};
        bool running = false;
        bool event_polled = false;
        std::vector<uint8_t> payload;
    };

    void manage();
    bool load(ContextPtr & context, std::vector<StatePtr> & states);
    void serve(whisper_context * context, std::vector<StatePtr> states);
    void run_lane(int index, whisper_context * context, StatePtr state);
    JobPtr next_job();
    void fail_load(int32_t status, const std::string & reason);
    void abort_everything();

    // These expect the mutex to be held.
    void finish(const JobPtr & job, Outcome outcome, uint32_t decode_us);
    void push_event(int32_t kind, int32_t status);
    void forget_if_collected(uint32_t job_id);

    const wf_engine_options options_;
    ModelSource source_;
    std::atomic<bool> cancel_load_{false};

    mutable std::mutex mutex_;
    std::condition_variable work_;     // a job was queued, or the engine closes: for lanes
    std::condition_variable closing_;  // the engine closes: for the manager
    bool is_closing_ = false;
    bool is_loaded_ = false;
    int32_t model_audio_ctx_ = 0;
    int32_t multilingual_ = 0;
    uint64_t arrivals_ = 0;
    int32_t running_ = 0;
    std::map<QueueKey, JobPtr> queue_;
    std::unordered_map<uint32_t, Entry> entries_;
    std::deque<wf_event> events_;

    std::thread manager_;  // last, so that it starts when all else is there
};

}  // namespace wf
