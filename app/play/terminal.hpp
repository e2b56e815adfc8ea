// TerminalDialogue: a game against a person, who types moves and sees the board.
//
// The person may ask for hints, take moves back and leave; passes happen by themselves. Works line
// by line, so that a pipe can play too. One thread.
#pragma once

#include <optional>
#include <string>

#include "app/play/dialogue.hpp"
#include "app/play/engine.hpp"
#include "app/play/game.hpp"

namespace kiln::app {

class TerminalDialogue final : public Dialogue {
  public:
    TerminalDialogue(Engine& engine, const othello::SearchLimits& limits, othello::Colour person,
                     LineSink say)
        : engine_(engine), limits_(limits), person_(person), say_(std::move(say)) {}

    void begin() override;
    bool answer(std::string_view line) override;
    void abandon() override;
    std::string prompt() const override;

    const Game& game() const { return game_; }

  private:
    void show_board();
    void play(std::string_view text);
    void hint();
    void undo();
    // The moves that are not the person's: the engine's, and passes. Then the board.
    void advance();
    void show_result();

    Engine& engine_;
    othello::SearchLimits limits_;
    othello::Colour person_;
    LineSink say_;
    Game game_;
};

}  // namespace kiln::app
