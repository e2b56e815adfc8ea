// The flags of `kiln report`.
#pragma once

#include "app/commands/watching.hpp"

namespace CLI {
class App;
}

namespace kiln::app {

class ReportFlags {
  public:
    static const char* const examples;

    // The object must outlive the parsing.
    void add_to(CLI::App& report);
    const ReportOptions& options() const { return options_; }

  private:
    ReportOptions options_;
};

}  // namespace kiln::app
