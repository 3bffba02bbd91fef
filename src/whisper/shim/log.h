// Log lines of whisper.cpp and ggml, kept for whoever drains them instead of going to stderr.
#pragma once

#include <cstdint>
#include <string>

namespace wf {

// Routes the log lines of both libraries into the buffer; the first call counts, others do nothing.
void start_log_capture();

// Writes whole lines in the form that wf_log_drain() documents.
int32_t drain_log(uint8_t * buffer, int32_t capacity, uint32_t * dropped);

// The first error line that the calling thread logged since it called forget_errors(). The first
// one names the cause; those after it only say which callers gave up.
void forget_errors();
std::string first_error();

// While one lives, lines below `level` (a ggml_log_level) that the calling thread logs are thrown
// away before anything is done with them.
class LogThreshold {
public:
    explicit LogThreshold(int level);
    ~LogThreshold();
    LogThreshold(const LogThreshold &) = delete;
    LogThreshold & operator=(const LogThreshold &) = delete;

private:
    const int outer_;
};

}  // namespace wf
