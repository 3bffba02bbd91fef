#include "voice-detector.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include "log.h"
#include "samples.h"
#include "thread.h"

namespace wf {
namespace {

// Windows that one stream may have judged before the next one has its turn: half a millisecond.
constexpr size_t max_turn = 8;
// Contexts kept for streams to come; one takes 2.6 MB and a millisecond to make.
constexpr size_t max_idle = 8;

wf_vad_event make_event(int32_t kind, int32_t status, int32_t stream) {
    wf_vad_event event = {};
    event.struct_size = sizeof event;
    event.kind = kind;
    event.status = status;
    event.stream = stream;
    return event;
}

}  // namespace

VoiceDetector::VoiceDetector(const wf_vad_options & options, std::vector<uint8_t> model)
    : options_(options), model_(std::move(model)), thread_([this] { run(); }) {}

VoiceDetector::~VoiceDetector() {
    begin_close();
    thread_.join();
}

// ---- called from outside ----------------------------------------------------------------------

int32_t VoiceDetector::open_stream() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_closing_) return WF_ERR_CLOSING;
    if (!is_loaded_) return WF_ERR_NOT_READY;
    if (streams_.size() >= static_cast<size_t>(options_.stream_limit) ||
        last_stream_ == INT32_MAX) {
        return WF_ERR_QUEUE_FULL;
    }
    const int32_t id = last_stream_ + 1;
    streams_.emplace(id, std::make_shared<Stream>(id));
    last_stream_ = id;
    return id;
}

int32_t VoiceDetector::close_stream(int32_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = streams_.find(id);
    if (found == streams_.end()) return WF_ERR_NOT_FOUND;
    forget_stream(*found->second);
    streams_.erase(found);
    if (idle_.size() > max_idle) work_.notify_one();
    return WF_OK;
}

int32_t VoiceDetector::push(int32_t id, const float * samples, int32_t sample_count, bool forget) {
    if (sample_count < 1 || sample_count % WF_VAD_WINDOW != 0) return WF_ERR_ARGUMENT;
    const auto count = static_cast<size_t>(sample_count / WF_VAD_WINDOW);
    const auto limit = static_cast<size_t>(options_.window_limit);
    if (count > limit) return WF_ERR_ARGUMENT;
    std::list<Window> windows;
    for (size_t i = 0; i < count; ++i) {
        Window & window = windows.emplace_back();
        window.forget = forget && i == 0;
        copy_sanitised(samples + i * WF_VAD_WINDOW, WF_VAD_WINDOW, window.samples.data());
    }
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_closing_) return WF_ERR_CLOSING;
    const StreamPtr stream = find(id);
    if (!stream) return WF_ERR_NOT_FOUND;
    if (stream->failure != WF_OK) return stream->failure;
    if (stream->windows() + count > limit) return WF_ERR_QUEUE_FULL;
    stream->waiting.splice(stream->waiting.end(), windows);
    queued_ += static_cast<int32_t>(count);
    if (stream->judging == 0) give_turn(stream);
    return WF_OK;
}

int32_t VoiceDetector::poll(wf_vad_event * events, int32_t capacity) {
    std::lock_guard<std::mutex> lock(mutex_);
    int32_t count = 0;
    while (count < capacity && !news_.empty()) {
        const StreamPtr stream = news_.front();
        news_.pop_front();
        stream->has_news = false;
        count += tell(*stream, events + count, capacity - count);
        if (stream->has_more_to_tell()) announce(stream);
    }
    while (count < capacity && !events_.empty()) {
        events[count++] = events_.front();
        events_.pop_front();
    }
    return count;
}

int32_t VoiceDetector::read_error(uint8_t * buffer, int32_t capacity) const {
    std::lock_guard<std::mutex> lock(mutex_);
    const size_t size = std::min(first_error_.size(), static_cast<size_t>(capacity));
    if (size > 0) std::memcpy(buffer, first_error_.data(), size);
    return static_cast<int32_t>(size);
}

