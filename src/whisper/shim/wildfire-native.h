/*
 * The C interface of libwildfire_native: speech recognition by whisper.cpp for callers that can
 * neither block nor be called back from another thread.
 *
 * Shape of the interface
 *   - An engine is one model, loaded once, and a pool of lanes (native threads) that decode with it.
 *     Engines are named by positive handles; a handle that is stale or made up yields
 *     WF_ERR_HANDLE and never touches memory.
 *   - Nothing here waits for inference or loading, except wf_engine_free() before the event
 *     WF_EVENT_CLOSED. What happened is collected with wf_engine_poll().
 *   - Every function may be called from any thread.
 *   - int32_t results: zero or more is success, less is a WF_ERR_ code. No C++ exception leaves.
 *
 * Structs
 *   - 4-byte fields only, in the byte order of the machine, no pointers, no padding.
 *   - The first field is the size of the struct, filled in by the caller and checked here
 *     (WF_ERR_STRUCT_SIZE), so that a caller built against another layout is refused.
 *
 * What this interface cannot turn into a status: ggml checks its own invariants with GGML_ASSERT,
 * which ends the process. A model file with impossible dimensions, tensor types or counts reaches
 * such checks (and, with more than four dimensions, worse) before whisper.cpp compares it with
 * anything, so a file from outside must be inspected before it is opened here. A file that merely
 * ends too early is refused with WF_ERR_MODEL.
 */
#ifndef WILDFIRE_NATIVE_H
#define WILDFIRE_NATIVE_H

#include <stdint.h>

#define WF_API __attribute__((visibility("default")))

/* Raised whenever a struct, a function or the meaning of either changes. */
#define WF_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

enum wf_status {
    WF_OK = 0,
    WF_ERR_ARGUMENT = -1,    /* a value is out of its range, or a pointer is null */
    WF_ERR_STRUCT_SIZE = -2, /* struct_size is not the size that this library was built with */
    WF_ERR_HANDLE = -3,      /* there is no such engine */
    WF_ERR_NOT_READY = -4,   /* the model is not loaded yet, or could not be loaded */
    WF_ERR_CLOSING = -5,     /* the engine is being closed */
    WF_ERR_QUEUE_FULL = -6,  /* job_limit jobs exist already */
    WF_ERR_NOT_FOUND = -7,   /* no such job, or no result to take */
    WF_ERR_CAPACITY = -8,    /* the buffer is too small; nothing was taken */
    WF_ERR_ABORTED = -9,     /* the job was aborted */
    WF_ERR_MODEL = -10,      /* the model could not be loaded */
    WF_ERR_DECODE = -11,     /* whisper.cpp reported failure; wf_event.detail is its code */
    WF_ERR_MEMORY = -12,     /* out of memory */
    WF_ERR_INTERNAL = -13    /* an unexpected C++ exception */
};

/* Values of `which` for wf_struct_size(). */
enum wf_struct {
    WF_STRUCT_ENGINE_OPTIONS = 0,
    WF_STRUCT_JOB = 1,
    WF_STRUCT_EVENT = 2,
    WF_STRUCT_ENGINE_STATUS = 3,
    WF_STRUCT_RESULT_HEADER = 4,
    WF_STRUCT_RESULT_SEGMENT = 5
};

enum wf_event_kind {
    WF_EVENT_LOADED = 1,      /* the model and all lanes are ready */
    WF_EVENT_LOAD_FAILED = 2, /* status says how; the result of job 0 is a text that says why */
    WF_EVENT_JOB_DONE = 3,    /* a job ended; status WF_OK, WF_ERR_ABORTED or another error */
    WF_EVENT_CLOSED = 4       /* last event: threads have ended, the model is freed */
};

/* Bits of wf_job.flags. */
enum wf_job_flag {
    WF_JOB_TRANSLATE = 1,       /* into English */
    WF_JOB_NO_TIMESTAMPS = 2,
    WF_JOB_SINGLE_SEGMENT = 4,
    WF_JOB_SUPPRESS_NON_SPEECH = 8 /* no tokens such as "(music)" */
};

/* In wf_job: leave whisper.cpp's own value. For int32_t fields, and for float fields as -1000. */
#define WF_DEFAULT (-1000)

/* Samples per second of all audio, and the longest utterance that a job takes (ten minutes). */
#define WF_SAMPLE_RATE 16000
#define WF_MAX_SAMPLES (WF_SAMPLE_RATE * 600)

struct wf_engine_options {
    uint32_t struct_size;
    int32_t lanes;            /* 1..64 jobs at once; each has its own whisper_state */
    int32_t threads_per_lane; /* 1..64; more threads than free cores are many times slower */
    int32_t flash_attn;       /* 0 or 1 */
    int32_t use_gpu;          /* 0 or 1; has an effect where the library has a GPU back end */
    int32_t job_limit;        /* 1..100000 jobs that exist at once: waiting, running, or done with
                                 an event not polled or a result not taken */
    int32_t lane_nice;        /* 0..19: how much the lanes yield to other threads (Linux only) */
};

struct wf_job {
    uint32_t struct_size;
    uint32_t id;             /* chosen by the caller, not 0, not one that still exists */
    int32_t priority;        /* lower runs first; first in, first out among equals */
    int32_t sample_count;    /* 0..WF_MAX_SAMPLES; below 100 ms there is nothing to hear and the
                                result has no segments */
    int32_t audio_ctx;       /* encoder positions, 50 a second; 0, and anything above the model's
                                own context, is the model's own context */
    int32_t threads;         /* 1..64, or WF_DEFAULT for threads_per_lane */
    uint32_t flags;          /* wf_job_flag */
    int32_t beam_size;       /* 2..8 searches by beam; 1 and WF_DEFAULT are greedy */
    int32_t best_of;         /* 1..8 candidates where the temperature is above 0 */
    int32_t max_tokens;      /* per segment, 0 is no limit */
    float temperature;       /* 0..1 */
    float temperature_inc;   /* 0 switches fall-back to higher temperatures off */
    float entropy_threshold;
    float logprob_threshold;
    float no_speech_threshold;
    char language[8];        /* ISO 639-1 code, or "auto"; zero-terminated. An English-only model
                                decodes English whatever stands here. */
};

