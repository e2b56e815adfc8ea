// WatchedRun: a run as somebody watches it: asks it over its control socket, follows its logs,
// lists its checkpoints, and passes on what the keys say.
//
// Never waits: look() does what can be done at once. A run that is not there, does not answer or
// answers nonsense is a state of the view and no failure, and is tried again; only what waiting
// cannot mend is thrown (another user's run, a path that is no directory). One thread.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "app/control_client.hpp"
#include "app/log_follower.hpp"
#include "app/monitor/frame.hpp"

namespace kiln::app {

class WatchedRun {
  public:
    struct Time {
        double steady = 0;  // seconds of a clock that never jumps
        double day = 0;     // seconds since 1970
    };

    WatchedRun(const std::string& state, double interval_seconds);

    // Asks, takes answers, reads logs on for a piece. True: there is more to be read at once.
    bool look(const Time& time);
    // A key. False: the watcher wants to leave. An order replaces the one whose answer is awaited,
    // which the run has taken and carries out.
    bool press(char key);

    const MonitorView& view() const { return view_; }
    // Readable when look() has something to do; -1: none.
    int status_descriptor() const { return descriptor_of(status_); }
    int order_descriptor() const { return descriptor_of(order_); }
    // Whether anything but looking was asked of the run and is under way.
    bool is_waiting_for_order() const { return order_.has_value(); }

  private:
    struct Question {
        Question(const std::string& state, ControlCommand asked, double now);

        ControlCommand command;
        double since;
        PendingAnswer pending;
    };

    static int descriptor_of(const std::optional<Question>& question) {
        return question && !question->pending.is_absent() ? question->pending.descriptor() : -1;
    }
    void ask();
    void take_answer();
    void take_order_answer();
    void give_order(ControlCommand command);
    void lose_contact(Contact contact, const std::string& why_not);
    void say(const std::string& message, bool has_failed);
    bool read_logs();
    void list_checkpoints();

    std::string state_;
    double interval_seconds_;
    Time now_;
    MonitorView view_;
    RunHistory history_;
    LogFollower follower_;
    std::optional<Question> status_;  // or of memory
    std::optional<Question> order_;
    std::optional<ControlCommand> offered_;  // that waits for y or n
    double next_question_ = 0;
    double next_memory_ = 0;
    double next_listing_ = 0;
    double message_until_ = 0;
};

// One line about it for scripts: a time, then key=value.
std::string plain_line(const MonitorView& view);

}  // namespace kiln::app
