// kiln positions: a development set, positions of even games with their exact scores.
//
// Two stages, each told in order, so that the file is the same for any number of threads: games are
// played until each number of empty squares has its positions, then those are solved.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/crc32c.hpp"
#include "core/othello/even_game.hpp"
#include "core/othello/symmetry.hpp"

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/failure.hpp"
#include "app/obf.hpp"
#include "app/ordered_work.hpp"
#include "app/text.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/errno_error.hpp"
#include "platform/linux/process_info.hpp"
#include "platform/linux/signals.hpp"

namespace kiln::app {
namespace {

using othello::Board;
using othello::EvenGame;
using othello::EvenGameSettings;
using othello::Square;

// So many games without a position that is new, and there are no more to be had.
constexpr std::uint64_t patience_games = 100'000;
constexpr double save_every_s = 60;
constexpr double line_every_s = 10;
constexpr const char* partial_mark = "# partial: ";

struct BoardLess {
    bool operator()(const Board& left, const Board& right) const {
        return left.own != right.own ? left.own < right.own : left.opponent < right.opponent;
    }
};

struct PlayedGame {
    std::uint64_t number = 0;
    EvenGame game;
};

struct SolvedPosition {
    std::size_t at = 0;  // in the file
    ObfPosition position;
};

Failure cannot_write(const std::string& path, int number) {
    const ExitCode code = exit_code_of(platform::error_from_errno(number));
    return Failure(code == ExitCode::no_input ? ExitCode::cannot_create : code,
                   fmt::format("cannot write {}: {}; give a file that can be made", path,
                               std::strerror(number)));
}

// All of it or nothing: what was there before stays until the new contents are on the disk.
void replace_file(const std::string& path, const std::vector<std::string>& header,
                  const std::vector<std::string>& lines) {
    const std::string temporary = path + ".tmp";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(temporary.c_str(), "we"),
                                                               std::fclose);
    if (!file)
        throw cannot_write(temporary, errno);
    bool is_written = true;
    for (const auto* part : {&header, &lines})
        for (const std::string& line : *part)
            is_written = is_written && std::fputs(line.c_str(), file.get()) >= 0 &&
                         std::fputc('\n', file.get()) != EOF;
    if (!is_written || std::fflush(file.get()) != 0 || ::fsync(::fileno(file.get())) != 0 ||
        std::rename(temporary.c_str(), path.c_str()) != 0) {
        const Failure failure = cannot_write(path, errno);
        (void)std::remove(temporary.c_str());
        throw failure;
    }
}

class Positions {
  public:
    explicit Positions(const PositionsOptions& options) : options_(options), console_(stderr) {}

    ExitCode run() {
        check_target();
        const unsigned workers = worker_count();
        PlayingModel model(options_.model, workers, options_.memory_bytes, options_.table_bytes);
        describe(model);
        if (options_.resume)
            read_earlier();
        // Better now than after hours of solving.
        replace_file(options_.path + ".probe", {}, {});
        (void)std::remove((options_.path + ".probe").c_str());

        const std::uint64_t started_ns = clock_.now_ns();
        last_line_s_ = static_cast<double>(started_ns) * 1e-9;
        make(model, workers);
        console_.erase_live();
        if (solved_ == 0) {
            fmt::print("interrupted before a position was solved; nothing is written\n");
            return ExitCode::ok;
        }
        save();
        const double seconds = static_cast<double>(clock_.now_ns() - started_ns) * 1e-9;
        fmt::print("{}{} of {} positions in {}, from {} even games of {}, {}\n",
                   is_partial() ? "partial: " : "", format_count(solved_),
                   format_count(wanted_count()), options_.path, format_count(even_games_),
                   format_count(games_), format_duration(seconds));
        if (is_partial())
            fmt::print("the same command with --resume goes on\n");
        return ExitCode::ok;
    }

  private:
    // Until it is done or stopped.
    void make(PlayingModel& model, unsigned workers) {
        const platform::StopSignals signals(stop_);
        work_in_order(model, workers, stop_, playing());
        if (stop_)
            return;
        if (chosen_count() < wanted_count())
            throw too_few();
        list_chosen();
        work_in_order(model, workers, stop_, solving());
    }

    bool is_partial() const { return solved_ < wanted_count(); }

    std::uint64_t wanted_count() const {
        std::uint64_t sum = 0;
        for (const PositionQuota& quota : options_.quotas)
            sum += quota.count;
        return sum;
    }
    std::uint64_t chosen_count() const {
        std::uint64_t sum = 0;
        for (const auto& positions : chosen_)
            sum += positions.size();
        return sum;
    }

    void check_target() const {
        struct stat status {};
        const bool exists = ::stat(options_.path.c_str(), &status) == 0;
        if (exists && !S_ISREG(status.st_mode))
            throw Failure(ExitCode::cannot_create,
                          fmt::format("{}: it is not a file; give the name of one", options_.path));
        if (exists && !options_.force && !options_.resume)
            throw Failure(ExitCode::cannot_create,
                          fmt::format("{}: it is there already; give another name, --force to "
                                      "replace it or --resume to go on with it",
                                      options_.path));
    }

