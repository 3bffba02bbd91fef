#include "result.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "no-speech.h"
#include "wildfire-native.h"

namespace wf {
namespace {

// whisper.cpp gives times before the start where it has none, or found no time stamp likely.
int32_t to_ms(int64_t centiseconds) {
    return static_cast<int32_t>(std::clamp<int64_t>(centiseconds, 0, INT32_MAX / 10) * 10);
}

wf_result_header make_header(const char * language) {
    wf_result_header header = {};
    header.struct_size = sizeof header;
    header.no_speech_prob = unknown_no_speech_prob;
    std::strncpy(header.language, language, sizeof header.language - 1);
    return header;
}

void append(std::vector<uint8_t> & out, const void * bytes, size_t size) {
    const size_t offset = out.size();
    out.resize(offset + size);
    if (size > 0) std::memcpy(out.data() + offset, bytes, size);
}

// The three parts of a result behind its header, filled a segment at a time.
struct Parts {
    std::vector<uint8_t> segments;
    std::vector<uint8_t> tokens;
    std::string texts;
    uint32_t token_count = 0;
};

wf_result_token make_token(const whisper_token_data & data, size_t text_bytes) {
    wf_result_token token = {};
    token.struct_size = sizeof token;
    token.t0_ms = to_ms(data.t0);
    token.t1_ms = to_ms(data.t1);
    token.logprob = data.plog;
    token.text_bytes = static_cast<uint32_t>(text_bytes);
    return token;
}

void add_segment(Parts & parts, whisper_context * context, whisper_state * state, int index) {
    wf_result_segment segment = {};
    segment.struct_size = sizeof segment;
    segment.t0_ms = to_ms(whisper_full_get_segment_t0_from_state(state, index));
    segment.t1_ms = to_ms(whisper_full_get_segment_t1_from_state(state, index));
    double logprob = 0.0;
    const int tokens = whisper_full_n_tokens_from_state(state, index);
    for (int i = 0; i < tokens; ++i) {
        const whisper_token_data data = whisper_full_get_token_data_from_state(state, index, i);
        // Special tokens, time stamps among them, are numbered from end-of-text on.
        if (data.id >= whisper_token_eot(context)) continue;
        const char * text = whisper_token_to_str(context, data.id);
        const wf_result_token token = make_token(data, std::strlen(text));
        append(parts.tokens, &token, sizeof token);
        parts.texts += text;
        logprob += data.plog;
        segment.token_count += 1;
        segment.text_bytes += token.text_bytes;
    }
    if (segment.token_count > 0) {
        segment.avg_logprob = static_cast<float>(logprob / segment.token_count);
    }
    parts.token_count += segment.token_count;
    append(parts.segments, &segment, sizeof segment);
}

}  // namespace

std::vector<uint8_t> serialise_result(whisper_context * context, whisper_state * state,
                                      float no_speech_prob) {
    const int count = whisper_full_n_segments_from_state(state);
    const char * language = whisper_is_multilingual(context)
                                ? whisper_lang_str(whisper_full_lang_id_from_state(state))
                                : "en";
    Parts parts;
    for (int i = 0; i < count; ++i) add_segment(parts, context, state, i);
    wf_result_header header = make_header(language == nullptr ? "" : language);
    header.segment_count = static_cast<uint32_t>(count);
    header.token_count = parts.token_count;
    header.text_bytes = static_cast<uint32_t>(parts.texts.size());
    header.no_speech_prob = no_speech_prob;
    std::vector<uint8_t> out;
    out.reserve(sizeof header + parts.segments.size() + parts.tokens.size() + parts.texts.size());
    append(out, &header, sizeof header);
    append(out, parts.segments.data(), parts.segments.size());
    append(out, parts.tokens.data(), parts.tokens.size());
    append(out, parts.texts.data(), parts.texts.size());
    return out;
}

std::vector<uint8_t> empty_result(const char * language) {
    const wf_result_header header = make_header(language);
    std::vector<uint8_t> out;
    append(out, &header, sizeof header);
    return out;
}

}  // namespace wf
