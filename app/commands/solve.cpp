// kiln solve: a file of positions, solved or evaluated, and compared with what the file knows.
#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/accuracy.hpp"
#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/failure.hpp"
#include "app/obf.hpp"
#include "app/ordered_work.hpp"
#include "app/text.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/process_info.hpp"
#include "platform/linux/signals.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {
namespace {

using Json = nlohmann::ordered_json;
using othello::Score;

struct PositionAnswer {
    ObfPosition asked;
    othello::SearchResult found;
    double seconds = 0;
};

// How what was found compares with what the file says.
enum class Verdict { unknown, right, wrong_score, wrong_move };

const char* word_for(Verdict verdict) {
    switch (verdict) {
        case Verdict::right:
            return "right";
        case Verdict::wrong_score:
            return "wrong score";
        case Verdict::wrong_move:
            return "wrong move";
        default:
            return "unknown";
    }
}

int sign(int discs) {
    return (discs > 0) - (discs < 0);
}

// A move that the file does not list is taken for right when the score is: there may be several.
Verdict judge(const PositionAnswer& answer, bool only_winner) {
    const auto known = answer.asked.known_discs();
    if (!known)
        return Verdict::unknown;
    const auto same = [only_winner](int left, int right) {
        return only_winner ? sign(left) == sign(right) : left == right;
    };
    if (!same(*known, answer.found.score / othello::score_per_disc))
        return Verdict::wrong_score;
    const auto of_move = answer.asked.known_discs(answer.found.move);
    return of_move && !same(*of_move, *known) ? Verdict::wrong_move : Verdict::right;
}

double discs(Score score) {
    return static_cast<double>(score) / othello::score_per_disc;
}

double mega_nodes_per_second(std::uint64_t nodes, double seconds) {
    return seconds > 0 ? static_cast<double>(nodes) / seconds * 1e-6 : 0;
}

std::string dump(const Json& json, int indent = -1) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

struct Totals {
    std::uint64_t positions = 0;
    std::uint64_t nodes = 0;
    double thread_seconds = 0;  // of all threads together
    double seconds = 0;
    std::uint64_t by_verdict[4] = {};

    std::uint64_t count(Verdict verdict) const {
        return by_verdict[static_cast<std::size_t>(verdict)];
    }
    std::uint64_t wrong() const { return count(Verdict::wrong_score) + count(Verdict::wrong_move); }
};

class Solve {
  public:
    explicit Solve(const SolveOptions& options)
        : options_(options), reader_(options.path, "solve"), console_(stderr) {}

    ExitCode run() {
        // Once through before hours are spent on it.
        ObfPosition position;
        while (reader_.next(position))
            ++asked_;
        if (asked_ == 0)
            throw Failure(ExitCode::bad_data,
                          fmt::format("{}: there is no position in it; give 64 cells and the side "
                                      "to move a line",
                                      options_.path));
        reader_.rewind();
        const unsigned workers = worker_count();
        PlayingModel model(options_.model, workers, options_.memory_bytes, options_.table_bytes);
        print_head(model, workers);
        platform::MonotonicClock clock;
        const std::uint64_t started_ns = clock.now_ns();
        std::exception_ptr failure;
        try {
            const platform::StopSignals signals(stop_);
            work_in_order(model, workers, stop_, work());
        } catch (const Failure& caught) {
            if (caught.exit_code() == ExitCode::io_failed)
                throw;  // what is done cannot be told
            failure = std::current_exception();
        }
        console_.erase_live();
        totals_.seconds = static_cast<double>(clock.now_ns() - started_ns) * 1e-9;
        print_end();
        if (failure)
            std::rethrow_exception(failure);
        if (totals_.wrong() > 0)
            throw Failure(ExitCode::bad_data,
                          fmt::format("{}: {} of {} positions are not what the file says; one of "
                                      "the two is wrong",
                                      options_.path, totals_.wrong(), totals_.positions));
        return ExitCode::ok;
    }

  private:
    bool is_partial() const { return totals_.positions < asked_; }

    unsigned worker_count() const {
        if (options_.workers != 0)
            return static_cast<unsigned>(options_.workers);
        const auto wanted =
            static_cast<unsigned>(std::min<std::uint64_t>(platform::allowed_cpu_count(), asked_));
        return PlayingModel::workers_that_fit(
            std::min(wanted, unsigned{platform::WorkerTeam::capacity}), options_.memory_bytes,
            options_.table_bytes);
    }

