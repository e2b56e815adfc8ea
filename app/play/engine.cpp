#include "app/play/engine.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <thread>

namespace kiln::app {

using othello::Board;
using othello::Score;
using othello::SearchLimits;
using othello::SearchResult;
using othello::Square;

namespace {

// Raises a flag when another one is raised or at a point of time. The solver has no deadline of
// its own.
class StopRelay {
  public:
    StopRelay(std::atomic<bool>& flag, const std::atomic<bool>& other, Clock& clock,
              std::uint64_t deadline_ns)
        : thread_([&flag, &other, &clock, deadline_ns](const std::stop_token& token) {
              while (!token.stop_requested()) {
                  if (other.load(std::memory_order_relaxed) || clock.now_ns() >= deadline_ns) {
                      flag.store(true, std::memory_order_relaxed);
                      return;
                  }
                  std::this_thread::sleep_for(std::chrono::milliseconds(1));
              }
          }) {}

  private:
    std::jthread thread_;
};

// What a position is worth without looking further.
Score value_of(const othello::Model& model, const Board& board) {
    return othello::is_over(board) ? othello::final_score(board) * othello::score_per_disc
                                   : model.evaluate(board);
}

ChosenMove choice_of(const SearchResult& result) {
    return {.move = result.move,
            .score = result.score,
            .depth = result.depth,
            .is_exact = result.is_exact};
}

}  // namespace

int solvable_empties(std::uint64_t time_ns) {
    // Positions of even games with a trained model on one core take 0.3 ms in the mean with 12
    // empties, 7 ms with 16, 160 ms with 20 (perf/search.md), and the hard ones ten times as much.
    // What does not suffice after all is given up.
    int empties = 11;
    for (std::uint64_t needed_ns = 2'000'000; needed_ns <= time_ns && empties < 30;
         needed_ns = needed_ns * 11 / 5)
        ++empties;
    return empties;
}

SearchResult Engine::search(const Board& board, const SearchLimits& limits) {
    return searcher_.search(board, limits, &stop_, &clock_);
}

SearchResult Engine::solve(const Board& board, std::uint64_t deadline_ns) {
    const SearchLimits to_the_end = {.depth = 1, .exact_empties = othello::square_count};
    if (deadline_ns == 0)
        return search(board, to_the_end);
    std::atomic<bool> give_up{false};
    const StopRelay relay(give_up, stop_, clock_, deadline_ns);
    return searcher_.search(board, to_the_end, &give_up, &clock_);
}

Thought Engine::choose_in_time(const Board& board, const SearchLimits& limits,
                               std::uint64_t started_ns) {
    if (std::popcount(othello::legal_moves(board)) <= 1) {  // nothing to think about
        const SearchResult found = search(board, {.depth = 1});
        return {.best = choice_of(found), .nodes = found.nodes};
    }
    const int exact_empties = limits.exact_empties == exact_by_time
                                  ? solvable_empties(limits.time_ns)
                                  : limits.exact_empties;
    const bool may_solve = board.empties() <= exact_empties;
    SearchLimits ahead = limits;
    ahead.exact_empties = 0;
    if (may_solve)  // a move to fall back on comes first
        ahead.time_ns = std::max<std::uint64_t>(limits.time_ns / 4, 1);
    SearchResult found = search(board, ahead);
    std::uint64_t nodes = found.nodes;
    if (may_solve && !found.is_exact && !is_stopping()) {
        const SearchResult solved = solve(board, started_ns + limits.time_ns);
        nodes += solved.nodes;
        if (solved.is_exact)
            found = solved;
    }
    return {.best = choice_of(found), .nodes = nodes};
}

Thought Engine::choose(const Board& board, const SearchLimits& limits) {
    const std::uint64_t started_ns = clock_.now_ns();
    searcher_.table().begin_game();
    Thought thought;
    if (othello::is_over(board)) {
        thought.best = {.score = value_of(searcher_.model(), board), .is_exact = true};
    } else if (limits.time_ns != 0) {
        thought = choose_in_time(board, limits, started_ns);
    } else {
        const SearchResult found = search(board, limits);
        thought = {.best = choice_of(found), .nodes = found.nodes};
    }
    thought.time_ns = clock_.now_ns() - started_ns;
    return thought;
}

// One ranking in the making.
class Engine::RankRun {
  public:
    RankRun(Engine& engine, const Board& board, const SearchLimits& limits,
            const std::function<void(const Ranking&)>& report)
        : engine_(engine),
          board_(board),
          limits_(limits),
          report_(report),
          started_ns_(engine.clock_.now_ns()) {
        othello::Bits moves = othello::legal_moves(board);
        if (moves == 0)
            ranking_.choices.push_back({.move = othello::no_square});
        for (; moves != 0; moves &= moves - 1)
            ranking_.choices.push_back({.move = static_cast<Square>(std::countr_zero(moves))});
    }

