// FixedPlayer: a workload whose weights are made up, the same on every machine and for ever.
//
// Signatures and counted instructions need weights that order moves somehow and that no change of
// learning touches. So they are drawn from a numbered stream, in whole numbers: of one stage like
// those of the next, and of a size that no position's value exceeds the board.
#pragma once

#include "core/memory/arena.hpp"
#include "core/othello/othello_workload.hpp"

#include "platform/linux/mapping.hpp"

namespace kiln::perf {

class FixedPlayer {
  public:
    // One worker, with exactly settings.table_bytes of table. Ends the process with a message if
    // the machine has not enough memory.
    explicit FixedPlayer(const othello::OthelloSettings& settings);

    othello::OthelloWorkload& workload() { return workload_; }
    othello::Searcher& searcher() { return workload_.searcher(0); }

  private:
    platform::Mapping mapping_;
    othello::OthelloWorkload workload_;
};

}  // namespace kiln::perf
