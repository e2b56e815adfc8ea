#include "app/obf.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/text.hpp"
#include "platform/linux/errno_error.hpp"

namespace kiln::app {
namespace {

using othello::Colour;
using othello::Square;

constexpr int discs_max = 64;
constexpr std::size_t name_length_max = 20;

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool is_printable(char c) {
    return c > ' ' && c <= '~';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

// Reads one line from left to right; where it stands is where a complaint points to.
class LineParser {
  public:
    LineParser(std::string_view text, const std::string& place) : text_(text), place_(place) {}

    ObfPosition parse() {
        ObfPosition out;
        skip_blanks();
        read_board(out);
        skip_blanks();
        while (peek() == ';') {
            ++at_;
            skip_blanks();
            if (!is_at_end() && peek() != '%' && peek() != ';')
                read_score(out);
            skip_blanks();
        }
        if (peek() == '%')
            out.comment = trimmed(text_.substr(at_ + 1));
        else if (!is_at_end())
            complain("after a position and its scores, ';', '%' and a comment, or nothing");
        return out;
    }

  private:
    bool is_at_end() const { return at_ >= text_.size(); }
    char peek() const { return is_at_end() ? '\0' : text_[at_]; }
    void skip_blanks() {
        while (!is_at_end() && is_blank(peek()))
            ++at_;
    }

    [[noreturn]] void complain(const std::string& wanted) const {
        std::string found = "the line ends";
        if (!is_at_end())
            found = is_printable(peek())
                        ? fmt::format("there is '{}'", peek())
                        : fmt::format("there is byte 0x{:02x}", static_cast<unsigned char>(peek()));
        refuse(fmt::format("{}; here belongs: {}", found, wanted));
    }
    [[noreturn]] void refuse(const std::string& what) const {
        throw Failure(ExitCode::bad_data, fmt::format("{}:{}: {}", place_, at_ + 1, what));
    }

    void read_board(ObfPosition& out) {
        constexpr const char* cells = "one of 64 cells from a1 to h8, X black, O white, - empty";
        constexpr const char* side = "a blank and the side to move, X or O";
        const std::size_t begin = at_;
        for (int square = 0; square < othello::square_count; ++square, ++at_)
            if (is_at_end() || !is_printable(peek()) || peek() == ';')
                complain(cells);
        if (!is_blank(peek()))
            complain(side);
        skip_blanks();
        if (is_at_end() || peek() == ';' || peek() == '%')
            complain(side);
        const auto position = othello::parse_position(text_.substr(begin, at_ + 1 - begin));
        if (!position) {
            const bool is_side = begin + position.error().detail >= at_;
            at_ = begin + static_cast<std::size_t>(position.error().detail);
            complain(is_side ? side : cells);
        }
        ++at_;
        out.position = position.value();
    }

    void read_score(ObfPosition& out) {
        const std::size_t begin = at_;
        const ObfScore score = {read_move(out.board()), read_discs()};
        if (out.known_discs(score.move)) {
            at_ = begin;
            refuse(fmt::format("the move {} has a score already; leave one of them out",
                               othello::square_name(score.move).text));
        }
        out.scores.push_back(score);
    }

    Square read_move(const othello::Board& board) {
        const std::string_view word = text_.substr(at_, 2);
        const othello::Bits legal = othello::legal_moves(board);
        const Result<Square> square = othello::parse_square(word);
        const bool is_pass = word == "--" || word == "pa" || word == "PA" || word == "Pa" ||
                             word == "ps" || word == "PS" || word == "Ps";
        if (!square && !is_pass)
            complain("a move like f5, or -- for a pass");
        if (is_pass ? legal != 0 : (legal & othello::bit(square.value())) == 0)
            refuse(fmt::format("the move {} is not legal there", word));
        at_ += word.size();
        skip_blanks();
        if (peek() != ':')
            complain("':' and the move's score");
        ++at_;
        return is_pass ? othello::no_square : square.value();
    }

    int read_discs() {
        skip_blanks();
        const std::size_t begin = at_;
        const bool is_negative = peek() == '-';
        if (is_negative || peek() == '+')
            ++at_;
        if (!is_digit(peek()))
            complain("a score in discs from -64 to +64");
        int discs = 0;
        for (; is_digit(peek()); ++at_)
            discs = std::min(10 * discs + (peek() - '0'), discs_max + 1);
        if (discs > discs_max) {
            at_ = begin;
            refuse("the score is beyond 64 discs; a score is a final disc difference");
        }
        return is_negative ? -discs : discs;
    }

    std::string_view text_;
    const std::string& place_;
    std::size_t at_ = 0;
};

Failure cannot_read(const std::string& origin, const std::string& path, int number) {
    return Failure(exit_code_of(platform::error_from_errno(number)),
                   fmt::format("{}: cannot read {}: {}; give a file of positions in OBF", origin,
                               path, std::strerror(number)));
}

}  // namespace

std::optional<int> ObfPosition::known_discs() const {
    std::optional<int> best;
    for (const ObfScore& score : scores)
        best = std::max(best.value_or(score.discs), score.discs);
    return best;
}

std::optional<int> ObfPosition::known_discs(Square move) const {
    for (const ObfScore& score : scores)
        if (score.move == move)
            return score.discs;
    return std::nullopt;
}

std::string ObfPosition::name() const {
    std::string word(comment.substr(0, comment.find_first_of(" \t")));
    const bool is_word =
        !word.empty() && ((word[0] >= 'A' && word[0] <= 'Z') || (word[0] >= 'a' && word[0] <= 'z'));
    if (!is_word || word.size() > name_length_max ||
        !std::all_of(word.begin(), word.end(), is_printable))
        return "";
    return word;
}

ObfPosition parse_obf(std::string_view text, const std::string& place) {
    if (!text.empty() && text.back() == '\r')
        text.remove_suffix(1);
    return LineParser(text, place).parse();
}

std::string to_obf(const ObfPosition& position) {
    const othello::Bits black = position.position.discs(Colour::black);
    const othello::Bits white = position.position.discs(Colour::white);
    std::string text;
    for (int square = 0; square < othello::square_count; ++square)
        text += (black & othello::bit(square)) != 0   ? 'X'
                : (white & othello::bit(square)) != 0 ? 'O'
                                                      : '-';
    text += position.position.to_move == Colour::black ? " X;" : " O;";
    for (const ObfScore& score : position.scores)
        text += fmt::format(" {}:{:+};", othello::square_name(score.move).text, score.discs);
    if (!position.comment.empty())
        text += " % " + on_one_line(position.comment);
    return text;
}

ObfReader::ObfReader(std::string path, const std::string& origin)
    : path_(std::move(path)), file_(std::fopen(path_.c_str(), "re"), std::fclose) {
    if (!file_)
        throw cannot_read(origin, path_, errno);
}

bool ObfReader::read_line(std::string& line) {
    line.clear();
    ++line_;
    int c = std::getc(file_.get());
    const bool is_something = c != EOF;
    for (; c != EOF && c != '\n'; c = std::getc(file_.get())) {
        if (line.size() >= line_bytes_max)
            throw Failure(ExitCode::bad_data,
                          fmt::format("{}:{}: the line is longer than {} bytes; OBF has one "
                                      "position a line",
                                      path_, line_, line_bytes_max));
        line += static_cast<char>(c);
    }
    if (std::ferror(file_.get()) != 0)
        throw cannot_read(fmt::format("line {}", line_), path_, errno);
    return is_something;
}

bool ObfReader::next(ObfPosition& position) {
    std::string line;
    while (read_line(line)) {
        const std::string_view text = trimmed(line);
        if (text.empty())
            continue;
        if (text.front() == '#' || text.front() == '%') {
            if (is_in_header_)
                header_.emplace_back(text);
            continue;
        }
        is_in_header_ = false;
        position = parse_obf(line, fmt::format("{}:{}", path_, line_));
        return true;
    }
    return false;
}

void ObfReader::rewind() {
    if (std::fseek(file_.get(), 0, SEEK_SET) != 0)
        throw Failure(ExitCode::no_input,
                      fmt::format("{}: it is read twice, and a pipe can be read once; write it to "
                                  "a file first",
                                  path_));
    line_ = 0;
}

}  // namespace kiln::app
