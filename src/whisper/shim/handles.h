// Objects by handle, and the way from C++ exceptions to status codes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

#include "wildfire-native.h"

namespace wf {

template <class Body> int32_t guarded(Body && body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return WF_ERR_MEMORY;
    } catch (...) {
        return WF_ERR_INTERNAL;
    }
}

// Handles are not used again, so a stale one cannot name another object.
template <class T> class Registry {
public:
    int32_t add(std::shared_ptr<T> object) {
        std::lock_guard<std::mutex> lock(mutex_);
        const int32_t handle = last_handle_ + 1;
        objects_.emplace(handle, std::move(object));
        last_handle_ = handle;
        return handle;
    }

    // Runs `body` with the object, which stays alive meanwhile, or yields WF_ERR_HANDLE.
    template <class Body> int32_t with(int32_t handle, Body && body) noexcept {
        return guarded([&]() -> int32_t {
            const std::shared_ptr<T> object = find(handle);
            return object ? body(*object) : WF_ERR_HANDLE;
        });
    }

    // The object's destructor may wait for threads, so it runs outside the lock.
    int32_t free(int32_t handle) noexcept {
        return guarded([&]() -> int32_t {
            const std::shared_ptr<T> last = remove(handle);
            return last ? WF_OK : WF_ERR_HANDLE;
        });
    }

private:
    std::shared_ptr<T> find(int32_t handle) {
        std::lock_guard<std::mutex> lock(mutex_);
        const auto found = objects_.find(handle);
        return found == objects_.end() ? nullptr : found->second;
    }

    std::shared_ptr<T> remove(int32_t handle) {
        std::lock_guard<std::mutex> lock(mutex_);
        const auto found = objects_.find(handle);
        if (found == objects_.end()) return nullptr;
        std::shared_ptr<T> object = std::move(found->second);
        objects_.erase(found);
        return object;
    }

    std::mutex mutex_;
    std::unordered_map<int32_t, std::shared_ptr<T>> objects_;
    int32_t last_handle_ = 0;
};

inline bool in_range(int32_t value, int32_t low, int32_t high) {
    return value >= low && value <= high;
}

}  // namespace wf
