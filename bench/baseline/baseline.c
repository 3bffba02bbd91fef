/*
 * Speech recognition without Bun: the least that a program can do around libwildfire_native. It
 * opens an engine with one lane and then, for each line with a number on standard input, decodes
 * the same audio so many times, one job after another, and prints the processor time that it used
 * since the last report. recogniser-worker.ts does the same through bun:ffi.
 *
 * Usage: baseline LIBRARY MODEL SAMPLES AUDIO_CTX BEAM_SIZE
 * SAMPLES is a file of float32 samples at 16 kHz.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "wildfire-native.h"

enum { poll_interval_ns = 2000000, event_capacity = 32, job_limit = 256 };

static struct {
    __typeof__(wf_engine_open) * engine_open;
    __typeof__(wf_engine_submit) * engine_submit;
    __typeof__(wf_engine_poll) * engine_poll;
    __typeof__(wf_engine_take_result) * engine_take_result;
} library;

static void fail(const char * what, const char * detail) {
    fprintf(stderr, "baseline: %s: %s\n", what, detail);
    exit(1);
}

static void * find(void * handle, const char * name) {
    void * symbol = dlsym(handle, name);
    if (symbol == NULL) fail("no such function", name);
    return symbol;
}

static void load_library(const char * path) {
    void * handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) fail("cannot load the library", dlerror());
    __typeof__(wf_abi_version) * abi_version = find(handle, "wf_abi_version");
    if (abi_version() != WF_ABI_VERSION) fail("another ABI version", path);
    library.engine_open = find(handle, "wf_engine_open");
    library.engine_submit = find(handle, "wf_engine_submit");
    library.engine_poll = find(handle, "wf_engine_poll");
    library.engine_take_result = find(handle, "wf_engine_take_result");
}

static float * read_samples(const char * path, int32_t * count) {
    FILE * file = fopen(path, "rb");
    if (file == NULL) fail("cannot open", path);
    fseek(file, 0, SEEK_END);
    const size_t bytes = (size_t)ftell(file);
    rewind(file);
    float * samples = malloc(bytes);
    if (samples == NULL || fread(samples, 1, bytes, file) != bytes) fail("cannot read", path);
    fclose(file);
    *count = (int32_t)(bytes / sizeof *samples);
    return samples;
}

static int64_t cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Asks every two milliseconds until something has happened, which is the end of one job at most. */
static struct wf_event wait_event(int32_t engine) {
    const struct timespec interval = {0, poll_interval_ns};
    struct wf_event events[event_capacity];
    events[0].struct_size = sizeof events[0];
    for (;;) {
        nanosleep(&interval, NULL);
        const int32_t count = library.engine_poll(engine, events, event_capacity);
        if (count < 0) fail("cannot poll", "");
        if (count > 0) return events[0];
    }
}

static int32_t open_engine(const char * model) {
    const struct wf_engine_options options = {
        .struct_size = sizeof options,
        .lanes = 1,
        .threads_per_lane = 1,
        .flash_attn = 1,
        .use_gpu = 0,
        .job_limit = job_limit,
        .lane_nice = 0,
    };
    const int32_t engine = library.engine_open(&options, model, NULL, 0);
    if (engine < 0 || wait_event(engine).kind != WF_EVENT_LOADED) fail("cannot load", model);
    return engine;
}

static struct wf_job make_job(int32_t sample_count, int32_t audio_ctx, int32_t beam_size) {
    struct wf_job job = {
        .struct_size = sizeof job,
        .sample_count = sample_count,
        .audio_ctx = audio_ctx,
        .threads = WF_DEFAULT,
        .beam_size = beam_size,
        .best_of = WF_DEFAULT,
        .max_tokens = WF_DEFAULT,
        .temperature = WF_DEFAULT,
        .temperature_inc = WF_DEFAULT,
        .entropy_threshold = WF_DEFAULT,
        .logprob_threshold = WF_DEFAULT,
        .no_speech_threshold = WF_DEFAULT,
    };
    memcpy(job.language, "en", 3);
    return job;
}

/* FNV-1a over the texts of all segments. */
static uint32_t add_texts(uint32_t digest, const uint8_t * result, int32_t size) {
    struct wf_result_header header;
    memcpy(&header, result, sizeof header);
    const size_t texts = sizeof header + header.segment_count * sizeof(struct wf_result_segment);
    for (size_t i = texts; i < (size_t)size; ++i) digest = (digest ^ result[i]) * 16777619u;
    return digest;
}

static uint32_t decode(int32_t engine, const struct wf_job * job, const float * samples,
                       uint32_t digest) {
    if (library.engine_submit(engine, job, samples) != WF_OK) fail("cannot submit", "");
    const struct wf_event event = wait_event(engine);
    if (event.status != WF_OK || event.job_id != job->id) fail("cannot decode", "");
    uint8_t * result = malloc(event.result_bytes);
    const int32_t size = library.engine_take_result(engine, job->id, result,
                                                    (int32_t)event.result_bytes);
    if (size < 0) fail("cannot take the result", "");
    digest = add_texts(digest, result, size);
    free(result);
    return digest;
}

int main(int argc, char ** argv) {
    if (argc != 6) fail("usage", "baseline LIBRARY MODEL SAMPLES AUDIO_CTX BEAM_SIZE");
    load_library(argv[1]);
    const int32_t engine = open_engine(argv[2]);
    int32_t sample_count = 0;
    const float * samples = read_samples(argv[3], &sample_count);
    struct wf_job job = make_job(sample_count, atoi(argv[4]), atoi(argv[5]));
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ready");
    char line[32];
    int64_t reported_us = cpu_us();
    while (fgets(line, sizeof line, stdin) != NULL) {
        uint32_t digest = 2166136261u;
        for (int left = atoi(line); left > 0; --left) {
            job.id += 1;
            digest = decode(engine, &job, samples, digest);
        }
        const int64_t now_us = cpu_us();
        printf("%lld %u\n", (long long)(now_us - reported_us), digest);
        reported_us = now_us;
    }
    return 0;
}
