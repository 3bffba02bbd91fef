/*
 * The C interface of libwildfire_native: speech recognition by whisper.cpp for callers that can
 * neither block nor be called back from another thread, and detection of speech for the same.
 *
 * Shape of the interface
 *   - An engine is one model, loaded once, and a pool of lanes (native threads) that decode with it.
 *   - A voice detector is one voice activity model and one native thread that judges the windows of
 *     all its streams, where a stream is the sound of one call.
 *   - Both are named by positive handles; a handle that is stale or made up yields WF_ERR_HANDLE
 *     and never touches memory.
 *   - Nothing here waits for inference or loading, except wf_engine_free() and wf_vad_free() before
 *     the event that says closed. What happened is collected with wf_engine_poll() and
 *     wf_vad_poll().
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
#define WF_ABI_VERSION 2

#ifdef __cplusplus
extern "C" {
#endif

enum wf_status {
    WF_OK = 0,
    WF_ERR_ARGUMENT = -1,    /* a value is out of its range, or a pointer is null */
    WF_ERR_STRUCT_SIZE = -2, /* struct_size is not the size that this library was built with */
    WF_ERR_HANDLE = -3,      /* there is no such engine or voice detector */
    WF_ERR_NOT_READY = -4,   /* the model is not loaded yet, or could not be loaded */
    WF_ERR_CLOSING = -5,     /* the engine or voice detector is being closed */
    WF_ERR_QUEUE_FULL = -6,  /* as many jobs, streams or windows exist as may */
    WF_ERR_NOT_FOUND = -7,   /* no such job or stream, or no result to take */
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
    WF_STRUCT_RESULT_SEGMENT = 5,
    WF_STRUCT_RESULT_TOKEN = 6,
    WF_STRUCT_VAD_OPTIONS = 7,
    WF_STRUCT_VAD_EVENT = 8,
    WF_STRUCT_VAD_STATUS = 9
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

/* Of a longer prompt only the end counts: so many bytes, and of those so many tokens. */
#define WF_MAX_PROMPT_BYTES 768
#define WF_MAX_PROMPT_TOKENS 64

/* The longest handicap of a job: one hour. */
#define WF_MAX_HANDICAP_MS 3600000

/* Samples that the voice detector judges at a time: 32 ms. */
#define WF_VAD_WINDOW 512

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
    int32_t priority;        /* lower runs first */
    int32_t handicap_ms;     /* 0..WF_MAX_HANDICAP_MS. Among equal priorities that job runs first
                                whose time of submission plus handicap is earliest: where the
                                handicap grows with the audio, short jobs overtake long ones, but
                                only those that came before them by less than the difference */
    int32_t sample_count;    /* 0..WF_MAX_SAMPLES; below 100 ms there is nothing to hear and the
                                result has no segments */
    int32_t prompt_bytes;    /* 0 for no prompt */
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

/* A result is one wf_result_header, segment_count times wf_result_segment, token_count times
   wf_result_token in the order of the segments, then the texts of the tokens one after the other.
   Texts are what the model produced: a character may be cut, or spread over tokens. Special tokens,
   time stamps among them, are left out everywhere. */
struct wf_result_header {
    uint32_t struct_size;
    uint32_t segment_count;
    uint32_t token_count;
    uint32_t text_bytes;
    float no_speech_prob; /* 0..1, of all the audio, at the start-of-transcript token, whatever
                             stands before or behind it; -1 where the encoder did not see all the
                             audio at once, or none at all */
    char language[8];     /* used or detected; zero-terminated */
};

struct wf_result_segment {
    uint32_t struct_size;
    int32_t t0_ms;
    int32_t t1_ms;
    float avg_logprob;    /* mean ln(p) of the tokens; 0 when there are none */
    uint32_t token_count;
    uint32_t text_bytes;  /* of its tokens together */
};

struct wf_result_token {
    uint32_t struct_size;
    int32_t t0_ms;        /* times are guesses, and may lie outside the segment or overlap */
    int32_t t1_ms;
    float logprob;        /* ln(p) */
    uint32_t text_bytes;
};

struct wf_vad_options {
    uint32_t struct_size;
    int32_t stream_limit; /* 1..100000 streams at once */
    int32_t window_limit; /* 1..100000 windows of a stream: waiting, or with an event not polled */
};

enum wf_vad_event_kind {
    WF_VAD_LOADED = 1,        /* streams may be opened */
    WF_VAD_LOAD_FAILED = 2,   /* status says how, wf_vad_read_error() why */
    WF_VAD_WINDOW_JUDGED = 3, /* one event for each window */
    WF_VAD_STREAM_FAILED = 4, /* nothing more comes for this stream; status as above */
    WF_VAD_CLOSED = 5         /* last event: the thread has ended, the model is freed */
};