    OrderedWork<PositionAnswer> work() {
        return {[this](PositionAnswer& answer) { return reader_.next(answer.asked); },
                [this](othello::Searcher& searcher, PositionAnswer& answer) {
                    platform::MonotonicClock clock;
                    const std::uint64_t started_ns = clock.now_ns();
                    const bool is_answered = look_at(searcher, answer);
                    answer.seconds = static_cast<double>(clock.now_ns() - started_ns) * 1e-9;
                    return is_answered;
                },
                [this](const PositionAnswer& answer) { tell(answer); },
                [this] {
                    console_.live(fmt::format("{} / {} positions, {} nodes",
                                              format_count(totals_.positions), format_count(asked_),
                                              format_count(totals_.nodes)));
                }};
    }

    bool look_at(othello::Searcher& searcher, PositionAnswer& answer) const {
        const othello::Board& board = answer.asked.board();
        if (options_.depth == 0 && !othello::is_over(board)) {
            answer.found.score = searcher.model().evaluate(board);
            answer.found.nodes = 1;
            return true;
        }
        const othello::SearchLimits limits =
            options_.depth ? othello::SearchLimits{.depth = std::max(*options_.depth, 1)}
                           : othello::SearchLimits{.exact_empties = othello::square_count,
                                                   .only_winner = options_.only_winner};
        answer.found = searcher.search(board, limits, &stop_, nullptr);
        return !answer.found.was_stopped;
    }

    std::string task() const {
        return options_.depth         ? fmt::format("depth {}", *options_.depth)
               : options_.only_winner ? "solved for the winner"
                                      : "solved exactly";
    }

    void print_head(const PlayingModel& model, unsigned workers) const {
        if (options_.json) {
            Json head;
            head["file"] = options_.path;
            head["model"] = model.name();
            head["model_games"] = model.games();
            head["task"] = options_.depth ? "depth" : options_.only_winner ? "winner" : "exact";
            if (options_.depth)
                head["depth"] = *options_.depth;
            head["table_bytes"] = options_.table_bytes;
            head["threads"] = workers;
            const std::string text = dump(head, 1);
            fmt::print("{},\n \"positions\": [", text.substr(0, text.size() - 2));
            return;
        }
        fmt::print("{} of {}: model {} ({} games), {} of table a thread, {} thread{}\n",
                   fmt::format("{} position{}", format_count(asked_), asked_ == 1 ? "" : "s"),
                   options_.path, model.name(), format_count(model.games()),
                   format_mebibytes(options_.table_bytes), workers, workers == 1 ? "" : "s");
        if (!options_.depth)
            fmt::print("{:<20} {:>7} {:>5} {:>4} {:>15} {:>10} {:>9}  {}\n", "position", "empties",
                       "score", "move", "nodes", "seconds", "M nodes/s", task());
        std::fflush(stdout);
    }

    void tell(const PositionAnswer& answer) {
        const auto known = answer.asked.known_discs();
        const Verdict verdict =
            options_.depth ? Verdict::unknown : judge(answer, options_.only_winner);
        ++totals_.positions;
        totals_.nodes += answer.found.nodes;
        totals_.thread_seconds += answer.seconds;
        ++totals_.by_verdict[static_cast<std::size_t>(verdict)];
        if (options_.depth && known)
            accuracy_.add(answer.asked.board(), discs(answer.found.score), *known);
        console_.erase_live();
        if (options_.json)
            print_json(answer, verdict);
        else if (!options_.depth)
            print_line(answer, verdict);
        if (std::fflush(stdout) != 0)
            throw Failure(ExitCode::io_failed,
                          "the result cannot be written to standard output; make room there");
    }

    std::string name_of(const PositionAnswer& answer) const {
        const std::string name = answer.asked.name();
        return name.empty() ? fmt::format("{}", totals_.positions) : name;
    }

    std::string score_text(int found) const {
        if (!options_.only_winner)
            return fmt::format("{:+}", found);
        return found > 0 ? "win" : found < 0 ? "loss" : "draw";
    }

    void print_line(const PositionAnswer& answer, Verdict verdict) const {
        std::string remark;
        if (verdict == Verdict::wrong_score)
            remark = fmt::format(": the file says {:+}", *answer.asked.known_discs());
        if (verdict == Verdict::wrong_move)
            remark =
                fmt::format(": the file says {}:{:+}", othello::square_name(answer.found.move).text,
                            *answer.asked.known_discs(answer.found.move));
        fmt::print("{:<20} {:>7} {:>5} {:>4} {:>15} {:>10.3f} {:>9.2f}  {}{}\n", name_of(answer),
                   answer.asked.board().empties(),
                   score_text(answer.found.score / othello::score_per_disc),
                   othello::square_name(answer.found.move).text, format_count(answer.found.nodes),
                   answer.seconds, mega_nodes_per_second(answer.found.nodes, answer.seconds),
                   verdict == Verdict::unknown ? "" : word_for(verdict), remark);
    }

