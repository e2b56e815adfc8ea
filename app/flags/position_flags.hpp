// The flags of `kiln solve` and `kiln positions`, which read and write files of positions.
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
    PositionsOptions positions_options() const;

  private:
    // What both take. The model may be left out where its flag is not needed.
    struct EngineFlags {
        void add_to(CLI::App& command);
        // workers, table_bytes, memory_bytes and model of either options.
        template <typename Options>
        void fill(Options& options) const;

        std::string model;
        bool is_untrained = false;
        std::string threads;
        std::string table_mib;
        std::string memory;
    };

    void add_solve(CLI::App& kiln);
    void add_positions(CLI::App& kiln);

    SolveOptions solve_;
    EngineFlags solve_engine_;
    std::string solve_depth_;
    PositionsOptions positions_;
    EngineFlags positions_engine_;
    std::string empties_ = "12,16,20";
    std::string count_ = "100";
    std::string seed_ = "1";
    std::string depth_ = "3";
    std::string random_share_ = "0.05";
    std::string even_within_ = "6";
};

}  // namespace kiln::app
