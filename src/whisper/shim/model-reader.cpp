#include "model-reader.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace wf {

size_t ModelReader::read(void * out, size_t size) {
    if (cancelled_.load(std::memory_order_relaxed)) {
        throw std::runtime_error("loading was cancelled");
    }
    const size_t got = fetch(out, size);
    offset_ += got;
    if (got < size) {
        accept_end(got, size);
        std::memset(static_cast<uint8_t *>(out) + got, 0, size - got);
    }
    return size;
}

// whisper.cpp asks before each tensor, after an attempt to read the start of its header.
bool ModelReader::at_end() {
    has_weights_ = true;
    return reads_past_end_ > 0;
}

// After the last weight whisper.cpp tries to read the three integers that start a tensor, and must
// find nothing at all. Anywhere else, an end is one that comes too early.
void ModelReader::accept_end(size_t got, size_t size) {
    reads_past_end_ += 1;
    const bool is_header = size == sizeof(int32_t) && reads_past_end_ <= 3;
    if (has_weights_ && got == 0 && is_header) return;
    throw std::runtime_error("the model ends too early, after " + std::to_string(offset_) +
                             " bytes");
}

whisper_model_loader ModelReader::loader() {
    whisper_model_loader loader = {};
    loader.context = this;
    loader.read = [](void * context, void * out, size_t size) {
        return static_cast<ModelReader *>(context)->read(out, size);
    };
    loader.eof = [](void * context) { return static_cast<ModelReader *>(context)->at_end(); };
    loader.close = [](void *) {};
    return loader;
}

namespace {

struct FileCloser {
    void operator()(std::FILE * file) const { std::fclose(file); }
};

class FileReader final : public ModelReader {
public:
    FileReader(const std::string & path, const std::atomic<bool> & cancelled)
        : ModelReader(cancelled), file_(std::fopen(path.c_str(), "rb")) {
        if (!file_) throw std::system_error(errno, std::generic_category(), "cannot open the file");
    }

protected:
    size_t fetch(void * out, size_t size) override {
        const size_t got = std::fread(out, 1, size, file_.get());
        if (got < size && std::ferror(file_.get())) {
            throw std::system_error(errno, std::generic_category(), "cannot read the file");
        }
        return got;
    }

private:
    std::unique_ptr<std::FILE, FileCloser> file_;
};

class MemoryReader final : public ModelReader {
public:
    MemoryReader(const std::vector<uint8_t> & bytes, const std::atomic<bool> & cancelled)
        : ModelReader(cancelled), bytes_(bytes) {}

protected:
    size_t fetch(void * out, size_t size) override {
        const size_t got = std::min(size, bytes_.size() - position_);
        if (got > 0) std::memcpy(out, bytes_.data() + position_, got);
        position_ += got;
        return got;
    }

private:
    const std::vector<uint8_t> & bytes_;
    size_t position_ = 0;
};

}  // namespace

std::unique_ptr<ModelReader> read_file(const std::string & path,
                                       const std::atomic<bool> & cancelled) {
    return std::make_unique<FileReader>(path, cancelled);
}

std::unique_ptr<ModelReader> read_memory(const std::vector<uint8_t> & bytes,
                                         const std::atomic<bool> & cancelled) {
    return std::make_unique<MemoryReader>(bytes, cancelled);
}

}  // namespace wf
