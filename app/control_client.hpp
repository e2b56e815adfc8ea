// The other end of control_server.hpp: asks the run in a state directory.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/control_protocol.hpp"

namespace kiln::app {

// A question to the run, and its answer as it comes, for callers that do something else meanwhile.
// One thread.
class PendingAnswer {
  public:
    // Asks. Throws no_input when there is no such directory, permission when the run is another
    // user's, try_again when it has not taken the question after `patience_seconds`.
    PendingAnswer(const std::string& state, const Request& request, double patience_seconds = 0);
    ~PendingAnswer();
    PendingAnswer(const PendingAnswer&) = delete;
    PendingAnswer& operator=(const PendingAnswer&) = delete;

    // No run is there: there will be no answer.
    bool is_absent() const { return is_absent_; }
    // Readable when there is something for take().
    int descriptor() const { return socket_; }
    // The answer when it is whole; never waits. Throws try_again when the other end closed before
    // that, and what the run itself answers if it refuses. Not to be called again after either.
    std::optional<Json> take();

  private:
    Json parse(const std::string& line) const;

    std::string state_;
    int socket_ = -1;
    bool is_absent_ = false;
    std::string line_;
};

// The answer; nothing if no run is there. Throws like PendingAnswer, and try_again when there is no
// answer within `patience_seconds`. Calls `waiting` once if the answer takes longer than a second.
std::optional<Json> ask_run(const std::string& state, const Request& request,
                            double patience_seconds, const std::function<void()>& waiting = {});

}  // namespace kiln::app
