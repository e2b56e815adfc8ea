// RunControl: what a run answers to those who ask it over its control socket.
//
// Turns requests into calls of the supervisor, and answers late what takes time: `pause`, `save`
// and `stop` are answered when the checkpoint is durable, or could not be made so. One thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "core/memory/budget.hpp"

#include "app/control_server.hpp"
#include "app/reporter.hpp"
#include "app/run_log.hpp"
#include "app/supervisor.hpp"

namespace kiln::app {

class RunControl final : public ControlHandler {
  public:
    // plan: of the trainer. All outlive this object.
    RunControl(Supervisor& supervisor, const Reporter& reporter, RunLog& log, const Plan& plan)
        : supervisor_(supervisor), reporter_(reporter), log_(log), plan_(plan) {}

    // A run goes on without a socket: false, and why.
    bool open(const std::string& state, std::string& why_not);
    int descriptor() const { return server_.descriptor(); }
    // Serves clients, and answers those whose answer is ready.
    void serve(std::uint64_t now_ns);
    // Answers everybody who still waits: the run has ended.
    void finish();

    std::optional<Json> answer(const Request& request, ControlTicket ticket) override;

    // What `kiln status` and `kiln memory` are told.
    Json status() const;
    Json memory() const;

  private:
    struct Waiting {
        ControlTicket ticket;
        ControlCommand command;
        std::uint64_t since_ns;
        // When it was asked:
        std::uint64_t games_absorbed;
        std::uint64_t games_saved;
        std::uint64_t failed_saves;
    };

    Json counts() const;
    Json newest_checkpoint() const;
    Json set(const Request& request);
    Json done(const std::string& text) const;
    std::optional<Json> outcome_of(const Waiting& waiting) const;
    std::optional<Json> outcome_of_save(const Waiting& waiting) const;

    Supervisor& supervisor_;
    const Reporter& reporter_;
    RunLog& log_;
    const Plan& plan_;
    ControlServer server_;
    std::vector<Waiting> waiting_;
    std::uint64_t now_ns_ = 0;
    std::int64_t started_ = std::time(nullptr);  // seconds since 1970
};

}  // namespace kiln::app
