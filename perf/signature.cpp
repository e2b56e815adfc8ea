#include "perf/signature.hpp"

#include "perf/fixed_player.hpp"
#include "perf/positions.hpp"

namespace kiln::perf {
namespace {

using othello::SearchLimits;

struct Part {
    const char* name;
    int positions;
    int empties;
    SearchLimits limits;
};
constexpr Part measured_parts[] = {
    {"opening, depth 6", 4, 52, {.depth = 6}},
    {"midgame, depth 6", 8, 36, {.depth = 6}},
    {"late midgame, depth 7", 8, 24, {.depth = 7}},
    {"midgame, 10,000 nodes", 8, 32, {.depth = 60, .nodes = 10'000}},
    {"exact, 12 empties", 24, 12, {.exact_empties = 12}},
    {"winner, 14 empties", 8, 14, {.exact_empties = 14, .only_winner = true}},
};

// Part of what is counted: a larger table answers more.
constexpr std::uint64_t table_bytes = 4u << 20;

}  // namespace

std::vector<SignaturePart> measure_signature() {
    othello::OthelloSettings settings;
    settings.table_bytes = table_bytes;
    FixedPlayer player(settings);
    std::vector<SignaturePart> signature;
    for (const Part& part : measured_parts) {
        std::uint64_t nodes = 0;
        for (const othello::Board& board : random_positions_with(part.positions, part.empties)) {
            player.searcher().table().begin_game();
            nodes += player.searcher().search(board, part.limits, nullptr, nullptr).nodes;
        }
        signature.push_back({part.name, nodes});
    }
    return signature;
}

std::string format_signature(const std::vector<SignaturePart>& parts) {
    std::string text;
    std::uint64_t total = 0;
    for (const SignaturePart& part : parts) {
        text += part.name + ": " + std::to_string(part.nodes) + "\n";
        total += part.nodes;
    }
    return text + "total: " + std::to_string(total) + "\n";
}

}  // namespace kiln::perf
