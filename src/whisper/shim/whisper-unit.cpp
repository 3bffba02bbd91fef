// whisper.cpp as it is, compiled together with what its interface leaves out.
#include "whisper.cpp"

// whisper.cpp seeds the generator for temperatures above 0 once for each state, so that a text would
// depend on what the lane decoded before.
extern "C" void wildfire_reseed(whisper_state * state) {
    for (int i = 0; i < WHISPER_MAX_DECODERS; ++i) state->decoders[i].rng.seed(i);
}
