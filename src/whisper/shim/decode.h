// From a job's samples to a serialised result, on the calling thread.
#pragma once

#include <cstdint>
#include <vector>

#include "job.h"
#include "model.h"

namespace wf {

struct Outcome {
    int32_t status = WF_OK;        // wf_status
    int32_t detail = 0;            // return code of whisper.cpp
    std::vector<uint8_t> payload;  // a result, or the text of an error
};

// Checks what can be checked before a job is queued: WF_OK or WF_ERR_ARGUMENT.
int32_t check_job(const wf_job & spec);

// A copy of a job's samples that whisper.cpp can work on whatever they hold.
std::vector<float> job_samples(const float * samples, int32_t count);

// Decodes on `state`. The state may be gone or half-written afterwards: it is then reset to null.
Outcome decode(whisper_context * context, StatePtr & state, const Job & job,
               int32_t default_threads);

}  // namespace wf
