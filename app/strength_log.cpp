#include "app/strength_log.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "app/log_follower.hpp"

namespace kiln::app {
namespace {

using othello::HeldOutReport;
using othello::StrengthReport;

constexpr std::uint64_t log_piece_bytes = 1'000'000;
// In memory at a time; the oldest go, as on the curve there would be no room for them either.
constexpr std::size_t measurements_max = 20'000;

struct Measurement {
    std::uint64_t games = 0;
    std::variant<StrengthReport, HeldOutReport> report;
    std::optional<ChainedElo> chained_elo;
};

// Fields of a line. What is missing or of another type makes the line as a whole no measurement.
class Fields {
  public:
    explicit Fields(const Json& json) : json_(json) {}

    std::uint64_t count(const char* name) { return count(find(name)); }
    double number(const char* name) { return number(find(name)); }
    template <typename Value, std::size_t size>
    void list(const char* name, Value (&values)[size]) {
        const Json* const found = find(name);
        if (found == nullptr || !found->is_array() || found->size() != size) {
            is_whole_ = false;
            return;
        }
        for (std::size_t i = 0; i < size; ++i) {
            if constexpr (std::is_floating_point_v<Value>)
                values[i] = number(&(*found)[i]);
            else
                values[i] = count(&(*found)[i]);
        }
    }
    std::string text(const char* name) {
        const Json* const found = find(name);
        is_whole_ = is_whole_ && found != nullptr && found->is_string();
        return is_whole_ ? found->get<std::string>() : "";
    }
    bool is_whole() const { return is_whole_; }

  private:
    const Json* find(const char* name) const {
        const auto found = json_.find(name);
        return found == json_.end() ? nullptr : &*found;
    }
    std::uint64_t count(const Json* value) {
        is_whole_ = is_whole_ && value != nullptr && value->is_number_unsigned();
        return is_whole_ ? value->get<std::uint64_t>() : 0;
    }
    double number(const Json* value) {
        is_whole_ = is_whole_ && value != nullptr && value->is_number();
        return is_whole_ ? value->get<double>() : 0;
    }

    const Json& json_;
    bool is_whole_ = true;
};

// Any other number would make those that are added to it useless.
bool is_elo(const Estimate& elo) {
    constexpr double most = 1e5;
    return -most <= elo.lower && elo.lower <= elo.value && elo.value <= elo.upper &&
           elo.upper <= most;
}

std::optional<Measurement> read_strength(Fields fields) {
    StrengthReport report = {};
    const std::string opponent = fields.text("opponent");
    report.opponent = opponent == "random"   ? othello::Opponent::random
                      : opponent == "corner" ? othello::Opponent::corner_edge
                                             : othello::Opponent::model;
    if (report.opponent == othello::Opponent::model)
        report.opponent_games = fields.count("opponent_games");
    report.wins = static_cast<std::uint32_t>(fields.count("wins"));
    report.draws = static_cast<std::uint32_t>(fields.count("draws"));
    report.losses = static_cast<std::uint32_t>(fields.count("losses"));
    report.stone_difference = fields.number("stone_difference");
    report.stone_difference_error = fields.number("stone_difference_error");
    fields.list("pentanomial", report.pairs);
    const std::uint64_t games = fields.count("games");
    if (!fields.is_whole())
        return std::nullopt;
    const ChainedElo chained = {{fields.number("chained_elo"), fields.number("chained_elo_lower"),
                                 fields.number("chained_elo_upper")},
                                fields.count("chained_from_games")};
    return Measurement{
        games, report,
        fields.is_whole() && is_elo(chained.elo) ? std::optional(chained) : std::nullopt};
}

std::optional<Measurement> read_held_out(Fields fields) {
    HeldOutReport report = {};
    report.positions = static_cast<std::uint32_t>(fields.count("positions"));
    report.error = fields.number("error");
    fields.list("error_by_empties", report.error_by_empties);
    const std::uint64_t games = fields.count("games");
    if (!fields.is_whole())
        return std::nullopt;
    return Measurement{games, report, {}};
}

// What was measured beyond a game to which the run went back is not part of it any more.
void go_back_to(std::uint64_t games, std::vector<Measurement>& measurements) {
    while (!measurements.empty() && measurements.back().games > games)
        measurements.pop_back();
}

void read_line(std::string_view line, std::vector<Measurement>& measurements) {
    const auto is_of = [&](const char* event) {
        return line.find(std::string("\"event\":\"") + event + '"') != std::string_view::npos;
    };
    const bool is_start = is_of("started");
    const bool is_strength = is_of("strength");
    if (!is_start && !is_strength && !is_of("held_out"))
        return;
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object())
        return;
    if (is_start) {
        Fields fields(json);
        const std::uint64_t games = fields.count("games");
        if (fields.is_whole())
            go_back_to(games, measurements);
        return;
    }
    const auto measurement =
        is_strength ? read_strength(Fields(json)) : read_held_out(Fields(json));
    if (!measurement)
        return;
    go_back_to(measurement->games, measurements);
    if (measurements.size() == measurements_max)
        measurements.erase(measurements.begin(), measurements.begin() + measurements_max / 2);
    measurements.push_back(*measurement);
}

}  // namespace

StrengthCurve read_strength_curve(const std::string& state, std::uint64_t games) {
    std::vector<Measurement> measurements;
    LogFollower follower(state);
    while (follower.read([&](std::string_view line) { read_line(line, measurements); },
                         log_piece_bytes)) {
    }
    go_back_to(games, measurements);
    StrengthCurve curve;
    for (const auto& [measured_games, report, chained_elo] : measurements)
        if (const auto* strength = std::get_if<StrengthReport>(&report); strength != nullptr)
            curve.add(measured_games, *strength, chained_elo);
        else
            curve.add(measured_games, std::get<HeldOutReport>(report));
    return curve;
}

}  // namespace kiln::app
