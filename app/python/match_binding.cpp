// kiln._kiln.play_match and ask: what the scripts need of the other commands.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <pybind11/stl.h>

#include "core/numeric/interval.hpp"

#include "app/control_client.hpp"
#include "app/match_run.hpp"
#include "app/model_file.hpp"
#include "app/openings.hpp"
#include "app/python/binding.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/process_info.hpp"
#include "platform/linux/worker_team.hpp"

namespace py = pybind11;

namespace kiln::app {
namespace {

struct MatchRequest {
    std::optional<std::string> model;  // none: untrained
    std::string opponent;              // "random", "corner", "untrained", or a path
    std::uint64_t games = 0;
    othello::SearchLimits limits;
    std::uint64_t seed = 0;
    int opening_plies = 0;
    unsigned workers = 0;
    std::uint64_t memory_bytes = 0;  // of each model
    bool shows_progress = false;
};

MatchResult play(const MatchRequest& request, std::atomic<bool>& stop) {
    const bool is_baseline = request.opponent == "random" || request.opponent == "corner";
    PlayingModel model({request.model.value_or(""), !request.model, "model"}, request.workers,
                       request.memory_bytes);
    std::optional<PlayingModel> other;
    if (!is_baseline)
        other.emplace(ModelSource{request.opponent, request.opponent == "untrained", "opponent"},
                      request.workers, request.memory_bytes);
    platform::MonotonicClock clock;
    othello::MatchSettings settings = {.seed = request.seed,
                                       .opponent = request.opponent == "random"
                                                       ? othello::Opponent::random
                                                       : othello::Opponent::corner_edge,
                                       .opening_plies = request.opening_plies,
                                       .limits = request.limits};
    std::vector<othello::Opening> openings;
    if (!is_baseline) {
        settings.opponent = othello::Opponent::model;
        openings = draw_openings(request.seed, request.opening_plies, request.games / 2);
    }
    MatchPlan plan = {.pairs = request.games / 2,
                      .workers = request.workers,
                      .worker_stacks = model.worker_stacks()};
    plan.play = [&](unsigned worker, std::uint64_t pair) {
        if (is_baseline)
            return play_pair(settings, model.searcher(worker), pair, &stop, &clock);
        othello::MatchSettings own = settings;
        own.other_model = &other->searcher(worker);
        RandomStream unused(request.seed, StreamPurpose::match, pair);  // models draw nothing
        return play_pair(own, model.searcher(worker), openings[pair], unused, &stop, &clock);
    };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> nowhere(std::fopen("/dev/null", "w"),
                                                                  &std::fclose);
    if (request.shows_progress || nowhere == nullptr) {
        Console console(stderr);
        return play_match(plan, stop, console);
    }
    Console console(nowhere.get());
    return play_match(plan, stop, console);
}

py::object match(const std::optional<std::string>& model, const std::string& opponent,
                 std::uint64_t games, const NamedTexts& texts, std::uint64_t seed,
                 int opening_plies, bool shows_progress) {
    const RunSettings settings = assign_all(RunSettings(), assignments_of(texts));
    MatchRequest request = {.model = model,
                            .opponent = opponent,
                            .games = games,
                            .limits = settings.othello.search_limits_at(0),
                            .seed = seed,
                            .opening_plies = opening_plies,
                            .workers = settings.workers,
                            .memory_bytes = settings.memory_bytes,
                            .shows_progress = shows_progress};
    if (request.workers == 0)
        request.workers = std::min(platform::allowed_cpu_count(), platform::WorkerTeam::capacity);
    request.workers = PlayingModel::workers_that_fit(request.workers, request.memory_bytes);
    std::atomic<bool> stop{false};
    MatchResult result;
    run_interruptibly(stop, [&] { result = play(request, stop); });
    const othello::MatchScore& score = result.score;
    const Interval interval = wilson_interval(score.points(), score.games());
    return type_named("MatchResult")(score.games(), score.wins, score.draws, score.losses,
                                     score.games() == 0 ? 0.0 : score.points() / score.games(),
                                     interval.lower, interval.upper, score.mean_discs(),
                                     result.seconds);
}

// None: nobody is training in that directory.
py::object ask(const std::string& state) {
    std::optional<Json> reply;
    {
        const py::gil_scoped_release without_lock;
        reply = ask_run(state, {}, 5);
    }
    return reply ? to_python(*reply) : py::none();
}

}  // namespace

void bind_match(py::module_& module) {
    module.def("play_match", &match);
}

void bind_control(py::module_& module) {
    module.def("ask_status", &ask);
}

}  // namespace kiln::app
