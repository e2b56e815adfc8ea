#include "app/settings_change.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/failure.hpp"

namespace kiln::app {
namespace {

std::string refusal(const std::string& key, const std::string& value,
                    const RunSettings& settings = RunSettings()) {
    try {
        (void)apply_change(settings, key, value);
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code(), ExitCode::usage);
        return failure.what();
    }
    return "";
}

TEST(SettingsChange, changes_the_one_setting_and_nothing_else) {
    RunSettings before;
    before.othello.depth = 3;
    const RunSettings after = apply_change(before, "lambda", "0.25");
    EXPECT_EQ(after.othello.lambda, 0.25);
    for (const Setting& setting : all_settings()) {
        const bool is_same = format_value(setting, after) == format_value(setting, before);
        EXPECT_EQ(is_same, setting.name != std::string_view("lambda")) << setting.name;
    }
}

TEST(SettingsChange, another_search_limit_takes_the_place_of_the_one_before) {
    const RunSettings after = apply_change(RunSettings(), "nodes", "5000");
    EXPECT_EQ(after.othello.nodes, 5000u);
    EXPECT_EQ(apply_change(after, "depth", "4").othello.nodes, 0u);
}

TEST(SettingsChange, every_setting_may_change_or_says_that_it_may_not) {
    for (const Setting& setting : all_settings()) {
        const std::string line = refusal(setting.name, "\x01 not a value");
        EXPECT_NE(line.find(may_change(setting.name) ? "is not allowed; it takes"
                                                     : "cannot change while a run goes on"),
                  std::string::npos)
            << setting.name << ": " << line;
    }
    for (const char* name : {"seed", "workload", "state", "epoch-games", "table-mib", "memory",
                             "table-bytes", "pattern-shapes", "resume"})
        EXPECT_FALSE(may_change(name)) << name;
    for (const std::string_view name : changeable_settings())
        EXPECT_NE(find_setting(name), nullptr) << name;
}

TEST(SettingsChange, a_wrong_value_is_refused_with_what_is_allowed) {
    EXPECT_EQ(refusal("depth", "99"),
              "set: depth: '99' is not allowed; it takes a whole number from 1 to 60");
    EXPECT_EQ(refusal("log-level", "loud"),
              "set: log-level: 'loud' is not allowed; it takes debug or info or warning or error");
    EXPECT_NE(refusal("middle-from", "0.99").find("middle-from 0.99 is after late-from"),
              std::string::npos);
}

TEST(SettingsChange, a_slip_of_the_pen_is_recognised) {
    EXPECT_NE(refusal("dpeth", "3").find("did you mean 'depth'?"), std::string::npos);
    EXPECT_NE(refusal("", "3").find("there is no setting ''"), std::string::npos);
}

TEST(SettingsChange, settings_of_othello_mean_nothing_to_another_workload) {
    RunSettings settings;
    settings.workload = "null";
    EXPECT_EQ(refusal("depth", "3", settings), "set: depth means nothing to workload 'null'");
    EXPECT_EQ(apply_change(settings, "games", "77").othello.target_games, 77u);
}

}  // namespace
}  // namespace kiln::app
