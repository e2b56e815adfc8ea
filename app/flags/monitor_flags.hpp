// The flags of `kiln monitor`.
#pragma once

#include "app/commands/watching.hpp"

namespace CLI {
class App;
}

namespace kiln::app {

class MonitorFlags {
  public:
    static const char* const examples;

    // The object must outlive the parsing.
    void add_to(CLI::App& monitor);
    const MonitorOptions& options() const { return options_; }

  private:
    MonitorOptions options_;
};

}  // namespace kiln::app
