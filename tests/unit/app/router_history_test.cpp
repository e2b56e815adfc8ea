#include "app/router_history.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "app/run_history.hpp"
#include "tests/support/router_log.hpp"

namespace kiln::app {
namespace {

using test::end_line;
using test::epoch_line;
using test::log_line;
using test::pass_report;
using test::tickets_per_epoch;

std::string started(std::uint64_t games) {
    return log_line(
        {Severity::info, "started", "training", {{"games", games}, {"workload", "router"}}});
}

// After epochs 1 to `last`.
RunHistory after(std::uint32_t last, std::uint32_t best = 1'000'000) {
    RunHistory history;
    history.add_line(started(0));
    for (std::uint32_t epoch = 1; epoch <= last; ++epoch)
        history.add_line(epoch_line(pass_report(epoch, best)));
    return history;
}

std::uint64_t last_epoch(const RunHistory& history) {
    return history.router().epochs().points().back().epoch;
}

TEST(RouterHistory, epochs_become_a_series_with_what_they_measured) {
    const RunHistory history = after(8);
    EXPECT_EQ(history.bad_lines(), 0u);
    const auto& points = history.router().epochs().points();
    ASSERT_EQ(points.size(), 8u);
    const EpochPoint& last = points.back();
    const router::PassReport told = pass_report(8);
    EXPECT_EQ(last.epoch, 8u);
    EXPECT_EQ(last.games, 8 * tickets_per_epoch);
    EXPECT_EQ(history.last_games(), 8 * tickets_per_epoch);
    EXPECT_DOUBLE_EQ(*last.training_loss, told.training_loss);
    EXPECT_DOUBLE_EQ(*last.training_accuracy, told.training_accuracy);
    EXPECT_DOUBLE_EQ(*last.gradient_norm, told.gradient_norm);
    EXPECT_DOUBLE_EQ(last.validation->loss, told.loss);
    EXPECT_DOUBLE_EQ(*last.validation->accuracy, told.accuracy);
    EXPECT_DOUBLE_EQ(*last.validation->auc, told.auc);
    EXPECT_DOUBLE_EQ(*last.validation->calibration_error, told.calibration_error);
    EXPECT_FALSE(points[0].tickets_per_second()) << "nobody knows when its first ticket began";
    EXPECT_FALSE(points[1].tickets_per_second()) << "too short a time to measure a speed in";
    EXPECT_NEAR(*points[2].tickets_per_second(), 4 * tickets_per_epoch, 1e-3);
    EXPECT_TRUE(history.games().points().empty());
}

TEST(RouterHistory, the_best_epoch_is_known_at_every_later_one) {
    const RunHistory history = after(8, 5);
    EXPECT_EQ(history.router().epochs().points()[3].best_epoch, 4u);
    EXPECT_EQ(history.router().epochs().points()[7].best_epoch, 5u);
    EXPECT_DOUBLE_EQ(history.router().epochs().points()[7].best_loss, pass_report(5, 5).loss);
}

TEST(RouterHistory, a_resumed_run_goes_back_and_a_restarted_trainer_does_not) {
    RunHistory history = after(8);
    // It repeats what it lost without telling.
    history.add_line(log_line({Severity::warning,
                               "trainer_restarted",
                               "killed",
                               {{"games", 8 * tickets_per_epoch}, {"from", 3 * tickets_per_epoch}}},
                              3));
    EXPECT_EQ(last_epoch(history), 8u);
    history.add_line(epoch_line(pass_report(9)));
    EXPECT_EQ(last_epoch(history), 9u);
    EXPECT_FALSE(history.router().epochs().points().back().tickets_per_second())
        << "the time of the restart is no time of learning";
    history.add_line(started(3 * tickets_per_epoch));
    EXPECT_EQ(last_epoch(history), 3u);
    history.add_line(epoch_line(pass_report(4)));
    EXPECT_EQ(history.router().epochs().points().size(), 4u);
    EXPECT_EQ(history.router().epochs().points().back().best_epoch, 4u);
}

TEST(RouterHistory, an_epoch_told_once_more_replaces_itself) {
    RunHistory history = after(4);
    history.add_line(epoch_line(pass_report(4)));
    EXPECT_EQ(history.router().epochs().points().size(), 4u);
}

TEST(RouterHistory, training_ends_for_a_reason_until_the_run_goes_back) {
    RunHistory history = after(8, 5);
    EXPECT_FALSE(history.router().end());
    const double loss = pass_report(5, 5).loss;
    history.add_line(end_line({8, 1, 5, 321, loss}));
    ASSERT_TRUE(history.router().end());
    const TrainingEnd end = *history.router().end();
    EXPECT_EQ(end.games, 8 * tickets_per_epoch);
    EXPECT_EQ(end.epochs, 8u);
    EXPECT_EQ(end.best_epoch, 5u);
    EXPECT_EQ(end.weights_kept, 321u);
    EXPECT_DOUBLE_EQ(end.best_loss, loss);
    EXPECT_EQ(describe_end(end),
              "after 8 epochs, early: no better for as long as patience lasts; the weights of "
              "epoch 5 are kept, validation loss " +
                  fmt::format("{:.4f}", loss));
    history.add_line(started(8 * tickets_per_epoch));
    EXPECT_TRUE(history.router().end()) << "there is nothing to go on with";
    history.add_line(started(4 * tickets_per_epoch));
    EXPECT_FALSE(history.router().end());
}

TEST(RouterHistory, without_validation_or_classes_there_is_nothing_of_them) {
    RunHistory history;
    router::PassReport number = pass_report(1);
    number.accuracy = number.auc = number.calibration_error = number.training_accuracy = 0;
    history.add_line(epoch_line(number));
    const EpochPoint first = history.router().epochs().points().back();
    ASSERT_TRUE(first.validation);
    EXPECT_FALSE(first.validation->accuracy);
    EXPECT_FALSE(first.validation->auc);
    EXPECT_FALSE(first.training_accuracy);
    router::PassReport alone = pass_report(2);
    alone.validation_samples = 0;
    alone.is_best = 0;
    history.add_line(epoch_line(alone));
    EXPECT_FALSE(history.router().epochs().points().back().validation);
    EXPECT_TRUE(history.router().epochs().points().back().training_accuracy);
}

TEST(RouterHistory, a_loss_that_is_no_number_leaves_a_gap) {
    RunHistory history;
    router::PassReport report = pass_report(1);
    report.training_loss = report.gradient_norm = report.loss = std::nan("");
    report.is_best = 0;
    history.add_line(epoch_line(report));
    EXPECT_EQ(history.bad_lines(), 0u);
    ASSERT_EQ(history.router().epochs().points().size(), 1u);
    EXPECT_FALSE(history.router().epochs().points()[0].training_loss);
    EXPECT_FALSE(history.router().epochs().points()[0].validation);
}

TEST(RouterHistory, hostile_lines_are_counted_and_leave_nothing_behind) {
    const std::string head = R"({"time":"2026-11-21T14:30:05.123Z","level":"info","event":)";
    const std::string lines[] = {
        head + R"("epoch"})",
        head + R"("epoch","games":50,"epoch":0,"rate":1})",
        head + R"("epoch","games":50,"epoch":1e9,"rate":1})",
        head + R"("epoch","games":0,"epoch":1,"rate":1})",
        head + R"("epoch","games":50,"epoch":1,"rate":-1})",
        head + R"("epoch","games":50,"epoch":1,"rate":1,"training_loss":"low"})",
        head + R"("epoch","games":50,"epoch":1,"rate":1,"training_loss":1e99})",
        head + R"("epoch","games":50,"epoch":1,"rate":1,"loss":1,"accuracy":1.5,"auc":0.5})",
        head + R"("epoch","games":50,"epoch":1,"rate":1,"loss":1,"accuracy":0.5,"auc":-1})",
        head + R"("training_ended","games":50})",
        head + R"("training_ended","games":50,"epochs":1,"best_epoch":1,"weights_kept":1})",
        head + R"("training_ended","games":50,"epochs":1,"best_epoch":-1,"weights_kept":1,)" +
            R"("is_early":true})",
    };
    RunHistory history;
    for (const std::string& line : lines)
        history.add_line(line);
    EXPECT_EQ(history.bad_lines(), std::size(lines));
    EXPECT_TRUE(history.router().is_empty());
}

TEST(RouterHistory, a_million_epochs_stay_within_their_bounds) {
    RunHistory history;
    for (std::uint32_t epoch = 1; epoch <= 10'000; ++epoch)
        history.add_line(epoch_line(pass_report(epoch, 700)));
    const auto& points = history.router().epochs().points();
    EXPECT_LE(points.size(), RouterHistory::points_max);
    EXPECT_EQ(points.back().epoch, 10'000u);
    EXPECT_EQ(points.back().best_epoch, 700u);
    EXPECT_NEAR(*points[100].tickets_per_second(), 4 * tickets_per_epoch, 1);
}

TEST(RouterHistory, what_is_trained_is_known_from_the_start_or_from_what_is_learned) {
    RunHistory history;
    EXPECT_EQ(history.workload(), "");
    history.add_line(epoch_line(pass_report(1)));
    EXPECT_EQ(history.workload(), "router") << "of a kiln whose starts do not say so";
    history.add_line(log_line({Severity::info,
                               "started",
                               "training",
                               {{"games", 0},
                                {"workload", "null"},
                                {"workers", 1},
                                {"memory_bytes", 1},
                                {"planned_bytes", 1}}}));
    EXPECT_EQ(history.workload(), "null");
}

}  // namespace
}  // namespace kiln::app
