#include "app/router_history.hpp"

#include <cmath>

#include <fmt/format.h>

#include "app/figures.hpp"
#include "app/lasting_lines.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr double epochs_max = 1e6;
constexpr double size_max = 1e30;  // of a loss or a norm, which may be anything that is finite
// The supervisor looks at events every 20 ms, and epochs may be shorter than that.
constexpr double timed_seconds_min = 0.5;

// Where a number is learned and not a class, the event has 0 for all that is of classes.
std::optional<EpochPoint::Validation> read_validation(Figures& figures) {
    const auto loss = figures.perhaps_within({"loss"}, -size_max, size_max);
    if (!loss)
        return std::nullopt;
    EpochPoint::Validation validation = {*loss, {}, {}, {}};
    const auto accuracy = figures.perhaps_within({"accuracy"}, 0, 1);
    const auto auc = figures.perhaps_within({"auc"}, 0, 1);
    const auto calibration_error = figures.perhaps_within({"calibration_error"}, 0, 1);
    if (accuracy.value_or(0) > 0 || auc.value_or(0) > 0) {
        validation.accuracy = accuracy;
        validation.auc = auc;
        validation.calibration_error = calibration_error;
    }
    return validation;
}

}  // namespace

void EpochPoint::absorb(const EpochPoint& later) {
    const double timed_before = timed_tickets;
    const double seconds_before = seconds;
    *this = later;
    timed_tickets += timed_before;
    seconds += seconds_before;
}

bool RouterHistory::take(const Json& json, std::string_view event, double time) {
    if (event == "epoch")
        return take_epoch(json, time);
    if (event == "training_ended")
        return take_end(json, time);
    if (event == "started")
        if (const auto games = count_field(json, {"games"}))
            go_back_to(*games);
    // What comes next was not learned in the time since the last epoch.
    if (event == "started" || event == "trainer_restarted" || event == "paused" ||
        event == "resumed" || event == "trainer_ended")
        timed_from_.reset();
    return true;
}

bool RouterHistory::take_epoch(const Json& json, double time) {
    Figures figures(json);
    EpochPoint point;
    point.games = figures.count({"games"});
    point.samples = times_of(json);
    point.epoch = static_cast<std::uint64_t>(figures.within({"epoch"}, 1, epochs_max));
    point.training_loss = figures.perhaps_within({"training_loss"}, -size_max, size_max);
    point.rate = figures.within({"rate"}, 0, size_max);
    point.gradient_norm = figures.perhaps_within({"gradient_norm"}, 0, size_max);
    point.validation = read_validation(figures);
    point.training_accuracy = figures.perhaps_within({"training_accuracy"}, 0, 1);
    if (point.training_accuracy == 0 && !(point.validation && point.validation->accuracy))
        point.training_accuracy.reset();
    if (!figures.is_whole() || point.games < point.epoch)  // an epoch has at least a ticket
        return false;
    go_back_to(point.games - 1);  // should it be told once more
    const Json* const is_best = find_field(json, {"is_best"});
    if (point.validation && is_best != nullptr && *is_best == true) {
        point.best_epoch = point.epoch;
        point.best_loss = point.validation->loss;
    } else if (!epochs_.points().empty()) {
        point.best_epoch = epochs_.points().back().best_epoch;
        point.best_loss = epochs_.points().back().best_loss;
    }
    measure_speed(point, time);
    epochs_.add(point);
    return true;
}

void RouterHistory::measure_speed(EpochPoint& point, double time) {
    if (timed_from_ && time >= *timed_from_ && time < *timed_from_ + timed_seconds_min)
        return;
    if (timed_from_ && time > *timed_from_ && point.games > timed_from_games_) {
        point.timed_tickets = static_cast<double>(point.games - timed_from_games_);
        point.seconds = time - *timed_from_;
    }
    timed_from_ = time;
    timed_from_games_ = point.games;
}

bool RouterHistory::take_end(const Json& json, double time) {
    Figures figures(json);
    TrainingEnd end;
    end.time = time;
    end.games = figures.count({"games"});
    end.epochs = static_cast<std::uint64_t>(figures.within({"epochs"}, 1, epochs_max));
    end.best_epoch = static_cast<std::uint64_t>(figures.within({"best_epoch"}, 0, epochs_max));
    end.best_loss = figures.perhaps_within({"best_loss"}, -size_max, size_max).value_or(0);
    end.weights_kept = figures.count({"weights_kept"});
    const Json* const is_early = find_field(json, {"is_early"});
    if (!figures.is_whole() || is_early == nullptr || !is_early->is_boolean())
        return false;
    end.is_early = *is_early == true;
    end_ = end;
    return true;
}

void RouterHistory::go_back_to(std::uint64_t games) {
    epochs_.go_back_to(games);
    if (end_ && end_->games > games)
        end_.reset();
}

std::string format_loss(double loss) {
    const double size = std::abs(loss);
    return size > 0 && size < 0.001 ? fmt::format("{:.2e}", loss) : fmt::format("{:.4f}", loss);
}

std::string describe_end(const TrainingEnd& end) {
    return fmt::format("after {} {}{}; {}", format_count(end.epochs),
                       end.epochs == 1 ? "epoch" : "epochs",
                       end.is_early ? ", early: no better for as long as patience lasts" : "",
                       end.best_epoch == 0
                           ? "the last weights are kept"
                           : fmt::format("the weights of epoch {} are kept, validation loss {}",
                                         format_count(end.best_epoch), format_loss(end.best_loss)));
}

}  // namespace kiln::app
