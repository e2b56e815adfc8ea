#include "app/play/ggf.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "app/play/words.hpp"

namespace kiln::app {
namespace {

using othello::Colour;
using othello::Position;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

class GgfReader {
  public:
    explicit GgfReader(std::string_view text) : text_(text) {}

    std::variant<Game, std::string> read() {
        skip_blanks();
        if (!skip("(;"))
            return wrong("a game begins with (;");
        for (skip_blanks(); !skip(";)"); skip_blanks()) {
            if (auto complaint = read_property())
                return *complaint;
        }
        skip_blanks();
        if (at_ < text_.size())
            return wrong("one game is expected, and something follows it");
        return game_ ? *game_ : Game();
    }

  private:
    using Complaint = std::optional<std::string>;

    std::string wrong(std::string_view what) const {
        return fmt::format("GGF, character {}: {}", at_ + 1, what);
    }

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_]))
            ++at_;
    }

    bool skip(std::string_view expected) {
        if (!text_.substr(at_).starts_with(expected))
            return false;
        at_ += expected.size();
        return true;
    }

    Complaint read_property() {
        const std::size_t start = at_;
        while (at_ < text_.size() && is_letter(text_[at_]))
            ++at_;
        const std::string_view name = text_.substr(start, at_ - start);
        if (name.empty())
            return wrong(at_ < text_.size() ? "a property like B[F5] or the end ;) is expected"
                                            : "it ends before the end ;)");
        if (!skip("["))
            return wrong("a property's value begins with [");
        const std::size_t end = text_.find(']', at_);
        if (end == std::string_view::npos)
            return wrong("the value is not closed with ]");
        const std::string_view value = trimmed(text_.substr(at_, end - at_));
        Complaint complaint;
        if (name == "B" || name == "W")
            complaint = read_move(name == "B" ? Colour::black : Colour::white, value);
        else if (name == "BO")
            complaint = read_board(value);
        else if (name == "GM")
            complaint = read_kind(value);
        else if (name == "TY")
            complaint = read_type(value);
        at_ = end + 1;
        return complaint;
    }

    Complaint read_kind(std::string_view value) const {
        constexpr std::string_view othello = "othello";
        const auto same = [](char left, char right) { return (left | 0x20) == right; };
        if (std::equal(value.begin(), value.end(), othello.begin(), othello.end(), same))
            return {};
        return wrong(fmt::format("it is a game of {}, not of Othello", quoted(value)));
    }

    // "8", "8r18", "s8r20": the first number is the board's size.
    Complaint read_type(std::string_view value) const {
        const auto* const first = std::find_if(value.begin(), value.end(), is_digit);
        const auto* const last = std::find_if_not(first, value.end(), is_digit);
        if (std::string_view(first, static_cast<std::size_t>(last - first)) == "8")
            return {};
        return wrong(fmt::format("type {} is not played on 8x8 squares", quoted(value)));
    }

    Complaint read_board(std::string_view value) {
        if (game_)
            return wrong("the board BO comes once, before the moves");
        if (!value.starts_with("8") || value.size() < 2 || !is_blank(value[1]))
            return wrong("a board is BO[8 CELLS SIDE], 64 cells a1 to h8 of * O - and the side");
        const std::string_view cells = value.substr(2);
        if (cells.size() -
                static_cast<std::size_t>(std::count_if(cells.begin(), cells.end(), is_blank)) !=
            othello::square_count + 1)
            return wrong("a board has 64 cells and the side to move");
        const Result<Position> position = othello::parse_position(cells);
        if (!position)
            return wrong(fmt::format("character {} of the board is none of * O -",
                                     position.error().detail + 3));
        game_.emplace(position.value());
        return {};
    }

    Complaint read_move(Colour colour, std::string_view value) {
        if (!game_)
            game_.emplace();
        const std::string_view text = trimmed(value.substr(0, value.find('/')));
        const auto move = parse_move(text);
        if (!move)
            return wrong(fmt::format("{} is no move like F5 or PA", quoted(text)));
        if (!game_->play(colour, *move))
            return wrong(fmt::format("{} cannot play {} as move {}, {} is to move", name_of(colour),
                                     quoted(text), game_->move_count() + 1,
                                     name_of(game_->position().to_move)));
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::optional<Game> game_;  // from the board or the first move on
};

}  // namespace

std::variant<Game, std::string> read_ggf(std::string_view text) {
    return GgfReader(text).read();
}

}  // namespace kiln::app
