// The flags of `kiln bench`.
#pragma once

#include <string>

#include "app/commands/commands.hpp"

namespace CLI {
class App;
}

namespace kiln::app {

class BenchFlags {
  public:
    // The object must outlive the parsing.
    void add_to(CLI::App& bench);
    // Throws usage.
    BenchOptions options() const;

  private:
    BenchOptions options_;
    bool is_kind_ = false;
    bool is_signature_ = false;
    std::string threshold_ = "5";
    std::string repeat_ = "1";
};

}  // namespace kiln::app
