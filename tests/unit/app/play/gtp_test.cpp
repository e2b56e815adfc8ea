#include "app/play/gtp.hpp"

#include <gtest/gtest.h>

#include "tests/support/playing.hpp"

namespace kiln::app {
namespace {

class Gtp : public testing::Test {
  protected:
    // The answer to a line, without the empty line that ends it; "" if there is none.
    std::string ask(const std::string& line) {
        rig.said.clear();
        EXPECT_TRUE(gtp.answer(line)) << line;
        if (rig.said.empty())
            return "";
        EXPECT_EQ(rig.said.size(), 2u);
        EXPECT_EQ(rig.said.back(), "");
        EXPECT_EQ(rig.said.front().find("\n\n"), std::string::npos) << "that would end the answer";
        return rig.said.front();
    }
    void play(const std::string& moves) {
        for (std::size_t i = 0; i < moves.size(); i += 2)
            ASSERT_EQ(ask("play " + std::string(i % 4 == 0 ? "b " : "w ") + moves.substr(i, 2)),
                      "=");
    }

    test::PlayingRig rig;
    GtpDialogue gtp{rig.engine, {.usual = {.depth = 3}, .under_clock = {}}, rig.say()};
};

TEST_F(Gtp, answers_the_administrative_commands) {
    EXPECT_EQ(ask("protocol_version"), "= 2");
    EXPECT_EQ(ask("name"), "= Kiln");
    EXPECT_EQ(ask("version"), "= " KILN_VERSION);
    EXPECT_EQ(ask("list_games"), "= Othello");
    EXPECT_EQ(ask("set_game Othello"), "=");
    EXPECT_EQ(ask("set_game Go"), "? unknown game: there is Othello");
    EXPECT_EQ(ask("komi 6.5"), "=");
    EXPECT_EQ(ask("komi"), "? syntax error: komi NUMBER");
}

TEST_F(Gtp, knows_every_command_that_it_lists) {
    const std::string list = ask("list_commands").substr(2);
    std::size_t count = 0;
    for (std::size_t at = 0; at < list.size(); ++count) {
        const std::size_t end = std::min(list.find('\n', at), list.size());
        EXPECT_EQ(ask("known_command " + list.substr(at, end - at)), "= true");
        at = end + 1;
    }
    EXPECT_EQ(count, 20u);
    EXPECT_EQ(ask("known_command fly"), "= false");
    EXPECT_EQ(ask("known_command"), "= false");
    EXPECT_EQ(ask("fly"), "? unknown command");
}

TEST_F(Gtp, an_answer_carries_the_id_of_its_command) {
    EXPECT_EQ(ask("12 name"), "=12 Kiln");
    EXPECT_EQ(ask("0 play b f5"), "=0");
    EXPECT_EQ(ask("7 fly"), "?7 unknown command");
    EXPECT_EQ(ask("7"), "?7 unknown command");
    EXPECT_EQ(ask("-7 name"), "? unknown command");
}

TEST_F(Gtp, comments_blank_lines_and_control_characters_are_not_there) {
    for (const char* nothing : {"", "   ", "\t", "# name", "   # name", "\r", "\x01\x02"})
        EXPECT_EQ(ask(nothing), "") << nothing;
    EXPECT_EQ(ask("name # who is it"), "= Kiln");
    EXPECT_EQ(ask("na\x07me\r"), "= Kiln");
    EXPECT_EQ(ask("3\tknown_command\tname\t#x"), "=3 true");
    EXPECT_EQ(ask(std::string("na\0me", 5)), "= Kiln");
}

TEST_F(Gtp, only_othellos_board_is_acceptable) {
    EXPECT_EQ(ask("boardsize 8"), "=");
    EXPECT_EQ(ask("boardsize 19"), "? unacceptable size");
    EXPECT_EQ(ask("boardsize"), "? syntax error: boardsize 8");
    EXPECT_EQ(ask("boardsize eight"), "? syntax error: boardsize 8");
}

TEST_F(Gtp, squares_are_othellos) {
    EXPECT_EQ(ask("play black f5"), "=");
    EXPECT_EQ(ask("play WHITE D6"), "=");
    EXPECT_EQ(gtp.game().position(), othello::play_moves({}, "f5d6").value());
    const std::string board = ask("showboard");
    EXPECT_EQ(board.find("= \n  a b c d e f g h\n1 - - - - - - - - 1\n"), 0u) << board;
    EXPECT_NE(board.find("\n4 - - . O X - - - 4\n5 - - . O X X - - 5\n6 - - . O - - - - 6\n"),
              std::string::npos);
    EXPECT_NE(board.find("\nblack (X) 3, white (O) 3, black to move"), std::string::npos);
}

TEST_F(Gtp, genmove_plays_a_legal_move_and_reg_genmove_only_names_it) {
    const std::string named = ask("reg_genmove b");
    EXPECT_EQ(gtp.game().move_count(), 0u);
    EXPECT_EQ(ask("genmove b"), named);
    EXPECT_EQ("= " + gtp.game().moves(), named);
    EXPECT_EQ(ask("12 genmove white").substr(0, 4), "=12 ");
    EXPECT_EQ(gtp.game().move_count(), 2u);
}

TEST_F(Gtp, illegal_moves_change_nothing) {
    play("f5d6");
    EXPECT_EQ(ask("play b a1"), "? illegal move");
    EXPECT_EQ(ask("play b pass"), "? illegal move: there is a move to play");
    EXPECT_EQ(ask("play w c5"), "? illegal move: it is not the turn of white");
    EXPECT_EQ(ask("genmove w"), "? illegal move: it is not the turn of white");
    EXPECT_EQ(ask("reg_genmove w"), "? illegal move: it is not the turn of white");
    for (const char* wrong : {"play", "play b", "play green c3", "play b i9", "play b c33"})
        EXPECT_EQ(ask(wrong), "? syntax error: play black|white SQUARE|pass") << wrong;
    EXPECT_EQ(ask("genmove"), "? syntax error: genmove black|white");
    EXPECT_EQ(ask("reg_genmove x"), "? syntax error: reg_genmove black|white");
    EXPECT_EQ(gtp.game().moves(), "f5d6");
}

TEST_F(Gtp, undo_takes_back_and_fails_at_the_start) {
    play("f5d6");
    EXPECT_EQ(ask("undo"), "=");
    EXPECT_EQ(gtp.game().moves(), "f5");
    EXPECT_EQ(ask("undo"), "=");
    EXPECT_EQ(ask("undo"), "? cannot undo");
    play("f5");
    EXPECT_EQ(ask("clear_board"), "=");
    EXPECT_EQ(ask("undo"), "? cannot undo") << "another game has begun";
}

// Random play until white has no move and black has one.
std::string moves_to_a_pass() {
    RandomStream random = test::test_stream(1);
    for (;;) {
        Game game;
        while (!game.is_over() && !game.must_pass())
            (void)game.play(static_cast<othello::Square>(
                test::pick_bit(random, othello::legal_moves(game.position().board))));
        if (!game.is_over() && game.position().to_move == othello::Colour::white)
            return game.moves();
    }
}

TEST_F(Gtp, who_has_no_move_passes) {
    play(moves_to_a_pass());
    EXPECT_EQ(ask("reg_genmove w"), "= pass");
    EXPECT_EQ(ask("genmove w"), "= pass");
    EXPECT_EQ(ask("play b pass"), "? illegal move: there is a move to play");
    EXPECT_EQ(ask("undo"), "=");
    EXPECT_EQ(ask("play w pass"), "=");
    EXPECT_NE(ask("genmove b"), "= pass");
}

TEST_F(Gtp, a_forced_pass_may_be_left_out) {
    play(moves_to_a_pass());
    const othello::Position before = gtp.game().position();
    const std::string move = ask("genmove b");
    EXPECT_NE(move, "= pass");
    EXPECT_EQ(gtp.game().position().to_move, othello::Colour::white);
    EXPECT_EQ(ask("undo"), "=");
    EXPECT_EQ(gtp.game().position(), before);
    EXPECT_EQ(ask("play b " + move.substr(2)), "=");
}

TEST_F(Gtp, a_whole_game_ends_with_passes_and_a_score) {
    EXPECT_EQ(ask("final_score"), "? cannot score: the game is not over");
    for (const char* colour = "b"; !gtp.game().is_over(); colour = *colour == 'b' ? "w" : "b")
        ASSERT_EQ(ask(std::string("genmove ") + colour).substr(0, 2), "= ");
    const bool is_blacks_turn = gtp.game().position().to_move == othello::Colour::black;
    EXPECT_EQ(ask(is_blacks_turn ? "genmove b" : "genmove w"), "= pass");
    EXPECT_EQ(ask(is_blacks_turn ? "genmove w" : "genmove b"), "= pass");
    const int lead = gtp.game().black_lead();
    const std::string expected = lead == 0  ? "= 0"
                                 : lead > 0 ? "= B+" + std::to_string(lead)
                                            : "= W+" + std::to_string(-lead);
    EXPECT_EQ(ask("final_score"), expected);
    EXPECT_NE(ask("showboard").find("the game is over"), std::string::npos);
    for (int i = 0; i < 1000; ++i)
        (void)ask("genmove b");
    EXPECT_EQ(ask("final_score"), expected);
}

TEST_F(Gtp, a_clock_limits_what_a_move_takes) {
    rig.clock.step_ns = 10'000'000;  // every look at the clock is 10 ms later
    EXPECT_EQ(ask("time_settings 10 0 0"), "=");
    EXPECT_EQ(ask("genmove b").substr(0, 2), "= ") << "at depth 60 it would never end";
    EXPECT_EQ(ask("time_left white 1 0"), "=");
    EXPECT_EQ(ask("genmove w").substr(0, 2), "= ");
    EXPECT_EQ(ask("time_left b 5 2"), "=");
    EXPECT_EQ(ask("genmove b").substr(0, 2), "= ");
    EXPECT_EQ(ask("time_settings 0 1 0"), "=") << "no limit: the usual depth again";
    EXPECT_EQ(ask("genmove w").substr(0, 2), "= ");
    for (const char* wrong :
         {"time_settings", "time_settings 1 2", "time_settings -1 0 0", "time_settings nan 0 0",
          "time_settings 1 0 x", "time_settings inf 0 0"})
        EXPECT_EQ(ask(wrong), "? syntax error: time_settings MAIN_SECONDS BYO_YOMI_SECONDS STONES")
            << wrong;
    for (const char* wrong :
         {"time_left", "time_left b", "time_left b 1", "time_left x 1 1", "time_left b -1 0"})
        EXPECT_EQ(ask(wrong), "? syntax error: time_left black|white SECONDS STONES") << wrong;
}

TEST_F(Gtp, a_game_fits_its_time_when_nobody_tells_what_is_left) {
    rig.clock.step_ns = 1'000'000;
    EXPECT_EQ(ask("time_settings 2 0 0"), "=");
    const std::uint64_t started_ns = rig.clock.now_ns();
    for (const char* colour = "b"; !gtp.game().is_over(); colour = *colour == 'b' ? "w" : "b")
        ASSERT_EQ(ask(std::string("genmove ") + colour).substr(0, 2), "= ");
    EXPECT_LT(rig.clock.now_ns() - started_ns, 4'000'000'000u) << "two seconds each";
}

TEST_F(Gtp, an_interrupt_is_a_comment_that_stops_the_search_before_it) {
    EXPECT_TRUE(GtpDialogue::is_urgent("# interrupt"));
    EXPECT_FALSE(GtpDialogue::is_urgent("quit"));
    EXPECT_EQ(ask("# interrupt"), "");
    EXPECT_EQ(ask("gogui-interrupt"), "=");
}

TEST_F(Gtp, long_lines_are_refused_with_their_id) {
    EXPECT_EQ(ask("5 play b f5" + std::string(70'000, ' ')),
              "?5 syntax error: a line has at most 65536 bytes");
    EXPECT_EQ(gtp.game().move_count(), 0u);
}

TEST_F(Gtp, quit_is_answered_and_is_the_last_line) {
    EXPECT_FALSE(gtp.answer("9 quit"));
    EXPECT_EQ(rig.said, (std::vector<std::string>{"=9", ""}));
}

}  // namespace
}  // namespace kiln::app
