#include "result.h"

#include <cstring>
#include <string>

#include "wildfire-native.h"

namespace wf {
namespace {

int32_t to_ms(int64_t centiseconds) { return static_cast<int32_t>(centiseconds * 10); }

wf_result_header make_header(const char * language) {
    wf_result_header header = {};
    header.struct_size = sizeof header;
    std::strncpy(header.language, language, sizeof header.language - 1);
    return header;
}

wf_result_segment make_segment(whisper_context * context, whisper_state * state, int index) {
    wf_result_segment segment = {};
    segment.struct_size = sizeof segment;
    segment.t0_ms = to_ms(whisper_full_get_segment_t0_from_state(state, index));
    segment.t1_ms = to_ms(whisper_full_get_segment_t1_from_state(state, index));
    segment.no_speech_prob = whisper_full_get_segment_no_speech_prob_from_state(state, index);
    double logprob = 0.0;
    const int tokens = whisper_full_n_tokens_from_state(state, index);
    for (int i = 0; i < tokens; ++i) {
        const whisper_token_data token = whisper_full_get_token_data_from_state(state, index, i);
        // Special tokens, time stamps among them, are numbered from end-of-text on.
        if (token.id >= whisper_token_eot(context)) continue;
        logprob += token.plog;
        segment.token_count += 1;
    }
    if (segment.token_count > 0) {
        segment.avg_logprob = static_cast<float>(logprob / segment.token_count);
    }
    return segment;
}

void append(std::vector<uint8_t> & out, const void * bytes, size_t size) {
    const size_t offset = out.size();
    out.resize(offset + size);
    if (size > 0) std::memcpy(out.data() + offset, bytes, size);
}

}  // namespace

std::vector<uint8_t> serialise_result(whisper_context * context, whisper_state * state) {
    const int count = whisper_full_n_segments_from_state(state);
    const char * language = whisper_is_multilingual(context)
                                ? whisper_lang_str(whisper_full_lang_id_from_state(state))
                                : "en";
    wf_result_header header = make_header(language == nullptr ? "" : language);
    header.segment_count = static_cast<uint32_t>(count);
    std::vector<uint8_t> segments;
    std::string texts;
    for (int i = 0; i < count; ++i) {
        const std::string text = whisper_full_get_segment_text_from_state(state, i);
        wf_result_segment segment = make_segment(context, state, i);
        segment.text_bytes = static_cast<uint32_t>(text.size());
        append(segments, &segment, sizeof segment);
        texts += text;
    }
    header.text_bytes = static_cast<uint32_t>(texts.size());
    std::vector<uint8_t> out;
    out.reserve(sizeof header + segments.size() + texts.size());
    append(out, &header, sizeof header);
    append(out, segments.data(), segments.size());
    append(out, texts.data(), texts.size());
    return out;
}

std::vector<uint8_t> empty_result(const char * language) {
    const wf_result_header header = make_header(language);
    std::vector<uint8_t> out;
    append(out, &header, sizeof header);
    return out;
}

}  // namespace wf
