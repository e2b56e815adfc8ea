// Lines of a run's logs and of its incidents, what lasts of them, and the frame and page that are
// made of them.
#include <cmath>

#include "app/lasting_lines.hpp"
#include "app/monitor/frame.hpp"
#include "app/report/run_report.hpp"
#include "app/run_history.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {
namespace {

using namespace app;

template <typename Point>
void demand_sound(const ThinnedSeries<Point>& series) {
    demand(series.points().size() <= RunHistory::points_max, "a series is bounded");
    for (const Point& point : series.points())
        demand(point.samples > 0 && point.samples <= series.stride(), "points are even");
}

void demand_sound(const Estimate& estimate) {
    demand(std::isfinite(estimate.value) && std::isfinite(estimate.lower) &&
               std::isfinite(estimate.upper),
           "figures are finite");
}

void demand_sound(const RunHistory& history) {
    demand_sound(history.games());
    demand_sound(history.held_out());
    demand_sound(history.convergence());
    demand_sound(history.router().epochs());
    for (const GamesPoint& point : history.games().points()) {
        demand(point.count >= 1, "a point stands for games");
        demand(std::abs(point.stone_difference()) <= 64, "a difference is of discs");
        demand(!point.games_per_second() || std::isfinite(*point.games_per_second()),
               "a speed is finite");
    }
    for (const auto opponent :
         {othello::Opponent::random, othello::Opponent::corner_edge, othello::Opponent::model}) {
        demand_sound(history.against(opponent));
        for (const ScorePoint& point : history.against(opponent).points())
            demand_sound(point.score);
    }
    for (const Happening& warning : history.warnings().items)
        demand(warning.text.size() <= RunHistory::text_bytes_max + 3 &&
                   warning.text.find('\n') == std::string::npos,
               "a text is a short line");
}

}  // namespace

void run(Input input) {
    RunReport report;
    constexpr std::uint64_t lasting_bytes = 2'000;
    LastingLines lasting(lasting_bytes);
    std::string_view rest = text_of(input);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        report.history.add_line(rest.substr(0, end));
        report.history.add_incident(rest.substr(0, end));
        lasting.add(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    demand_sound(report.history);
    std::uint64_t bytes = 0;
    lasting.give([&](const std::string& line) {
        bytes += line.size() + 1;
        demand(Json::parse(line, nullptr, false).is_object(), "what lasts is a line of a log");
    });
    demand(bytes <= lasting_bytes, "what lasts is bounded");
    MonitorView view;
    view.history = &report.history;
    const Canvas frame = draw_frame(view, 120, 40, {});
    demand(frame.width() == 120 && frame.height() == 40, "a frame has the size asked for");
    const std::string page = report_as_html(report);
    demand(page.find("<script") == std::string::npos, "a page has no script");
    for (const char* bad : {"nan", "inf"})
        demand(page.find(std::string("=\"") + bad) == std::string::npos, "a page has numbers");
    (void)report_as_text(report);
    (void)report_as_json(report);
}

std::vector<std::string> seeds() {
    const std::string head = R"({"time":"2026-11-21T20:22:27.571Z","level":"info","event":)";
    const std::string window =
        R"("window","text":"t","games":100,"window_games":100,"seconds":1.5,"black_wins":48,)"
        R"("white_wins":49,"draws":3,"stone_difference":-2.86,"prediction_error":7.6})";
    const std::string strength =
        R"("strength","text":"t","games":500,"opponent":"self","opponent_games":100,"score":0.73,)"
        R"("score_lower":0.6,"score_upper":0.8,"stone_difference":15.4,"chained_elo":253.3,)"
        R"("chained_elo_lower":167.6,"chained_elo_upper":353.6})";
    const std::string held_out =
        R"("held_out","text":"t","games":500,"error":10.9,"error_by_empties":[9.5,10.4,11.5,12],)"
        R"("mobility_error":18.7,"winner_share":0.86})";
    const std::string convergence =
        R"("convergence","text":"t","games":10000,"touched_share":0.26,"updates_per_weight":8.3,)"
        R"("expected_updates_per_weight":8.34,"stone_deviation":29.9})";
    const std::string epoch =
        R"("epoch","text":"t","games":100,"epoch":1,"training_loss":0.6,"training_accuracy":0.7,)"
        R"("rate":0.01,"gradient_norm":0.2,"is_best":true,"validation_samples":9,"loss":0.5,)"
        R"("accuracy":0.8,"auc":0.9,"calibration_error":0.05})";
    const std::string end =
        R"("training_ended","text":"t","games":100,"epochs":1,"is_early":true,"best_epoch":1,)"
        R"("best_loss":0.5,"weights_kept":33})";
    const std::string operation =
        R"("started","text":"t","games":0,"workload":"router","workers":1,"memory_bytes":6,)"
        R"("planned_bytes":4,"operation":{"keep":"5","metrics":"none"}})";
    const std::string warning =
        R"({"time":"2026-11-21T20:22:56.650Z","level":"warning","event":"trainer_restarted",)"
        R"("text":"<script>at game 20,000","kind":"killed","games":20000,"from":100})";
    const std::string incident =
        R"({"games":20000,"kind":"killed","time":1795292576,"what":"was ended by Killed"})";
    return {
        head + window + "\n" + head + strength,
        head + held_out + "\n" + head + convergence,
        head + R"("started","text":"t","games":0,"workers":1,"memory_bytes":6,"planned_bytes":4})",
        warning + "\n" + incident,
        head + window + "\n" + head.substr(0, head.size() - 8) + R"("times":32,"event":)" + window,
        head + operation + "\n" + head + epoch + "\n" + head + end,
        head + R"("checkpoint_saved","text":"t","games":9,"bytes":9,"duration_seconds":1.5,)"
               R"("pause_seconds":0.1})"};
}

}  // namespace kiln::fuzz
