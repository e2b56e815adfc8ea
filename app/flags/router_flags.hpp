// The flags of `kiln router ...`.
#pragma once

#include <map>
#include <string>

#include "app/router/commands.hpp"

namespace CLI {
class App;
}

namespace kiln::app {

class RouterFlags {
  public:
    void add_to(CLI::App& app);
    // Of the command that was parsed, by its own name ("train"). Throws usage.
    RouterOptions options(const std::string& action) const;

  private:
    void add_data(CLI::App& command);
    void add_train(CLI::App& command);
    void add_setting(CLI::App& command, const Setting& setting);
    DataSource data() const;
    RunOptions run() const;
    double real(const char* flag, const std::string& text, double low, double high) const;

    CLI::App* train_ = nullptr;
    CLI::App* distill_ = nullptr;
    std::map<std::string, std::string> values_;  // of settings; stable addresses
    std::map<std::string, bool> switches_;
    std::string model_, path_, out_, task_, teacher_, cost_wrong_, risk_, at_least_;
    std::string samples_ = "10000";
    std::string steps_;
    std::string task_seed_ = "1";
    std::string validation_ = "0.2";
    std::string cost_strong_ = "1";
    std::string keep_ = "0.3";
    std::string alpha_ = "0";
    std::string temperature_ = "3";
    std::string l2_ = "0";
    std::string clip_by_ = "none";
    std::string clip_ = "5";
    bool json_ = false;
    bool is_raw_ = false;
    bool calibrate_ = false;
    bool in_double_ = false;
};

}  // namespace kiln::app
