// deploy/kiln.toml documents every key, and what it says of the defaults is true.
#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "app/settings_file.hpp"

namespace kiln::app {
namespace {

// A line that sets a key, or would if its '#' were taken away.
struct Entry {
    std::string key;
    std::string line;      // without the '#'
    std::string comment;   // the comment lines above, joined
    bool is_live = false;  // there is no '#'
};

std::optional<std::string> key_of(const std::string& line) {
    const std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz-");
    if (end == 0 || end == std::string::npos || line.compare(end, 3, " = ") != 0)
        return std::nullopt;
    return line.substr(0, end);
}

std::vector<Entry> read_entries() {
    std::vector<Entry> entries;
    std::ifstream file(KILN_DEPLOY "/kiln.toml");
    std::string comment;
    for (std::string line; std::getline(file, line);) {
        const bool is_comment = line.starts_with("#");
        const std::string text = is_comment ? line.substr(1) : line;
        if (const auto key = key_of(text)) {
            entries.push_back({*key, text, comment, !is_comment});
        } else if (is_comment) {
            comment += text;
        } else {
            EXPECT_EQ(line, "") << "neither a comment nor a key";
            comment.clear();
        }
    }
    return entries;
}

RunSettings with(const std::string& line) {
    return assign_all(RunSettings(), parse_settings_file(line + "\n", "kiln.toml"));
}

TEST(DeployConfiguration, has_every_key_once_and_no_other) {
    std::vector<std::string> keys;
    for (const Entry& entry : read_entries())
        keys.push_back(entry.key);
    for (const Setting& setting : all_settings()) {
        EXPECT_EQ(std::count(keys.begin(), keys.end(), setting.name),
                  is_given_to_train(setting) ? 1 : 0)
            << setting.name;
    }
    for (const std::string& key : keys)
        EXPECT_NE(find_setting(key), nullptr) << key;
}

TEST(DeployConfiguration, what_is_commented_out_is_the_default) {
    const std::string standard = launch_text(RunSettings());
    for (const Entry& entry : read_entries()) {
        const Setting* const setting = find_setting(entry.key);
        ASSERT_NE(setting, nullptr) << entry.key;
        EXPECT_NE(entry.comment, "") << entry.key << " is not explained";
        // A default that is no value stands in words; so does one that the file departs from, or
        // would: for how many games the rest of it is meant.
        const bool is_in_words = entry.is_live || entry.key == "games" ||
                                 (setting->standard != nullptr && entry.key != "memory");
        const std::string value = setting->standard != nullptr
                                      ? setting->standard
                                      : format_value(*setting, RunSettings());
        const RunSettings settings = with(entry.line);
        if (is_in_words)
            EXPECT_NE(entry.comment.find("(default: " + value + ")"), std::string::npos)
                << entry.key << ": " << entry.comment;
        else
            EXPECT_EQ(launch_text(settings), standard) << entry.line;
    }
}

TEST(DeployConfiguration, is_accepted_as_it_is) {
    EXPECT_NO_THROW((void)assign_all(RunSettings(), read_settings_file(KILN_DEPLOY "/kiln.toml")));
}

}  // namespace
}  // namespace kiln::app