void VoiceDetector::status(wf_vad_status & out) const {
    std::lock_guard<std::mutex> lock(mutex_);
    out.streams = static_cast<int32_t>(streams_.size());
    out.queued = queued_;
    out.contexts = contexts_;
    out.windows_low = static_cast<uint32_t>(windows_);
    out.windows_high = static_cast<uint32_t>(windows_ >> 32);
    out.busy_us_low = static_cast<uint32_t>(busy_us_);
    out.busy_us_high = static_cast<uint32_t>(busy_us_ >> 32);
}

void VoiceDetector::begin_close() {
    cancel_load_.store(true);
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_closing_) return;
    is_closing_ = true;
    for (const auto & [id, stream] : streams_) forget_stream(*stream);
    streams_.clear();
    work_.notify_all();
}

// ---- the thread -------------------------------------------------------------------------------

void VoiceDetector::run() {
    block_signals();
    name_thread("wf-vad");
    if (load()) serve();
    std::vector<VadContextPtr> last;
    std::unique_lock<std::mutex> lock(mutex_);
    work_.wait(lock, [this] { return is_closing_; });
    last.swap(idle_);
    lock.unlock();
    last.clear();
    lock.lock();
    contexts_ = 0;
    push_event(WF_VAD_CLOSED, WF_OK);
}

// The first context is made and tried at once, so that a bad model is known before a call comes.
bool VoiceDetector::load() {
    VadContextPtr context;
    std::string reason;
    forget_errors();
    try {
        context = load_voice_model(model_, cancel_load_);
        const std::vector<float> silence(WF_VAD_WINDOW, 0.0f);
        if (context && judge_windows(*context, silence) == nullptr) context.reset();
        reason = first_error();
    } catch (const std::exception & error) {
        reason = error.what();
    }
    std::lock_guard<std::mutex> lock(mutex_);
    busy_us_ = thread_cpu_us();
    if (!context) {
        note_error(reason.empty() ? "the model gives no probabilities" : std::move(reason));
        push_event(WF_VAD_LOAD_FAILED, is_closing_ ? WF_ERR_CLOSING : WF_ERR_MODEL);
        return false;
    }
    contexts_ = 1;
    keep_context(std::move(context));
    is_loaded_ = true;
    push_event(WF_VAD_LOADED, WF_OK);
    return true;
}

void VoiceDetector::serve() {
    Batch batch;
    std::vector<VadContextPtr> surplus;
    while (next_batch(batch, surplus)) {
        surplus.clear();
        if (!batch.stream) continue;
        const float * probs = nullptr;
        const int32_t status = judge(batch, probs);
        std::lock_guard<std::mutex> lock(mutex_);
        busy_us_ = thread_cpu_us();
        finish(batch, status, probs);
        batch.stream.reset();
    }
}

// Waits for something to judge or to free; false when the detector closes.
bool VoiceDetector::next_batch(Batch & batch, std::vector<VadContextPtr> & surplus) {
    std::unique_lock<std::mutex> lock(mutex_);
    work_.wait(lock, [this] { return is_closing_ || !turns_.empty() || idle_.size() > max_idle; });
    if (is_closing_) return false;
    while (idle_.size() > max_idle) {
        surplus.push_back(std::move(idle_.back()));
        idle_.pop_back();
        contexts_ -= 1;
    }
    if (!turns_.empty()) take_windows(batch);
    return true;
}

int32_t VoiceDetector::judge(Batch & batch, const float *& probs) {
    try {
        if (!prepare_context(batch)) return WF_ERR_MEMORY;
        probs = judge_windows(*batch.stream->context, batch.samples);
        return probs == nullptr ? WF_ERR_DECODE : WF_OK;
    } catch (const std::bad_alloc &) {
        return WF_ERR_MEMORY;
    } catch (...) {
        return WF_ERR_INTERNAL;
    }
}

