// The names of a run's log files, and which of them is older.
//
//     training_20261121_143005.log, .jsonl      a pair, named after the second in which it begins
//     training_20261121_143005_2.log, .jsonl    the pair after it
//
//     history_20261121_143005_2.jsonl           what lasts of all pairs up to that one
//
// A pair is named after all that are there already: where the clock was put back, or is not set
// yet, it gets the time of the newest and the next number. So names tell the order in which pairs
// were written, whatever the clock did.
//
// Before pairs are removed a history is made of the one before and them (log_history.hpp). Whoever
// reads the logs begins with the newest history and leaves out the pairs that it covers; so it
// makes no difference how many of those, and of the older histories, are removed already.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
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
    auto operator<=>(const LogStamp&) const = default;  // NOLINT(modernize-use-nullptr)
};

// Of a name that begins and ends like that; nothing for others. text() is what lies between.
std::optional<LogStamp> log_stamp(std::string_view file_name, std::string_view beginning,
                                  std::string_view ending);
std::string pair_name(const LogStamp& stamp);     // without .log or .jsonl
std::string history_name(const LogStamp& stamp);  // with .jsonl

struct LogListing {
    std::set<LogStamp> pairs;      // dated, so a run's; of which there is at least one file
    std::set<LogStamp> histories;  // dated
    std::set<LogStamp> json_logs;  // of any name
};

// What is in a directory. `error`: it could not be read to its end.
LogListing list_logs(const std::string& directory, std::error_code& error);

}  // namespace kiln::app
