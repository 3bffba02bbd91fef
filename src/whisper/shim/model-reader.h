// What whisper.cpp reads models from: a file, or memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "whisper.h"

namespace wf {

// whisper.cpp's own readers take a file that ends early for one that goes on with whatever was in
// memory; these throw, and so does a read soon after `cancelled` became true.
class ModelReader {
public:
    explicit ModelReader(const std::atomic<bool> & cancelled) : cancelled_(cancelled) {}
    virtual ~ModelReader() = default;
    ModelReader(const ModelReader &) = delete;
    ModelReader & operator=(const ModelReader &) = delete;

    // In the form that whisper.cpp takes; the reader must outlive it.
    whisper_model_loader loader();

protected:
    // Copies up to `size` bytes; less only at the end.
    virtual size_t fetch(void * out, size_t size) = 0;

private:
    size_t read(void * out, size_t size);
    bool at_end();
    void accept_end(size_t got, size_t size);

    const std::atomic<bool> & cancelled_;
    uint64_t offset_ = 0;
    int reads_past_end_ = 0;
    bool has_weights_ = false;
};

// Throws std::system_error for a file that cannot be opened.
std::unique_ptr<ModelReader> read_file(const std::string & path,
                                       const std::atomic<bool> & cancelled);

// `bytes` must outlive the reader.
std::unique_ptr<ModelReader> read_memory(const std::vector<uint8_t> & bytes,
                                         const std::atomic<bool> & cancelled);

}  // namespace wf
