// What the library is: interface, struct layouts, whisper.cpp, instruction set.
#include "whisper.h"
#include "wildfire-native.h"

namespace {

// Only 4-byte fields and texts of 8 bytes: no compiler has a reason to pad, and none may.
static_assert(sizeof(wf_engine_options) == 7 * 4, "padded");
static_assert(sizeof(wf_job) == 17 * 4 + 8, "padded");
static_assert(sizeof(wf_event) == 8 * 4, "padded");
static_assert(sizeof(wf_engine_status) == 7 * 4, "padded");
static_assert(sizeof(wf_result_header) == 5 * 4 + 8, "padded");
static_assert(sizeof(wf_result_segment) == 6 * 4, "padded");
static_assert(sizeof(wf_result_token) == 5 * 4, "padded");
static_assert(sizeof(wf_vad_options) == 3 * 4, "padded");
static_assert(sizeof(wf_vad_event) == 5 * 4, "padded");
static_assert(sizeof(wf_vad_status) == 8 * 4, "padded");

}  // namespace

uint32_t wf_abi_version(void) { return WF_ABI_VERSION; }

uint32_t wf_struct_size(int32_t which) {
    switch (which) {
        case WF_STRUCT_ENGINE_OPTIONS: return sizeof(wf_engine_options);
        case WF_STRUCT_JOB: return sizeof(wf_job);
        case WF_STRUCT_EVENT: return sizeof(wf_event);
        case WF_STRUCT_ENGINE_STATUS: return sizeof(wf_engine_status);
        case WF_STRUCT_RESULT_HEADER: return sizeof(wf_result_header);
        case WF_STRUCT_RESULT_SEGMENT: return sizeof(wf_result_segment);
        case WF_STRUCT_RESULT_TOKEN: return sizeof(wf_result_token);
        case WF_STRUCT_VAD_OPTIONS: return sizeof(wf_vad_options);
        case WF_STRUCT_VAD_EVENT: return sizeof(wf_vad_event);
        case WF_STRUCT_VAD_STATUS: return sizeof(wf_vad_status);
        default: return 0;
    }
}

const char * wf_whisper_version(void) { return whisper_version(); }

const char * wf_cpu_variant(void) { return WF_CPU_VARIANT; }

const char * wf_system_info(void) {
    try {
        return whisper_print_system_info();
    } catch (...) {
        return "";
    }
}
