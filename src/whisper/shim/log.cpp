#include "log.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>

#include "whisper.h"
#include "wildfire-native.h"

namespace wf {
namespace {

constexpr size_t max_line_bytes = 2048;
constexpr size_t max_buffered_bytes = 256 * 1024;
constexpr size_t line_header_bytes = 8;
static_assert(max_line_bytes + line_header_bytes <= 4096, "wf_log_drain() promises that 4096 do");

struct Line {
    int32_t level;
    std::string text;

    size_t bytes() const { return line_header_bytes + text.size(); }
};

struct Buffer {
    std::mutex mutex;
    std::deque<Line> lines;
    size_t bytes = 0;
    uint32_t dropped = 0;
};

// Never destroyed: native threads may still log while the process exits.
Buffer & buffer() {
    static auto * instance = new Buffer;
    return *instance;
}

// Lines arrive in pieces, and two threads' pieces must not mix.
struct Pending {
    int32_t level = GGML_LOG_LEVEL_INFO;
    std::string text;
    std::string first_error;
};

Pending & pending() {
    thread_local Pending instance;
    return instance;
}

thread_local int threshold = GGML_LOG_LEVEL_INFO;

void store(Line line) {
    Buffer & kept = buffer();
    std::lock_guard<std::mutex> lock(kept.mutex);
    kept.bytes += line.bytes();
    kept.lines.push_back(std::move(line));
    while (kept.bytes > max_buffered_bytes) {
        kept.bytes -= kept.lines.front().bytes();
        kept.lines.pop_front();
        kept.dropped += 1;
    }
}

void finish_line(Pending & line) {
    while (!line.text.empty() && (line.text.back() == '\n' || line.text.back() == '\r')) {
        line.text.pop_back();
    }
    if (line.text.size() > max_line_bytes) line.text.resize(max_line_bytes);
    if (line.level == GGML_LOG_LEVEL_ERROR && line.first_error.empty()) {
        line.first_error = line.text;
    }
    if (!line.text.empty()) store(Line{line.level, line.text});
    line.text.clear();
}

void on_log(ggml_log_level level, const char * text, void *) noexcept {
    if (text == nullptr) return;
    const bool continues = level == GGML_LOG_LEVEL_CONT;
    if (!continues && level < threshold) return;
    try {
        Pending & line = pending();
        // The rest of a line whose start was thrown away goes the same way.
        if (continues && line.text.empty() && threshold > GGML_LOG_LEVEL_INFO) return;
        if (!continues) {
            if (!line.text.empty()) finish_line(line);
            line.level = level;
        }
        line.text += text;
        if (!line.text.empty() && line.text.back() == '\n') finish_line(line);
    } catch (...) {
        // A log line that finds no memory is not worth more trouble.
    }
}

// The process ends right after this, so a drain would come too late: stderr is what is left.
void on_fatal(const char * message) {
    const std::string line = "wildfire: native code failed: " + std::string(message) + "\n";
    const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
    static_cast<void>(written);
}

void put_u32(uint8_t * out, uint32_t value) { std::memcpy(out, &value, sizeof value); }

}  // namespace

void start_log_capture() {
    static std::once_flag once;
    std::call_once(once, [] {
        whisper_log_set(on_log, nullptr);
        ggml_log_set(on_log, nullptr);
        ggml_set_abort_callback(on_fatal);
    });
}

void forget_errors() { pending().first_error.clear(); }

std::string first_error() { return pending().first_error; }

LogThreshold::LogThreshold(int level) : outer_(threshold) { threshold = level; }

LogThreshold::~LogThreshold() { threshold = outer_; }

int32_t drain_log(uint8_t * out, int32_t capacity, uint32_t * dropped) {
    Buffer & kept = buffer();
    std::lock_guard<std::mutex> lock(kept.mutex);
    const size_t room = static_cast<size_t>(capacity);
    if (!kept.lines.empty() && kept.lines.front().bytes() > room) return WF_ERR_CAPACITY;
    size_t used = 0;
    while (!kept.lines.empty() && used + kept.lines.front().bytes() <= room) {
        const Line & line = kept.lines.front();
        put_u32(out + used, static_cast<uint32_t>(line.level));
        put_u32(out + used + 4, static_cast<uint32_t>(line.text.size()));
        std::memcpy(out + used + line_header_bytes, line.text.data(), line.text.size());
        used += line.bytes();
        kept.bytes -= line.bytes();
        kept.lines.pop_front();
    }
    if (dropped != nullptr) {
        *dropped = kept.dropped;
        kept.dropped = 0;
    }
    return static_cast<int32_t>(used);
}

}  // namespace wf
