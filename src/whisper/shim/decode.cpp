#include "decode.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "abort.h"
#include "log.h"
#include "no-speech.h"
#include "result.h"
#include "samples.h"

// Defined in whisper-unit.cpp: the same sound gives the same text, whatever was decoded before.
extern "C" void wildfire_reseed(whisper_state * state);

namespace wf {
namespace {

// whisper.cpp hears nothing in less than 100 ms, and mirrors 200 samples that must be there.
constexpr int32_t min_samples = WF_SAMPLE_RATE / 10;
// whisper.cpp's code for "no memory for the cache", after which it has freed the state itself.
constexpr int state_freed = -7;
constexpr int max_decoders = 8;
constexpr int max_threads = 64;
// Two frames of the spectrogram, 10 ms each.
constexpr int32_t samples_per_position = WF_SAMPLE_RATE / 50;

bool is_set(int32_t value) { return value != WF_DEFAULT; }
bool is_set(float value) { return value != static_cast<float>(WF_DEFAULT); }

bool in_range(int32_t value, int32_t low, int32_t high) {
    return !is_set(value) || (value >= low && value <= high);
}
bool in_range(float value, float low, float high) {
    return !is_set(value) || (value >= low && value <= high);
}

bool language_known(const wf_job & spec) {
    if (std::memchr(spec.language, 0, sizeof spec.language) == nullptr) return false;
    if (std::strcmp(spec.language, "auto") == 0) return true;
    // The codes are listed by number, and asking by number logs nothing about unknown ones.
    for (int id = 0; id <= whisper_lang_max_id(); ++id) {
        if (std::strcmp(spec.language, whisper_lang_str(id)) == 0) return true;
    }
    return false;
}

void set_sampling(whisper_full_params & params, const wf_job & spec) {
    if (is_set(spec.beam_size) && spec.beam_size > 1) params.beam_search.beam_size = spec.beam_size;
    if (is_set(spec.best_of)) params.greedy.best_of = spec.best_of;
    if (is_set(spec.max_tokens)) params.max_tokens = spec.max_tokens;
    if (is_set(spec.temperature)) params.temperature = spec.temperature;
    if (is_set(spec.temperature_inc)) params.temperature_inc = spec.temperature_inc;
    if (is_set(spec.entropy_threshold)) params.entropy_thold = spec.entropy_threshold;
    if (is_set(spec.logprob_threshold)) params.logprob_thold = spec.logprob_threshold;
    if (is_set(spec.no_speech_threshold)) params.no_speech_thold = spec.no_speech_threshold;
}

const char * language_for(whisper_context * context, const wf_job & spec) {
    return whisper_is_multilingual(context) ? spec.language : "en";
}

whisper_full_params make_params(whisper_context * context, const Job & job,
                                int32_t default_threads) {
    const wf_job & spec = job.spec;
    const bool by_beam = is_set(spec.beam_size) && spec.beam_size > 1;
    whisper_full_params params = whisper_full_default_params(
        by_beam ? WHISPER_SAMPLING_BEAM_SEARCH : WHISPER_SAMPLING_GREEDY);
    params.n_threads = is_set(spec.threads) ? spec.threads : default_threads;
    params.audio_ctx = spec.audio_ctx > whisper_model_n_audio_ctx(context) ? 0 : spec.audio_ctx;
    params.language = language_for(context, spec);
    params.translate = (spec.flags & WF_JOB_TRANSLATE) != 0;
    params.no_timestamps = (spec.flags & WF_JOB_NO_TIMESTAMPS) != 0;
    params.single_segment = (spec.flags & WF_JOB_SINGLE_SEGMENT) != 0;
    params.suppress_nst = (spec.flags & WF_JOB_SUPPRESS_NON_SPEECH) != 0;
    params.no_context = true;
    params.print_progress = false;
    params.print_timestamps = false;
    params.token_timestamps = true;
    set_sampling(params, spec);
    return params;
}

// The end of the prompt in the model's own tokens.
std::vector<whisper_token> prompt_tokens(whisper_context * context, std::string prompt) {
    if (prompt.empty()) return {};
    std::replace(prompt.begin(), prompt.end(), '\0', ' ');
    // As many as there are bytes always fit. All that can be logged is one line for each byte that
    // is in no token.
    std::vector<whisper_token> tokens(prompt.size());
    const LogThreshold nothing(GGML_LOG_LEVEL_ERROR + 1);
    const int count = whisper_tokenize(context, prompt.c_str(), tokens.data(),
                                       static_cast<int>(tokens.size()));
    tokens.resize(static_cast<size_t>(std::max(count, 0)));
    if (tokens.size() > WF_MAX_PROMPT_TOKENS) {
        tokens.erase(tokens.begin(), tokens.end() - WF_MAX_PROMPT_TOKENS);
    }
    return tokens;
}

// Positions of the encoder that are computed, 50 a second.
int32_t audio_context(whisper_context * context, const whisper_full_params & params) {
    return params.audio_ctx > 0 ? params.audio_ctx : whisper_model_n_audio_ctx(context);
}

Outcome failure(int32_t status, int32_t detail, const std::string & text) {
    return Outcome{status, detail, std::vector<uint8_t>(text.begin(), text.end())};
}

Outcome run(whisper_context * context, StatePtr & state, const Job & job,
            int32_t default_threads) {
    if (job.spec.sample_count < min_samples) {
        return Outcome{WF_OK, 0, empty_result(language_for(context, job.spec))};
    }
    const AbortScope scope(job.aborted);
    const std::vector<whisper_token> prompt = prompt_tokens(context, job.prompt);
    whisper_full_params params = make_params(context, job, default_threads);
    params.prompt_tokens = prompt.data();
    params.prompt_n_tokens = static_cast<int>(prompt.size());
    NoSpeechWatch watch(context, job.aborted, params);
    wildfire_reseed(state.get());
    const int code = whisper_full_with_state(context, state.get(), params, job.samples.data(),
                                             job.spec.sample_count);
    if (code == state_freed) static_cast<void>(state.release());
    // Checked before the code, which is 0 when the encoder was told not to begin.
    if (job.aborted.load()) return failure(WF_ERR_ABORTED, code, "");
    if (code != 0) return failure(WF_ERR_DECODE, code, first_error());
    const int32_t seen_at_once = audio_context(context, params) * samples_per_position;
    const float no_speech_prob =
        job.spec.sample_count <= seen_at_once ? watch.first_window() : unknown_no_speech_prob;
    return Outcome{WF_OK, 0, serialise_result(context, state.get(), no_speech_prob)};
}

}  // namespace

int32_t check_job(const wf_job & spec) {
    const bool valid =
        spec.id != 0 && spec.handicap_ms >= 0 && spec.handicap_ms <= WF_MAX_HANDICAP_MS &&
        spec.sample_count >= 0 && spec.sample_count <= WF_MAX_SAMPLES &&
        spec.audio_ctx >= 0 && in_range(spec.threads, 1, max_threads) &&
        in_range(spec.beam_size, 1, max_decoders) && in_range(spec.best_of, 1, max_decoders) &&
        in_range(spec.max_tokens, 0, INT32_MAX) && in_range(spec.temperature, 0.0f, 1.0f) &&
        (!is_set(spec.temperature_inc) || spec.temperature_inc == 0.0f ||
         in_range(spec.temperature_inc, 0.01f, 1.0f)) &&
        !std::isnan(spec.entropy_threshold) && !std::isnan(spec.logprob_threshold) &&
        !std::isnan(spec.no_speech_threshold) && language_known(spec);
    return valid ? WF_OK : WF_ERR_ARGUMENT;
}

std::vector<float> job_samples(const float * samples, int32_t count) {
    std::vector<float> copy(static_cast<size_t>(std::max(count, min_samples)), 0.0f);
    copy_sanitised(samples, count, copy.data());
    return copy;
}

Outcome decode(whisper_context * context, StatePtr & state, const Job & job,
               int32_t default_threads) {
    forget_errors();
    try {
        if (!state) state.reset(whisper_init_state(context));
        if (!state) return failure(WF_ERR_MEMORY, 0, first_error());
        return run(context, state, job, default_threads);
    } catch (const std::bad_alloc &) {
        state.reset();
        return failure(WF_ERR_MEMORY, 0, "out of memory");
    } catch (const std::exception & error) {
        state.reset();
        return failure(WF_ERR_INTERNAL, 0, error.what());
    } catch (...) {
        state.reset();
        return failure(WF_ERR_INTERNAL, 0, "unknown exception");
    }
}

}  // namespace wf
