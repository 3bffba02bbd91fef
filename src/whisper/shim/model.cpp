#include "model.h"

#include "model-reader.h"

namespace wf {

ContextPtr load_model(const ModelSource & source, const whisper_context_params & params,
                      const std::atomic<bool> & cancelled) {
    const auto reader = source.path.empty() ? read_memory(source.bytes, cancelled)
                                            : read_file(source.path, cancelled);
    whisper_model_loader loader = reader->loader();
    return ContextPtr(whisper_init_with_params_no_state(&loader, params));
}

}  // namespace wf
