// `kiln play`: a game against the model, by a person at the terminal or by a program that speaks a
// protocol.
#pragma once

#include "core/othello/notation.hpp"

#include "app/exit_code.hpp"
#include "app/model_file.hpp"
#include "app/play/dialogue.hpp"

namespace kiln::app {

enum class PlayProtocol { terminal, nboard, gtp };

struct PlayOptions {
    ModelSource model;
    PlayLimits limits;
    PlayProtocol protocol = PlayProtocol::terminal;
    othello::Colour person = othello::Colour::black;  // at the terminal
};

ExitCode run_play(const PlayOptions& options);

}  // namespace kiln::app
