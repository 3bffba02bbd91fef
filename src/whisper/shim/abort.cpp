#include "abort.h"

#include "ggml-backend.h"

namespace wf {
namespace {

thread_local const std::atomic<bool> * current_flag = nullptr;

void arm(ggml_backend_t backend) {
    ggml_backend_dev_t device = ggml_backend_get_device(backend);
    if (device == nullptr) return;
    ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(device);
    auto set_abort_callback = reinterpret_cast<ggml_backend_set_abort_callback_t>(
        ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_abort_callback"));
    // Of the back ends that are linked only the CPU's offers it; a GPU's graphs are short.
    if (set_abort_callback == nullptr) return;
    auto * flag = const_cast<std::atomic<bool> *>(current_flag);
    set_abort_callback(backend, flag == nullptr ? nullptr : abort_requested, flag);
}

}  // namespace

AbortScope::AbortScope(const std::atomic<bool> & flag) { current_flag = &flag; }

AbortScope::~AbortScope() { current_flag = nullptr; }

bool abort_requested(void * flag) {
    return flag != nullptr &&
           static_cast<const std::atomic<bool> *>(flag)->load(std::memory_order_relaxed);
}

}  // namespace wf

// What whisper.cpp calls in place of ggml_backend_sched_graph_compute (see CMakeLists.txt): the
// same, with the thread's abort flag looked at after every node.
extern "C" ggml_status wildfire_sched_graph_compute(ggml_backend_sched_t scheduler, ggml_cgraph * graph) {
    for (int i = 0; i < ggml_backend_sched_get_n_backends(scheduler); ++i) {
        wf::arm(ggml_backend_sched_get_backend(scheduler, i));
    }
    return ggml_backend_sched_graph_compute(scheduler, graph);
}
