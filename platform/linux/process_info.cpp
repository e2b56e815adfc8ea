#include "platform/linux/process_info.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "platform/linux/errno_error.hpp"

namespace kiln::platform {
namespace {

// The fields wanted stand in the first kilobytes of every file read here.
struct Text {
    char bytes[8192];
    std::size_t size = 0;

    std::string_view view() const { return {bytes, size}; }
};

Status read_text(const char* path, Text& text) {
    text.size = 0;
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return error_from_errno(errno);
    Status status;
    while (text.size < sizeof(text.bytes)) {
        const ssize_t count = ::read(file, text.bytes + text.size, sizeof(text.bytes) - text.size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            status = error_from_errno(errno);
        if (count <= 0)
            break;
        text.size += static_cast<std::size_t>(count);
    }
    ::close(file);
    return status;
}

// What follows "key:" on its own line, without blanks around it; empty when there is no such line.
std::string_view find_field(std::string_view text, std::string_view key) {
    constexpr std::string_view blanks = " \t";
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (!line.starts_with(key))
            continue;
        std::string_view rest = line.substr(key.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
        if (!rest.starts_with(':'))
            continue;
        rest.remove_prefix(1);
        rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
        return rest;
    }
    return {};
}

Result<std::uint64_t> read_kilobytes(const Text& text, std::string_view key) {
    const std::string_view field = find_field(text.view(), key);
    std::uint64_t kilobytes = 0;
    const auto parsed = std::from_chars(field.data(), field.data() + field.size(), kilobytes);
    if (field.empty() || parsed.ec != std::errc{})
        return Error{.code = ErrorCode::not_found};
    return kilobytes * 1024;
}

void copy_text(std::string_view text, std::span<char> buffer) {
    if (buffer.empty())
        return;
    const std::size_t length = std::min(text.size(), buffer.size() - 1);
    std::copy_n(text.data(), length, buffer.data());
    buffer[length] = '\0';
}

}  // namespace

Result<ProcessMemory> read_process_memory() {
    Text text;
    TRY(read_text("/proc/self/status", text));
    const Result<std::uint64_t> resident = read_kilobytes(text, "VmRSS");
    const Result<std::uint64_t> peak = read_kilobytes(text, "VmHWM");
    if (!resident)
        return resident.error();
    if (!peak)
        return peak.error();
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) != 0)
        return error_from_errno(errno);
    return ProcessMemory{.resident_bytes = resident.value(),
                         .peak_resident_bytes = peak.value(),
                         .minor_faults = static_cast<std::uint64_t>(usage.ru_minflt),
                         .major_faults = static_cast<std::uint64_t>(usage.ru_majflt)};
}

Result<std::uint64_t> read_huge_page_bytes() {
    Text text;
    TRY(read_text("/proc/self/smaps_rollup", text));
    return read_kilobytes(text, "AnonHugePages");
}

Result<std::uint64_t> read_machine_memory_bytes() {
    struct sysinfo info {};
    if (::sysinfo(&info) != 0)
        return error_from_errno(errno);
    return static_cast<std::uint64_t>(info.totalram) * info.mem_unit;
}

unsigned allowed_cpu_count() {
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
        return static_cast<unsigned>(CPU_COUNT(&allowed));
    // More CPUs than a cpu_set_t has bits for (1,024).
    return static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
}

void read_cpu_model(std::span<char> buffer) {
    Text text;
    std::string_view model;
    if (read_text("/proc/cpuinfo", text))
        model = find_field(text.view(), "model name");
    // ARM64 kernels print part numbers there; the board's name says more.
    if (model.empty() && read_text("/sys/firmware/devicetree/base/model", text)) {
        model = text.view();
        model = model.substr(0, model.find('\0'));
    }
    utsname machine{};
    if (model.empty() && ::uname(&machine) == 0)
        model = machine.machine;
    copy_text(model, buffer);
}

}  // namespace kiln::platform
