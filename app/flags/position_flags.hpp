// The flags of `kiln solve`: commands over files of positions.
#pragma once

#include <string>

#include "app/commands/commands.hpp"

namespace CLI {
class App;
}

namespace kiln::app {

class PositionFlags {
  public:
    // Adds the commands. The object must outlive the parsing.
    void add_to(CLI::App& kiln);
    // What the command was told. Throws usage.
    SolveOptions solve_options() const;

  private:
    void add_solve(CLI::App& kiln);

    SolveOptions solve_;
    bool is_untrained_ = false;
    std::string depth_;
    std::string threads_;
    std::string table_mib_;
    std::string memory_;
};

}  // namespace kiln::app
