#include "app/play/terminal.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "app/play/words.hpp"
#include "app/text.hpp"

namespace kiln::app {

using othello::Colour;

namespace {

constexpr std::size_t hints_shown = 5;

const char* with_sign(Colour colour) {
    return colour == Colour::black ? "black (X)" : "white (O)";
}

std::string legal_moves_of(const othello::Board& board) {
    std::string moves;
    for (othello::Bits legal = othello::legal_moves(board); legal != 0; legal &= legal - 1)
        moves += fmt::format(
            " {}",
            othello::square_name(static_cast<othello::Square>(std::countr_zero(legal))).text);
    return moves;
}

std::string describe(const ChosenMove& choice) {
    return fmt::format(
        "{} discs, {}", format_discs(choice.discs()),
        choice.is_exact ? std::string("exact") : fmt::format("at depth {}", choice.depth));
}

}  // namespace

void TerminalDialogue::begin() {
    say_(fmt::format("You play {}. Type a move like f5, or help.", with_sign(person_)));
    advance();
}

std::string TerminalDialogue::prompt() const {
    return fmt::format("{}> ", name_of(person_));
}

bool TerminalDialogue::answer(std::string_view line) {
    std::string_view rest = line;
    const std::string_view word = take_word(rest);
    if (word == "quit" || word == "exit" || word == "q") {
        abandon();
        return false;
    }
    if (word == "help" || word == "?") {
        say_("f5     play there; a pass happens by itself");
        say_("hint   what the moves are worth");
        say_("undo   take your last move back");
        say_("board  draw the board again");
        say_("quit   leave the game");
    } else if (word == "hint") {
        hint();
    } else if (word == "undo") {
        undo();
    } else if (word == "board") {
        show_board();
    } else if (!word.empty()) {
        play(rest.empty() ? word : line);
    }
    return !game_.is_over();
}

void TerminalDialogue::abandon() {
    if (!game_.is_over() && game_.move_count() > 0)
        say_(fmt::format("The game is not over. Its moves: {}", game_.moves()));
}

void TerminalDialogue::show_board() {
    const othello::Position& position = game_.position();
    char buffer[othello::board_picture_bytes];
    std::string_view picture = othello::draw_board(position, buffer);
    say_(picture.substr(0, picture.size() - 1));
    say_(fmt::format("black (X) {}, white (O) {}, empty {}",
                     std::popcount(position.discs(Colour::black)),
                     std::popcount(position.discs(Colour::white)), position.board.empties()));
}

void TerminalDialogue::play(std::string_view text) {
    const auto move = parse_move(text);
    if (!move) {
        say_(fmt::format("{} is not a move; type a square like f5, or help", quoted(text)));
        return;
    }
    if (!game_.play(*move)) {
        say_(fmt::format("{} is not legal here; you can play{}", quoted(text),
                         legal_moves_of(game_.position().board)));
        return;
    }
    advance();
}

void TerminalDialogue::hint() {
    const Ranking ranking = engine_.rank(game_.position().board, limits_, [](const Ranking&) {});
    for (std::size_t i = 0; i < std::min(hints_shown, ranking.choices.size()); ++i)
        say_(fmt::format("{}  {}", othello::square_name(ranking.choices[i].move).text,
                         describe(ranking.choices[i])));
}

void TerminalDialogue::undo() {
    Game back = game_;
    do {
        if (!back.undo()) {
            say_("there is no move of yours to take back");
            return;
        }
    } while (back.position().to_move != person_ || back.must_pass());
    game_ = back;
    show_board();
}

void TerminalDialogue::advance() {
    while (!game_.is_over()) {
        const Colour to_move = game_.position().to_move;
        if (game_.must_pass()) {
            say_(fmt::format("{} no move and must pass.",
                             to_move == person_ ? "You have" : "Kiln has"));
            (void)game_.play(othello::no_square);
        } else if (to_move == person_) {
            break;
        } else {
            const Thought thought = engine_.choose(game_.position().board, limits_);
            say_(fmt::format("Kiln plays {} ({}).", othello::square_name(thought.best.move).text,
                             describe(thought.best)));
            (void)game_.play(thought.best.move);
        }
    }
    show_board();
    if (game_.is_over())
        show_result();
}

void TerminalDialogue::show_result() {
    const int lead = game_.black_lead();
    const int yours = person_ == Colour::black ? lead : -lead;
    say_(yours == 0 ? std::string("The game is over: a draw.")
                    : fmt::format("The game is over: {} {}.",
                                  yours > 0 ? "you win by" : "Kiln wins by", std::abs(yours)));
    say_(fmt::format("Its moves: {}", game_.moves()));
}

}  // namespace kiln::app
