// What native threads set up for themselves when they start, and what they used.
#pragma once

#include <cstdint>

namespace wf {

// Names the calling thread (15 characters at most) for tools such as top -H.
void name_thread(const char * name);

// Leaves signals to the process's own threads; the calling thread and those it starts get none but
// faults.
void block_signals();

// Lets the calling thread and those it starts yield to others: 0 is normal, 19 yields most. Does
// nothing where a thread cannot have a niceness of its own.
void set_thread_nice(int nice);

// Processor time that the calling thread has used, in microseconds.
uint64_t thread_cpu_us();

}  // namespace wf
