// The trainer as a process of its own: `kiln trainer`, started by the supervisor and by nobody
// else.
//
// It takes its orders from the shared page, writes checkpoints to the directory it was handed, and
// says nothing to anybody but the page. It lives no longer than the supervisor, and stop signals do
// not concern it: the supervisor hears them and raises the page's flag.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.hpp"

namespace kiln::app {

struct TrainerProcessOptions {
    int page = -1;       // descriptor of the SharedPage
    int directory = -1;  // of the state directory, claimed
    int supervisor = 0;  // its process number
};

// The arguments of such a process, its program's name included, and their reading. CHECK: they are
// these.
std::vector<std::string> trainer_arguments(const TrainerProcessOptions& options);
bool is_trainer_process(int argument_count, const char* const* arguments,
                        TrainerProcessOptions& options);

// Does not return before the run has ended.
ExitCode run_trainer_process(const TrainerProcessOptions& options);

}  // namespace kiln::app
