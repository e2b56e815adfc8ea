#include "app/play/nboard.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "app/play/ggf.hpp"
#include "app/play/words.hpp"
#include "app/text.hpp"

namespace kiln::app {

using othello::Square;

namespace {

// What somebody who sends noise is told about it.
constexpr std::size_t complaints_max = 32;

std::string name_of_move(Square move) {
    return move == othello::no_square ? "PA" : othello::square_name(move).text;
}

// The move and, if it is known, the reply to it, without a blank between them.
std::string line_of(const ChosenMove& choice) {
    std::string line = name_of_move(choice.move);
    if (choice.reply != othello::no_square)
        line += othello::square_name(choice.reply).text;
    return line;
}

std::string search_line(const ChosenMove& choice) {
    return fmt::format("search {} {:.2f} 0 {}{}", line_of(choice), choice.discs(), choice.depth,
                       choice.is_exact ? " exact" : "");
}

bool is_integer(std::string_view text) {
    if (text.starts_with('-'))
        text.remove_prefix(1);
    return !text.empty() && text.size() <= 18 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool NboardDialogue::is_urgent(std::string_view line) {
    const std::string_view word = take_word(line);
    return word == "ping" || word == "quit";
}

bool NboardDialogue::answer(std::string_view line) {
    if (line.size() > line_bytes_max) {
        refuse(fmt::format("a line has at most {} bytes; it is passed over", line_bytes_max));
        return true;
    }
    std::string_view rest = line;
    const std::string_view command = take_word(rest);
    if (command == "quit")
        return false;
    if (command == "nboard") {
        say_("set myname Kiln");
        if (rest != "2")
            complain_(
                fmt::format("protocol version {} is asked for; this is version 2", quoted(rest)));
    } else if (command == "set") {
        set(rest);
    } else if (command == "move") {
        move(rest);
    } else if (command == "hint") {
        hint(rest);
    } else if (command == "go") {
        go();
    } else if (command == "ping") {
        ping(rest);
    } else if (command == "learn") {
        say_("learned");  // a model is trained by `kiln train` alone
    } else if (!command.empty()) {
        pass_over(command);
    }
    return true;
}

void NboardDialogue::set(std::string_view rest) {
    const std::string_view what = take_word(rest);
    if (what == "depth") {
        const auto depth = parse_count(rest);
        if (!depth || *depth < 1)
            return refuse(fmt::format("set depth {}: a number of plies from 1", quoted(rest)));
        limits_.depth = static_cast<int>(std::min<std::uint64_t>(*depth, 60));
    } else if (what == "game") {
        std::variant<Game, std::string> game = read_ggf(rest);
        if (const std::string* wrong = std::get_if<std::string>(&game))
            return refuse(*wrong);
        game_ = std::get<Game>(std::move(game));
    } else if (what != "contempt") {  // a draw is a draw to Kiln
        pass_over(fmt::format("set {}", what));
    }
}

void NboardDialogue::move(std::string_view rest) {
    const std::string_view text = rest.substr(0, rest.find_first_of("/ \t"));
    const auto move = parse_move(text);
    if (!move)
        return refuse(fmt::format("move {}: a square like F5, or PA", quoted(text)));
    if (!game_.play(*move))
        refuse(fmt::format("move {}: {} cannot play that now", quoted(text),
                           name_of(game_.position().to_move)));
}

void NboardDialogue::hint(std::string_view rest) {
    const auto wanted = parse_count(rest);
    if (!wanted || *wanted < 1)
        return refuse(fmt::format("hint {}: a number of moves from 1", quoted(rest)));
    if (game_.is_over())
        return refuse("hint: the game is over");
    say_("status Kiln is thinking");
    const auto tell = [&](const Ranking& ranking) {
        for (std::size_t i = 0; i < std::min<std::size_t>(*wanted, ranking.choices.size()); ++i)
            say_(search_line(ranking.choices[i]));
        say_(fmt::format("nodestats {} {:.2f}", ranking.nodes, ranking.seconds()));
    };
    (void)engine_.rank(game_.position().board, limits_, tell);
    say_("status Kiln is waiting");
}

void NboardDialogue::go() {
    say_("status Kiln is thinking");
    const Thought thought = engine_.choose(game_.position().board, limits_);
    say_(fmt::format("nodestats {} {:.2f}", thought.nodes, thought.seconds()));
    say_(fmt::format("=== {}/{:.2f}/{:.2f}", name_of_move(thought.best.move), thought.best.discs(),
                     thought.seconds()));
    say_(game_.is_over() ? "status The game is over" : "status Kiln is waiting");
}

void NboardDialogue::ping(std::string_view rest) {
    if (!is_integer(rest))
        return refuse(fmt::format("ping {}: a whole number", quoted(rest)));
    say_(fmt::format("pong {}", rest));
}

void NboardDialogue::pass_over(std::string_view word) {
    if (passed_over_.size() >= complaints_max || !passed_over_.insert(quoted(word)).second)
        return;
    complain_(fmt::format("{} is not understood; lines with it are passed over", quoted(word)));
}

void NboardDialogue::refuse(std::string_view what) {
    say_(fmt::format("status Error: {}", what));
}

}  // namespace kiln::app
