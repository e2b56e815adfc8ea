// The settings as text in a checkpoint, which may be anybody's.
#include "app/failure.hpp"
#include "app/settings.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {

void run(Input input) {
    try {
        const std::string text = app::to_text(app::from_text(text_of(input), "checkpoint"));
        demand(app::to_text(app::from_text(text, "checkpoint")) == text,
               "accepted settings are written as they are read");
    } catch (const app::Failure& failure) {
        demand(failure.what()[0] != '\0', "a refusal says why");
    }
}

std::vector<std::string> seeds() {
    app::RunSettings other;
    other.othello.depth = 3;
    other.othello.epsilon_early = 0.125;
    other.workload = "null";
    return {app::to_text({}), app::to_text(other), "games = 9\nseed = 1\n", "games = \n\n= 3\n",
            "lambda = 1e-300\nseed = 18446744073709551615\n"};
}

}  // namespace kiln::fuzz
