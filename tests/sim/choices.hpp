// Choices: where the world may go one way or another, a simulation asks which.
//
// EveryChoice gives all combinations of answers in turn, however many questions each of them leads
// to; RandomChoice draws them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.hpp"

namespace kiln::test {

class Choices {
  public:
    // One of 0 to count - 1.
    virtual unsigned below(unsigned count) = 0;

  protected:
    ~Choices() = default;
};

class EveryChoice final : public Choices {
  public:
    unsigned below(unsigned count) override {
        if (asked_ == answers_.size())
            answers_.push_back({0, count});
        return answers_[asked_++].value;
    }
    // Goes on to the next combination; false when there was none left.
    bool advance() {
        asked_ = 0;
        while (!answers_.empty() && ++answers_.back().value == answers_.back().count)
            answers_.pop_back();
        return !answers_.empty();
    }

  private:
    struct Answer {
        unsigned value;
        unsigned count;
    };
    std::vector<Answer> answers_;
    std::size_t asked_ = 0;
};

class RandomChoice final : public Choices {
  public:
    RandomChoice(std::uint64_t seed, std::uint64_t number)
        : stream_(seed, StreamPurpose::position, number) {}
    unsigned below(unsigned count) override { return static_cast<unsigned>(stream_.below(count)); }

  private:
    RandomStream stream_;
};

}  // namespace kiln::test
