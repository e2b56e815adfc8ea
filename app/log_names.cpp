#include "app/log_names.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

namespace kiln::app {
namespace {

constexpr std::string_view prefix = "training_";
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

std::optional<LogStamp> log_stamp(std::string_view file_name, std::string_view extension) {
    if (!file_name.starts_with(prefix) || !file_name.ends_with(extension) ||
        file_name.size() < prefix.size() + extension.size())
        return std::nullopt;
    file_name.remove_prefix(prefix.size());
    file_name.remove_suffix(extension.size());
    const std::string whole(file_name);
    if (!is_time(file_name.substr(0, time_shape.size())))
        return LogStamp{whole};
    LogStamp stamp = {whole.substr(0, time_shape.size())};
    if (const char* const rest = whole.data() + time_shape.size(); *rest == '_')
        (void)std::from_chars(rest + 1, whole.data() + whole.size(), stamp.number);
    return stamp.text() == whole ? stamp : LogStamp{whole};
}

std::map<LogStamp, std::string> list_json_logs(const std::string& directory,
                                               std::error_code& error) {
    std::map<LogStamp, std::string> names;
    for (std::filesystem::directory_iterator at(directory, error), end; at != end && !error;
         at.increment(error)) {
        std::string name = at->path().filename().string();
        if (const auto stamp = log_stamp(name, ".jsonl"); stamp)
            names.emplace(*stamp, std::move(name));
    }
    return names;
}

}  // namespace kiln::app