    Ranking run() {
        look();
        const int depth_max = std::clamp(limits_.depth, 1, board_.empties());
        for (int depth = 2; depth <= depth_max && deepen(depth); ++depth) {
        }
        const int exact_empties = limits_.exact_empties == exact_by_time
                                      ? solvable_empties(limits_.time_ns)
                                      : limits_.exact_empties;
        if (board_.empties() <= exact_empties)
            solve();
        ranking_.time_ns = engine_.clock_.now_ns() - started_ns_;
        return ranking_;
    }

  private:
    Board child_of(const ChosenMove& choice) const {
        if (choice.move == othello::no_square)
            return othello::after_pass(board_);
        return othello::after_move(board_, choice.move, othello::flips(board_, choice.move));
    }

    bool is_finished() const {
        return std::all_of(ranking_.choices.begin(), ranking_.choices.end(),
                           [](const ChosenMove& choice) { return choice.is_exact; });
    }

    std::uint64_t deadline_ns() const {
        return limits_.time_ns == 0 ? 0 : started_ns_ + limits_.time_ns;
    }

    bool is_due() const {
        return engine_.is_stopping() || (limits_.nodes != 0 && ranking_.nodes >= limits_.nodes) ||
               (limits_.time_ns != 0 && engine_.clock_.now_ns() >= deadline_ns());
    }

    // What is left of the limits, for a search of so many plies.
    SearchLimits rest(int depth) const {
        SearchLimits rest = {.depth = depth};
        if (limits_.nodes != 0)
            rest.nodes = limits_.nodes - std::min(ranking_.nodes, limits_.nodes - 1);
        if (limits_.time_ns != 0) {
            const std::uint64_t now_ns = engine_.clock_.now_ns();
            rest.time_ns = deadline_ns() - std::min(now_ns, deadline_ns() - 1);
        }
        return rest;
    }

    void tell() {
        std::stable_sort(ranking_.choices.begin(), ranking_.choices.end(),
                         [](const ChosenMove& left, const ChosenMove& right) {
                             return left.score > right.score;
                         });
        ranking_.time_ns = engine_.clock_.now_ns() - started_ns_;
        report_(ranking_);
    }

    void look() {
        for (ChosenMove& choice : ranking_.choices) {
            const Board child = child_of(choice);
            choice.score = -value_of(engine_.searcher_.model(), child);
            choice.is_exact = othello::is_over(child);
            choice.depth = 1;
            ++ranking_.nodes;
        }
        tell();
    }

    // Every move to that depth. False: there is no more to be had.
    bool deepen(int depth) {
        for (std::size_t i = 0; i < ranking_.choices.size(); ++i) {
            ChosenMove& choice = ranking_.choices[i];
            if (choice.is_exact)
                continue;
            if (is_due())
                return false;
            const SearchResult found = engine_.search(child_of(choice), rest(depth - 1));
            ranking_.nodes += found.nodes;
            if (found.depth < depth - 1 && !found.is_exact)
                return false;  // cut short: what was known before is worth more
            take(choice, found);
        }
        tell();
        return !is_finished();
    }

    // By value of before, so that the best moves are solved first.
    void solve() {
        const std::vector<ChosenMove> order = ranking_.choices;
        for (const ChosenMove& next : order) {
            if (next.is_exact)
                continue;
            if (is_due())
                return;
            const SearchResult found = engine_.solve(child_of(next), deadline_ns());
            ranking_.nodes += found.nodes;
            if (!found.is_exact)
                return;
            take(*std::find_if(ranking_.choices.begin(), ranking_.choices.end(),
                               [&](const ChosenMove& choice) { return choice.move == next.move; }),
                 found);
            tell();
        }
    }

    static void take(ChosenMove& choice, const SearchResult& found) {
        choice.reply = found.move;
        choice.score = -found.score;
        choice.depth = found.depth + 1;
        choice.is_exact = found.is_exact;
    }

    Engine& engine_;
    Board board_;
    SearchLimits limits_;
    const std::function<void(const Ranking&)>& report_;
    std::uint64_t started_ns_;
    Ranking ranking_;
};

Ranking Engine::rank(const Board& board, const SearchLimits& limits,
                     const std::function<void(const Ranking&)>& report) {
    if (othello::is_over(board))
        return {};
    searcher_.table().begin_game();
    return RankRun(*this, board, limits, report).run();
}

}  // namespace kiln::app
