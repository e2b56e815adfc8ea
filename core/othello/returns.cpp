#include "core/othello/returns.hpp"

#include "core/base/check.hpp"

namespace kiln::othello {

void lambda_returns(std::span<const Step> steps, Score result, double lambda,
                    std::span<double> returns) {
    CHECK(steps.size() == returns.size());
    // The return that reaches back from the future, seen by black.
    double future = result;
    for (std::size_t t = steps.size(); t-- > 0;) {
        const Step& step = steps[t];
        const double side = step.is_black_to_move ? 1 : -1;
        const double own_return = step.is_exploratory ? step.value : side * future;
        returns[t] = own_return;
        future = (1 - lambda) * (side * step.value) + lambda * (side * own_return);
    }
}

}  // namespace kiln::othello
