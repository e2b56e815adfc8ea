// SerialTeam: a team without threads, for tests and for the use of one thread.
//
// start() runs worker 0, 1, ... one after another on the caller's thread, so the order is the same
// every time; wait() has nothing to wait for.
#pragma once

#include "core/base/check.hpp"
#include "core/port/team.hpp"

namespace kiln {

class SerialTeam final : public Team {
  public:
    explicit SerialTeam(unsigned workers = 1) : workers_(workers) { CHECK(workers > 0); }

    unsigned size() const override { return workers_; }
    void start(Job& job) override {
        for (unsigned worker = 0; worker < workers_; ++worker)
            job.work(worker);
    }
    void wait() override {}

  private:
    unsigned workers_;
};

}  // namespace kiln
