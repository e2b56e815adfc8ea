// What can go wrong in the world outside the program, as data.
//
// An Error is 16 bytes, trivially copyable and free of text, so that it can cross threads, rings
// and process boundaries. Code numbers are stable: they appear in logs and in the exit-code table
// of the README, and are never reused.
#pragma once

#include <cstdint>

namespace kiln {

enum class ErrorCode : std::uint16_t {
    none = 0,

    // Files. detail: the operating system's error number.
    not_found = 1,
    permission_denied = 2,
    no_space = 3,
    already_exists = 4,
    io_failed = 5,
    too_many_files = 6,

    // Checkpoints. section and chunk say where; detail is code-specific.
    not_a_checkpoint = 20,
    unknown_version = 21,  // detail: the version found
    truncated = 22,        // detail: the length that was expected, in bytes
    corrupt_header = 23,
    corrupt_table = 24,
    corrupt_chunk = 25,     // detail: byte offset of the chunk in the file
    section_missing = 26,   // section: index in the list that was asked for
    section_mismatch = 27,  // present, but of another type or length; detail: the count found
    other_workload = 28,
    trailing_bytes = 29,  // detail: the length that was expected, in bytes

    // Othello notation. detail: position of the character, counted from 0.
    bad_notation = 30,
    illegal_move = 31,

    // Memory.
    budget_too_small = 40,  // detail: the smallest budget that would do, in bytes
    out_of_memory = 41,     // detail: bytes asked of the system

    // Data that a run learns from. detail: the operating system's error number; 0: too short.
    data_unreadable = 50,

    // Control.
    stopped = 60,           // asked to stop before the work was done
    too_many_skipped = 61,  // tickets left out; detail: how many a run can remember
};

struct Error {
    ErrorCode code = ErrorCode::none;
    std::uint16_t section = 0;
    std::uint32_t chunk = 0;
    std::uint64_t detail = 0;
};
static_assert(sizeof(Error) == 16);

// A short English sentence for the code, without a full stop. Static storage.
const char* describe(ErrorCode code);

}  // namespace kiln
