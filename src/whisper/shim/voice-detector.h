// One voice activity model and the native thread that judges the windows of all streams with it.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "voice-model.h"
#include "wildfire-native.h"

namespace wf {

// Its public members may be called from any thread and do not wait for inference, but for the
// destructor.
class VoiceDetector {
public:
    VoiceDetector(const wf_vad_options & options, std::vector<uint8_t> model);
    // Closes the detector if nobody did, and waits for its thread.
    ~VoiceDetector();
    VoiceDetector(const VoiceDetector &) = delete;
    VoiceDetector & operator=(const VoiceDetector &) = delete;

    int32_t open_stream();
    int32_t close_stream(int32_t id);
    int32_t push(int32_t id, const float * samples, int32_t sample_count, bool forget);
    int32_t poll(wf_vad_event * events, int32_t capacity);
    int32_t read_error(uint8_t * buffer, int32_t capacity) const;
    void status(wf_vad_status & out) const;
    void begin_close();

private:
    struct Window {
        bool forget;
        std::array<float, WF_VAD_WINDOW> samples;
    };

    struct Stream {
        explicit Stream(int32_t number) : id(number) {}

        const int32_t id;
        std::list<Window> waiting;
        std::deque<float> probabilities;  // judged, not polled yet
        VadContextPtr context;            // while `judging` is above 0, only for the thread
        size_t judging = 0;               // windows that the thread has taken
        int32_t failure = WF_OK;
        bool failure_told = false;
        bool has_turn = false;   // it stands in turns_
        bool has_news = false;   // it stands in news_
        bool is_closed = false;  // it may still stand in both

        size_t windows() const { return waiting.size() + judging + probabilities.size(); }
        bool has_more_to_tell() const {
            const bool has_failed = failure != WF_OK && !failure_told;
            return !is_closed && (!probabilities.empty() || has_failed);
        }
    };
    using StreamPtr = std::shared_ptr<Stream>;

    // What one turn of a stream takes; its buffer is used again.
    struct Batch {
        StreamPtr stream;
        bool forget = false;
        std::vector<float> samples;
    };

    void run();
    bool load();
    void serve();
    bool next_batch(Batch & batch, std::vector<VadContextPtr> & surplus);
    int32_t judge(Batch & batch, const float *& probs);
    bool prepare_context(Batch & batch);

    // These expect the mutex to be held.
    void take_windows(Batch & batch);
    void finish(const Batch & batch, int32_t status, const float * probs);
    void forget_stream(Stream & stream);
    void keep_context(VadContextPtr context);
    void give_turn(const StreamPtr & stream);
    void announce(const StreamPtr & stream);
    int32_t tell(Stream & stream, wf_vad_event * events, int32_t capacity);
    void push_event(int32_t kind, int32_t status);
    void note_error(std::string text);
    StreamPtr find(int32_t id) const;

    const wf_vad_options options_;
    const std::vector<uint8_t> model_;
    std::atomic<bool> cancel_load_{false};

    mutable std::mutex mutex_;
    std::condition_variable work_;  // something to judge or to free, or the detector closes
    bool is_closing_ = false;
    bool is_loaded_ = false;
    int32_t last_stream_ = 0;
    int32_t queued_ = 0;
    int32_t contexts_ = 0;
    uint64_t windows_ = 0;
    uint64_t busy_us_ = 0;
    std::string first_error_;
    std::unordered_map<int32_t, StreamPtr> streams_;
    std::deque<StreamPtr> turns_;  // streams with windows that wait, in the order of their turns
    std::deque<StreamPtr> news_;   // streams with something to poll
    std::deque<wf_vad_event> events_;
    std::vector<VadContextPtr> idle_;  // contexts of closed streams

    std::thread thread_;  // last, so that it starts when all else is there
};

}  // namespace wf
