// NBoard: the engine's side of the protocol between the NBoard board and an engine, version 2.
//
// The board tells the position with `set game` and `move`, asks with `go` and `hint`, and keeps
// both sides together with `ping`: everything before it is finished or stopped when `pong` comes,
// so is_urgent() lines stop a search that is under way. A stopped `go` still answers with its best
// move. `go` does not play the move; the board sends it back. Lines that are not understood are
// passed over as the protocol wants, and complained about once a word; what is wrong with a command
// is told in the status line. Source: C. Welty, "NBoard Protocol", version 2.
#pragma once

#include <set>
#include <string>

#include "app/play/dialogue.hpp"
#include "app/play/engine.hpp"
#include "app/play/game.hpp"

namespace kiln::app {

class NboardDialogue final : public Dialogue {
  public:
    NboardDialogue(Engine& engine, const othello::SearchLimits& limits, LineSink say,
                   LineSink complain)
        : engine_(engine), limits_(limits), say_(std::move(say)), complain_(std::move(complain)) {}

    bool answer(std::string_view line) override;

    // Whether a line stops the search before it.
    static bool is_urgent(std::string_view line);

    const Game& game() const { return game_; }

  private:
    void set(std::string_view rest);
    void move(std::string_view rest);
    void hint(std::string_view rest);
    void go();
    void ping(std::string_view rest);
    void pass_over(std::string_view word);
    void refuse(std::string_view what);  // in the status line

    Engine& engine_;
    othello::SearchLimits limits_;
    LineSink say_;
    LineSink complain_;
    Game game_;
    std::set<std::string, std::less<>> passed_over_;
};

}  // namespace kiln::app
