#include "app/report/run_report.hpp"

#include <gtest/gtest.h>

#include "tests/support/router_log.hpp"

namespace kiln::app {
namespace {

// A router's run of eight epochs whose fifth was the best.
RunReport ended_early() {
    RunReport report;
    report.state_directory = "state/digits";
    report.now = 1'795'292'576;
    report.version = "test";
    report.why_not = "nobody is training there";
    report.settings = {{"workload", "router", "othello", false, ""},
                       {"games", "3000", "200000", false, ""}};
    report.checkpoints = {{"game-000000000400.ckpt", 400, 1'000, report.now, ""}};
    report.operation = {{"workers", "2", "the CPUs allowed, at most 64", false, "threads"},
                        {"compress", "false", "false", true, "write"}};
    report.operation_note = "as it was started last";
    for (std::uint32_t epoch = 1; epoch <= 8; ++epoch)
        report.history.add_line(test::epoch_line(test::pass_report(epoch, 5)));
    report.history.add_line(test::end_line({8, 1, 5, 321, 0.375}));
    return report;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t times = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++times;
    return times;
}

TEST(RunReport, a_router_that_ended_early_has_finished) {
    RunReport report = ended_early();
    EXPECT_EQ(report.workload(), "router");
    EXPECT_EQ(report.unit(), "tickets");
    EXPECT_EQ(report.state(), "finished");
    // Saved only up to the sixth: what remains is to be trained once more.
    report.checkpoints[0].games = 300;
    EXPECT_EQ(report.state(), "not training");
    EXPECT_FALSE(report.end());
}

TEST(RunReport, a_router_in_text_has_epochs_and_counts_tickets) {
    const std::string text = report_as_text(ended_early());
    for (const char* part :
         {"state/digits: finished", "400 of 3,000", "tickets", "training ended", "after 8 epochs",
          "early: no better for as long as patience lasts", "the weights of epoch 5 are kept",
          "validation", "accuracy", "AUC", "calibration", "best epoch", "400 tickets",
          "Operation\n---------\n  as it was started last\n", "workers                2"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
        EXPECT_LE(text.find('\n', at) - at, 100u) << text.substr(at, 120);
    for (const char* part : {"games/s", "400 games", "Strength", "discs", "self-play"})
        EXPECT_EQ(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(RunReport, a_router_as_a_page_has_charts_over_epochs) {
    const std::string page = report_as_html(ended_early());
    EXPECT_EQ(count(page, "<figure>"), 7u);
    EXPECT_EQ(count(page, "<polyline"), 9u) << "losses and accuracies are two lines each";
    EXPECT_EQ(count(page, ">epochs</text>"), 7u);
    EXPECT_EQ(page.find("Nothing measured yet"), std::string::npos);
    for (const char* part :
         {"<dt>tickets</dt>", "<dt>best validation loss</dt>", "Training ended after 8 epochs",
          "<dd>8<small>the best is 5</small></dd>", "<h2>Operation</h2>", "As by default"})
        EXPECT_NE(page.find(part), std::string::npos) << part;
    for (const char* part : {"<dt>games<", ">games</text>", "Strength", "discs", "self-play"})
        EXPECT_EQ(page.find(part), std::string::npos) << part;
}

TEST(RunReport, a_number_that_is_learned_has_no_charts_of_classes) {
    RunReport report = ended_early();
    report.history = RunHistory();
    router::PassReport number = test::pass_report(1);
    number.accuracy = number.auc = number.calibration_error = number.training_accuracy = 0;
    report.history.add_line(test::epoch_line(number));
    const std::string page = report_as_html(report);
    EXPECT_EQ(page.find("ROC"), std::string::npos);
    EXPECT_EQ(page.find("class is right"), std::string::npos);
    EXPECT_EQ(count(page, "<figure>"), 4u);
}

TEST(RunReport, a_router_as_json_has_epochs_and_their_end) {
    const Json json = Json::parse(report_as_json(ended_early()));
    EXPECT_EQ(json["workload"], "router");
    EXPECT_EQ(json["unit"], "ticket");
    EXPECT_EQ(json["state"], "finished");
    ASSERT_EQ(json["epochs"].size(), 8u);
    const Json& last = json["epochs"][7];
    EXPECT_EQ(last["epoch"], 8);
    EXPECT_EQ(last["games"], 400);
    EXPECT_EQ(last["best_epoch"], 5);
    EXPECT_DOUBLE_EQ(last["training_loss"], test::pass_report(8).training_loss);
    EXPECT_DOUBLE_EQ(last["auc"], test::pass_report(8).auc);
    EXPECT_EQ(json["training_ended"]["is_early"], true);
    EXPECT_EQ(json["training_ended"]["best_epoch"], 5);
    EXPECT_EQ(
        json["operation"][0],
        Json({{"name", "workers"}, {"value", "2"}, {"default", "the CPUs allowed, at most 64"}}));
    EXPECT_FALSE(json.contains("training"));
    EXPECT_FALSE(json.contains("strength"));
}

TEST(RunReport, the_null_workload_has_neither_games_nor_epochs_to_chart) {
    RunReport report = ended_early();
    report.history = RunHistory();
    report.settings[0].value = "null";
    EXPECT_EQ(report_as_text(report).find("Training\n"), std::string::npos);
    EXPECT_EQ(report_as_html(report).find("<figure>"), std::string::npos);
    const Json json = Json::parse(report_as_json(report));
    EXPECT_FALSE(json.contains("training"));
    EXPECT_FALSE(json.contains("epochs"));
}

}  // namespace
}  // namespace kiln::app
