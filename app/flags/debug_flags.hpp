// The flags of `kiln debug ...`, apart from the other commands' because there are many.
#pragma once

#include <string>

#include "app/commands/debug.hpp"

namespace CLI {
class App;
}

namespace kiln::app {

class DebugFlags {
  public:
    // Adds the commands below `debug`. The object must outlive the parsing.
    void add_to(CLI::App& debug);
    // What the command of that name was told. Throws usage.
    DebugOptions options(const std::string& action) const;

  private:
    DebugOptions options_;
    std::string game_;
    std::string games_ = "1";
    std::string csv_games_;
    std::string threshold_ = "0.5";
    std::string stage_;
    std::string section_;
};

}  // namespace kiln::app
