// The flags of `kiln play`.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "app/commands/play.hpp"

namespace kiln::app {

class PlayFlags {
  public:
    // Adds `play`. The object must outlive the parsing.
    void add_to(CLI::App& app);
    // What it was told. Throws usage.
    PlayOptions options() const;

  private:
    PlayLimits limits() const;

    PlayOptions options_;
    std::string protocol_;
    std::string colour_;
    std::string depth_;
    std::string nodes_;
    std::string time_;
    std::string exact_;
    std::string selectivity_;
};

}  // namespace kiln::app
