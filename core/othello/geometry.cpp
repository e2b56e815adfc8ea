// Placing shapes: every symmetry is tried; one that yields a new set of squares makes a lane, one
// that yields the first lane's own set tells how the shape mirrors.
#include "core/othello/geometry.hpp"

#include "core/base/check.hpp"
#include "core/othello/evaluate-inl.hpp"
#include "core/othello/symmetry.hpp"

namespace kiln::othello {
namespace {

constexpr std::uint32_t power_of_three[shape_cells_max + 1] = {1,   3,    9,    27,    81,   243,
                                                               729, 2187, 6561, 19683, 59049};

constexpr Shape shapes_v1[] = {
    {"line 2", "a2 b2 c2 d2 e2 f2 g2 h2"},
    {"line 3", "a3 b3 c3 d3 e3 f3 g3 h3"},
    {"line 4", "a4 b4 c4 d4 e4 f4 g4 h4"},
    {"diagonal 8", "a1 b2 c3 d4 e5 f6 g7 h8"},
    {"diagonal 7", "a2 b3 c4 d5 e6 f7 g8"},
    {"diagonal 6", "a3 b4 c5 d6 e7 f8"},
    {"diagonal 5", "a4 b5 c6 d7 e8"},
    {"diagonal 4", "a5 b6 c7 d8"},
    {"edge + 2X", "a1 b1 c1 d1 e1 f1 g1 h1 b2 g2"},
    {"edge block", "a1 c1 d1 e1 f1 h1 c2 d2 e2 f2"},
    {"corner 3x3", "a1 b1 c1 a2 b2 c2 a3 b3 c3"},
    {"corner 5x2", "a1 b1 c1 d1 e1 a2 b2 c2 d2 e2"},
    {"triangle", "a1 b1 c1 d1 a2 b2 c2 a3 b3 a4"},
    {"cross", "a1 b1 a2 b2 c2 b3 c3 d3 c4 d4"},
    {"count", "", LaneKind::count},
    {"mobility", "", LaneKind::mobility},
    {"frontier", "", LaneKind::frontier},
};

constexpr std::uint32_t count_size = 2 * square_count + 1;

constexpr std::uint32_t pair_size = pair_limit * pair_limit;

struct AllSquares {
    Square list[square_count];
};
constexpr AllSquares make_all_squares() {
    AllSquares all{};
    for (int square = 0; square < square_count; ++square)
        all.list[square] = static_cast<Square>(square);
    return all;
}
constexpr AllSquares all_squares = make_all_squares();

// The squares of a shape; returns how many.
int parse_squares(const char* text, int* squares) {
    int count = 0;
    for (const char* at = text; *at != '\0';) {
        CHECK(count < shape_cells_max);
        CHECK(at[0] >= 'a' && at[0] <= 'h' && at[1] >= '1' && at[1] <= '8');
        squares[count++] = (at[1] - '1') * 8 + (at[0] - 'a');
        at += 2;
        while (*at == ' ')
            ++at;
    }
    return count;
}

Bits bits_of(const int* squares, int count, int symmetry) {
    Bits bits = 0;
    for (int i = 0; i < count; ++i)
        bits |= bit(transform_square(symmetry, squares[i]));
    return bits;
}

// The permutation of cells by which a symmetry maps the shape onto itself: cell i goes to cell
// mirror[i].
bool find_mirror(const int* squares, int count, int* mirror) {
    bool found = false;
    for (int i = 0; i < count; ++i)
        mirror[i] = i;
    for (int symmetry = 1; symmetry < symmetry_count; ++symmetry) {
        if (bits_of(squares, count, symmetry) != bits_of(squares, count, 0))
            continue;
        int permutation[shape_cells_max] = {};
        bool is_identity = true;
        for (int i = 0; i < count; ++i) {
            for (int j = 0; j < count; ++j)
                if (transform_square(symmetry, squares[i]) == squares[j])
                    permutation[i] = j;
            is_identity = is_identity && permutation[i] == i;
        }
        if (is_identity)
            continue;
        for (int i = 0; i < count; ++i) {
            CHECK(!found || mirror[i] == permutation[i]);  // more than one mirror is not supported
            mirror[i] = permutation[i];
        }
        found = true;
    }
    return found;
}

std::uint32_t mirrored_configuration(std::uint32_t configuration, int cells, const int* mirror) {
    std::uint32_t out = 0;
    for (int i = 0; i < cells; ++i) {
        out += configuration % 3 * power_of_three[mirror[i]];
        configuration /= 3;
    }
    return out;
}

}  // namespace

std::span<const Shape> default_shapes() {
    return shapes_v1;
}

ShapeSize shape_size(const Shape& shape) {
    if (shape.kind == LaneKind::count)
        return {count_size, count_size};
    if (shape.kind != LaneKind::pattern)
        return {pair_size, pair_size};
    int squares[shape_cells_max] = {};
    int mirror[shape_cells_max] = {};
    const int cells = parse_squares(shape.squares, squares);
    const std::uint32_t play_size = power_of_three[cells];
    if (!find_mirror(squares, cells, mirror))
        return {play_size, play_size};
    // A configuration is its own mirror image if cells that trade places agree: one digit is free
    // for every pair, and one for every cell that stays.
    int free_digits = 0;
    for (int cell = 0; cell < cells; ++cell)
        free_digits += mirror[cell] >= cell ? 1 : 0;
    return {play_size, (play_size + power_of_three[free_digits]) / 2};
}

std::size_t Geometry::map_entries(std::span<const Shape> shapes) {
    std::size_t entries = 0;
    for (const Shape& shape : shapes)
        entries += shape_size(shape).play_size;
    return entries;
}

std::size_t Geometry::member_entries(std::span<const Shape> shapes) {
    std::size_t entries = 0;
    for (const Shape& shape : shapes)
        entries += 2 * std::size_t{shape_size(shape).slot_count};
    return entries;
}

void Geometry::build(std::span<const Shape> shapes, std::span<std::uint16_t> class_of,
                     std::span<std::uint16_t> members) {
    CHECK(shapes.size() <= shape_capacity);
    CHECK(class_of.size() >= map_entries(shapes) && members.size() >= member_entries(shapes));
    *this = Geometry();
    class_of_ = class_of;
    members_ = members;
    for (const Shape& shape : shapes)
        place(shape, shapes_[shape_count_++]);
}

void Geometry::place(const Shape& shape, ShapeLayout& layout) {
    layout.name = shape.name;
    layout.first_lane = lane_count_;
    layout.play_offset = play_entries_;
    layout.slot_offset = slots_;
    layout.kind = shape.kind;
    CHECK(lane_count_ < lane_capacity);
    switch (shape.kind) {
        case LaneKind::pattern:
            place_pattern(shape, layout);
            break;
        case LaneKind::count:
            place_count(layout);
            break;
        case LaneKind::mobility:
            place_pair(layout, mobility_lane_);
            break;
        case LaneKind::frontier:
            place_pair(layout, frontier_lane_);
            break;
    }
    play_entries_ += layout.play_size;
    slots_ += layout.slot_count;
}

void Geometry::place_count(ShapeLayout& layout) {
    layout.cells = square_count;
    layout.base = 1;
    layout.lane_count = 1;
    layout.play_size = count_size;
    lane_origins_[lane_count_] = layout.play_offset + layout.play_size / 2;
    for (Features& contribution : contributions_)
        contribution.index[lane_count_] = 1;
    ++lane_count_;
    tie(layout, nullptr);
}

void Geometry::place_pair(ShapeLayout& layout, int& lane) {
    CHECK(lane < 0);
    lane = lane_count_++;
    layout.lane_count = 1;
    layout.play_size = pair_size;
    lane_origins_[lane] = layout.play_offset + layout.play_size / 2;
    tie(layout, nullptr);
}

void Geometry::place_pattern(const Shape& shape, ShapeLayout& layout) {
    int squares[shape_cells_max] = {};
    layout.cells = parse_squares(shape.squares, squares);
    layout.play_size = power_of_three[layout.cells];

    Bits placed[symmetry_count] = {};
    for (int symmetry = 0; symmetry < symmetry_count; ++symmetry) {
        const Bits bits = bits_of(squares, layout.cells, symmetry);
        bool is_new = true;
        for (int lane = 0; lane < layout.lane_count; ++lane)
            is_new = is_new && placed[lane] != bits;
        if (!is_new)
            continue;
        CHECK(lane_count_ < lane_capacity);
        placed[layout.lane_count++] = bits;
        lane_origins_[lane_count_] = layout.play_offset + layout.play_size / 2;
        for (int cell = 0; cell < layout.cells; ++cell) {
            const int square = transform_square(symmetry, squares[cell]);
            lane_squares_[lane_count_][cell] = static_cast<Square>(square);
            contributions_[square].index[lane_count_] =
                static_cast<std::int16_t>(power_of_three[cell]);
        }
        ++lane_count_;
    }

    int mirror[shape_cells_max] = {};
    layout.mirrored = find_mirror(squares, layout.cells, mirror);
    tie(layout, layout.mirrored ? mirror : nullptr);
}

void Geometry::tie(ShapeLayout& layout, const int* mirror) {
    for (std::uint32_t configuration = 0; configuration < layout.play_size; ++configuration) {
        const std::uint32_t image =
            mirror == nullptr ? configuration
                              : mirrored_configuration(configuration, layout.cells, mirror);
        std::uint16_t& class_index = class_of_[layout.play_offset + configuration];
        if (image < configuration) {
            class_index = class_of_[layout.play_offset + image];
            continue;
        }
        class_index = static_cast<std::uint16_t>(layout.slot_count);
        const std::size_t at = 2 * (std::size_t{layout.slot_offset} + layout.slot_count);
        members_[at] = static_cast<std::uint16_t>(configuration);
        members_[at + 1] = static_cast<std::uint16_t>(image);
        ++layout.slot_count;
    }
}

std::span<const Square> Geometry::lane_squares(int shape, int lane) const {
    const ShapeLayout& layout = shapes_[shape];
    const Square* first =
        layout.kind == LaneKind::count ? all_squares.list : lane_squares_[layout.first_lane + lane];
    return {first, static_cast<std::size_t>(layout.cells)};
}

Features Geometry::features(Board board) const {
    Features features;
    HWY_STATIC_DISPATCH(sum_contributions)(*this, board, features);
    HWY_STATIC_DISPATCH(count_pairs)(*this, board, features);
    return features;
}

}  // namespace kiln::othello
