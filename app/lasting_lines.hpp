// LastingLines: what of a run's log lasts when the rest of it has to go, in bounded memory.
//
// Takes JSON lines of run_log.hpp, oldest first, and those that it gave before. Lines of interest
// for minutes (debug, summaries) are left out. The others are kinds: an event, by opponent and by
// what it says of its own kind. Where there are too many lines of a kind, neighbours become one:
// the later line, with the field
//
//     "times":8      how many lines this one stands for; without it, one
//
// so that counts stay right. Windows of games are added up: `window_games`, `black_wins`,
// `white_wins` and `draws` are sums, `stone_difference`, `prediction_error` and `moves` means over
// all their games; everything else is the last one's. Each kind is as fine early as late
// (thinned_series.hpp). When all that is kept exceeds its bytes, the kind that takes most is made
// half as fine, so rare events go last.
//
// Takes any bytes: what is no line of a log is left out, and so are kinds beyond kinds_max. One
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "app/log_entry.hpp"
#include "app/thinned_series.hpp"

namespace kiln::app {

// How many lines of the log this one stands for: 1 to samples_max.
std::uint64_t times_of(const Json& line);

class LastingLines {
  public:
    // Twice as many as a chart shows, so that a chart of all is as fine as of what was thinned.
    static constexpr std::size_t lines_of_kind_max = 1024;
    static constexpr std::size_t kinds_max = 128;

    // bytes_max: of all lines that give() gives.
    explicit LastingLines(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    // Without its end.
    void add(std::string_view line);
    // In the order in which they came, each without its end.
    void give(const std::function<void(const std::string& line)>& sink) const;

  private:
    // Sums over the games of a window; no games: another kind of line.
    struct Sums {
        double games = 0;
        double black_wins = 0;
        double white_wins = 0;
        double draws = 0;
        double stone_difference = 0;
        double prediction_error = 0;
        double moves = 0;
    };
    struct Kept {
        std::uint64_t games = 0;
        std::uint64_t samples = 1;
        std::uint64_t order = 0;
        std::string line;  // the newest
        Sums sums;
        bool is_merged = false;  // `line` does not say yet what it stands for

        void absorb(Kept later);
    };

    static bool read_window(const Json& json, Sums& sums);
    static std::string line_of(const Kept& kept);
    static std::uint64_t bytes_of(const ThinnedSeries<Kept>& kind);
    void make_room();

    std::uint64_t bytes_max_;
    std::map<std::string, ThinnedSeries<Kept>> kinds_;
    std::uint64_t bytes_ = 0;  // of all, at most
    std::uint64_t added_ = 0;
};

}  // namespace kiln::app
