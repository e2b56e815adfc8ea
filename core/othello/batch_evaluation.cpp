#include "core/othello/batch_evaluation.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/othello/evaluate-inl.hpp"

namespace kiln::othello {
namespace {

// Positions whose weights are on their way at the same time.
constexpr std::size_t positions_ahead = 8;

// A counting sort: `order` becomes the numbers of the boards by stage; gives back where each stage
// begins.
void sort_by_stage(std::span<const Board> boards, std::span<std::uint16_t> order,
                   std::size_t (&begins)[stage_count + 1]) {
    std::size_t places[stage_count + 1] = {};
    for (const Board board : boards)
        ++places[stage_of(board.discs()) + 1];
    for (int stage = 0; stage < stage_count; ++stage)
        places[stage + 1] += places[stage];
    std::copy(std::begin(places), std::end(places), std::begin(begins));
    for (std::size_t i = 0; i < boards.size(); ++i)
        order[places[stage_of(boards[i].discs())]++] = static_cast<std::uint16_t>(i);
}

void prefetch_weights(const Model& model, const Features& features, int stage) {
    const std::uint16_t* const weights = model.stage_weights(stage);
    const std::uint32_t* const origins = model.geometry().lane_origins();
    for (int lane = 0; lane < model.geometry().lane_count(); ++lane)
        __builtin_prefetch(weights + static_cast<std::ptrdiff_t>(origins[lane]) +
                           features.index[lane]);
}

}  // namespace

void evaluate_batch(const Model& model, std::span<const Board> boards,
                    std::span<std::uint16_t> order, std::span<Score> scores) {
    CHECK(boards.size() <= batch_positions_max);
    CHECK(order.size() == boards.size() && scores.size() == boards.size());
    std::size_t begins[stage_count + 1];
    sort_by_stage(boards, order, begins);
    Features features[positions_ahead];
    for (int stage = 0; stage < stage_count; ++stage) {
        std::span<const std::uint16_t> rest =
            order.subspan(begins[stage], begins[stage + 1] - begins[stage]);
        while (!rest.empty()) {
            const std::size_t count = std::min(rest.size(), positions_ahead);
            for (std::size_t i = 0; i < count; ++i) {
                features[i] = model.geometry().features(boards[rest[i]]);
                prefetch_weights(model, features[i], stage);
            }
            for (std::size_t i = 0; i < count; ++i)
                scores[rest[i]] = model.evaluate(features[i], stage);
            rest = rest.subspan(count);
        }
    }
}

}  // namespace kiln::othello
