// GTP: the engine's side of the Go Text Protocol, version 2, with Othello on the board.
//
// Squares are Othello's: a1 is at the top left, black begins, f5 is a first move. `pass` is a legal
// move where there is no other, also after the end, because two passes tell a controller that the
// game is over. Every command is answered, in order, with "=" or "?"; a command that fails changes
// nothing. While time_settings or time_left give a clock, a move takes a share of its time. The
// comment "# interrupt" of GoGui stops a search that is under way. Source: G. Farneback,
// "Specification of the Go Text Protocol, version 2, draft 2".
#pragma once

#include <optional>
#include <span>
#include <string>

#include "app/play/dialogue.hpp"
#include "app/play/engine.hpp"
#include "app/play/game.hpp"
#include "app/play/game_clock.hpp"

namespace kiln::app {

class GtpDialogue final : public Dialogue {
  public:
    GtpDialogue(Engine& engine, const PlayLimits& limits, LineSink say)
        : engine_(engine), limits_(limits), say_(std::move(say)) {}

    bool answer(std::string_view line) override;

    // Whether a line stops the search before it.
    static bool is_urgent(std::string_view line);

    const Game& game() const { return game_; }

  private:
    // What is sent after "=" or "?".
    struct Reply {
        std::string text;
        bool is_failure = false;
    };
    struct Command {
        std::string_view name;
        Reply (GtpDialogue::*run)(std::string_view rest);
    };
    static std::span<const Command> commands();
    static Reply failure(std::string text) { return {std::move(text), true}; }

    Reply run(std::string_view name, std::string_view rest);

    Reply protocol_version(std::string_view rest);
    Reply name(std::string_view rest);
    Reply version(std::string_view rest);
    Reply known_command(std::string_view rest);
    Reply list_commands(std::string_view rest);
    Reply quit(std::string_view rest);
    Reply boardsize(std::string_view rest);
    Reply clear_board(std::string_view rest);
    Reply komi(std::string_view rest);
    Reply play(std::string_view rest);
    Reply genmove(std::string_view rest);
    Reply reg_genmove(std::string_view rest);
    Reply undo(std::string_view rest);
    Reply time_settings(std::string_view rest);
    Reply time_left(std::string_view rest);
    Reply showboard(std::string_view rest);
    Reply final_score(std::string_view rest);
    Reply set_game(std::string_view rest);
    Reply list_games(std::string_view rest);
    Reply interrupt(std::string_view rest);

    std::optional<othello::Board> board_of(othello::Colour colour) const;
    void new_game();

    Engine& engine_;
    PlayLimits limits_;
    LineSink say_;
    Game game_;
    GameClock clock_;
    bool has_quit_ = false;
};

}  // namespace kiln::app
