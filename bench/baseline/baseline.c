/*
 * Speech recognition without Bun: the least that a program can do around libwildfire_native. For
 * each line with a number on standard input it decodes so many utterances, the given ones in turn,
 * and prints the processor time in microseconds that it used since the last report, and a digest of
 * the texts. recogniser-worker.ts does the same through bun:ffi.
 *
 * Usage: baseline LIBRARY MODEL AUDIO_CTX BEAM_SIZE LANES JOBS_AT_ONCE SAMPLES...
 * SAMPLES are files of float32 samples at 16 kHz, one utterance each. With LANES and JOBS_AT_ONCE 1
 * an utterance is asked for when the one before it is done.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "wildfire-native.h"

enum { poll_interval_ns = 2000000, event_capacity = 32, job_limit = 256, arguments = 7 };

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

/* Asks every two milliseconds until something has happened; returns how much. */
static int32_t wait_events(int32_t engine, struct wf_event * events) {
    const struct timespec interval = {0, poll_interval_ns};
    events[0].struct_size = sizeof events[0];
    for (;;) {
        nanosleep(&interval, NULL);
        const int32_t count = library.engine_poll(engine, events, event_capacity);
        if (count < 0) fail("cannot poll", "");
        if (count > 0) return count;
    }
}

static int32_t open_engine(const char * model, int32_t lanes) {
    const struct wf_engine_options options = {
        .struct_size = sizeof options,
        .lanes = lanes,
        .threads_per_lane = 1,
        .flash_attn = 1,
        .use_gpu = 0,
        .job_limit = job_limit,
        .lane_nice = 0,
    };
    struct wf_event events[event_capacity];
    const int32_t engine = library.engine_open(&options, model, NULL, 0);
    if (engine < 0) fail("cannot open", model);
    wait_events(engine, events);
    if (events[0].kind != WF_EVENT_LOADED) fail("cannot load", model);
    return engine;
}

static struct wf_job make_job(int32_t audio_ctx, int32_t beam_size) {
    struct wf_job job = {
        .struct_size = sizeof job,
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
static uint32_t digest_texts(const uint8_t * result, int32_t size) {
    struct wf_result_header header;
    memcpy(&header, result, sizeof header);
    const size_t texts = sizeof header + header.segment_count * sizeof(struct wf_result_segment) +
                         header.token_count * sizeof(struct wf_result_token);
    uint32_t digest = 2166136261u;
    for (size_t i = texts; i < (size_t)size; ++i) digest = (digest ^ result[i]) * 16777619u;
    return digest;
}

struct utterance {
    float * samples;
    int32_t count;
};

struct work {
    int32_t engine;
    int32_t jobs_at_once;
    struct wf_job job;
    const struct utterance * utterances;
    int32_t utterance_count;
};

static void submit_next(struct work * work) {
    const struct utterance * next =
        &work->utterances[work->job.id % (uint32_t)work->utterance_count];
    work->job.id += 1;
    work->job.sample_count = next->count;
    if (library.engine_submit(work->engine, &work->job, next->samples, NULL) != WF_OK)
        fail("cannot submit", "");
}

static uint32_t take_result(const struct work * work, const struct wf_event * event) {
    if (event->kind != WF_EVENT_JOB_DONE || event->status != WF_OK) fail("cannot decode", "");
    uint8_t * result = malloc(event->result_bytes);
    const int32_t size = library.engine_take_result(work->engine, event->job_id, result,
                                                    (int32_t)event->result_bytes);
    if (size < 0) fail("cannot take the result", "");
    const uint32_t digest = digest_texts(result, size);
    free(result);
    return digest;
}

/* The sum of the digests of all texts, in whatever order they came. */
static uint32_t decode(struct work * work, int32_t total) {
    struct wf_event events[event_capacity];
    int32_t submitted = 0;
    int32_t done = 0;
    uint32_t sum = 0;
    while (done < total) {
        for (; submitted < total && submitted - done < work->jobs_at_once; ++submitted)
            submit_next(work);
        const int32_t count = wait_events(work->engine, events);
        for (int32_t i = 0; i < count; ++i) sum += take_result(work, &events[i]);
        done += count;
    }
    return sum;
}

static struct utterance * read_utterances(char ** paths, int32_t count) {
    struct utterance * utterances = calloc((size_t)count, sizeof *utterances);
    if (utterances == NULL) fail("out of memory", "");
    for (int32_t i = 0; i < count; ++i)
        utterances[i].samples = read_samples(paths[i], &utterances[i].count);
    return utterances;
}

static void serve(struct work * work) {
    char line[32];
    int64_t reported_us = cpu_us();
    while (fgets(line, sizeof line, stdin) != NULL) {
        const uint32_t digest = decode(work, atoi(line));
        const int64_t now_us = cpu_us();
        printf("%lld %u\n", (long long)(now_us - reported_us), digest);
        reported_us = now_us;
    }
}

int main(int argc, char ** argv) {
    if (argc <= arguments) fail("usage", "see the comment at the top of baseline.c");
    load_library(argv[1]);
    struct work work = {
        .engine = open_engine(argv[2], atoi(argv[5])),
        .jobs_at_once = atoi(argv[6]),
        .job = make_job(atoi(argv[3]), atoi(argv[4])),
        .utterances = read_utterances(argv + arguments, argc - arguments),
        .utterance_count = argc - arguments,
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ready");
    serve(&work);
    return 0;
}
