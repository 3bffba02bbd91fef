#include "thread.h"

#include <csignal>
#include <initializer_list>
#include <ctime>
#include <pthread.h>

#ifdef __linux__
#include <sys/resource.h>
#endif

namespace wf {

void name_thread(const char * name) {
#ifdef __APPLE__
    pthread_setname_np(name);
#else
    pthread_setname_np(pthread_self(), name);
#endif
}

void block_signals() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) {
        sigdelset(&blocked, fault);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

void set_thread_nice(int nice) {
#ifdef __linux__
    // Niceness belongs to the thread on Linux, and 0 names the calling one.
    setpriority(PRIO_PROCESS, 0, nice);
#else
    static_cast<void>(nice);
#endif
}

uint64_t thread_cpu_us() {
    timespec used = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<uint64_t>(used.tv_sec) * 1000000u +
           static_cast<uint64_t>(used.tv_nsec) / 1000u;
}

}  // namespace wf