    unsigned worker_count() const {
        if (options_.workers != 0)
            return static_cast<unsigned>(options_.workers);
        return PlayingModel::workers_that_fit(
            std::min(platform::allowed_cpu_count(), platform::WorkerTeam::capacity),
            options_.memory_bytes, options_.table_bytes);
    }

    // Everything that decides the file, so that it can be made again and is not mistaken.
    void describe(const PlayingModel& model) {
        std::string empties;
        std::string counts;
        for (const PositionQuota& quota : options_.quotas) {
            empties += fmt::format("{}{}", empties.empty() ? "" : ",", quota.empties);
            counts += fmt::format("{}{}", counts.empty() ? "" : ",", quota.count);
        }
        const EvenGameSettings& games = options_.games;
        const std::uint32_t fingerprint = crc32c(0, std::as_bytes(model.model().weights()));
        header_ = {
            "# Positions of even games with exact scores, to compare models on. Nothing trains on "
            "them: their",
            "# random numbers come from a stream of their own, that no training, trial or match "
            "draws from.",
            fmt::format("# kiln positions --empties {} --count {} --seed {} --depth {} "
                        "--random-share {} --even-within {} --table-mib {}{}",
                        empties, counts, games.seed, games.depth, games.random_share,
                        games.even_within_discs, options_.table_bytes >> 20,
                        options_.all_moves ? " --all-moves" : ""),
            fmt::format("# with a model of {} games, CRC-32C of its weights {:08x}", model.games(),
                        fingerprint),
            fmt::format("# Games: {} to {} random plies, kept if a search of {} plies says at most "
                        "{} discs for either side,",
                        EvenGameSettings::opening_plies_min, EvenGameSettings::opening_plies_max,
                        EvenGameSettings::judging_depth, games.even_within_discs),
            fmt::format("# then the model at depth {}, a share of {} of the moves at random. In "
                        "the order of the games, at most",
                        games.depth, games.random_share),
            fmt::format("# one position a game and number of empty squares, the player to move "
                        "has a move, no two alike"),
            fmt::format("# under the eight symmetries. Scores: {}, solved exactly, empty squares "
                        "to the winner.",
                        options_.all_moves ? "every move's" : "a best move's"),
        };
    }

    // What an interrupted run of the same command left.
    void read_earlier() {
        struct stat status {};
        if (::stat(options_.path.c_str(), &status) != 0)
            return;
        ObfReader reader(options_.path, "--resume");
        for (ObfPosition position; reader.next(position);)
            earlier_.emplace(position.board(), position.scores);
        std::vector<std::string> header = reader.header();
        std::erase_if(header,
                      [](const std::string& line) { return line.starts_with(partial_mark); });
        if (header != header_)
            throw Failure(ExitCode::cannot_create,
                          fmt::format("--resume: {} was made by another command or with another "
                                      "model; its first lines tell which",
                                      options_.path));
    }

    OrderedWork<PlayedGame> playing() {
        chosen_.resize(options_.quotas.size());
        return {[this](PlayedGame& game) {
                    game.number = next_game_++;
                    return !has_enough_.load(std::memory_order_relaxed);
                },
                [this](othello::Searcher& searcher, PlayedGame& game) {
                    game.game = play_even_game(options_.games, searcher, game.number, &stop_);
                    return !game.game.was_stopped;
                },
                [this](const PlayedGame& game) { choose_from(game); },
                [this] {
                    show(fmt::format("playing: {} games, {} / {} positions", format_count(games_),
                                     format_count(chosen_count()), format_count(wanted_count())));
                }};
    }

    // Games come in order; what is played beyond the last one needed counts for nothing.
    void choose_from(const PlayedGame& played) {
        if (has_enough_.load(std::memory_order_relaxed))
            return;
        ++games_;
        even_games_ += played.game.is_even;
        bool is_complete = true;
        for (std::size_t i = 0; i < options_.quotas.size(); ++i) {
            const PositionQuota& quota = options_.quotas[i];
            const auto empties = static_cast<std::size_t>(quota.empties);
            if (chosen_[i].size() < quota.count && played.game.is_reached[empties]) {
                const othello::Position& position = played.game.positions[empties];
                if (seen_.insert(canonical(position.board)).second) {
                    chosen_[i].push_back({position, played.number});
                    last_useful_game_ = games_;
                }
            }
            is_complete = is_complete && chosen_[i].size() >= quota.count;
        }
        if (is_complete || games_ - last_useful_game_ >= patience_games)
            has_enough_.store(true, std::memory_order_relaxed);
    }

