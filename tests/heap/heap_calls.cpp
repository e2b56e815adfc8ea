#include "tests/heap/heap_calls.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>

// The C library's own, under names that stay reachable when the usual ones are taken.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* memory);
}

namespace kiln::test {
namespace {

// Initial-exec: the first access to a thread-local of the general kind may itself allocate.
__attribute__((tls_model("initial-exec"))) thread_local bool is_watched = false;
std::atomic<std::uint64_t> calls{0};

void count() {
    if (is_watched)
        calls.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void watch_heap(bool watching) {
    is_watched = watching;
}

std::uint64_t heap_calls() {
    return calls.load(std::memory_order_relaxed);
}

}  // namespace kiln::test

// operator new and delete end up here as well.
extern "C" {

void* malloc(std::size_t bytes) noexcept {
    kiln::test::count();
    return __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) noexcept {
    kiln::test::count();
    return __libc_calloc(count, bytes);
}

void* realloc(void* memory, std::size_t bytes) noexcept {
    kiln::test::count();
    return __libc_realloc(memory, bytes);
}

void free(void* memory) noexcept {
    // Freeing nothing is no use of the heap.
    if (memory != nullptr)
        kiln::test::count();
    __libc_free(memory);
}

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
    kiln::test::count();
    return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    return memalign(alignment, bytes);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
    *memory = memalign(alignment, bytes);
    return *memory == nullptr ? ENOMEM : 0;
}

}  // extern "C"
