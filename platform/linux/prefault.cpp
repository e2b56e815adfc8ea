#include "platform/linux/prefault.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "platform/linux/errno_error.hpp"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14; absent from older headers
#define MADV_POPULATE_WRITE 23
#endif

namespace kiln::platform {
namespace {

constexpr std::uintptr_t nameless_bytes_max = 16u << 20;

std::uintptr_t page_bytes() {
    return static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
}

// One line of /proc/self/maps: start-end rwxp offset device inode [name]
struct Range {
    std::uintptr_t start = 0;
    std::uintptr_t end = 0;
    bool is_readable = false;
    bool is_writable = false;
    std::string_view name;
};

bool parse(std::string_view line, Range& range) {
    const char* const last = line.data() + line.size();
    const auto start = std::from_chars(line.data(), last, range.start, 16);
    if (start.ec != std::errc{} || start.ptr == last || *start.ptr != '-')
        return false;
    const auto end = std::from_chars(start.ptr + 1, last, range.end, 16);
    if (end.ec != std::errc{} || last - end.ptr < 5)
        return false;
    range.is_readable = end.ptr[1] == 'r';
    range.is_writable = end.ptr[2] == 'w';
    std::string_view rest{end.ptr, static_cast<std::size_t>(last - end.ptr)};
    for (int field = 0; field < 4; ++field) {
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        rest.remove_prefix(std::min(rest.find(' '), rest.size()));
    }
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    range.name = rest;
    return true;
}

// The part of a line that is to be made present; it may be empty.
Range wanted(const Range& line, std::span<const std::byte> block) {
    Range range = line;
    if (line.name.empty() && line.end - line.start > nameless_bytes_max) {
        const auto start = reinterpret_cast<std::uintptr_t>(block.data());
        range.start = std::max(line.start, start);
        range.end = std::max(range.start, std::min(line.end, start + block.size()));
    }
    // The kernel's own pages: vvar, vdso, vsyscall. Some of them cannot be populated.
    if (!line.is_readable || line.name.starts_with("[v"))
        range.end = range.start;
    return range;
}

// Reads or writes a byte of every page without changing it, whatever other threads do with it. What
// is there is no object of this function's, so no sanitizer may judge it.
__attribute__((noinline, no_sanitize("address", "thread", "undefined"))) void touch(
    const Range& range) {
    const std::uintptr_t page = page_bytes();
    for (std::uintptr_t at = range.start; at < range.end; at += page) {
        auto* const byte = reinterpret_cast<unsigned char*>(at);
        if (range.is_writable)
            __atomic_fetch_or(byte, static_cast<unsigned char>(0), __ATOMIC_RELAXED);
        else
            (void)__atomic_load_n(byte, __ATOMIC_RELAXED);
    }
}

Status make_present(const Range& range) {
    const std::size_t bytes = range.end - range.start;
    if (bytes == 0)
        return {};
    const int advice = range.is_writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
    if (::madvise(reinterpret_cast<void*>(range.start), bytes, advice) != 0) {
        if (errno == ENOMEM)
            return Error{.code = ErrorCode::out_of_memory, .detail = bytes};
        if (errno != EINVAL && errno != ENOSYS)
            return error_from_errno(errno);
    }
    // Kernels before 5.14 do not know this advice, and emulators take it and do nothing.
    touch(range);
    return {};
}

// The stack grows when it is used, so it is used: a frame as large as wanted, a byte of every page.
__attribute__((noinline)) void grow_stack() {
    volatile char frame[prefaulted_stack_bytes];
    const std::uintptr_t page = page_bytes();
    // From the top down: some kernels refuse to grow a stack by more than a little at once.
    for (std::uintptr_t left = sizeof(frame); left >= page; left -= page)
        frame[left - 1] = 0;
    frame[0] = 0;
}

Status prefault_lines(int maps, std::span<const std::byte> block) {
    char buffer[8192];
    std::size_t filled = 0;
    for (;;) {
        const ssize_t count = ::read(maps, buffer + filled, sizeof(buffer) - filled);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_from_errno(errno);
        if (count == 0)
            return {};
        filled += static_cast<std::size_t>(count);
        std::string_view text{buffer, filled};
        for (std::size_t length = text.find('\n'); length != text.npos; length = text.find('\n')) {
            Range range;
            if (parse(text.substr(0, length), range))
                TRY(make_present(wanted(range, block)));
            text.remove_prefix(length + 1);
        }
        if (text.size() == sizeof(buffer))
            return error_from_errno(ENAMETOOLONG);
        std::memmove(buffer, text.data(), text.size());
        filled = text.size();
    }
}

}  // namespace

Status prefault_process(std::span<const std::byte> block) {
    grow_stack();
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);  // its pages belong to the kernel, see above
    const int maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0)
        return error_from_errno(errno);
    const Status status = prefault_lines(maps, block);
    ::close(maps);
    return status;
}

}  // namespace kiln::platform