    Failure too_few() const {
        return Failure(ExitCode::usage,
                       fmt::format("{} games, {} of them even, have {} of the {} positions, the "
                                   "last {} none that is new; ask for fewer, or allow more with "
                                   "--even-within or --random-share",
                                   format_count(games_), format_count(even_games_),
                                   format_count(chosen_count()), format_count(wanted_count()),
                                   format_count(patience_games)));
    }

    void list_chosen() {
        for (std::size_t i = 0; i < chosen_.size(); ++i)
            for (std::size_t number = 0; number < chosen_[i].size(); ++number) {
                const Chosen& chosen = chosen_[i][number];
                ObfPosition position = {chosen.position,
                                        {},
                                        fmt::format("e{}-{} game={}", options_.quotas[i].empties,
                                                    number + 1, chosen.game)};
                std::string line;
                if (const auto earlier = earlier_.find(position.board());
                    earlier != earlier_.end()) {
                    position.scores = earlier->second;
                    line = to_obf(position);
                    ++solved_;
                }
                to_solve_.push_back(std::move(position));
                lines_.push_back(std::move(line));
            }
        chosen_.clear();
        seen_.clear();
        earlier_.clear();
        saved_ns_ = clock_.now_ns();
    }

    OrderedWork<SolvedPosition> solving() {
        return {[this](SolvedPosition& next) {
                    while (next_to_solve_ < to_solve_.size() &&
                           !to_solve_[next_to_solve_].scores.empty())
                        ++next_to_solve_;
                    if (next_to_solve_ >= to_solve_.size())
                        return false;
                    next.at = next_to_solve_++;
                    next.position = to_solve_[next.at];
                    return true;
                },
                [this](othello::Searcher& searcher, SolvedPosition& solved) {
                    return solve(searcher, solved.position);
                },
                [this](const SolvedPosition& solved) {
                    lines_[solved.at] = to_obf(solved.position);
                    ++solved_;
                    save_now_and_then();
                },
                [this] {
                    show(fmt::format("solving: {} / {} positions", format_count(solved_),
                                     format_count(to_solve_.size())));
                }};
    }

    bool solve(othello::Searcher& searcher, ObfPosition& position) const {
        constexpr othello::SearchLimits exact = {.exact_empties = othello::square_count};
        const Board board = position.board();
        if (!options_.all_moves) {
            const othello::SearchResult found = searcher.search(board, exact, &stop_, nullptr);
            position.scores = {{found.move, found.score / othello::score_per_disc}};
            return !found.was_stopped;
        }
        for (othello::Bits moves = legal_moves(board); moves != 0; moves &= moves - 1) {
            const auto move = static_cast<Square>(std::countr_zero(moves));
            const othello::SearchResult found = searcher.search(
                after_move(board, move, flips(board, move)), exact, &stop_, nullptr);
            if (found.was_stopped)
                return false;
            position.scores.push_back({move, -found.score / othello::score_per_disc});
        }
        std::stable_sort(
            position.scores.begin(), position.scores.end(),
            [](const ObfScore& left, const ObfScore& right) { return left.discs > right.discs; });
        return true;
    }

    void save_now_and_then() {
        if (static_cast<double>(clock_.now_ns() - saved_ns_) * 1e-9 < save_every_s)
            return;
        save();
        saved_ns_ = clock_.now_ns();
    }

    void save() const {
        std::vector<std::string> header = header_;
        if (is_partial())
            header.push_back(
                fmt::format("{}{} of {} positions; the same command with --resume "
                            "goes on",
                            partial_mark, solved_, wanted_count()));
        std::vector<std::string> lines = lines_;
        std::erase(lines, "");  // not solved yet
        replace_file(options_.path, header, lines);
    }

    void show(const std::string& line) {
        console_.live(line);
        const double seconds = static_cast<double>(clock_.now_ns()) * 1e-9;
        if (console_.is_terminal() || seconds < last_line_s_ + line_every_s)
            return;
        last_line_s_ = seconds;
        console_.print(line);
    }

    struct Chosen {
        othello::Position position;
        std::uint64_t game = 0;
    };

    const PositionsOptions& options_;
    Console console_;
    mutable platform::MonotonicClock clock_;
    std::atomic<bool> stop_{false};
    std::vector<std::string> header_;
    std::map<Board, std::vector<ObfScore>, BoardLess> earlier_;

    std::uint64_t next_game_ = 0;
    std::atomic<bool> has_enough_{false};
    std::uint64_t games_ = 0;
    std::uint64_t even_games_ = 0;
    std::uint64_t last_useful_game_ = 0;
    std::set<Board, BoardLess> seen_;
    std::vector<std::vector<Chosen>> chosen_;  // by quota

    std::vector<ObfPosition> to_solve_;
    std::size_t next_to_solve_ = 0;
    std::vector<std::string> lines_;  // of the file; empty: not solved yet
    std::uint64_t solved_ = 0;
    std::uint64_t saved_ns_ = 0;
    double last_line_s_ = 0;
};

}  // namespace

ExitCode run_positions(const PositionsOptions& options) {
    return Positions(options).run();
}

}  // namespace kiln::app
