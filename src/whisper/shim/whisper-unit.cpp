// whisper.cpp as it is, compiled together with what its interface leaves out.

#include "ggml.h"

// Flash attention has no mask here: the zeros that whisper.cpp pads keys and values with, up to a
// multiple of 256, get their share of attention. A multiple of 128 serves the kernels of the CPU and
// of Metal as well, and leaves nothing to pad at the contexts that audio-context.ts asks for.
static_assert(GGML_PAD(1, 256) == 256, "GGML_PAD is no longer what is replaced here");
#undef GGML_PAD
#define GGML_PAD(x, n) WILDFIRE_PAD(x, ((n) == 256 ? 128 : (n)))
#define WILDFIRE_PAD(x, n) (((x) + (n) - 1) & ~((n) - 1))

#include "whisper.cpp"

// whisper.cpp seeds the generator for temperatures above 0 once for each state, so that a text would
// depend on what the lane decoded before.
extern "C" void wildfire_reseed(whisper_state * state) {
    for (int i = 0; i < WHISPER_MAX_DECODERS; ++i) state->decoders[i].rng.seed(i);
}
