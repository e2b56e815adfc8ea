// --depth, --nodes, --time-ms, --exact-empties, --selectivity of commands that search but do not
// train.
#pragma once

#include <string>

#include "core/othello/search.hpp"

namespace CLI {
class App;
}

namespace kiln::app {

class LimitFlags {
  public:
    // The object must outlive the parsing. `exact`: what the flag for solving is called, perhaps
    // several names with commas between them.
    void add_to(CLI::App& command, int standard_depth,
                const std::string& exact = "--exact-empties");
    // Throws usage.
    othello::SearchLimits limits() const;

  private:
    std::string depth_;
    std::string nodes_;
    std::string time_;
    std::string exact_name_;
    std::string exact_ = "0";
    std::string selectivity_ = "0";
};

}  // namespace kiln::app