    void print_json(const PositionAnswer& answer, Verdict verdict) const {
        Json json;
        json["name"] = name_of(answer);
        json["empties"] = answer.asked.board().empties();
        if (options_.depth)
            json["value"] = discs(answer.found.score);
        else
            json["score"] = answer.found.score / othello::score_per_disc;
        if (options_.depth != 0)
            json["move"] = othello::square_name(answer.found.move).text;
        json["nodes"] = answer.found.nodes;
        json["seconds"] = answer.seconds;
        if (const auto known = answer.asked.known_discs())
            json["known_score"] = *known;
        if (verdict != Verdict::unknown)
            json["verdict"] = word_for(verdict);
        fmt::print("{}\n  {}", totals_.positions == 1 ? "" : ",", dump(json));
    }

    void print_end() const {
        if (options_.json) {
            Json end;
            end["totals"] = totals_json();
            if (options_.depth)
                end["error"] = accuracy_json();
            const std::string text = dump(end, 1);
            fmt::print("\n ],{}\n", text.substr(1));
            return;
        }
        if (options_.depth)
            print_accuracy();
        if (is_partial())
            fmt::print("partial: {} of {} positions\n", format_count(totals_.positions),
                       format_count(asked_));
        fmt::print("{} position{}, {} nodes, {} ({} of all threads), {:.2f} M nodes/s a thread\n",
                   format_count(totals_.positions), totals_.positions == 1 ? "" : "s",
                   format_count(totals_.nodes), format_duration(totals_.seconds),
                   format_duration(totals_.thread_seconds),
                   mega_nodes_per_second(totals_.nodes, totals_.thread_seconds));
        if (!options_.depth)
            fmt::print("{} right, {} wrong, {} without a known score\n",
                       format_count(totals_.count(Verdict::right)), format_count(totals_.wrong()),
                       format_count(totals_.count(Verdict::unknown)));
    }

    Json totals_json() const {
        Json json;
        json["positions"] = totals_.positions;
        json["asked"] = asked_;
        json["partial"] = is_partial();
        json["nodes"] = totals_.nodes;
        json["seconds"] = totals_.seconds;
        json["thread_seconds"] = totals_.thread_seconds;
        if (!options_.depth) {
            json["right"] = totals_.count(Verdict::right);
            json["wrong"] = totals_.wrong();
            json["unknown"] = totals_.count(Verdict::unknown);
        }
        return json;
    }

    static Json figures_json(const Accuracy::Figures& figures) {
        Json json;
        json["positions"] = figures.positions;
        json["error"] = figures.error;
        json["root_mean_square"] = figures.root_mean_square;
        json["bias"] = figures.bias;
        json["zero_error"] = figures.zero_error;
        json["discs_error"] = figures.discs_error;
        json["mobility_error"] = figures.mobility_error;
        return json;
    }

    Json accuracy_json() const {
        Json rows = Json::array();
        const auto add = [&rows](const Json& empties, const Accuracy::Row& row) {
            Json json;
            json["empties"] = empties;
            json["all"] = figures_json(row.all);
            json["near"] = figures_json(row.near);
            rows.push_back(json);
        };
        for (const Accuracy::Row& row : accuracy_.rows())
            add(row.empties, row);
        add("all", accuracy_.total());
        return rows;
    }

    void print_accuracy() const {
        fmt::print(
            "mean absolute error in discs at {}, beside evaluations that learned nothing "
            "(mobility: its best multiple)\n",
            task());
        fmt::print("{:>7}  {:<8} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>9}\n", "empties", "results",
                   "positions", "error", "rms", "bias", "zero", "discs", "mobility");
        const auto print = [](const std::string& empties, const Accuracy::Row& row) {
            for (const bool is_near : {false, true}) {
                const Accuracy::Figures& figures = is_near ? row.near : row.all;
                if (figures.positions == 0)
                    continue;
                const std::string results =
                    is_near ? fmt::format("+-{}", Accuracy::near_discs) : "all";
                fmt::print(
                    "{:>7}  {:<8} {:>9} {:>7.2f} {:>7.2f} {:>+7.2f} {:>7.2f} {:>7.2f} {:>9.2f}\n",
                    empties, results, format_count(figures.positions), figures.error,
                    figures.root_mean_square, figures.bias, figures.zero_error, figures.discs_error,
                    figures.mobility_error);
            }
        };
        const std::vector<Accuracy::Row> rows = accuracy_.rows();
        for (const Accuracy::Row& row : rows)
            print(fmt::format("{}", row.empties), row);
        if (rows.size() > 1)
            print("all", accuracy_.total());
        if (rows.empty())
            fmt::print("  the file tells no scores\n");
    }

    const SolveOptions& options_;
    ObfReader reader_;
    Console console_;
    std::uint64_t asked_ = 0;
    std::atomic<bool> stop_{false};
    Totals totals_;
    Accuracy accuracy_;
};

}  // namespace

ExitCode run_solve(const SolveOptions& options) {
    return Solve(options).run();
}

}  // namespace kiln::app
