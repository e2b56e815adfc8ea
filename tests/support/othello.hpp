// Othello for tests: random positions, random models, and a search stack of their own on the heap.
//
// Everything random comes from the stream that is handed in, so that a failing test names its seed
// and can be run again.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/othello/evaluator.hpp"
#include "core/othello/search.hpp"
#include "core/othello/transposition_table.hpp"

namespace kiln::othello {

// How a failing comparison of boards is printed: 'X' is the player to move.
inline std::string to_text(const Board& board) {
    std::string text = "\n";
    for (int square = 0; square < square_count; ++square) {
        text += (board.own & bit(square)) != 0        ? 'X'
                : (board.opponent & bit(square)) != 0 ? 'O'
                                                      : '-';
        if (square % 8 == 7)
            text += '\n';
    }
    return text;
}

inline void PrintTo(const Board& board, std::ostream* out) {
    *out << to_text(board);
}

}  // namespace kiln::othello

namespace kiln::test {

inline RandomStream test_stream(std::uint64_t seed) {
    return {seed, StreamPurpose::position, 0};
}

inline int pick_bit(RandomStream& random, othello::Bits bits) {
    for (std::uint64_t skip = random.below(static_cast<std::uint64_t>(std::popcount(bits)));
         skip > 0; --skip)
        bits &= bits - 1;
    return std::countr_zero(bits);
}

inline othello::Board play(const othello::Board& board, int square) {
    return othello::after_move(board, square, othello::flips(board, square));
}

// Plays random moves, and passes where there are none, until so many squares are empty or the game
// is over.
inline othello::Board play_randomly_to(RandomStream& random, othello::Board board, int empties) {
    while (board.empties() > empties && !othello::is_over(board)) {
        const othello::Bits moves = othello::legal_moves(board);
        board = moves == 0 ? othello::after_pass(board) : play(board, pick_bit(random, moves));
    }
    return board;
}

// A position of a random game with exactly so many empty squares, that is not over.
inline othello::Board random_position(RandomStream& random, int empties) {
    for (;;) {
        const othello::Board board = play_randomly_to(random, othello::start_board(), empties);
        if (board.empties() == empties && !othello::is_over(board))
            return board;
    }
}

// Discs thrown on the board: no game need lead there. Shares are of 256.
inline othello::Board thrown_board(RandomStream& random, unsigned own_share,
                                   unsigned opponent_share) {
    othello::Board board;
    for (int square = 0; square < othello::square_count; ++square) {
        const std::uint64_t draw = random.below(256);
        if (draw < own_share)
            board.own |= othello::bit(square);
        else if (draw < own_share + opponent_share)
            board.opponent |= othello::bit(square);
    }
    return board;
}

// A geometry with the memory it needs.
class OwnedGeometry {
  public:
    explicit OwnedGeometry(std::span<const othello::Shape> shapes = othello::default_shapes())
        : class_of_(othello::Geometry::map_entries(shapes)),
          members_(othello::Geometry::member_entries(shapes)) {
        geometry_.build(shapes, class_of_, members_);
    }
    OwnedGeometry(const OwnedGeometry&) = delete;
    OwnedGeometry& operator=(const OwnedGeometry&) = delete;

    const othello::Geometry& operator*() const { return geometry_; }
    const othello::Geometry* operator->() const { return &geometry_; }

  private:
    std::vector<std::uint16_t> class_of_;
    std::vector<std::uint16_t> members_;
    othello::Geometry geometry_;
};

// Gives every class of mirror images one random weight within +-amplitude of neutral.
inline void randomise_weights(const othello::Geometry& geometry, RandomStream& random,
                              int amplitude, std::span<std::uint16_t> weights) {
    const auto width = static_cast<std::uint64_t>(2 * amplitude + 1);
    for (int stage = 0; stage < othello::stage_count; ++stage) {
        std::uint16_t* table =
            weights.data() + static_cast<std::size_t>(stage) * geometry.play_entries_per_stage();
        for (int shape = 0; shape < geometry.shape_count(); ++shape) {
            const auto& layout = geometry.shape(shape);
            for (std::uint32_t at = 0; at < layout.slot_count; ++at) {
                const auto offset = static_cast<int>(random.below(width)) - amplitude;
                const auto weight = static_cast<std::uint16_t>(othello::neutral_weight + offset);
                const othello::Geometry::Members members = geometry.members(shape, at);
                table[layout.play_offset + members.first] = weight;
                table[layout.play_offset + members.second] = weight;
            }
        }
    }
}

// A model of its own, neutral at first.
class OwnedModel {
  public:
    explicit OwnedModel(std::span<const othello::Shape> shapes = othello::default_shapes())
        : geometry(shapes),
          weights(std::size_t{othello::stage_count} * geometry->play_entries_per_stage(),
                  static_cast<std::uint16_t>(othello::neutral_weight)),
          model(*geometry, weights) {}

    void randomise(std::uint64_t seed, int amplitude) {
        RandomStream random = test_stream(seed);
        randomise_weights(*geometry, random, amplitude, weights);
    }

    OwnedGeometry geometry;
    std::vector<std::uint16_t> weights;
    othello::Model model;
};

// A table and a searcher over somebody's model.
class OwnedSearcher {
  public:
    explicit OwnedSearcher(const othello::Model& model, std::size_t bucket_count = 4096)
        : buckets_(bucket_count), searcher_(std::make_unique<othello::Searcher>()) {
        table.bind(buckets_);
        searcher_->bind(model, table);
    }
    OwnedSearcher(const OwnedSearcher&) = delete;
    OwnedSearcher& operator=(const OwnedSearcher&) = delete;

    othello::Searcher& operator*() { return *searcher_; }
    othello::Searcher* operator->() { return searcher_.get(); }

    // Without stop flag and clock.
    othello::SearchResult search(const othello::Board& board, const othello::SearchLimits& limits) {
        return searcher_->search(board, limits, nullptr, nullptr);
    }

    othello::TranspositionTable table;

  private:
    std::vector<othello::TableBucket> buckets_;
    std::unique_ptr<othello::Searcher> searcher_;
};

// Small shapes for tests that need all of a geometry's kinds but not its size: mirrored along an
// edge, mirrored along a diagonal, not mirrored at all, and what is not local.
inline std::span<const othello::Shape> small_shapes() {
    static constexpr othello::Shape shapes[] = {
        {"edge", "a1 b1 c1 d1 e1 f1 g1 h1"},
        {"corner", "a1 b1 a2 b2 c3"},
        {"hook", "b1 c1 d2 e2 c3"},
        {"diagonal", "a4 b5 c6 d7 e8"},
        {"count", "", othello::LaneKind::count},
        {"mobility", "", othello::LaneKind::mobility},
        {"frontier", "", othello::LaneKind::frontier},
    };
    return shapes;
}

}  // namespace kiln::test
