// RestartPolicy: what to do after the trainer has ended in a way it should not.
//
// It is started again from the newest checkpoint, at once the first time, later and later while it
// does not get on. A ticket that took it down twice is left out from then on. It is not started
// again, and the run pauses with a report, when it fails many times without getting on, and when
// more than one game in a hundred fails.
// Pure logic: time is handed in. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kiln::app {

enum class IncidentKind {
    abandoned,  // a ticket was given up for taking too long
    crashed,    // the trainer ended by a fault of its own
    hung,       // the trainer was ended because a thread did not get on
    killed,     // somebody, or the kernel for lack of memory, ended the trainer
};
const char* name_of(IncidentKind kind);
std::optional<IncidentKind> incident_kind(const std::string& name);

struct Incident {
    IncidentKind kind = IncidentKind::crashed;
    std::uint64_t games = 0;              // absorbed when it happened
    std::optional<std::uint64_t> ticket;  // that was being played, if one is to blame
    std::optional<unsigned> worker;
    std::string what;  // in words

    // Whether it counts as a game that failed: what came from outside does not.
    bool is_error() const { return kind != IncidentKind::killed; }
};

class RestartPolicy {
  public:
    static constexpr std::uint64_t window_games = 10'000;
    static constexpr std::size_t errors_allowed = window_games / 100;
    static constexpr unsigned attempts_without_progress = 8;
    static constexpr unsigned strikes_to_skip = 2;

    struct Decision {
        bool is_pause = false;
        std::uint64_t delay_ns = 0;
        std::vector<std::uint64_t> skips;  // tickets to leave out, all that were ever decided
    };

    // Notes what happened. has_progressed: games were absorbed since the trainer was started.
    void note(const Incident& incident);
    Decision after_end(const Incident& incident, bool has_progressed);

    // More than allowed in the last 10,000 games?
    bool has_too_many_errors() const { return errors() > errors_allowed; }
    std::size_t errors() const;
    // The pattern behind the errors of the window: kinds, workers, tickets, in one line.
    std::string pattern() const;
    // The run goes on although there were too many: counting begins anew.
    void forget();

    // A game count moves the window on.
    void set_games(std::uint64_t games);
    // Of strikes that did not suffice to leave a ticket out.
    const std::vector<std::uint64_t>& skips() const { return skips_; }

  private:
    void strike(std::uint64_t ticket);

    std::deque<Incident> window_;
    std::uint64_t games_ = 0;
    std::map<std::uint64_t, unsigned> strikes_;
    std::vector<std::uint64_t> skips_;
    unsigned failures_ = 0;  // in a row, without progress
};

}  // namespace kiln::app
