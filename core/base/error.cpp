#include "core/base/error.hpp"

namespace kiln {

const char* describe(ErrorCode code) {
    switch (code) {
        case ErrorCode::none:
            return "no error";
        case ErrorCode::not_found:
            return "no such file or directory";
        case ErrorCode::permission_denied:
            return "permission denied";
        case ErrorCode::no_space:
            return "no space left on the device";
        case ErrorCode::already_exists:
            return "it already exists";
        case ErrorCode::io_failed:
            return "the device reported an error";
        case ErrorCode::too_many_files:
            return "too many files";
        case ErrorCode::not_a_checkpoint:
            return "not a Kiln checkpoint";
        case ErrorCode::unknown_version:
            return "checkpoint of another format version";
        case ErrorCode::truncated:
            return "the file is cut short";
        case ErrorCode::corrupt_header:
            return "the header is damaged";
        case ErrorCode::corrupt_table:
            return "the table of checksums is damaged";
        case ErrorCode::corrupt_chunk:
            return "a chunk is damaged";
        case ErrorCode::section_missing:
            return "a section is missing";
        case ErrorCode::section_mismatch:
            return "a section has another type or length";
        case ErrorCode::other_workload:
            return "the checkpoint belongs to another workload";
        case ErrorCode::trailing_bytes:
            return "there are bytes after the end";
        case ErrorCode::bad_notation:
            return "not a move or position";
        case ErrorCode::illegal_move:
            return "the move is not legal";
        case ErrorCode::budget_too_small:
            return "the memory budget is too small";
        case ErrorCode::out_of_memory:
            return "the system has not enough memory";
        case ErrorCode::stopped:
            return "stopped before the work was done";
        case ErrorCode::data_unreadable:
            return "the data that the run learns from cannot be read";
        case ErrorCode::too_many_skipped:
            return "more tickets had to be left out than a run can remember";
    }
    return "unknown error";
}

}  // namespace kiln
