// The flags of the commands that ask a running trainer. A file of its own beside command_line.cpp,
// which would be too long otherwise.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "app/commands/commands.hpp"

namespace kiln::app {

class ControlFlags {
  public:
    // Adds status, pause, resume, save, stop and set. The object outlives the parsing.
    void add_to(CLI::App& app);
    // --json and --timeout, for `kiln memory`, which has --state already.
    void add_to_memory(CLI::App& memory, CLI::Option* plan);

    // What was asked with the command of that full name, "kiln status"; nothing if it is none of
    // ours.
    std::optional<ControlOptions> options(const std::string& name) const;
    // `kiln memory` without --plan. Throws usage for settings that mean nothing to a running
    // trainer.
    ControlOptions memory_options(const RunOptions& run) const;

  private:
    CLI::App* add(CLI::App& app, ControlCommand command, const char* what, const char* examples);
    void add_answer_flags(CLI::App& command);

    ControlOptions options_;
};

}  // namespace kiln::app
