// Geometry: which squares the evaluation looks at, and how a look becomes an index.
//
// A *shape* is a list of squares, for example the edge with its two X-squares. Placed by the eight
// symmetries of the board it has up to eight *placements*, each one *lane* of the evaluation. What
// a lane sees is read as a number in balanced ternary: the player to move +1, the opponent -1,
// empty 0, the shape's first square least significant. So a disc adds plus or minus a constant to
// the lanes that see it, and handing the move to the other player negates every lane (Features).
//
// A symmetry that maps a placement onto itself mirrors its configurations: they mean the same, so
// they share one weight. The *play table* of a shape holds a weight for every configuration, 3^n of
// them, for speed; the *learning table* holds one slot for each class of mirror images. Both are
// numbered here.
//
// Built once into memory it is handed, then read-only and shared by all threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/othello/board.hpp"

namespace kiln::othello {

constexpr int lane_capacity = 64;  // two cache lines of 16-bit indices
constexpr int shape_capacity = 24;
constexpr int shape_cells_max = 10;  // 3^10 / 2 fits 16 bits
constexpr int stage_count = 30;

// Two plies a stage: 4 and 5 discs are stage 0, 62 discs and more stage 29. Fewer than 4 discs
// occur in no game, but on boards that people set up: they are stage 0.
constexpr int stage_of(int discs) {
    return discs < 4 ? 0 : std::min((discs - 4) / 2, stage_count - 1);
}

// What a lane's index says. Three shapes of one lane each are not patterns, because what they see
// is not local.
enum class LaneKind : std::uint8_t {
    pattern,   // digits of the shape's squares
    count,     // own minus opponent's discs: who is down to the last ones
    mobility,  // how many moves each player has
    frontier,  // how many empty squares touch a disc of the opponent, and an own one
};

struct Shape {
    const char* name;     // for people
    const char* squares;  // of a pattern: "a1 b1 c1", least significant first
    LaneKind kind = LaneKind::pattern;
};

// Mobility and frontier are pairs of small counts, the player to move first.
constexpr int pair_limit = 32;  // each is 0 .. 31; more counts as 31
constexpr int pair_index(int own, int opponent) {
    return (std::min(own, pair_limit - 1) - pair_limit / 2) * pair_limit +
           std::min(opponent, pair_limit - 1);
}

// The default set: 14 patterns in 58 placements, the count, mobility and frontier. How it was
// chosen: perf/learning.md.
std::span<const Shape> default_shapes();

// How many configurations a shape has, and how many classes of mirror images.
struct ShapeSize {
    std::uint32_t play_size;
    std::uint32_t slot_count;
};
ShapeSize shape_size(const Shape& shape);

// The configuration of every lane, seen by the player to move. Lanes beyond the last are 0.
// Patterns and count can be carried from a position to the next; the pairs are counted anew.
struct alignas(64) Features {
    std::int16_t index[lane_capacity];
};

class Geometry {
  public:
    struct ShapeLayout {
        const char* name = "";
        LaneKind kind = LaneKind::pattern;
        int cells = 0;          // squares; of the pairs none
        std::int32_t base = 3;  // of place values: 3 for a pattern, 1 for the count
        int first_lane = 0;
        int lane_count = 0;
        std::uint32_t play_offset = 0;  // of the shape in a stage's play table
        std::uint32_t play_size = 0;    // 3^cells; 129 for the count; 1024 for a pair
        std::uint32_t slot_offset = 0;  // of the shape in a stage's learning table
        std::uint32_t slot_count = 0;   // classes of mirror images
        bool mirrored = false;          // some symmetry maps a placement onto itself, turned around
    };

    // Entries of the two index maps that build() needs.
    static std::size_t map_entries(std::span<const Shape> shapes);
    static std::size_t member_entries(std::span<const Shape> shapes);

    // class_of: map_entries long; members: member_entries long. CHECK: the shapes fit the
    // capacities.
    void build(std::span<const Shape> shapes, std::span<std::uint16_t> class_of,
               std::span<std::uint16_t> members);

    int shape_count() const { return shape_count_; }
    int lane_count() const { return lane_count_; }
    // The lanes of the pairs, -1 where the shapes have none.
    int mobility_lane() const { return mobility_lane_; }
    int frontier_lane() const { return frontier_lane_; }
    const ShapeLayout& shape(int index) const { return shapes_[index]; }
    std::uint32_t play_entries_per_stage() const { return play_entries_; }
    std::uint32_t slots_per_stage() const { return slots_; }

    // Position in a stage's play table of lane's configuration 0 (all empty): add the lane's index.
    const std::uint32_t* lane_origins() const { return lane_origins_; }
    // The squares of a lane of a shape, least significant first. lane counts from the shape's
    // first.
    std::span<const Square> lane_squares(int shape, int lane) const;
    // What an own disc on the square adds to each lane; nothing to the pairs.
    const Features& contribution(int square) const { return contributions_[square]; }

    // The class, 0 .. slot_count - 1, of a configuration, 0 .. play_size - 1 (index + play_size /
    // 2).
    std::uint32_t class_of(int shape, std::uint32_t configuration) const {
        return class_of_[shapes_[shape].play_offset + configuration];
    }
    // The one or two configurations of a class (the same twice if it is its own mirror image).
    struct Members {
        std::uint32_t first;
        std::uint32_t second;
    };
    Members members(int shape, std::uint32_t class_index) const {
        const std::size_t at = 2 * (std::size_t{shapes_[shape].slot_offset} + class_index);
        return {members_[at], members_[at + 1]};
    }

    // The features of a position, from scratch.
    Features features(Board board) const;

  private:
    void place(const Shape& shape, ShapeLayout& layout);
    void place_pattern(const Shape& shape, ShapeLayout& layout);
    void place_count(ShapeLayout& layout);
    void place_pair(ShapeLayout& layout, int& lane);
    void tie(ShapeLayout& layout, const int* mirror);

    ShapeLayout shapes_[shape_capacity];
    int shape_count_ = 0;
    int lane_count_ = 0;
    int mobility_lane_ = -1;
    int frontier_lane_ = -1;
    std::uint32_t play_entries_ = 0;
    std::uint32_t slots_ = 0;
    std::uint32_t lane_origins_[lane_capacity] = {};
    Square lane_squares_[lane_capacity][shape_cells_max] = {};
    Features contributions_[square_count] = {};
    std::span<std::uint16_t> class_of_;
    std::span<std::uint16_t> members_;
};

}  // namespace kiln::othello
