#include "app/lasting_lines.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "app/json_fields.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::size_t kind_bytes_max = 200;
constexpr double games_max = 1e12;
// What a line may grow by when it comes to stand for several: a field, longer numbers, and the text
// of a window.
constexpr std::uint64_t growth_bytes = 400;

}  // namespace

std::uint64_t times_of(const Json& line) {
    return std::clamp<std::uint64_t>(count_field(line, {"times"}).value_or(1), 1, samples_max);
}

void LastingLines::Kept::absorb(Kept later) {
    order = later.order;
    line = std::move(later.line);
    sums.games += later.sums.games;
    sums.black_wins += later.sums.black_wins;
    sums.white_wins += later.sums.white_wins;
    sums.draws += later.sums.draws;
    sums.stone_difference += later.sums.stone_difference;
    sums.prediction_error += later.sums.prediction_error;
    sums.moves += later.sums.moves;
    is_merged = true;
}

void LastingLines::add(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    const std::string event = text_field(json, {"event"});
    if (event.empty() || event == "summary" || event == "run_summary" ||
        parse_severity(text_field(json, {"level"})) == Severity::debug)
        return;
    const std::string kind =
        event + '/' + text_field(json, {"opponent"}) + '/' + text_field(json, {"kind"});
    if (kind.size() > kind_bytes_max || (kinds_.size() == kinds_max && !kinds_.contains(kind)))
        return;
    Kept kept;
    kept.games = count_field(json, {"games"}).value_or(0);
    kept.samples = times_of(json);
    kept.order = ++added_;
    kept.line = dump_line(json);  // as it would be given, and so long
    const bool is_window = event == "window";
    if (is_window && !read_window(json, kept.sums))
        return;
    ThinnedSeries<Kept>& series = kinds_.try_emplace(kind, lines_of_kind_max).first->second;
    // A run that went back plays those games again: they count once.
    if (is_window && !series.points().empty() && series.points().back().games >= kept.games)
        series.go_back_to(kept.games -
                          std::min(kept.games, static_cast<std::uint64_t>(kept.sums.games)));
    bytes_ += kept.line.size() + growth_bytes;
    series.add(std::move(kept));
    if (bytes_ > bytes_max_)
        make_room();
}

// False: it is none.
bool LastingLines::read_window(const Json& json, Sums& sums) {
    bool is_whole = true;
    const auto within = [&](const char* name, double low, double high) {
        const auto number = number_field(json, {name});
        is_whole = is_whole && number && *number >= low && *number <= high;
        return is_whole ? *number : 0;
    };
    sums.games = within("window_games", 1, games_max);
    sums.black_wins = within("black_wins", 0, sums.games);
    sums.white_wins = within("white_wins", 0, sums.games);
    sums.draws = within("draws", 0, sums.games);
    sums.stone_difference = within("stone_difference", -64, 64) * sums.games;
    sums.prediction_error = within("prediction_error", 0, 128) * sums.games;
    sums.moves = within("moves", 0, 60) * sums.games;
    return is_whole && count_field(json, {"games"});
}

std::uint64_t LastingLines::bytes_of(const ThinnedSeries<Kept>& kind) {
    std::uint64_t bytes = 0;
    for (const Kept& kept : kind.points())
        bytes += kept.line.size() + growth_bytes;
    return bytes;
}

// Down to three quarters, so that there is something to do only now and then.
void LastingLines::make_room() {
    std::map<std::string, std::uint64_t> bytes;
    bytes_ = 0;
    for (const auto& [name, kind] : kinds_)
        bytes_ += bytes[name] = bytes_of(kind);
    while (bytes_ > bytes_max_ / 4 * 3) {
        const auto largest =
            std::max_element(bytes.begin(), bytes.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        bytes_ -= largest->second;
        const auto kind = kinds_.find(largest->first);
        if (kind->second.points().size() > 1) {
            kind->second.thin();
            bytes_ += largest->second = bytes_of(kind->second);
        } else {
            kinds_.erase(kind);
            bytes.erase(largest);
        }
    }
}

std::string LastingLines::line_of(const Kept& kept) {
    Json json = kept.is_merged ? Json::parse(kept.line, nullptr, false) : Json();
    if (!json.is_object())
        return kept.line;
    const Sums& sums = kept.sums;
    if (sums.games > 0) {
        const auto whole = [](double sum) { return static_cast<std::uint64_t>(std::llround(sum)); };
        const std::uint64_t games = whole(sums.games);
        json["window_games"] = games;
        json["black_wins"] = whole(sums.black_wins);
        json["white_wins"] = whole(sums.white_wins);
        json["draws"] = whole(sums.draws);
        json["stone_difference"] = sums.stone_difference / sums.games;
        json["moves"] = sums.moves / sums.games;
        json["prediction_error"] = sums.prediction_error / sums.games;
        json["text"] = fmt::format(
            "games {} to {}: black {} white {} drawn {}, difference {} discs, {:.1f} moves, "
            "prediction error {:.2f}",
            format_count(kept.games - std::min(kept.games, games) + 1), format_count(kept.games),
            whole(sums.black_wins), whole(sums.white_wins), whole(sums.draws),
            format_discs(sums.stone_difference / sums.games), sums.moves / sums.games,
            sums.prediction_error / sums.games);
    }
    json["times"] = kept.samples;
    return dump_line(json);
}

void LastingLines::give(const std::function<void(const std::string& line)>& sink) const {
    std::vector<const Kept*> all;
    for (const auto& [name, kind] : kinds_)
        for (const Kept& kept : kind.points())
            all.push_back(&kept);
    std::sort(all.begin(), all.end(),
              [](const Kept* a, const Kept* b) { return a->order < b->order; });
    for (const Kept* kept : all)
        sink(line_of(*kept));
}

}  // namespace kiln::app
