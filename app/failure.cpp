#include "app/failure.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "core/checkpoint/format.hpp"

#include "app/text.hpp"

namespace kiln::app {
namespace {

bool is_file_error(ErrorCode code) {
    return code >= ErrorCode::not_found && code < ErrorCode::not_a_checkpoint;
}

std::optional<std::uint64_t> size_of(Store& store, const FileName& name) {
    const Result<Store::File> file = store.open(name);
    if (!file)
        return std::nullopt;
    const Result<std::uint64_t> size = store.size(file.value());
    (void)store.close(file.value());
    if (!size)
        return std::nullopt;
    return size.value();
}

// Where the table of checksums begins, from a header that was found to be whole. Where a
// compressed file's does is what was not to be found.
std::optional<std::uint64_t> table_offset(Store& store, const FileName& name) {
    const Result<Store::File> file = store.open(name);
    if (!file)
        return std::nullopt;
    checkpoint::Header header{};
    const Status read = store.read(file.value(), 0, std::as_writable_bytes(std::span(&header, 1)));
    (void)store.close(file.value());
    const std::uint64_t tail = sizeof(checkpoint::Trailer) + header.chunks * sizeof(std::uint32_t);
    if (!read || header.flags != 0 || tail > header.file_bytes)
        return std::nullopt;
    return header.file_bytes - tail;
}

std::string chunk_place(const Error& error, const CheckpointInfo& info) {
    if (error.section >= info.section_count)
        return "";
    const SectionInfo& section = info.sections[error.section];
    const std::uint64_t first = error.detail;
    if (info.is_compressed)
        return fmt::format("section {}, chunk {} of {}, from byte {}", section.name, error.chunk,
                           section.chunks, first);
    const std::uint64_t length = checkpoint::chunk_length(section.bytes, error.chunk);
    return fmt::format("section {}, chunk {} of {}, bytes {} to {}", section.name, error.chunk,
                       section.chunks, first, first + length - 1);
}

}  // namespace

bool is_damage(const Error& error) {
    switch (error.code) {
        case ErrorCode::not_a_checkpoint:
        case ErrorCode::truncated:
        case ErrorCode::corrupt_header:
        case ErrorCode::corrupt_table:
        case ErrorCode::corrupt_chunk:
        case ErrorCode::trailing_bytes:
            return true;
        default:
            return false;
    }
}

ExitCode exit_code_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::not_found:
            return ExitCode::no_input;
        case ErrorCode::permission_denied:
            return ExitCode::permission;
        case ErrorCode::out_of_memory:
            return ExitCode::system_refuses;
        case ErrorCode::budget_too_small:
            return ExitCode::bad_configuration;
        case ErrorCode::bad_notation:
        case ErrorCode::illegal_move:
            return ExitCode::usage;
        default:
            return is_file_error(error.code) || error.code == ErrorCode::data_unreadable
                       ? ExitCode::io_failed
                       : ExitCode::bad_data;
    }
}

std::string describe_error(const Error& error) {
    if (is_file_error(error.code) && error.detail != 0)
        return std::strerror(static_cast<int>(error.detail));
    if (error.code == ErrorCode::data_unreadable)
        return fmt::format("{}: {}", describe(error.code),
                           error.detail == 0 ? "it is shorter than it was"
                                             : std::strerror(static_cast<int>(error.detail)));
    return describe(error.code);
}

std::string describe_checkpoint_error(const Error& error, const CheckpointReader& reader,
                                      Store& store, const FileName& name) {
    std::string what = describe_error(error);
    switch (error.code) {
        case ErrorCode::corrupt_chunk:
            return fmt::format("{}: {}", what, chunk_place(error, reader.info()));
        case ErrorCode::corrupt_header:
            return fmt::format("{}: bytes 0 to {}", what, sizeof(checkpoint::Header) - 1);
        case ErrorCode::corrupt_table: {
            const auto size = size_of(store, name);
            const auto first = table_offset(store, name);
            if (first && size)
                return fmt::format("{}: bytes {} to {}", what, *first, *size - 1);
            return fmt::format("{}, or the file is not as long as it was", what);
        }
        case ErrorCode::unknown_version:
            return fmt::format("it is of format version {}, this kiln reads version {}",
                               error.detail, checkpoint::version);
        case ErrorCode::truncated:
        case ErrorCode::trailing_bytes:
            return fmt::format("{}: {} bytes instead of {}", what, size_of(store, name).value_or(0),
                               error.detail);
        default:
            return what;
    }
}

}  // namespace kiln::app
