#include "app/play/gtp.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "app/play/words.hpp"
#include "app/text.hpp"

namespace kiln::app {

using othello::Colour;
using othello::Position;

namespace {

constexpr std::string_view interrupt_comment = "# interrupt";
constexpr std::size_t id_digits_max = 10;
constexpr double seconds_max = 1e9;

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

// Section 3.1: control characters and comments away, tabs are blanks.
std::string cleaned(std::string_view line) {
    std::string text;
    for (const char c : line.substr(0, line.find('#'))) {
        if (c == '\t')
            text += ' ';
        else if (static_cast<unsigned char>(c) >= ' ' && c != '\x7f')
            text += c;
    }
    return text;
}

bool is_id(std::string_view word) {
    return !word.empty() && word.size() <= id_digits_max &&
           std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<Colour> parse_colour(std::string_view word) {
    const std::string text = lower(word);
    if (text == "b" || text == "black")
        return Colour::black;
    if (text == "w" || text == "white")
        return Colour::white;
    return std::nullopt;
}

std::optional<double> parse_seconds(std::string_view word) {
    const auto seconds = parse_real(word);
    if (!seconds || !(*seconds >= 0) || *seconds > seconds_max)
        return std::nullopt;
    return seconds;
}

std::optional<int> parse_stones(std::string_view word) {
    const auto stones = parse_count(word);
    if (!stones || *stones > 1'000'000)
        return std::nullopt;
    return static_cast<int>(*stones);
}

std::string vertex(othello::Square move) {
    return move == othello::no_square ? "pass" : othello::square_name(move).text;
}

std::string not_the_turn_of(Colour colour) {
    return fmt::format("illegal move: it is not the turn of {}", name_of(colour));
}

}  // namespace

std::span<const GtpDialogue::Command> GtpDialogue::commands() {
    static constexpr Command all[] = {
        {"protocol_version", &GtpDialogue::protocol_version},
        {"name", &GtpDialogue::name},
        {"version", &GtpDialogue::version},
        {"known_command", &GtpDialogue::known_command},
        {"list_commands", &GtpDialogue::list_commands},
        {"quit", &GtpDialogue::quit},
        {"boardsize", &GtpDialogue::boardsize},
        {"clear_board", &GtpDialogue::clear_board},
        {"komi", &GtpDialogue::komi},
        {"play", &GtpDialogue::play},
        {"genmove", &GtpDialogue::genmove},
        {"reg_genmove", &GtpDialogue::reg_genmove},
        {"undo", &GtpDialogue::undo},
        {"time_settings", &GtpDialogue::time_settings},
        {"time_left", &GtpDialogue::time_left},
        {"showboard", &GtpDialogue::showboard},
        {"final_score", &GtpDialogue::final_score},
        {"set_game", &GtpDialogue::set_game},
        {"list_games", &GtpDialogue::list_games},
        {"gogui-interrupt", &GtpDialogue::interrupt},
    };
    return all;
}

bool GtpDialogue::is_urgent(std::string_view line) {
    return line.starts_with(interrupt_comment);
}

bool GtpDialogue::answer(std::string_view line) {
    const std::string text = cleaned(line);
    std::string_view rest = text;
    std::string_view command = take_word(rest);
    std::string_view id;
    if (is_id(command)) {
        id = command;
        command = take_word(rest);
    }
    if (command.empty() && id.empty())
        return true;
    const Reply reply =
        line.size() > line_bytes_max
            ? failure(fmt::format("syntax error: a line has at most {} bytes", line_bytes_max))
            : run(command, rest);
    const std::string mark = fmt::format("{}{}", reply.is_failure ? '?' : '=', id);
    say_(reply.text.empty() ? mark : fmt::format("{} {}", mark, reply.text));
    say_("");
    return !has_quit_;
}

GtpDialogue::Reply GtpDialogue::run(std::string_view name, std::string_view rest) {
    for (const Command& command : commands())
        if (command.name == name)
            return (this->*command.run)(rest);
    return failure("unknown command");
}

GtpDialogue::Reply GtpDialogue::protocol_version(std::string_view) {
    return {"2"};
}

GtpDialogue::Reply GtpDialogue::name(std::string_view) {
    return {"Kiln"};
}

GtpDialogue::Reply GtpDialogue::version(std::string_view) {
    return {KILN_VERSION};
}

GtpDialogue::Reply GtpDialogue::known_command(std::string_view rest) {
    const std::string_view name = take_word(rest);
    const auto all = commands();
    return {std::any_of(all.begin(), all.end(), [&](const Command& c) { return c.name == name; })
                ? "true"
                : "false"};
}

GtpDialogue::Reply GtpDialogue::list_commands(std::string_view) {
    std::string names;
    for (const Command& command : commands())
        names += fmt::format("{}{}", names.empty() ? "" : "\n", command.name);
    return {names};
}

GtpDialogue::Reply GtpDialogue::quit(std::string_view) {
    has_quit_ = true;
    return {};
}

GtpDialogue::Reply GtpDialogue::boardsize(std::string_view rest) {
    const auto size = parse_count(take_word(rest));
    if (!size)
        return failure("syntax error: boardsize 8");
    if (*size != 8)
        return failure("unacceptable size");
    new_game();
    return {};
}

GtpDialogue::Reply GtpDialogue::clear_board(std::string_view) {
    new_game();
    return {};
}

GtpDialogue::Reply GtpDialogue::komi(std::string_view rest) {
    if (!parse_real(take_word(rest)))
        return failure("syntax error: komi NUMBER");
    return {};  // Othello knows none
}

GtpDialogue::Reply GtpDialogue::play(std::string_view rest) {
    const auto colour = parse_colour(take_word(rest));
    const std::string_view word = take_word(rest);
    const auto move = parse_move(word);
    if (!colour || !move)
        return failure("syntax error: play black|white SQUARE|pass");
    if (game_.play(*colour, *move))
        return {};
    if (*colour != game_.position().to_move && !game_.must_pass())
        return failure(not_the_turn_of(*colour));
    return failure(*move == othello::no_square ? "illegal move: there is a move to play"
                                               : "illegal move");
}

// The position as that player would move in it: after a pass, if the other one must.
std::optional<othello::Board> GtpDialogue::board_of(Colour colour) const {
    if (colour == game_.position().to_move)
        return game_.position().board;
    if (!game_.must_pass())
        return std::nullopt;
    return othello::after_pass(game_.position().board);
}

GtpDialogue::Reply GtpDialogue::genmove(std::string_view rest) {
    const auto colour = parse_colour(take_word(rest));
    if (!colour)
        return failure("syntax error: genmove black|white");
    const auto board = board_of(*colour);
    if (!board)
        return failure(not_the_turn_of(*colour));
    othello::SearchLimits limits = limits_.usual;
    if (clock_.is_running()) {
        limits = limits_.under_clock;
        const std::uint64_t share_ns = clock_.share_ns(*colour, board->empties());
        limits.time_ns = limits.time_ns == 0 ? share_ns : std::min(limits.time_ns, share_ns);
    }
    const Thought thought = engine_.choose(*board, limits);
    clock_.spend(*colour, thought.seconds());
    if (!game_.play(*colour, thought.best.move))
        return failure("illegal move: the game is over");  // passed without end
    return {vertex(thought.best.move)};
}

GtpDialogue::Reply GtpDialogue::reg_genmove(std::string_view rest) {
    const auto colour = parse_colour(take_word(rest));
    if (!colour)
        return failure("syntax error: reg_genmove black|white");
    const auto board = board_of(*colour);
    if (!board)
        return failure(not_the_turn_of(*colour));
    return {vertex(engine_.choose(*board, limits_.usual).best.move)};
}

GtpDialogue::Reply GtpDialogue::undo(std::string_view) {
    if (!game_.undo())
        return failure("cannot undo");
    return {};
}

GtpDialogue::Reply GtpDialogue::time_settings(std::string_view rest) {
    const auto main_s = parse_seconds(take_word(rest));
    const auto period_s = parse_seconds(take_word(rest));
    const auto stones = parse_stones(take_word(rest));
    if (!main_s || !period_s || !stones)
        return failure("syntax error: time_settings MAIN_SECONDS BYO_YOMI_SECONDS STONES");
    clock_.set({.main_s = *main_s, .period_s = *period_s, .stones = *stones});
    return {};
}

GtpDialogue::Reply GtpDialogue::time_left(std::string_view rest) {
    const auto colour = parse_colour(take_word(rest));
    const auto seconds = parse_seconds(take_word(rest));
    const auto stones = parse_stones(take_word(rest));
    if (!colour || !seconds || !stones)
        return failure("syntax error: time_left black|white SECONDS STONES");
    clock_.set_left(*colour, *seconds, *stones);
    return {};
}

GtpDialogue::Reply GtpDialogue::showboard(std::string_view) {
    const Position& position = game_.position();
    char buffer[othello::board_picture_bytes];
    return {fmt::format("\n{}black (X) {}, white (O) {}, {}", othello::draw_board(position, buffer),
                        std::popcount(position.discs(Colour::black)),
                        std::popcount(position.discs(Colour::white)),
                        game_.is_over() ? "the game is over"
                                        : fmt::format("{} to move", name_of(position.to_move)))};
}

GtpDialogue::Reply GtpDialogue::final_score(std::string_view) {
    if (!game_.is_over())
        return failure("cannot score: the game is not over");
    const int lead = game_.black_lead();
    if (lead == 0)
        return {"0"};
    return {fmt::format("{}+{}", lead > 0 ? 'B' : 'W', std::abs(lead))};
}

GtpDialogue::Reply GtpDialogue::set_game(std::string_view rest) {
    if (lower(take_word(rest)) != "othello")
        return failure("unknown game: there is Othello");
    new_game();
    return {};
}

GtpDialogue::Reply GtpDialogue::list_games(std::string_view) {
    return {"Othello"};
}

GtpDialogue::Reply GtpDialogue::interrupt(std::string_view) {
    return {};  // says that "# interrupt" is understood
}

void GtpDialogue::new_game() {
    game_ = Game();
    clock_.reset();
}

}  // namespace kiln::app
