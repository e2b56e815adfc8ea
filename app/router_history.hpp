// RouterHistory: what a router learned so far, as the logs of its run tell it, as a series over
// epochs; and how its training ended.
//
// Part of RunHistory, which has the rules about lines. A run that is resumed goes back to a
// checkpoint, and its epochs from there on are told again; a trainer that is started again within a
// run repeats them without telling, so that nothing is dropped then. Bounded: the series is thinned
// evenly. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/log_entry.hpp"
#include "app/thinned_series.hpp"

namespace kiln::app {

// A point that stands for several epochs has the figures of the newest.
struct EpochPoint {
    // On the validation samples.
    struct Validation {
        double loss = 0;
        // Nothing where a number is learned and not a class.
        std::optional<double> accuracy;  // a share
        std::optional<double> auc;
        std::optional<double> calibration_error;
    };

    std::uint64_t games = 0;  // tickets, at its end
    std::uint64_t samples = 1;
    std::uint64_t epoch = 0;
    std::optional<double> training_loss;  // nothing: it was no number
    std::optional<double> training_accuracy;
    double rate = 0;
    std::optional<double> gradient_norm;
    std::optional<Validation> validation;
    std::uint64_t best_epoch = 0;  // so far; 0: none is known
    double best_loss = 0;
    double timed_tickets = 0;  // those whose time is known ...
    double seconds = 0;        // ... and that time

    void absorb(const EpochPoint& later);
    std::optional<double> tickets_per_second() const {
        return seconds > 0 ? std::optional(timed_tickets / seconds) : std::nullopt;
    }
};

struct TrainingEnd {
    double time = 0;
    std::uint64_t games = 0;  // tickets
    std::uint64_t epochs = 0;
    bool is_early = false;         // no better for as long as patience lasts
    std::uint64_t best_epoch = 0;  // whose weights are kept; 0: the last ones
    double best_loss = 0;
    std::uint64_t weights_kept = 0;
};

class RouterHistory {
  public:
    static constexpr std::size_t points_max = 512;

    // Any line of the log. False: it is not what it says.
    bool take(const Json& json, std::string_view event, double time);

    const ThinnedSeries<EpochPoint>& epochs() const { return epochs_; }
    const std::optional<TrainingEnd>& end() const { return end_; }
    bool is_empty() const { return epochs_.points().empty() && !end_; }
    std::uint64_t last_games() const {
        return epochs_.points().empty() ? 0 : epochs_.points().back().games;
    }

  private:
    bool take_epoch(const Json& json, double time);
    bool take_end(const Json& json, double time);
    void measure_speed(EpochPoint& point, double time);
    void go_back_to(std::uint64_t games);

    ThinnedSeries<EpochPoint> epochs_{points_max};
    std::optional<TrainingEnd> end_;
    std::optional<double> timed_from_;    // when the speed was measured last in this process ...
    std::uint64_t timed_from_games_ = 0;  // ... and where
};

// "0.0431", "3.25e-05": losses become as small as they may.
std::string format_loss(double loss);

// "after 22 epochs, early: no better for as long as patience lasts; the weights of epoch 12 are
// kept, validation loss 0.0431".
std::string describe_end(const TrainingEnd& end);

}  // namespace kiln::app
