#include "platform/linux/mapping.hpp"

#include <cerrno>
#include <cstdint>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include "platform/linux/process_info.hpp"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14; absent from older headers
#endif

namespace kiln::platform {
namespace {

constexpr std::uint64_t huge_page_bytes = 2u << 20;

std::uint64_t page_bytes() {
    return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Reserves with room to spare and gives back what lies outside the 2 MiB boundary.
std::byte* map_aligned(std::uint64_t bytes) {
    const std::uint64_t reserved = bytes + huge_page_bytes;
    void* const address =
        ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED)
        return nullptr;
    std::byte* const start = static_cast<std::byte*>(address);
    const std::uint64_t past = reinterpret_cast<std::uintptr_t>(start) % huge_page_bytes;
    const std::uint64_t before = past == 0 ? 0 : huge_page_bytes - past;
    if (before > 0)
        ::munmap(start, before);
    ::munmap(start + before + bytes, huge_page_bytes - before);
    return start + before;
}

// Makes every page present. False when the system cannot supply them.
bool populate(std::span<std::byte> block) {
    const int result = ::madvise(block.data(), block.size(), MADV_POPULATE_WRITE);
    if (result != 0 && errno != EINVAL && errno != ENOSYS)
        return false;
    const std::uint64_t page = page_bytes();
    // Kernels before 5.14 do not know this advice, and emulators take it and do nothing: so each
    // page is written to as well. Present ones cost milliseconds for 600 MB.
    for (std::uint64_t at = 0; at < block.size(); at += page)
        *const_cast<volatile std::byte*>(&block[at]) = std::byte{0};
    return true;
}

}  // namespace

Mapping::~Mapping() {
    unmap();
}

Mapping::Mapping(Mapping&& other) noexcept : block_(std::exchange(other.block_, {})) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    if (this != &other) {
        unmap();
        block_ = std::exchange(other.block_, {});
    }
    return *this;
}

Status Mapping::map(std::uint64_t bytes) {
    unmap();
    const Error refused{.code = ErrorCode::out_of_memory, .detail = bytes};
    // Linux promises more than it has and kills a process when it takes it; so ask first.
    const Result<std::uint64_t> machine = read_machine_memory_bytes();
    if (!machine || bytes > machine.value())
        return refused;
    const std::uint64_t page = page_bytes();
    const std::uint64_t rounded = (bytes + page - 1) / page * page;
    if (rounded == 0)
        return {};
    std::byte* const start = map_aligned(rounded);
    if (start == nullptr)
        return refused;
    block_ = {start, rounded};
    // Advice: a kernel without huge pages refuses it and nothing is lost but speed.
    (void)::madvise(start, rounded, MADV_HUGEPAGE);
    if (!populate(block_)) {
        unmap();
        return refused;
    }
    return {};
}

void Mapping::unmap() {
    if (!block_.empty())
        ::munmap(block_.data(), block_.size());
    block_ = {};
}

}  // namespace kiln::platform
