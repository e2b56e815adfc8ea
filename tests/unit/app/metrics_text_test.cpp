#include "app/metrics_text.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

Json status() {
    return Json::parse(R"({"ok":true,"state":"training","workload":"othello","directory":"s",
        "games":500,"target_games":1000,"trainer_pid":7,
        "counts":{"games_played":12,"incidents":{"crashed":1,"hung":0}},
        "workers":[{"worker":0,"phase":"playing","ticket":501,"seconds":0.25,"beat_seconds":0.5},
                   {"worker":1,"phase":"idle"}],
        "held_out":{"error":4.5,"empties":[8,10],"error_by_empties":[3.5,5.5]},
        "strengths":{"corner":{"score":0.75,"wins":75},"self":null}})");
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(MetricsText, a_family_is_its_help_its_type_and_its_samples) {
    const std::string text = format_metrics(status(), Json::object());
    EXPECT_NE(text.find("# HELP kiln_incidents_total Faults of the trainer, and games given up, by "
                        "kind; see incidents.jsonl.\n# TYPE kiln_incidents_total counter\n"
                        "kiln_incidents_total{kind=\"crashed\"} 1\n"
                        "kiln_incidents_total{kind=\"hung\"} 0\n"),
              std::string::npos)
        << text;
    EXPECT_TRUE(has_line(text, "kiln_run_games 500"));
    EXPECT_TRUE(has_line(text, "kiln_run_state{state=\"training\"} 1"));
    EXPECT_TRUE(has_line(text, "kiln_run_state{state=\"paused\"} 0"));
    EXPECT_TRUE(has_line(text, "kiln_workers{phase=\"playing\"} 1"));
    EXPECT_TRUE(has_line(text, "kiln_worker_heartbeat_age_seconds{worker=\"0\"} 0.5"));
    EXPECT_TRUE(has_line(text, "kiln_held_out_error_by_empties_discs{empties=\"10\"} 5.5"));
    EXPECT_TRUE(has_line(text, "kiln_strength_score_ratio{opponent=\"corner\"} 0.75"));
    EXPECT_TRUE(has_line(text, "kiln_strength_games{opponent=\"corner\",result=\"win\"} 75"));
}

TEST(MetricsText, what_is_not_known_is_absent_also_its_help) {
    const std::string text = format_metrics(status(), Json::object());
    for (const char* const name :
         {"kiln_run_remaining_seconds", "kiln_checkpoint_size_bytes", "kiln_memory_budget_bytes",
          "worker=\"1\"", "opponent=\"self\"", "opponent=\"random\"", "kiln_strength_elo"})
        EXPECT_EQ(text.find(name), std::string::npos) << name;
    const std::string nothing = format_metrics(Json(), Json());
    EXPECT_EQ(nothing.find("kiln_", nothing.find("kiln_build_info{")),
              nothing.find("kiln_build_info{"));
}

TEST(MetricsText, there_are_no_workers_without_a_trainer) {
    Json paused = status();
    paused["trainer_pid"] = 0;
    paused["state"] = "paused";
    const std::string text = format_metrics(paused, Json::object());
    EXPECT_EQ(text.find("kiln_worker"), std::string::npos);
    EXPECT_TRUE(has_line(text, "kiln_run_state{state=\"paused\"} 1"));
}

TEST(MetricsText, labels_are_escaped_and_always_UTF_8) {
    Json odd = status();
    odd["directory"] = "a\"b\\c\xff\xc3\xa4";
    EXPECT_TRUE(has_line(format_metrics(odd, Json::object()),
                         "kiln_run_info{workload=\"othello\",directory=\"a\\\"b\\\\c\xef\xbf\xbd"
                         "\xc3\xa4\"} 1"));
}

TEST(MetricsText, values_that_are_no_numbers_are_left_out) {
    Json odd = status();
    odd["games"] = "many";
    odd["target_games"] = std::numeric_limits<double>::quiet_NaN();
    odd["counts"]["games_played"] = std::uint64_t{1} << 63;
    const std::string text = format_metrics(odd, Json::object());
    EXPECT_EQ(text.find("kiln_run_games"), std::string::npos);
    EXPECT_EQ(text.find("kiln_run_target_games"), std::string::npos);
    EXPECT_TRUE(has_line(text, "kiln_games_played_total 9223372036854775808"));
}

TEST(MetricsText, memory_is_told_by_region_and_by_process) {
    const Json memory = Json::parse(R"({"budget_bytes":600,"regions":[
        {"name":"pattern weights","owner":"othello","planned_bytes":50,"used_bytes":40,
         "resident_bytes":50},
        {"name":"search stacks","owner":"othello","planned_bytes":5,"resident_bytes":5}],
        "kernel":{"supervisor":{"resident_bytes":7},"trainer":{"resident_bytes":300}}})");
    const std::string text = format_metrics(Json::object(), memory);
    EXPECT_TRUE(has_line(text, "kiln_memory_budget_bytes 600"));
    EXPECT_TRUE(has_line(text,
                         "kiln_memory_region_used_bytes{region=\"pattern weights\","
                         "owner=\"othello\"} 40"));
    EXPECT_EQ(text.find("kiln_memory_region_used_bytes{region=\"search"), std::string::npos);
    EXPECT_TRUE(has_line(text, "kiln_process_resident_memory_bytes{process=\"trainer\"} 300"));
}

}  // namespace
}  // namespace kiln::app
