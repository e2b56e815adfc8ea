// The names of a run's log files, and which of them is older.
//
//     training_20261121_143005.log, .jsonl      a pair, named after the second in which it begins
//     training_20261121_143005_2.log, .jsonl    the pair after it
//
// A pair is named after all that are there already: where the clock was put back, or is not set
// yet, it gets the time of the newest and the next number. So names tell the order in which pairs
// were written, whatever the clock did. Functions of their arguments and of what is on disk.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace kiln::app {

// Smaller is older.
struct LogStamp {
    std::string time;          // "20261121_143005"; where somebody else gave the name, what it says
    std::uint64_t number = 1;  // among those of that time

    // "20261121_143005_2"
    std::string text() const;
    // Whether its time is one.
    bool is_dated() const;
    auto operator<=>(const LogStamp&) const = default;
};

// Of a log with that extension; nothing for other names. text() gives back what the name says.
std::optional<LogStamp> log_stamp(std::string_view file_name, std::string_view extension);

// The names of the JSON logs in a directory. `error`: it could not be read to its end.
std::map<LogStamp, std::string> list_json_logs(const std::string& directory,
                                               std::error_code& error);

}  // namespace kiln::app
