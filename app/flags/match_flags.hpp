// The flags of `kiln match`.
#pragma once

#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/flags/limit_flags.hpp"

namespace CLI {
class App;
}

namespace kiln::app {

class MatchFlags {
  public:
    static const char* const examples;

    // The object must outlive the parsing.
    void add_to(CLI::App& command);
    // Throws usage.
    MatchOptions options() const;

  private:
    std::vector<std::string> models_;
    LimitFlags limits_;
    std::string pairs_ = "200";
    std::string opening_ = "8";
    std::string seed_ = "1";
    std::string workers_;
    std::string memory_ = "600MB";
    std::string sprt_;
    bool json_ = false;
};

}  // namespace kiln::app
