// PlayingModel: a trained evaluation ready to play: weights from a checkpoint, and for every worker
// a searcher with its table. Nothing of learning is loaded.
//
// Its memory is planned like a run's: regions, budget, one mapping. Failures are thrown. After
// construction the searchers may be used at the same time, each by one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/memory/arena.hpp"
#include "core/othello/evaluator.hpp"
#include "core/othello/search.hpp"

#include "platform/linux/mapping.hpp"

namespace kiln::app {

struct ModelSource {
    std::string path;                // a checkpoint or a state directory
    bool is_untrained = false;       // neutral weights instead
    std::string origin = "--model";  // for messages
};

class PlayingModel {
  public:
    // Of transposition table a worker. The size is part of what a search answers, and of how many
    // nodes it takes, so that it does not depend on the workers.
    static constexpr std::uint64_t usual_table_bytes = 16u << 20;

    PlayingModel(const ModelSource& source, unsigned workers, std::uint64_t budget_bytes,
                 std::uint64_t table_bytes = usual_table_bytes);
    PlayingModel(const PlayingModel&) = delete;
    PlayingModel& operator=(const PlayingModel&) = delete;

    // The most workers, up to `wanted` and at least one, that fit the budget.
    static unsigned workers_that_fit(unsigned wanted, std::uint64_t budget_bytes,
                                     std::uint64_t table_bytes = usual_table_bytes);

    const othello::Model& model() const { return model_; }
    othello::Searcher& searcher(unsigned worker) { return searchers_[worker]; }
    // Page-aligned, for WorkerTeam::launch().
    std::span<std::byte> worker_stacks() const { return worker_stacks_; }
    // "state/game-000000020000.ckpt", or "untrained".
    const std::string& name() const { return name_; }
    std::uint64_t games() const { return games_; }  // it was trained on

  private:
    void load(const ModelSource& source, std::span<std::uint16_t> weights);

    platform::Mapping mapping_;
    std::optional<Arena> arena_;
    othello::Geometry geometry_;
    othello::Model model_;
    std::span<othello::TranspositionTable> tables_;
    std::span<othello::Searcher> searchers_;
    std::span<std::byte> worker_stacks_;
    std::string name_;
    std::uint64_t games_ = 0;
};

}  // namespace kiln::app
