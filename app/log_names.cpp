#include "app/log_names.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

namespace kiln::app {
namespace {

constexpr std::string_view pair_beginning = "training_";
constexpr std::string_view history_beginning = "history_";
constexpr std::string_view time_shape = "00000000_000000";

bool is_time(std::string_view text) {
    return text.size() == time_shape.size() &&
           std::equal(text.begin(), text.end(), time_shape.begin(), [](char c, char like) {
               return like == '0' ? c >= '0' && c <= '9' : c == like;
           });
}

}  // namespace

std::string LogStamp::text() const {
    return number == 1 ? time : fmt::format("{}_{}", time, number);
}

bool LogStamp::is_dated() const {
    return is_time(time);
}

std::optional<LogStamp> log_stamp(std::string_view file_name, std::string_view beginning,
                                  std::string_view ending) {
    if (!file_name.starts_with(beginning) || !file_name.ends_with(ending) ||
        file_name.size() < beginning.size() + ending.size())
        return std::nullopt;
    file_name.remove_prefix(beginning.size());
    file_name.remove_suffix(ending.size());
    const std::string whole(file_name);
    if (!is_time(file_name.substr(0, time_shape.size())))
        return LogStamp{whole};
    LogStamp stamp = {whole.substr(0, time_shape.size())};
    if (const char* const rest = whole.data() + time_shape.size(); *rest == '_')
        (void)std::from_chars(rest + 1, whole.data() + whole.size(), stamp.number);
    return stamp.text() == whole ? stamp : LogStamp{whole};
}

std::string pair_name(const LogStamp& stamp) {
    return fmt::format("{}{}", pair_beginning, stamp.text());
}

std::string history_name(const LogStamp& stamp) {
    return fmt::format("{}{}.jsonl", history_beginning, stamp.text());
}

LogListing list_logs(const std::string& directory, std::error_code& error) {
    LogListing listing;
    for (std::filesystem::directory_iterator at(directory, error), end; at != end && !error;
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        const auto json_log = log_stamp(name, pair_beginning, ".jsonl");
        if (json_log)
            listing.json_logs.insert(*json_log);
        const auto pair = json_log ? json_log : log_stamp(name, pair_beginning, ".log");
        if (pair && pair->is_dated())
            listing.pairs.insert(*pair);
        const auto history = log_stamp(name, history_beginning, ".jsonl");
        if (history && history->is_dated())
            listing.histories.insert(*history);
    }
    return listing;
}

}  // namespace kiln::app