// A stream gets its context with its first window, so that whoever opens it need not wait.
bool VoiceDetector::prepare_context(Batch & batch) {
    VadContextPtr & context = batch.stream->context;
    const bool is_new = !context;
    if (is_new) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!idle_.empty()) {
            context = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!context) {
        const LogThreshold errors(GGML_LOG_LEVEL_ERROR);
        forget_errors();
        context = load_voice_model(model_, cancel_load_);
        if (!context) return false;
        std::lock_guard<std::mutex> lock(mutex_);
        contexts_ += 1;
    }
    if (is_new || batch.forget) whisper_vad_reset_state(context.get());
    return true;
}

// ---- with the mutex held ----------------------------------------------------------------------

// As many windows as a turn allows, up to one that does not continue those before it.
void VoiceDetector::take_windows(Batch & batch) {
    batch.stream = turns_.front();
    turns_.pop_front();
    Stream & stream = *batch.stream;
    stream.has_turn = false;
    batch.samples.clear();
    if (stream.waiting.empty()) {
        batch.stream.reset();
        return;
    }
    batch.forget = stream.waiting.front().forget;
    do {
        const Window & window = stream.waiting.front();
        batch.samples.insert(batch.samples.end(), window.samples.begin(), window.samples.end());
        stream.waiting.pop_front();
        stream.judging += 1;
    } while (stream.judging < max_turn && !stream.waiting.empty() &&
             !stream.waiting.front().forget);
    queued_ -= static_cast<int32_t>(stream.judging);
}

void VoiceDetector::finish(const Batch & batch, int32_t status, const float * probs) {
    Stream & stream = *batch.stream;
    const size_t judged = std::exchange(stream.judging, 0);
    if (stream.is_closed) {
        keep_context(std::move(stream.context));
        return;
    }
    if (status == WF_OK) {
        windows_ += judged;
        stream.probabilities.insert(stream.probabilities.end(), probs, probs + judged);
        if (!stream.waiting.empty()) give_turn(batch.stream);
    } else {
        note_error(first_error());
        queued_ -= static_cast<int32_t>(stream.waiting.size());
        stream.waiting.clear();
        stream.failure = status;
    }
    announce(batch.stream);
}

// What is new of one stream, as much as it had in a turn; returns the number of events.
int32_t VoiceDetector::tell(Stream & stream, wf_vad_event * events, int32_t capacity) {
    const auto room = std::min(static_cast<size_t>(capacity), max_turn);
    const size_t count = std::min(room, stream.probabilities.size());
    for (size_t i = 0; i < count; ++i) {
        events[i] = make_event(WF_VAD_WINDOW_JUDGED, WF_OK, stream.id);
        events[i].probability = stream.probabilities.front();
        stream.probabilities.pop_front();
    }
    if (count > 0 || !stream.has_more_to_tell()) return static_cast<int32_t>(count);
    events[0] = make_event(WF_VAD_STREAM_FAILED, stream.failure, stream.id);
    stream.failure_told = true;
    return 1;
}

// What the stream holds goes at once, but for a context that the thread is using.
void VoiceDetector::forget_stream(Stream & stream) {
    stream.is_closed = true;
    queued_ -= static_cast<int32_t>(stream.waiting.size());
    stream.waiting.clear();
    stream.probabilities.clear();
    if (stream.judging == 0) keep_context(std::move(stream.context));
}

void VoiceDetector::keep_context(VadContextPtr context) {
    if (context) idle_.push_back(std::move(context));
}

void VoiceDetector::give_turn(const StreamPtr & stream) {
    if (stream->has_turn) return;
    stream->has_turn = true;
    turns_.push_back(stream);
    work_.notify_one();
}

void VoiceDetector::announce(const StreamPtr & stream) {
    if (stream->has_news) return;
    stream->has_news = true;
    news_.push_back(stream);
}

void VoiceDetector::push_event(int32_t kind, int32_t status) {
    events_.push_back(make_event(kind, status, 0));
}

void VoiceDetector::note_error(std::string text) {
    if (first_error_.empty()) first_error_ = std::move(text);
}

VoiceDetector::StreamPtr VoiceDetector::find(int32_t id) const {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second;
}

}  // namespace wf
