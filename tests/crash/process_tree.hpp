// Runs a program and everything it starts under ptrace, and kills all of it at a chosen system
// call.
//
// What counts as a point is a call that changes the files below a directory, by any process of the
// tree: creating, writing, syncing, renaming, removing, closing. Points are numbered from 1 in the
// order in which they are reached. No tool but the kernel is needed; processes started by fork,
// vfork, clone or posix_spawn are followed, also through exec, and none of them outlives the call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kiln::test {

enum class KillTime { before, after };
// The process that makes the call alone, or with every other one. Whoever is left runs to its end.
enum class Victim { caller, tree };

struct TreeRun {
    std::uint64_t points = 0;         // reached
    bool was_killed = false;          // at the chosen point
    int exit_code = -1;               // of the first process; 128 and the signal that killed it
    std::string last_call;            // the last point that was reached, in words
    std::uint64_t durable_games = 0;  // of the newest checkpoint renamed into place before a sync
                                      // of its directory succeeded; 0: none
    std::string refusal;              // why nothing could be traced; empty if it could
};

// Standard output is thrown away, standard error goes to the file `log`. kill_point 0: never.
TreeRun run_tree(const std::vector<std::string>& command, const std::string& directory,
                 std::uint64_t kill_point, KillTime when, Victim victim, const std::string& log);

}  // namespace kiln::test
