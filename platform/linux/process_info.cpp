#include "platform/linux/process_info.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
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

Result<std::uint64_t> parse_number(std::string_view field) {
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(field.data(), field.data() + field.size(), number);
    if (field.empty() || parsed.ec != std::errc{})
        return Error{.code = ErrorCode::not_found};
    return number;
}

Status read_kilobytes(const Text& text, std::string_view key, std::uint64_t& bytes) {
    const Result<std::uint64_t> kilobytes = parse_number(find_field(text.view(), key));
    if (!kilobytes)
        return kilobytes.error();
    bytes = kilobytes.value() * 1024;
    return {};
}

Status read_process_text(int process, const char* file, Text& text) {
    char path[64];
    if (process == own_process)
        std::snprintf(path, sizeof(path), "/proc/self/%s", file);
    else
        std::snprintf(path, sizeof(path), "/proc/%d/%s", process, file);
    return read_text(path, text);
}

// A field of /proc/PID/stat, numbered as in proc(5). The second one is a name in parentheses that
// may itself hold blanks and parentheses, so counting begins behind its last one.
std::string_view stat_field(const Text& text, int number) {
    std::string_view rest = text.view();
    rest.remove_prefix(std::min(rest.rfind(')'), rest.size()));
    for (int field = 2; field < number; ++field) {
        rest.remove_prefix(std::min(rest.find(' '), rest.size()));
        rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
    }
    return rest;
}

Status read_stat_field(const Text& text, int number, std::uint64_t& value) {
    const Result<std::uint64_t> parsed = parse_number(stat_field(text, number));
    if (!parsed)
        return parsed.error();
    value = parsed.value();
    return {};
}

Result<std::uint64_t> read_rollup(int process, std::string_view key) {
    Text text;
    TRY(read_process_text(process, "smaps_rollup", text));
    std::uint64_t bytes = 0;
    TRY(read_kilobytes(text, key, bytes));
    return bytes;
}

void copy_text(std::string_view text, std::span<char> buffer) {
    if (buffer.empty())
        return;
    const std::size_t length = std::min(text.size(), buffer.size() - 1);
    std::copy_n(text.data(), length, buffer.data());
    buffer[length] = '\0';
}

}  // namespace

Result<ProcessMemory> read_process_memory(int process) {
    Text text;
    TRY(read_process_text(process, "status", text));
    ProcessMemory memory;
    TRY(read_kilobytes(text, "VmRSS", memory.resident_bytes));
    TRY(read_kilobytes(text, "RssAnon", memory.anonymous_bytes));
    TRY(read_kilobytes(text, "RssFile", memory.file_bytes));
    TRY(read_kilobytes(text, "RssShmem", memory.shared_bytes));
    TRY(read_kilobytes(text, "VmHWM", memory.peak_resident_bytes));
    if (process == own_process) {  // emulators invent a /proc/self/stat without these figures
        rusage usage{};
        if (::getrusage(RUSAGE_SELF, &usage) != 0)
            return error_from_errno(errno);
        memory.minor_faults = static_cast<std::uint64_t>(usage.ru_minflt);
        memory.major_faults = static_cast<std::uint64_t>(usage.ru_majflt);
        return memory;
    }
    TRY(read_process_text(process, "stat", text));
    TRY(read_stat_field(text, 10, memory.minor_faults));
    TRY(read_stat_field(text, 12, memory.major_faults));
    return memory;
}

Result<std::uint64_t> read_huge_page_bytes(int process) {
    return read_rollup(process, "AnonHugePages");
}

Result<std::uint64_t> read_proportional_bytes(int process) {
    return read_rollup(process, "Pss");
}

Result<ThreadTime> read_thread_time(int process, int thread) {
    char file[32];
    std::snprintf(file, sizeof(file), "task/%d/stat", thread);
    Text text;
    TRY(read_process_text(process, file, text));
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    TRY(read_stat_field(text, 14, user));
    TRY(read_stat_field(text, 15, system));
    const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    const std::string_view state = stat_field(text, 3);
    return ThreadTime{(user + system) * (1'000'000'000 / ticks_per_second), state.starts_with('R'),
                      state.starts_with('T') || state.starts_with('t')};
}

Result<CgroupMemory> read_cgroup_memory(const char* membership, const char* root) {
    Text text;
    TRY(read_text(membership, text));
    // One line a hierarchy; that of version 2 is number 0 and names no controller.
    const std::string_view group = find_field(text.view(), "0:");
    if (group.empty())
        return Error{.code = ErrorCode::not_found};
    const auto read = [&](const char* file, std::uint64_t& bytes) -> Status {
        char path[PATH_MAX];
        const int length = std::snprintf(path, sizeof(path), "%s%.*s/%s", root,
                                         static_cast<int>(group.size()), group.data(), file);
        if (length < 0 || static_cast<std::size_t>(length) >= sizeof(path))
            return error_from_errno(ENAMETOOLONG);
        Text figure;
        TRY(read_text(path, figure));
        if (figure.view().starts_with("max"))  // no limit
            return {};
        const Result<std::uint64_t> number = parse_number(figure.view());
        if (!number)
            return number.error();
        bytes = number.value();
        return {};
    };
    CgroupMemory memory;
    TRY(read("memory.current", memory.current_bytes));
    TRY(read("memory.max", memory.limit_bytes));
    (void)read("memory.peak", memory.peak_bytes);
    return memory;
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
