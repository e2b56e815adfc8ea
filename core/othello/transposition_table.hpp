// TranspositionTable: what a search already knows about positions.
//
// One worker's slice of the memory that the plan left over; any size works, because buckets are
// chosen by multiply-high instead of by mask. A bucket is a cache line of three entries. An entry
// keeps the whole position, so a hit is never a false one; the number of the game it was made in is
// kept once a bucket, and a bucket of another game counts as empty. So a game's result does not
// depend on what the worker did before. Heuristic values and exact results are kept apart by `kind`
// and never answer for each other. Not thread-safe: one table a worker.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "core/base/check.hpp"
#include "core/base/wide.hpp"
#include "core/othello/board.hpp"
#include "core/othello/score.hpp"

namespace kiln::othello {

enum class TableKind : std::uint32_t {
    heuristic = 0,  // a bound in score units, valid to `depth` plies
    exact = 1,      // bounds in discs at the end of the game
};

// What is known about a position: its value is within [lower, upper].
struct TableEntry {
    int lower = 0;
    int upper = 0;
    int depth = 0;    // plies, 0 .. 60
    Square move = 0;  // best or refuting move, 0 .. 63

    bool operator==(const TableEntry&) const = default;
};

// An entry in 32 bits, from the lowest: move 6, depth 6, kind 1, used 1, bounds 18. Bounds of the
// kind exact are lower and upper in 9 bits each, moved up by 128. Of the kind heuristic they are
// "is a lower bound", "is an upper bound" and one value in 16 bits: two different bounds of one
// position are rare, and of those the lower is kept.
struct PackedEntry {
    std::uint32_t bits = 0;  // 0: empty

    static constexpr std::uint32_t used = 1u << 13;
    static constexpr int exact_offset = 128;

    bool is_of(TableKind kind) const {
        return (bits & (used | 1u << 12)) == (used | static_cast<std::uint32_t>(kind) << 12);
    }
    int depth() const { return static_cast<int>(bits >> 6 & 63); }

    static PackedEntry pack(TableKind kind, const TableEntry& entry) {
        const std::uint32_t head = static_cast<std::uint32_t>(entry.move & 63) |
                                   static_cast<std::uint32_t>(entry.depth) << 6 |
                                   static_cast<std::uint32_t>(kind) << 12 | used;
        if (kind == TableKind::exact)
            return {head | static_cast<std::uint32_t>(entry.lower + exact_offset) << 14 |
                    static_cast<std::uint32_t>(entry.upper + exact_offset) << 23};
        const bool is_lower = entry.lower > -score_infinite;
        const bool is_upper = entry.upper == entry.lower || !is_lower;
        const auto value = static_cast<std::uint16_t>(is_lower ? entry.lower : entry.upper);
        return {head | static_cast<std::uint32_t>(is_lower) << 14 |
                static_cast<std::uint32_t>(is_upper) << 15 | std::uint32_t{value} << 16};
    }

    TableEntry unpack() const {
        TableEntry entry;
        entry.move = static_cast<Square>(bits & 63);
        entry.depth = depth();
        if (is_of(TableKind::exact)) {
            entry.lower = static_cast<int>(bits >> 14 & 511) - exact_offset;
            entry.upper = static_cast<int>(bits >> 23) - exact_offset;
        } else {
            const int value = static_cast<std::int16_t>(bits >> 16);
            entry.lower = (bits >> 14 & 1) != 0 ? value : -score_infinite;
            entry.upper = (bits >> 15 & 1) != 0 ? value : score_infinite;
        }
        return entry;
    }
};

struct alignas(64) TableBucket {
    static constexpr int entry_count = 3;
    Board boards[entry_count];
    PackedEntry entries[entry_count];
    std::uint32_t game = 0;  // 0: never used
};
static_assert(sizeof(TableBucket) == 64);

class TranspositionTable {
  public:
    // At least one bucket. Cleared here: the game numbers that another table left there would come
    // round again.
    void bind(std::span<TableBucket> buckets) {
        CHECK(!buckets.empty());
        buckets_ = buckets;
        clear();
    }

    // From here on nothing that was stored before counts.
    void begin_game() {
        if (++game_ == 0)  // after 2^32 games numbers come round again
            clear();
    }

    bool find(const Board& board, TableKind kind, TableEntry& entry) {
        ++probes_;
        const TableBucket& bucket = bucket_of(board);
        if (bucket.game != game_)
            return false;
        for (int i = 0; i < TableBucket::entry_count; ++i) {
            if (bucket.boards[i] == board && bucket.entries[i].is_of(kind)) {
                ++hits_;
                entry = bucket.entries[i].unpack();
                return true;
            }
        }
        return false;
    }

    void prefetch(const Board& board) const { __builtin_prefetch(&bucket_of(board)); }

    // Replaces the same position of the same kind; else an empty entry; else the one with the least
    // depth.
    void store(const Board& board, TableKind kind, const TableEntry& entry) {
        TableBucket& bucket = bucket_of(board);
        if (bucket.game != game_) {
            for (PackedEntry& old : bucket.entries)
                old = PackedEntry();
            bucket.game = game_;
        }
        int victim = 0;
        for (int i = 0; i < TableBucket::entry_count; ++i) {
            if (bucket.boards[i] == board && bucket.entries[i].is_of(kind)) {
                victim = i;
                break;
            }
            // An empty entry has depth 0.
            if (bucket.entries[i].depth() < bucket.entries[victim].depth())
                victim = i;
        }
        bucket.boards[victim] = board;
        bucket.entries[victim] = PackedEntry::pack(kind, entry);
    }

    // From a sample of the buckets, spread evenly: right to a few per cent. Between searches only.
    std::uint64_t estimate_used_bytes() const {
        constexpr std::size_t sample = 1024;
        const std::size_t looked_at = buckets_.size() < sample ? buckets_.size() : sample;
        std::uint64_t used = 0;
        for (std::size_t i = 0; i < looked_at; ++i)
            for (const PackedEntry& entry : buckets_[i * buckets_.size() / looked_at].entries)
                used += entry.bits != 0;
        return used * buckets_.size() / looked_at * sizeof(TableBucket) / TableBucket::entry_count;
    }

    std::size_t bucket_count() const { return buckets_.size(); }
    std::uint64_t probes() const { return probes_; }
    std::uint64_t hits() const { return hits_; }

  private:
    void clear() {
        for (TableBucket& bucket : buckets_)
            bucket = TableBucket();
        game_ = 1;
    }

    // Folded 64 x 64 -> 128 bit product, then a multiplication to spread it into the high bits.
    static std::uint64_t hash(const Board& board) {
        return multiply_fold(board.own ^ 0x9e3779b97f4a7c15u,
                             board.opponent ^ 0xd1b54a32d192ed03u) *
               0xbf58476d1ce4e5b9u;
    }

    TableBucket& bucket_of(const Board& board) const {
        return buckets_[multiply_high(hash(board), buckets_.size())];
    }

    std::span<TableBucket> buckets_;
    std::uint32_t game_ = 1;
    std::uint64_t probes_ = 0;
    std::uint64_t hits_ = 0;
};

}  // namespace kiln::othello
