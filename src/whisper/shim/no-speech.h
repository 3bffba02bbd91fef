// The probability that nobody speaks, taken where the models were taught to tell it.
#pragma once

#include <atomic>

#include "whisper.h"

namespace wf {

constexpr float unknown_no_speech_prob = -1.0f;

// The models tell it behind the start-of-transcript token, and whisper.cpp reads it from the first
// row of its logits. That row is the right one only where the start of transcript is all of the
// prompt. With a language, a task, "no time stamps" or an initial text in the prompt, only the row
// of the last token is computed, and the first still holds whatever was decoded before, in the last
// utterance or the one before that. By that number whisper.cpp decides whether text of low
// probability is silence, to be left out, or was heard badly, to be decoded again.
//
// So wherever the row would be stale, this decodes the start of transcript by itself as soon as the
// encoder is done. The row is then right for whisper.cpp's own decision, and no_speech_thold can
// keep its value: to move the threshold out of reach instead would decode noise at all temperatures
// up to 1, which is the slowest way to text that nobody said. Only a second attempt at a higher
// temperature reads the row after other tokens were decoded. Among those "no speech" is as good as
// impossible, which says "speech": what the first attempt had concluded, or it would have been the
// last.
class NoSpeechWatch {
public:
    // Sets the callbacks of `params`, which also look at `aborted`. Both must live as long as the
    // watch, which in turn must outlive the decoding.
    NoSpeechWatch(whisper_context * context, const std::atomic<bool> & aborted,
                  whisper_full_params & params);
    NoSpeechWatch(const NoSpeechWatch &) = delete;
    NoSpeechWatch & operator=(const NoSpeechWatch &) = delete;

    // 0..1 for what the encoder saw first, or unknown_no_speech_prob when it saw nothing.
    float first_window() const { return first_window_; }

private:
    bool begin_window(whisper_state * state);
    bool check_abort();
    void see_logits(int tokens_so_far);
    bool decode_start_of_transcript();

    whisper_context * const context_;
    const std::atomic<bool> & aborted_;
    const int threads_;
    bool first_row_is_right_;  // in the first window; later ones have a prompt
    whisper_state * state_ = nullptr;
    bool encoding_ = false;
    int windows_ = 0;
    float first_window_ = unknown_no_speech_prob;
};

}  // namespace wf
