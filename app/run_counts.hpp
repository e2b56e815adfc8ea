// RunCounts: what happened since this process began, in numbers that only grow.
//
// Not the state of the run, which goes back to the newest checkpoint after a crash: games that are
// played again count again, so that rates over these are of work that was done. Every count is
// there from the beginning, because "none so far" is something else than "not known". One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "app/log_entry.hpp"

namespace kiln::app {

class RunCounts {
  public:
    RunCounts();

    // A trainer begins at that game.
    void begin(std::uint64_t games);
    // How far it is now.
    void advance(std::uint64_t games_played, std::uint64_t games_absorbed);
    // What was told.
    void add(const LogEntry& entry);

    // games_played, games_absorbed, checkpoints_saved, checkpoints_failed, values_healed;
    // incidents and convergence_warnings by kind, log_entries by level.
    Json json() const;

  private:
    using Kinds = std::map<std::string, std::uint64_t>;

    // A position that may go back, and how far it ever went forward.
    struct Distance {
        std::uint64_t position = 0;
        std::uint64_t total = 0;

        void move_to(std::uint64_t now);
    };

    bool has_begun_ = false;
    Distance played_;
    Distance absorbed_;
    std::uint64_t checkpoints_saved_ = 0;
    std::uint64_t checkpoints_failed_ = 0;
    std::uint64_t values_healed_ = 0;
    Kinds incidents_;
    Kinds convergence_warnings_;
    Kinds log_entries_;
};

}  // namespace kiln::app