struct wf_event {
    uint32_t struct_size;
    int32_t kind;          /* wf_event_kind */
    uint32_t job_id;       /* 0 unless WF_EVENT_JOB_DONE */
    int32_t status;        /* wf_status */
    int32_t detail;        /* return code of whisper.cpp, else 0 */
    uint32_t result_bytes; /* what wf_engine_take_result() will give: a result for WF_OK, else the
                              UTF-8 text of the first error that whisper.cpp logged, maybe none */
    uint32_t queued_us;    /* from submit to the start on a lane */
    uint32_t decode_us;    /* from there to the end */
};

struct wf_engine_status {
    uint32_t struct_size;
    int32_t lanes;
    int32_t queued;
    int32_t running;
    int32_t unclaimed;       /* done; event not polled or result not taken */
    int32_t model_audio_ctx; /* encoder positions of the model, 0 before it is loaded */
    int32_t multilingual;    /* 1 when the model knows languages besides English */
};

/* A result is one wf_result_header, segment_count times wf_result_segment, then the texts of the
   segments one after the other. Texts are what the model produced: a character may be cut. */
struct wf_result_header {
    uint32_t struct_size;
    uint32_t segment_count;
    uint32_t text_bytes;
    char language[8]; /* used or detected; zero-terminated */
};

struct wf_result_segment {
    uint32_t struct_size;
    int32_t t0_ms;
    int32_t t1_ms;
    float no_speech_prob; /* 0..1; stale in whisper.cpp when decoding without time stamps */
    float avg_logprob;    /* mean ln(p) of the text tokens; 0 when there are none */
    uint32_t token_count; /* text tokens, without time stamps and other special ones */
    uint32_t text_bytes;
};

/* ---- the library itself -------------------------------------------------------------------- */

/* WF_ABI_VERSION of the library. Compare it before calling anything else. */
WF_API uint32_t wf_abi_version(void);

/* Size in bytes of a struct (wf_struct), or 0 for an unknown one. */
WF_API uint32_t wf_struct_size(int32_t which);

/* Static, zero-terminated texts, never null. */
WF_API const char * wf_whisper_version(void);
WF_API const char * wf_cpu_variant(void);  /* sse42, avx2, neon, apple */
WF_API const char * wf_system_info(void);  /* instruction sets and back ends; not re-entrant */

/*
 * Takes log lines of whisper.cpp and ggml out of a bounded buffer that all engines share: for each
 * line an int32_t level (ggml: 1 debug, 2 info, 3 warning, 4 error), a uint32_t length and the
 * bytes. Whole lines only. Returns the bytes written; `*dropped` (may be null) becomes the number
 * of lines lost to a full buffer since the last call. Capturing starts with the first engine.
 * A capacity below 4096 may be too small for one line: WF_ERR_CAPACITY.
 */
WF_API int32_t wf_log_drain(uint8_t * buffer, int32_t capacity, uint32_t * dropped);

/* ---- engines ------------------------------------------------------------------------------- */

/*
 * Starts loading a model on a thread of its own and returns the engine's handle (> 0) at once. The
 * outcome is WF_EVENT_LOADED or WF_EVENT_LOAD_FAILED. The model comes from the file `path` (UTF-8,
 * zero-terminated), or, with `path` null, from `bytes`, which are copied before this returns.
 */
WF_API int32_t wf_engine_open(const struct wf_engine_options * options, const char * path,
                              const uint8_t * bytes, uint64_t byte_count);

/*
 * Queues a job. `samples` are mono, -1..1, WF_SAMPLE_RATE, and copied before this returns; NaN and
 * infinities count as silence. WF_ERR_QUEUE_FULL leaves nothing behind.
 */
WF_API int32_t wf_engine_submit(int32_t engine, const struct wf_job * job, const float * samples);

/* Moves up to `capacity` events into `events`, whose first struct_size is checked; returns how many. */
WF_API int32_t wf_engine_poll(int32_t engine, struct wf_event * events, int32_t capacity);

/*
 * Copies the result of a job whose event was polled (job 0: why loading failed) and frees it.
 * Returns the bytes written. A result that nobody takes lives until wf_engine_free().
 */
WF_API int32_t wf_engine_take_result(int32_t engine, uint32_t job_id, uint8_t * buffer,
                                     int32_t capacity);

/*
 * Stops a job: a queued one at once, a running one at the next node of its compute graph (at most
 * one matrix product later). Its event comes with WF_ERR_ABORTED, unless it was done already.
 */
WF_API int32_t wf_engine_abort(int32_t engine, uint32_t job_id);

WF_API int32_t wf_engine_read_status(int32_t engine, struct wf_engine_status * status);

/* Aborts loading and all jobs; their events come first, then WF_EVENT_CLOSED. Never waits. */
WF_API int32_t wf_engine_begin_close(int32_t engine);

/*
 * Frees the engine with its untaken events and results; the handle is dead afterwards. After
 * WF_EVENT_CLOSED this returns at once; before, it closes the engine and waits for its threads.
 */
WF_API int32_t wf_engine_free(int32_t engine);

#ifdef __cplusplus
}
#endif

#endif
