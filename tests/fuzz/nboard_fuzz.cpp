// Whole dialogues in the NBoard protocol, line by line.
#include "app/play/nboard.hpp"
#include "app/play/words.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/playing.hpp"

namespace kiln::fuzz {
namespace {

using namespace app;

constexpr std::size_t lines_max = 200;
constexpr std::size_t table_buckets = 64;  // a large one takes longer to clear than to use

void demand_one_line(std::string_view said) {
    demand(said.find_first_of(std::string_view("\n\r\0", 3)) == std::string_view::npos,
           "an answer is one line");
    demand(said.size() < 1000, "an answer is short");
}

}  // namespace

void run(Input input) {
    test::PlayingRig rig(table_buckets);
    std::size_t moves_found = 0;
    NboardDialogue nboard(
        rig.engine, {.depth = 1, .nodes = 200},
        [&](std::string_view said) {
            demand_one_line(said);
            moves_found += said.starts_with("=== ");
        },
        demand_one_line);
    std::string_view text = text_of(input);
    for (std::size_t lines = 0; lines < lines_max && !text.empty(); ++lines) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const othello::Position before = nboard.game().position();
        moves_found = 0;
        if (!nboard.answer(line))
            return;
        std::string_view rest = line;
        const std::string_view command = take_word(rest);
        demand(moves_found == (command == "go" && line.size() <= line_bytes_max),
               "go is answered once, and nothing else with a move");
        demand(command == "move" || command == "set" || nboard.game().position() == before,
               "only move and set game change the game");
    }
}

std::vector<std::string> seeds() {
    return {
        "nboard 2\nset depth 2\nset game (;GM[Othello]BO[8 "
        "---------------------------O*------*O--------------------------- "
        "*]B[F5]W[F6];)\nping 1\nhint 3\ngo\nmove D3/0.5/0.1\nhint 1\nlearn\nquit\n",
        "set game (;BO[8 -O******--------------------------------------------------------"
        " O]W[PA];)\ngo\nmove A1\ngo\nhint 2\nmove PA\nset contempt 3\nfly\n",
        "move f5\nmove d6\nmove c3\nmove pa\nset depth 0\nping x\nhint -1\ngo\r\n"};
}

}  // namespace kiln::fuzz
