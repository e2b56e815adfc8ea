// OBF: positions as text, one a line, with what is known of them. Edax, Zebra and the published
// endgame test sets use it.
//
//     64 cells a1 b1 ... h8 in X O -, the side to move, then "; move:score" as often as wanted,
//     and after % whatever else there is to say. Lines that begin with # or % are comments.
//
// A score is the final disc difference for the side to move under best play, empty squares to the
// winner. What is wrong is thrown as one line with file, line and column: no_input, permission or
// io_failed for the file, bad_data for what is in it. One thread a reader.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/othello/notation.hpp"

namespace kiln::app {

struct ObfScore {
    othello::Square move = othello::no_square;  // no_square: the pass
    int discs = 0;

    bool operator==(const ObfScore&) const = default;
};

struct ObfPosition {
    othello::Position position;
    std::vector<ObfScore> scores;  // legal moves, each at most once, in the order of the text
    std::string comment;

    bool operator==(const ObfPosition&) const = default;
    const othello::Board& board() const { return position.board; }
    // The largest of the scores: what the position is worth if the best move is among them.
    std::optional<int> known_discs() const;
    std::optional<int> known_discs(othello::Square move) const;
    // The comment's first word, where it begins with a letter, in ASCII; else empty.
    std::string name() const;
};

// `place` ("file.obf:12") goes before the column in a complaint. Not for comment lines.
ObfPosition parse_obf(std::string_view text, const std::string& place);

// One line without its end.
std::string to_obf(const ObfPosition& position);

class ObfReader {
  public:
    static constexpr std::size_t line_bytes_max = 4096;

    // origin: how the file was named, for messages.
    ObfReader(std::string path, const std::string& origin);

    // The next position; false at the end of the file.
    bool next(ObfPosition& position);
    // From the beginning again. Throws no_input for what can be read but once, like a pipe.
    void rewind();
    // Comment lines read so far, without their ends.
    const std::vector<std::string>& header() const { return header_; }

  private:
    bool read_line(std::string& line);

    std::string path_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    std::uint64_t line_ = 0;
    bool is_in_header_ = true;
    std::vector<std::string> header_;  // before the first position
};

}  // namespace kiln::app
