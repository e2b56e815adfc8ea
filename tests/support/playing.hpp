// An engine for dialogues under test: a random model, a clock that a test turns, and the lines that
// were said.
#pragma once

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "core/port/clock.hpp"

#include "app/play/dialogue.hpp"
#include "app/play/engine.hpp"
#include "tests/support/othello.hpp"

namespace kiln::test {

// Moves on at every look, so that deadlines come without waiting.
class SteppedClock final : public Clock {
  public:
    std::uint64_t now_ns() override {
        return now_.fetch_add(step_ns.load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    std::atomic<std::uint64_t> step_ns{1'000};

  private:
    std::atomic<std::uint64_t> now_{1};
};

// One for all tests of a program: to build it takes a moment.
inline OwnedModel& shared_model() {
    static OwnedModel* const model = [] {
        auto* const made = new OwnedModel(small_shapes());
        made->randomise(7, 400);
        return made;
    }();
    return *model;
}

struct PlayingRig {
    explicit PlayingRig(std::size_t bucket_count = 4096)
        : searcher(shared_model().model, bucket_count) {}

    OwnedSearcher searcher;
    SteppedClock clock;
    std::atomic<bool> stop{false};
    app::Engine engine{*searcher, clock, stop};
    std::vector<std::string> said;
    std::vector<std::string> complaints;

    app::LineSink say() {
        return [this](std::string_view line) { said.emplace_back(line); };
    }
    app::LineSink complain() {
        return [this](std::string_view line) { complaints.emplace_back(line); };
    }
};

}  // namespace kiln::test
