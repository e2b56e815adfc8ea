// TranspositionTable: what a search already knows about positions.
//
// One worker's slice of the memory that the plan left over; any size works, because buckets are
// chosen by multiply-high instead of by mask. An entry keeps the whole position, so a hit is never
// a false one, and the number of the game it was made in: entries of another game count as empty,
// both when looking up and when choosing what to replace. So a game's result does not depend on
// what the worker did before. Heuristic values and exact results are kept apart by `kind` and never
// answer for each other. Not thread-safe: one table a worker.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "core/base/check.hpp"
#include "core/base/wide.hpp"
#include "core/othello/board.hpp"

namespace kiln::othello {

enum class TableKind : std::uint8_t {
    heuristic = 1,  // bounds in score units, valid to `depth` plies
    exact = 2,      // bounds in discs at the end of the game
};

struct TableEntry {
    Board board;
    std::uint32_t game = 0;  // 0: never used
    std::int16_t lower = 0;
    std::int16_t upper = 0;
    std::uint8_t depth = 0;
    TableKind kind = TableKind::heuristic;
    Square move = no_square;  // best or refuting move, if known
    std::uint8_t unused[5] = {};
};
static_assert(sizeof(TableEntry) == 32);

struct alignas(64) TableBucket {
    TableEntry entries[2];
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

    const TableEntry* find(const Board& board, TableKind kind) {
        ++probes_;
        for (const TableEntry& entry : bucket_of(board).entries) {
            if (entry.board == board && entry.game == game_ && entry.kind == kind) {
                ++hits_;
                return &entry;
            }
        }
        return nullptr;
    }

    void prefetch(const Board& board) const { __builtin_prefetch(&bucket_of(board)); }

    // Replaces the same position of the same kind; else an empty entry; else the one with less
    // depth.
    void store(const Board& board, TableKind kind, int depth, int lower, int upper, Square move) {
        TableBucket& bucket = bucket_of(board);
        TableEntry* victim = nullptr;
        for (TableEntry& entry : bucket.entries) {
            if (entry.game == game_ && entry.board == board && entry.kind == kind) {
                victim = &entry;
                break;
            }
        }
        for (TableEntry& entry : bucket.entries)
            if (victim == nullptr && entry.game != game_)
                victim = &entry;
        if (victim == nullptr)
            victim = bucket.entries[0].depth <= bucket.entries[1].depth ? &bucket.entries[0]
                                                                        : &bucket.entries[1];
        victim->board = board;
        victim->game = game_;
        victim->lower = static_cast<std::int16_t>(lower);
        victim->upper = static_cast<std::int16_t>(upper);
        victim->depth = static_cast<std::uint8_t>(depth);
        victim->kind = kind;
        victim->move = move;
    }

    // From a sample of the buckets, spread evenly: right to a few per cent. Between searches only.
    std::uint64_t estimate_used_bytes() const {
        constexpr std::size_t sample = 1024;
        const std::size_t looked_at = buckets_.size() < sample ? buckets_.size() : sample;
        std::uint64_t used = 0;
        for (std::size_t i = 0; i < looked_at; ++i)
            for (const TableEntry& entry : buckets_[i * buckets_.size() / looked_at].entries)
                used += entry.game != 0;
        return used * buckets_.size() / looked_at * sizeof(TableEntry);
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
