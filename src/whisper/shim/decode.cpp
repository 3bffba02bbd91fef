#include "decode.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "abort.h"
#include "log.h"
#include "result.h"

namespace wf {
namespace {

// whisper.cpp hears nothing in less than 100 ms, and mirrors 200 samples that must be there.
constexpr int32_t min_samples = WF_SAMPLE_RATE / 10;
// An overshooting resampler stays far below; the sums of a Fourier transform stay finite.
constexpr float max_amplitude = 16.0f;
// whisper.cpp's code for "no memory for the cache", after which it has freed the state itself.
constexpr int state_freed = -7;
constexpr int max_decoders = 8;
constexpr int max_threads = 64;

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

void set_abort(whisper_full_params & params, const std::atomic<bool> & aborted) {
    auto * flag = const_cast<std::atomic<bool> *>(&aborted);
    params.abort_callback = abort_requested;
    params.abort_callback_user_data = flag;
    params.encoder_begin_callback = [](whisper_context *, whisper_state *, void * user_data) {
        return !abort_requested(user_data);
    };
    params.encoder_begin_callback_user_data = flag;
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
    set_sampling(params, spec);
    set_abort(params, job.aborted);
    return params;
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
    const whisper_full_params params = make_params(context, job, default_threads);
    const int code = whisper_full_with_state(context, state.get(), params, job.samples.data(),
                                             job.spec.sample_count);
    if (code == state_freed) static_cast<void>(state.release());
    // Checked before the code, which is 0 when the encoder was told not to begin.
    if (job.aborted.load()) return failure(WF_ERR_ABORTED, code, "");
    if (code != 0) return failure(WF_ERR_DECODE, code, first_error());
    return Outcome{WF_OK, 0, serialise_result(context, state.get())};
}

}  // namespace

int32_t check_job(const wf_job & spec) {
    const bool valid =
        spec.id != 0 && spec.sample_count >= 0 && spec.sample_count <= WF_MAX_SAMPLES &&
        spec.audio_ctx >= 0 && in_range(spec.threads, 1, max_threads) &&
        in_range(spec.beam_size, 1, max_decoders) && in_range(spec.best_of, 1, max_decoders) &&
        in_range(spec.max_tokens, 0, INT32_MAX) && in_range(spec.temperature, 0.0f, 1.0f) &&
        (!is_set(spec.temperature_inc) || spec.temperature_inc == 0.0f ||
         in_range(spec.temperature_inc, 0.01f, 1.0f)) &&
        !std::isnan(spec.entropy_threshold) && !std::isnan(spec.logprob_threshold) &&
        !std::isnan(spec.no_speech_threshold) && language_known(spec);
    return valid ? WF_OK : WF_ERR_ARGUMENT;
}

std::vector<float> sanitise(const float * samples, int32_t count) {
    std::vector<float> copy(static_cast<size_t>(std::max(count, min_samples)), 0.0f);
    std::transform(samples, samples + count, copy.begin(), [](float sample) {
        return std::isfinite(sample) ? std::clamp(sample, -max_amplitude, max_amplitude) : 0.0f;
    });
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
