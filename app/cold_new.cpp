// operator new and delete of the kiln program: the cold heap and nothing else, so that code that
// allocates as it pleases stays inside one region of the plan. std::bad_alloc when it is full.
//
// Linked into the program only. Tests keep the usual heap, and so do sanitizers, which have one of
// their own. What the C library allocates for itself (standard I/O, exceptions) stays with malloc.
#include <new>

#include "platform/linux/cold_heap.hpp"

namespace {

void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
    void* const block = kiln::platform::cold_allocate(bytes, alignment);
    if (block == nullptr)
        throw std::bad_alloc();
    return block;
}

constexpr std::size_t usual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

void* operator new(std::size_t bytes) {
    return allocate_or_throw(bytes, usual);
}
void* operator new[](std::size_t bytes) {
    return allocate_or_throw(bytes, usual);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    return kiln::platform::cold_allocate(bytes, usual);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
    return kiln::platform::cold_allocate(bytes, usual);
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return kiln::platform::cold_allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment,
                     const std::nothrow_t&) noexcept {
    return kiln::platform::cold_allocate(bytes, static_cast<std::size_t>(alignment));
}

void operator delete(void* block) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete[](void* block) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {
    kiln::platform::cold_free(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {
    kiln::platform::cold_free(block);
}
