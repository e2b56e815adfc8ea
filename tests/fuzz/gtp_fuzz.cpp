// Whole dialogues in GTP, line by line.
#include "app/play/gtp.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/playing.hpp"

namespace kiln::fuzz {
namespace {

using namespace app;

constexpr std::size_t lines_max = 200;
constexpr std::size_t table_buckets = 64;  // a large one takes longer to clear than to use

void demand_answer(const std::vector<std::string>& said) {
    demand(said.empty() || said.size() == 2, "a command is answered once");
    if (said.empty())
        return;
    demand(said[0].starts_with('=') || said[0].starts_with('?'), "with success or failure");
    demand(said[1].empty() && said[0].find("\n\n") == std::string::npos,
           "an answer ends with the first empty line");
    demand(said[0].size() < 2000, "an answer is short");
}

}  // namespace

void run(Input input) {
    test::PlayingRig rig(table_buckets);
    GtpDialogue gtp(
        rig.engine,
        {.usual = {.depth = 1, .nodes = 200}, .under_clock = {.nodes = 200, .exact_empties = 0}},
        rig.say());
    std::string_view text = text_of(input);
    for (std::size_t lines = 0; lines < lines_max && !text.empty(); ++lines) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const othello::Position before = gtp.game().position();
        const std::size_t moves = gtp.game().move_count();
        rig.said.clear();
        const bool goes_on = gtp.answer(line);
        demand_answer(rig.said);
        if (rig.said.empty() || rig.said[0].starts_with('?'))
            demand(gtp.game().position() == before && gtp.game().move_count() == moves,
                   "what fails changes nothing");
        if (!goes_on)
            return;
    }
}

std::vector<std::string> seeds() {
    return {
        "1 protocol_version\n2 name\nversion\nlist_commands\nknown_command play\nboardsize 8\n"
        "clear_board\nkomi 0\nplay b f5\n7 genmove w\nreg_genmove b\nundo\nshowboard\n"
        "final_score\nset_game Othello\nlist_games\n9 quit\n",
        "time_settings 10 5 3\ntime_left b 1.5 0\ngenmove b\ntime_left white 2 1\ngenmove w\n"
        "time_settings 0 1 0\ngenmove black # comment\n# interrupt\n",
        "play b f5\nplay w d6\nplay b c3\nplay b pass\nundo\nundo\nundo\nundo\r\n\t12 foo\n12\n",
        "play b d3\nplay w e3\nplay b f4\nplay w pass\ngenmove w\ngenmove w\ngenmove x\n"};
}

}  // namespace kiln::fuzz
