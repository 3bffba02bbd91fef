#include "no-speech.h"

#include <algorithm>
#include <cmath>

namespace wf {
namespace {

// whisper.cpp decodes distilled models without time stamps whatever was asked.
bool may_be_distilled(whisper_context * context) {
    return whisper_model_n_text_layer(context) == 2;
}

bool prompt_is_one_token(whisper_context * context, const whisper_full_params & params) {
    return !whisper_is_multilingual(context) && !params.no_timestamps &&
           params.prompt_n_tokens == 0 && !may_be_distilled(context);
}

float softmax_of(const float * logits, int count, int index) {
    const float highest = *std::max_element(logits, logits + count);
    double sum = 0.0;
    for (int i = 0; i < count; ++i) sum += std::exp(logits[i] - highest);
    return static_cast<float>(std::exp(logits[index] - highest) / sum);
}

NoSpeechWatch * watch_of(void * user_data) { return static_cast<NoSpeechWatch *>(user_data); }

}  // namespace

NoSpeechWatch::NoSpeechWatch(whisper_context * context, const std::atomic<bool> & aborted,
                             whisper_full_params & params)
    : context_(context),
      aborted_(aborted),
      threads_(params.n_threads),
      first_row_is_right_(prompt_is_one_token(context, params)) {
    params.encoder_begin_callback = [](whisper_context *, whisper_state * state, void * user_data) {
        return watch_of(user_data)->begin_window(state);
    };
    params.encoder_begin_callback_user_data = this;
    params.abort_callback = [](void * user_data) { return watch_of(user_data)->check_abort(); };
    params.abort_callback_user_data = this;
    params.logits_filter_callback = [](whisper_context *, whisper_state *,
                                       const whisper_token_data *, int tokens_so_far, float *,
                                       void * user_data) {
        watch_of(user_data)->see_logits(tokens_so_far);
    };
    params.logits_filter_callback_user_data = this;
}

bool NoSpeechWatch::begin_window(whisper_state * state) {
    state_ = state;
    encoding_ = true;
    windows_ += 1;
    return !aborted_.load(std::memory_order_relaxed);
}

// whisper.cpp asks once after it encoded a window, and then once after each time it decoded.
bool NoSpeechWatch::check_abort() {
    if (aborted_.load(std::memory_order_relaxed)) return true;
    const bool has_encoded = encoding_;
    encoding_ = false;
    if (!has_encoded || (first_row_is_right_ && windows_ == 1)) return false;
    return !decode_start_of_transcript();
}

// Leaves a cell in the cache of keys and values, which whisper.cpp clears before it decodes.
bool NoSpeechWatch::decode_start_of_transcript() {
    const whisper_token start = whisper_token_sot(context_);
    return whisper_decode_with_state(context_, state_, &start, 1, 0, threads_) == 0;
}

// Comes for the prompt first, and before the row is overwritten by what follows it.
void NoSpeechWatch::see_logits(int tokens_so_far) {
    if (tokens_so_far > 0 || windows_ != 1 || first_window_ != unknown_no_speech_prob) return;
    first_window_ = softmax_of(whisper_get_logits_from_state(state_),
                               whisper_model_n_vocab(context_), whisper_token_nosp(context_));
}

}  // namespace wf