struct wf_vad_event {
    uint32_t struct_size;
    int32_t kind;      /* wf_vad_event_kind */
    int32_t status;    /* wf_status */
    int32_t stream;    /* 0 unless the event is about one */
    float probability; /* 0..1, of speech; only where a window was judged */
};

struct wf_vad_status {
    uint32_t struct_size;
    int32_t streams;
    int32_t queued;        /* windows that wait to be judged */
    int32_t contexts;      /* of whisper.cpp, 2.6 MB each: in use, and kept for streams to come */
    uint32_t windows_low;  /* windows judged, as two halves of 64 bits */
    uint32_t windows_high;
    uint32_t busy_us_low;  /* processor time of the thread */
    uint32_t busy_us_high;
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
 * Takes log lines of whisper.cpp and ggml out of a bounded buffer that all engines and voice
 * detectors share: for each line an int32_t level (ggml: 1 debug, 2 info, 3 warning, 4 error), a
 * uint32_t length and the bytes. Whole lines only. Returns the bytes written; `*dropped` (may be
 * null) becomes the number of lines lost to a full buffer since the last call. Capturing starts
 * with the first engine or voice detector, which logs nothing about each window.
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
 * infinities count as silence. `prompt` is UTF-8 text that could have gone before, of
 * job->prompt_bytes bytes, and is copied as well; it may be null when that is 0.
 * WF_ERR_QUEUE_FULL leaves nothing behind.
 */
WF_API int32_t wf_engine_submit(int32_t engine, const struct wf_job * job, const float * samples,
                                const char * prompt);

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

/*
 * Gives a queued job a better (lower) priority; its time of submission stays. Does nothing to a job
 * that runs, or that has this priority or a better one.
 */
WF_API int32_t wf_engine_raise(int32_t engine, uint32_t job_id, int32_t priority);

WF_API int32_t wf_engine_read_status(int32_t engine, struct wf_engine_status * status);

/* Aborts loading and all jobs; their events come first, then WF_EVENT_CLOSED. Never waits. */
WF_API int32_t wf_engine_begin_close(int32_t engine);

/*
 * Frees the engine with its untaken events and results; the handle is dead afterwards. After
 * WF_EVENT_CLOSED this returns at once; before, it closes the engine and waits for its threads.
 */
WF_API int32_t wf_engine_free(int32_t engine);

/* ---- voice detectors ----------------------------------------------------------------------- */

/*
 * Starts a voice detector with a Silero model in whisper.cpp's format, which is copied before this
 * returns, and returns its handle (> 0) at once. The outcome is WF_VAD_LOADED or
 * WF_VAD_LOAD_FAILED. Like models for engines, one from outside must be inspected first.
 */
WF_API int32_t wf_vad_open(const struct wf_vad_options * options, const uint8_t * bytes,
                           uint64_t byte_count);

/* Returns the new stream's number (> 0), which is not used again. */
WF_API int32_t wf_vad_stream_open(int32_t vad);

/* Forgets the stream, with all its windows and events. */
WF_API int32_t wf_vad_stream_close(int32_t vad, int32_t stream);

/*
 * Queues whole windows of a stream: `sample_count` is a multiple of WF_VAD_WINDOW, and no more than
 * window_limit windows. With `forget` 1 they do not continue what was pushed before. Samples are as
 * for wf_engine_submit(). WF_ERR_QUEUE_FULL takes nothing. Streams take turns of a few windows, so
 * that one with many does not hold up the others.
 */
WF_API int32_t wf_vad_push(int32_t vad, int32_t stream, const float * samples,
                           int32_t sample_count, int32_t forget);

/* As wf_engine_poll(). Windows of one stream come in order, and those that are there together. */
WF_API int32_t wf_vad_poll(int32_t vad, struct wf_vad_event * events, int32_t capacity);

/* Copies the UTF-8 text of what failed first; returns its bytes, 0 when nothing has. */
WF_API int32_t wf_vad_read_error(int32_t vad, uint8_t * buffer, int32_t capacity);

WF_API int32_t wf_vad_read_status(int32_t vad, struct wf_vad_status * status);

/* Forgets all streams; WF_VAD_CLOSED follows. Never waits. */
WF_API int32_t wf_vad_begin_close(int32_t vad);

/* As wf_engine_free(), with WF_VAD_CLOSED. */
WF_API int32_t wf_vad_free(int32_t vad);

#ifdef __cplusplus
}
#endif

#endif
