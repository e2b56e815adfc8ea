#include "app/settings.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/failure.hpp"
#include "app/settings_file.hpp"
#include "app/shared_page.hpp"
#include "app/trainer.hpp"

namespace kiln::app {
namespace {

Assignment given(const char* name, const std::string& text) {
    return {find_setting(name), text, fmt::format("--{}", name), ExitCode::usage};
}

RunSettings with(const std::vector<Assignment>& source, const RunSettings& base = RunSettings()) {
    return assign_all(base, source);
}

// The line and code with which it is refused; "" and ok if it is not.
struct Refusal {
    std::string line;
    ExitCode exit_code = ExitCode::ok;
};
template <typename Action>
Refusal refusal(Action action) {
    try {
        action();
    } catch (const Failure& failure) {
        return {failure.what(), failure.exit_code()};
    }
    return {};
}

// An allowed value that is nobody's default, as it is typed.
std::string sample_of(const Setting& setting) {
    if (const auto* whole = std::get_if<WholeNumber>(&setting.allowed))
        return fmt::format("{}", std::clamp<std::uint64_t>(29, whole->low, whole->high));
    if (std::holds_alternative<RealNumber>(setting.allowed))
        return "0.375";
    if (std::holds_alternative<ByteCount>(setting.allowed))
        return "500000000";
    if (const auto* choice = std::get_if<Choice>(&setting.allowed))
        return choice->names.back();
    if (std::holds_alternative<Switch>(setting.allowed))
        return "true";
    if (std::holds_alternative<EpsilonSchedule>(setting.allowed))
        return "0.2,0.1,0.01";
    if (std::holds_alternative<ListenAddress>(setting.allowed))
        return "127.0.0.1:9464";
    if (std::holds_alternative<MetricsFile>(setting.allowed))
        return "elsewhere/kiln.prom";
    return "elsewhere";
}

std::string toml_of(const Setting& setting) {
    const std::string sample = sample_of(setting);
    if (std::holds_alternative<EpsilonSchedule>(setting.allowed))
        return "[" + sample + "]";
    const bool is_text = std::holds_alternative<Choice>(setting.allowed) ||
                         std::holds_alternative<FreeText>(setting.allowed) ||
                         std::holds_alternative<ListenAddress>(setting.allowed) ||
                         std::holds_alternative<MetricsFile>(setting.allowed);
    return is_text ? "\"" + sample + "\"" : sample;
}

// Those of `kiln train`; a router's have a command of their own.
std::vector<const Setting*> typed_settings() {
    std::vector<const Setting*> typed;
    for (const Setting& setting : all_settings())
        if (is_given_to_train(setting))
            typed.push_back(&setting);
    return typed;
}

TEST(Settings, no_two_have_the_same_name) {
    for (const Setting& setting : all_settings())
        EXPECT_EQ(find_setting(setting.name), &setting) << setting.name;
    EXPECT_EQ(find_setting("warp"), nullptr);
}

TEST(Settings, takes_every_setting_from_flags) {
    for (const Setting* setting : typed_settings()) {
        const std::string sample = sample_of(*setting);
        EXPECT_NE(format_value(*setting, RunSettings()), sample) << setting->name;
        EXPECT_EQ(format_value(*setting, with({given(setting->name, sample)})), sample)
            << setting->name;
    }
}

TEST(Settings, takes_every_setting_from_a_file) {
    for (const Setting* setting : typed_settings()) {
        const auto source = parse_settings_file(
            fmt::format("# comment\n{} = {}\n", setting->name, toml_of(*setting)), "f");
        ASSERT_EQ(source.size(), 1u);
        EXPECT_EQ(source[0].origin, fmt::format("f:2: {}", setting->name));
        EXPECT_EQ(format_value(*setting, with(source)), sample_of(*setting)) << setting->name;
    }
}

TEST(Settings, text_and_settings_are_the_same_thing) {
    const RunSettings standard;
    EXPECT_EQ(to_text(from_text(to_text(standard), "c")), to_text(standard));
    for (const Setting* setting : typed_settings()) {
        const RunSettings settings = with({given(setting->name, sample_of(*setting))});
        const std::string text = to_text(settings);
        EXPECT_EQ(to_text(from_text(text, "c")), text) << setting->name;
        // These two set others that are kept.
        const std::string name = setting->name;
        const bool decides =
            setting->kept == Kept::in_checkpoint || name == "epsilon" || name == "table-mib";
        EXPECT_EQ(text != to_text(standard), decides) << name;
    }
    EXPECT_LT(to_text(standard).size(), Session::settings_text_capacity / 2);
}

TEST(Settings, text_of_the_null_workload_knows_nothing_of_othello) {
    EXPECT_EQ(
        to_text(with({given("workload", "null"), given("games", "9"), given("epoch-games", "8")})),
        "workload = null\ngames = 9\nseed = 1\nepoch-games = 8\n");
}

TEST(Settings, refuses_values_out_of_range_and_says_what_is_allowed) {
    struct Case {
        const char* name;
        const char* text;
        const char* allowed;
    };
    for (const Case& c : {Case{"games", "0", "a whole number from 1 to 1000000000000"},
                          Case{"games", "-1", "a whole number from 1 to"},
                          Case{"games", "1.5", "a whole number from 1 to"},
                          Case{"games", "", "a whole number from 1 to"},
                          Case{"seed", "18446744073709551616", "a whole number from 0 to"},
                          Case{"depth", "61", "a whole number from 1 to 60"},
                          Case{"workers", "65", "a whole number from 1 to 64"},
                          Case{"lambda", "1.01", "a number from 0 to 1"},
                          Case{"lambda", "nan", "a number from 0 to 1"},
                          Case{"learning-rate", "fast", "a number from 0 to 16"},
                          Case{"control", "odd", "none or frozen or shuffled"},
                          Case{"memory", "600XB", "a size from 1.0 MB to"},
                          Case{"memory", "1", "a size from 1.0 MB to"},
                          Case{"state", "", "a text that is not empty"},
                          Case{"epsilon", "0.1,2", "one to three shares"},
                          Case{"epsilon", "0.1,0.1,0.1,0.1", "one to three shares"},
                          Case{"epsilon", "", "one to three shares"}}) {
        const Refusal refused = refusal([&] { with({given(c.name, c.text)}); });
        EXPECT_EQ(refused.exit_code, ExitCode::usage) << c.name << ' ' << c.text;
        EXPECT_TRUE(refused.line.starts_with(
            fmt::format("--{}: '{}' is not allowed; it takes {}", c.name, c.text, c.allowed)))
            << refused.line;
        EXPECT_EQ(refused.line.find('\n'), std::string::npos);
    }
}

TEST(Settings, one_search_limit_decides) {
    const RunSettings nodes = with({given("nodes", "500")});
    EXPECT_EQ(nodes.othello.depth, 60);
    EXPECT_EQ(nodes.othello.nodes, 500u);
    const RunSettings time = with({given("time-ms", "20")}, nodes);
    EXPECT_EQ(time.othello.nodes, 0u);
    EXPECT_EQ(time.othello.time_ns, 20'000'000u);
    const RunSettings depth = with({given("depth", "3")}, time);
    EXPECT_EQ(depth.othello.time_ns, 0u);
    EXPECT_EQ(depth.othello.depth, 3);

    const Refusal refused = refusal([] { with({given("depth", "3"), given("nodes", "5")}); });
    EXPECT_EQ(refused.exit_code, ExitCode::usage);
    EXPECT_EQ(refused.line,
              "--nodes: nodes excludes depth (--depth); give one of depth, nodes, time-ms");
}

TEST(Settings, epsilon_is_short_for_three) {
    const RunSettings one = with({given("epsilon", "0.1")});
    EXPECT_EQ(one.othello.epsilon_early, 0.1);
    EXPECT_EQ(one.othello.epsilon_middle, 0.1);
    EXPECT_EQ(one.othello.epsilon_late, 0.1);
    const RunSettings two = with({given("epsilon-late", "0.5"), given("epsilon", "0.2,0")});
    EXPECT_EQ(two.othello.epsilon_early, 0.2);
    EXPECT_EQ(two.othello.epsilon_middle, 0.0);
    EXPECT_EQ(two.othello.epsilon_late, 0.5);
}

TEST(Settings, parts_of_a_run_must_be_in_order) {
    const Refusal refused = refusal([] { with({given("middle-from", "0.9")}); });
    EXPECT_EQ(refused.exit_code, ExitCode::usage);
    EXPECT_NE(refused.line.find("--middle-from: middle-from 0.9 is after late-from 0.7"),
              std::string::npos);
}

TEST(Settings, a_wrong_file_is_refused_with_its_line) {
    struct Case {
        const char* contents;
        const char* line;
    };
    for (const Case& c :
         {Case{"games = 5\n\nlamda = 1\n",
               "f:3: there is no setting 'lamda'; did you mean 'lambda'? "},
          Case{"rate = 0.05", "f:1: there is no setting 'rate'; "},
          Case{"hidden = 8", "f:1: there is no setting 'hidden'; "},
          Case{"router-inputs = 8", "f:1: there is no setting 'router-inputs'; "},
          Case{"wibble = 1", "f:1: there is no setting 'wibble'; `kiln train --help`"},
          Case{"table-bytes = 64", "f:1: there is no setting 'table-bytes'"},
          Case{"\ngames = \"5\"", "f:2: games is a text; it takes a whole number from 1 to"},
          Case{"games = 5.0", "f:1: games is a number with a fraction; it takes a whole"},
          Case{"resume = 1", "f:1: resume is a whole number; it takes true or false"},
          Case{"lambda = \"x\"", "f:1: lambda is a text; it takes a number from 0 to 1"},
          Case{"memory = [1]", "f:1: memory is an array; it takes a size"},
          Case{"epsilon = [\"a\"]", "f:1: epsilon is an array; it takes one to three"},
          Case{"[run]\ngames = 1", "f:1: there is no setting 'run'"},
          Case{"games = 1\ngames = 2", "f:2: not TOML: "}, Case{"games 1", "f:1: not TOML: "}}) {
        const Refusal refused = refusal([&] { parse_settings_file(c.contents, "f"); });
        EXPECT_EQ(refused.exit_code, ExitCode::bad_configuration) << c.contents;
        EXPECT_TRUE(refused.line.starts_with(c.line)) << refused.line;
        EXPECT_EQ(refused.line.find('\n'), std::string::npos);
    }
    const Refusal range = refusal([] { with(parse_settings_file("games = 1\ndepth = 70", "f")); });
    EXPECT_EQ(range.exit_code, ExitCode::bad_configuration);
    EXPECT_TRUE(range.line.starts_with("f:2: depth: '70' is not allowed; it takes a whole number"))
        << range.line;
}

TEST(Settings, a_file_that_is_not_there_is_missing_input) {
    EXPECT_EQ(refusal([] { read_settings_file("/nonexistent/run.toml"); }).exit_code,
              ExitCode::no_input);
}

TEST(Settings, text_of_another_version_is_bad_data) {
    for (const char* text : {"games = 1\nwarp = 9\n", "games\n", "keep = 3\n", "games = none\n"}) {
        const Refusal refused = refusal([&] { from_text(text, "c.ckpt"); });
        EXPECT_EQ(refused.exit_code, ExitCode::bad_data) << text;
        EXPECT_TRUE(refused.line.starts_with("c.ckpt: ")) << refused.line;
    }
}

TEST(Settings, differences_name_what_changed) {
    const RunSettings before;
    EXPECT_TRUE(differences(before, with({given("workers", "2"), given("keep", "9")})).empty());
    const auto changed =
        differences(before, with({given("nodes", "500"), given("learning-rate", "0.02")}));
    ASSERT_EQ(changed.size(), 2u);
    EXPECT_EQ(changed[0], "depth 1 -> nodes 500");
    EXPECT_TRUE(changed[1].starts_with("learning-rate ") && changed[1].ends_with(" -> 0.02"));
}

TEST(Settings, what_is_automatic_follows_from_the_target) {
    const auto derived = [](const char* games) {
        return session_settings(with({given("games", games), given("epoch-games", "64")}));
    };
    EXPECT_EQ(derived("20000").checkpoint_every_games, 4000u);
    EXPECT_EQ(derived("20000").trials_every_games, 1000u);
    EXPECT_EQ(derived("100").checkpoint_every_games, 64u);
    EXPECT_EQ(derived("100").trials_every_games, 500u);
    EXPECT_EQ(derived("5000000").trials_every_games, 10'000u);
    EXPECT_EQ(derived("20000").target_games, 20'000u);
}

TEST(Trainer, plans_for_any_number_of_workers_and_tells_what_each_gets) {
    for (const char* workers : {"1", "2", "3", "5", "64"}) {
        const Trainer trainer(with({given("workers", workers), given("table-mib", "2")}));
        ASSERT_TRUE(trainer.plan().fits) << workers;
        EXPECT_EQ(trainer.settings().othello.table_bytes, 2u << 20) << workers;
    }
    const Trainer tight(with({given("workers", "2"), given("memory", "260MB")}));
    ASSERT_TRUE(tight.plan().fits);
    EXPECT_LT(tight.settings().othello.table_bytes, 32u << 20);
    EXPECT_GE(tight.settings().othello.table_bytes, 1u << 20);
    EXPECT_FALSE(Trainer(with({given("memory", "50MB")})).plan().fits);
}

std::string launch_text_of(const std::vector<Assignment>& source) {
    return launch_text(Trainer(with(source)).settings());
}

TEST(LaunchText, says_every_setting_again_but_the_state_directory) {
    const std::string standard = launch_text_of({});
    for (const Setting* setting : typed_settings()) {
        const std::string name = setting->name;
        RunSettings settings =
            Trainer(with({given(setting->name, sample_of(*setting))})).settings();
        const std::string text = launch_text(settings);
        const RunSettings again = from_launch_text(text);
        EXPECT_EQ(launch_text(again), text) << name;
        EXPECT_EQ(text != standard, name != "state") << name;
        settings.state = again.state;
        for (const Setting& each : all_settings())
            EXPECT_EQ(format_value(each, again), format_value(each, settings))
                << each.name << " when " << name << " is given";
    }
    EXPECT_LT(standard.size(), LaunchOrder::settings_capacity / 2);
}

TEST(LaunchText, says_what_nobody_types_too) {
    RunSettings settings = Trainer(RunSettings()).settings();
    settings.othello.table_bytes = 640;
    settings.pattern_shapes = "other-1234";
    const RunSettings again = from_launch_text(launch_text(settings));
    EXPECT_EQ(again.othello.table_bytes, 640u);
    EXPECT_EQ(again.pattern_shapes, "other-1234");
}

TEST(LaunchText, is_exact_about_numbers) {
    RunSettings settings = Trainer(RunSettings()).settings();
    settings.othello.lambda = 0.1 + 0.2;
    settings.othello.seed = UINT64_MAX;
    settings.ticket_limit_ns = 0;
    settings.session.checkpoint_every_games = 0;
    const RunSettings again = from_launch_text(launch_text(settings));
    EXPECT_EQ(again.othello.lambda, settings.othello.lambda);
    EXPECT_EQ(again.othello.seed, UINT64_MAX);
    EXPECT_EQ(again.ticket_limit_ns, 0u);
    EXPECT_EQ(again.session.checkpoint_every_games, 0u);
}

TEST(LaunchText, leaves_nothing_automatic) {
    const RunSettings settings = from_launch_text(launch_text_of({given("games", "40000")}));
    EXPECT_GE(settings.workers, 1u);
    EXPECT_EQ(settings.session.checkpoint_every_games, 8'000u);
    EXPECT_EQ(settings.session.trials_every_games, 2'000u);
    // What is still to be decided is no launch text.
    EXPECT_NE(refusal([] { from_launch_text(launch_text(RunSettings())); }).line, "");
}

TEST(LaunchText, of_each_search_limit_keeps_that_limit) {
    for (const char* name : {"depth", "nodes", "time-ms"}) {
        const RunSettings settings = with({given(name, "7")});
        const RunSettings again = from_launch_text(launch_text(Trainer(settings).settings()));
        EXPECT_EQ(again.othello.depth, settings.othello.depth) << name;
        EXPECT_EQ(again.othello.nodes, settings.othello.nodes) << name;
        EXPECT_EQ(again.othello.time_ns, settings.othello.time_ns) << name;
    }
}

TEST(LaunchText, does_not_mention_the_state_directory_which_may_be_any_text) {
    RunSettings settings = Trainer(RunSettings()).settings();
    const std::string standard = launch_text(settings);
    settings.state = "two\nlines = 5";
    EXPECT_EQ(launch_text(settings), standard);
}

TEST(LaunchText, that_says_something_else_is_refused) {
    for (const char* text : {"warp = 9\n", "games\n", "games = many\n", "\n", "games = 0\n"})
        EXPECT_EQ(refusal([&] { from_launch_text(text); }).exit_code, ExitCode::bad_data) << text;
}

}  // namespace
}  // namespace kiln::app
