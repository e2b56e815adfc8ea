#include "app/control_text.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

const char* const full_status = R"({
  "ok":true,"state":"training","reason":"","workload":"othello","pid":4711,"trainer_pid":4712,
  "uptime_seconds":200000,"games":43200,"games_played":43215,"target_games":100000,
  "games_per_second":38.4,"seconds_left":1479,
  "newest_checkpoint":{"name":"game-000000040000.ckpt","games":40000,"age_seconds":83,
    "bytes":150200000,"duration_seconds":2.1,"pause_seconds":0.003},
  "restarts":{"total":2,"last":{"when":"2026-11-20T03:12:09Z","why":"killed by signal 9"}},
  "errors":{"last_10000_games":3,"limit":100,"skipped_tickets":[1234,5678]},
  "workers":[{"worker":0,"phase":"playing","ticket":43213,"seconds":0.12},
    {"worker":1,"phase":"playing","ticket":43210,"seconds":12.5},
    {"worker":2,"phase":"idle"}],
  "window":{"text":"games 43,101 to 43,200: black 48 white 50 drawn 2","draws":2},
  "summary":{"value_mean":0.251234,"depth":1},
  "convergence":{"stagnant":false,"updates_per_weight":12.5},
  "warnings":["game 900: something","second\nline"],
  "memory":{"budget_bytes":600000000,"planned_bytes":580000000,"resident_bytes":420000000,
    "peak_resident_bytes":433000000}})";

TEST(ControlText, the_status_of_a_run_reads_from_how_it_is_to_what_may_need_attention) {
    EXPECT_EQ(
        format_status(Json::parse(full_status), "state/first"),
        "state/first: training, 43,200 of 100,000 games (43.2 %), 38.4 games/s, 24 min 39 s left\n"
        "  checkpoint   game-000000040000.ckpt, 1 min 23 s old, 150.2 MB, saved in 2.1 s, workers "
        "waited 3 ms\n"
        "  window       games 43,101 to 43,200: black 48 white 50 drawn 2\n"
        "  summary      value mean 0.2512, depth 1\n"
        "  convergence  stagnant false, updates per weight 12.5\n"
        "  workers      1 idle, 2 playing, longest: worker 1 for 12.5 s on game 43,210\n"
        "  memory       420.0 MB resident, peak 433.0 MB, 580.0 MB planned, budget 600.0 MB\n"
        "  errors       3 in the last 10,000 games, pauses above 100, games skipped: 1234, 5678\n"
        "  restarts     2, the last 2026-11-20T03:12:09Z, because killed by signal 9\n"
        "  process      workload othello, up 2 d 07 h, supervisor 4711, trainer 4712\n"
        "  warnings     game 900: something\n"
        "               second line\n");
}

TEST(ControlText, a_run_that_has_just_begun_or_says_little_reads_sensibly) {
    EXPECT_EQ(format_status(Json::object(), "s"), "s: running\n  checkpoint   none yet\n");
    EXPECT_EQ(format_status(Json::parse(R"({"state":"paused","games":5,"games_per_second":0,
        "reason":"120 of the last 10,000 games failed, more than 100","restarts":{"total":0},
        "workers":[],"warnings":[]})"),
                            "s"),
              "s: paused, 5 games\n"
              "  reason       120 of the last 10,000 games failed, more than 100\n"
              "  checkpoint   none yet\n"
              "  restarts     none\n");
}

TEST(ControlText, the_memory_of_a_run_is_a_table_with_the_kernels_figures_below) {
    EXPECT_EQ(format_memory(Json::parse(R"({"ok":true,"budget_bytes":600000000,
        "planned_bytes":580000000,"regions":[
          {"name":"pattern weights","owner":"othello","planned_bytes":57000000,
           "used_bytes":57000000,"peak_bytes":57000000,"resident_bytes":57000000,
           "outside":false},
          {"name":"program and libraries","owner":"system","planned_bytes":24000000,
           "outside":true}],
        "accounted_bytes":421000000,"kernel":{"resident_bytes":420000000,
          "peak_resident_bytes":433000000,"minor_faults":1200,"major_faults":0,
          "huge_page_bytes":0,"faults_since_seal":0,
          "supervisor":{"resident_bytes":7000000,"peak_resident_bytes":7100000,
            "proportional_bytes":2200000}},
        "difference_percent":-0.24,"fragmentation":{"padding_bytes":4096},"age_seconds":3.2})")),
              "  region                    owner           planned         used         peak"
              "     resident\n"
              "  pattern weights           othello      57,000,000   57,000,000   57,000,000"
              "   57,000,000\n"
              "  program and libraries     system       24,000,000                          "
              "               outside the arena\n"
              "  planned                               580,000,000\n"
              "  budget                                600,000,000\n"
              "  accounted for                                                              "
              "  421,000,000\n"
              "  resident, says the kernel                                                  "
              "  420,000,000\n"
              "  difference   -0.24 %\n"
              "  supervisor   7.0 MB resident, peak 7.1 MB, 2.2 MB its share of shared pages\n"
              "  kernel       peak 433.0 MB, huge pages 0 B, 1,200 minor faults, 0 major, 0 since "
              "the seal\n"
              "  fragments    padding bytes 4096\n"
              "  measured     3.2 s ago\n");
    EXPECT_EQ(format_memory(Json::object()).find("region"), 2u);
}

// Every value of an answer, one after the other, by every other kind of value.
void replace_each(const Json& whole, std::vector<Json>& results, const Json& with) {
    const Json flat = whole.flatten();
    for (const auto& [pointer, value] : flat.items()) {
        Json changed = whole;
        changed[Json::json_pointer(pointer)] = with;
        results.push_back(changed);
    }
    for (const auto& [key, value] : whole.items()) {
        Json changed = whole;
        changed[key] = with;
        results.push_back(changed);
    }
}

TEST(ControlText, an_answer_with_values_of_other_types_is_printed_all_the_same) {
    const Json whole = Json::parse(full_status);
    std::vector<Json> answers;
    for (const char* other : {"null", "true", "-1", "1e300", "\"text\"", "[]", "{}", "[[1]]",
                              R"({"name":{"a":[]},"text":7})", R"("\u001b[31m")"})
        replace_each(whole, answers, Json::parse(other));
    ASSERT_GT(answers.size(), 400u);
    for (const Json& answer : answers) {
        const std::string text =
            format_status(answer, "s") + format_memory(answer) + format_done(answer, "pause");
        EXPECT_EQ(text.find('\x1b'), std::string::npos);
        EXPECT_EQ(text.back(), '\n');
    }
}

TEST(ControlText, other_commands_print_what_the_run_says_of_them) {
    EXPECT_EQ(format_done(Json{{"ok", true}, {"text", "paused at game 7"}}, "pause"),
              "paused at game 7\n");
    EXPECT_EQ(format_done(Json{{"ok", true}}, "pause"), "pause: done\n");
}

}  // namespace
}  // namespace kiln::app
