#include "app/operation.hpp"

#include <gtest/gtest.h>

#include "app/trainer.hpp"

namespace kiln::app {
namespace {

TEST(Operation, has_what_decides_how_a_run_is_run_and_nothing_of_what_it_learns) {
    RunSettings settings;
    settings.workers = 3;
    settings.lockdown = true;
    settings.session.keep_checkpoints = 7;
    const Json json = operation_json(settings);
    EXPECT_EQ(json["workers"], "3");
    EXPECT_EQ(json["lockdown"], "true");
    EXPECT_EQ(json["keep"], "7");
    for (const char* name : {"memory", "checkpoint-every", "compress", "trials-every", "on-corrupt",
                             "metrics", "metrics-textfile", "ticket-limit", "log-level"})
        EXPECT_TRUE(json.contains(name)) << name;
    for (const char* name : {"seed", "games", "lambda", "table-bytes", "table-mib", "epsilon"})
        EXPECT_FALSE(json.contains(name)) << name << " decides the result";
    settings.workload = "router";
    EXPECT_FALSE(operation_json(settings).contains("trials-every"));
}

TEST(Operation, is_read_back_from_what_a_start_logs) {
    RunSettings settings;
    settings.workload = "null";
    settings.workers = 2;
    settings.othello.target_games = 1'000;
    const Trainer trainer(settings);
    const LogEntry entry = started_entry(trainer, 5, "training");
    EXPECT_EQ(entry.event, "started");
    EXPECT_EQ(entry.fields["games"], 5);
    EXPECT_EQ(entry.fields["workload"], "null");
    EXPECT_EQ(entry.fields["workers"], 2);
    const SettingTexts texts = read_operation(entry.fields);
    EXPECT_EQ(texts.at("workers"), "2");
    EXPECT_EQ(texts.at("checkpoint-every"), "200") << "what was decided, and not that it was open";
}

TEST(Operation, of_anything_else_is_nothing) {
    EXPECT_TRUE(read_operation(Json()).empty());
    EXPECT_TRUE(read_operation(Json::parse(R"({"operation":7})")).empty());
    EXPECT_TRUE(read_operation(Json::parse(R"({"operation":["workers"]})")).empty());
    const SettingTexts texts = read_operation(Json::parse(
        R"({"operation":{"workers":2,"keep":{},"metrics":"a\nb","seed":"1","warp":"9"}})"));
    EXPECT_EQ(texts, (SettingTexts{{"metrics", "a b"}}));
}

}  // namespace
}  // namespace kiln::app
