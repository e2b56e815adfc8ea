#include "core/othello/learner.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <new>
#include <numeric>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"
#include "tests/support/othello_reference.hpp"

namespace kiln::othello {
namespace {

using test::OwnedGeometry;
using test::small_shapes;
using test::test_stream;

// A learner over small shapes, with all the memory it needs.
class OwnedLearner {
  public:
    OwnedLearner()
        : geometry(small_shapes()),
          weights(std::size_t{stage_count} * geometry->play_entries_per_stage()),
          slots(Learner::slot_count(*geometry)),
          corrections_(AdamCorrections::table_size) {
        learner.bind(*geometry, weights, slots, corrections_);
        learner.reset();
    }

    // Shards in the order given, each by the worker that the assignment names.
    std::uint64_t absorb(const Epoch& epoch, float rate, const std::vector<unsigned>& shards,
                         const std::vector<unsigned>& workers) {
        std::uint64_t terms = 0;
        for (std::size_t i = 0; i < shards.size(); ++i) {
            Scratch& scratch = scratch_[workers[i]];
            scratch.sums.resize(Learner::scratch_entries(*geometry));
            scratch.touched.resize(Learner::scratch_entries(*geometry));
            const AbsorbCounts counts =
                learner.absorb(epoch, shards[i], rate, scratch.sums, scratch.touched);
            terms += counts.errors;
            absorbed.add(counts);
        }
        return terms;
    }
    std::uint64_t absorb(const Epoch& epoch, float rate) {
        std::vector<unsigned> shards(learner.shard_count());
        std::iota(shards.begin(), shards.end(), 0u);
        return absorb(epoch, rate, shards, std::vector<unsigned>(shards.size()));
    }

    bool same_bytes(const OwnedLearner& other) const {
        return weights == other.weights &&
               std::memcmp(slots.data(), other.slots.data(), slots.size() * sizeof(AdamSlot)) == 0;
    }

    OwnedGeometry geometry;
    std::vector<std::uint16_t> weights;
    std::vector<AdamSlot> slots;
    Learner learner;
    AbsorbCounts absorbed;  // so far

  private:
    struct Scratch {
        std::vector<ErrorSum> sums;
        std::vector<std::uint16_t> touched;
    };
    std::vector<AdamCorrections::Entry> corrections_;
    std::map<unsigned, Scratch> scratch_;
};

// A position with the error that is charged to it.
struct Charge {
    Board board;
    std::int32_t error = 0;
};

// Games made of charges, as self-play would record them.
class Games {
  public:
    Games(const Geometry& geometry, const std::vector<std::vector<Charge>>& games)
        : records_(games.size()) {
        for (std::size_t game = 0; game < games.size(); ++game)
            write(geometry, games[game], records_[game]);
        pool_.bind(std::as_writable_bytes(std::span(records_)), sizeof(GameRecord));
        pool_.take(records_.size());
    }

    Epoch epoch() const { return {0, static_cast<std::uint32_t>(records_.size()), &pool_}; }

  private:
    static void write(const Geometry& geometry, std::vector<Charge> charges, GameRecord& record) {
        std::stable_sort(charges.begin(), charges.end(), [](const Charge& a, const Charge& b) {
            return stage_of(a.board.discs()) < stage_of(b.board.discs());
        });
        std::size_t at = 0;
        for (int stage = 0; stage < stage_count; ++stage) {
            record.stage_begin[stage] = static_cast<std::uint8_t>(at);
            for (; at < charges.size() && stage_of(charges[at].board.discs()) == stage; ++at) {
                record.errors[at] = charges[at].error;
                record.features[at] = geometry.features(charges[at].board);
            }
        }
        record.stage_begin[stage_count] = static_cast<std::uint8_t>(at);
        record.position_count = static_cast<std::uint32_t>(at);
    }

    std::vector<GameRecord> records_;
    Pool pool_;
};

std::vector<std::vector<Charge>> random_games(std::uint64_t seed, int count) {
    RandomStream random = test_stream(seed);
    std::vector<std::vector<Charge>> games(static_cast<std::size_t>(count));
    for (auto& game : games) {
        for (int empties = 58; empties >= 2; empties -= 1 + static_cast<int>(random.below(3))) {
            const auto error = static_cast<std::int32_t>(random.below(16'385)) - 8'192;
            game.push_back({test::random_position(random, empties), error});
        }
    }
    return games;
}

TEST(Learner, any_order_of_shards_and_any_workers_give_the_same_bytes) {
    constexpr std::uint64_t seed = 111;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedLearner straight;
    RandomStream random = test_stream(seed);
    std::vector<std::vector<std::vector<Charge>>> epochs;
    for (std::uint64_t epoch = 0; epoch < 6; ++epoch)
        epochs.push_back(random_games(seed + epoch, 12));
    for (const auto& games : epochs)
        straight.absorb(Games(*straight.geometry, games).epoch(), 0.05f);

    for (unsigned workers = 1; workers <= 5; ++workers) {
        OwnedLearner other;
        for (const auto& games : epochs) {
            std::vector<unsigned> shards(other.learner.shard_count());
            std::iota(shards.begin(), shards.end(), 0u);
            std::vector<unsigned> assignment;
            for (std::size_t i = shards.size(); i > 0; --i) {
                std::swap(shards[i - 1], shards[random.below(i)]);
                assignment.push_back(static_cast<unsigned>(random.below(workers)));
            }
            other.absorb(Games(*other.geometry, games).epoch(), 0.05f, shards, assignment);
        }
        EXPECT_TRUE(other.same_bytes(straight)) << workers << " workers";
    }
    EXPECT_GT(straight.learner.touched_slots(), 1'000u);
}

TEST(Learner, the_order_of_games_and_positions_within_an_epoch_does_not_matter) {
    auto games = random_games(112, 10);
    OwnedLearner one;
    one.absorb(Games(*one.geometry, games).epoch(), 0.05f);
    std::reverse(games.begin(), games.end());
    for (auto& game : games)
        std::reverse(game.begin(), game.end());
    OwnedLearner other;
    other.absorb(Games(*other.geometry, games).epoch(), 0.05f);
    EXPECT_TRUE(one.same_bytes(other));
}

// What a weight sees of an epoch, summed square by square in a map: the specification of absorb().
class SlowLearner {
  public:
    explicit SlowLearner(const Geometry& geometry) : geometry_(geometry) {}

    struct Weight {
        double value = neutral_weight;
        double first = 0;
        double second = 0;
        double updates = 0;
    };
    using Key = std::tuple<int, int, std::uint32_t>;  // stage, shape, class

    void absorb(const std::vector<std::vector<Charge>>& games, double rate_discs) {
        std::map<Key, std::vector<double>> errors;
        for (const auto& game : games)
            for (const Charge& charge : game)
                for (int shape = 0; shape < geometry_.shape_count(); ++shape)
                    collect(charge, shape, errors);
        for (const auto& [key, seen] : errors) {
            const double mean = std::accumulate(seen.begin(), seen.end(), 0.0) /
                                static_cast<double>(seen.size()) / score_per_disc;
            Weight& weight = weights[key];
            ++weight.updates;
            weight.first = 0.9 * weight.first + 0.1 * -mean;
            weight.second = 0.999 * weight.second + 0.001 * mean * mean;
            const double first = weight.first / (1 - std::pow(0.9, weight.updates));
            const double second = weight.second / (1 - std::pow(0.999, weight.updates));
            weight.value -= rate_discs * first / (std::sqrt(second) + 1e-8) * score_per_disc;
        }
    }

    std::map<Key, Weight> weights;

  private:
    void collect(const Charge& charge, int shape, std::map<Key, std::vector<double>>& errors) {
        const Geometry::ShapeLayout& layout = geometry_.shape(shape);
        for (int lane = 0; lane < layout.lane_count; ++lane) {
            const std::uint32_t configuration =
                test::configuration_of(geometry_, shape, lane, charge.board);
            const Key key = {stage_of(charge.board.discs()), shape,
                             geometry_.class_of(shape, configuration)};
            errors[key].push_back(charge.error);
        }
    }

    const Geometry& geometry_;
};

TEST(Learner, follows_a_slow_reference_over_several_epochs) {
    constexpr std::uint64_t seed = 113;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedLearner fast;
    SlowLearner slow(*fast.geometry);
    constexpr float rate = 0.05f;
    for (std::uint64_t epoch = 0; epoch < 8; ++epoch) {
        const auto games = random_games(seed + epoch, 6);
        std::uint64_t charges = 0;
        for (const auto& game : games)
            charges += game.size();
        EXPECT_EQ(fast.absorb(Games(*fast.geometry, games).epoch(), rate),
                  charges * static_cast<std::uint64_t>(fast.geometry->lane_count()));
        slow.absorb(games, rate);
    }
    EXPECT_EQ(fast.learner.touched_slots(), slow.weights.size());
    for (const auto& [key, expected] : slow.weights) {
        const auto& [stage, shape, class_index] = key;
        const Geometry::ShapeLayout& layout = fast.geometry->shape(shape);
        const Geometry::Members members = fast.geometry->members(shape, class_index);
        const std::uint16_t* table =
            fast.weights.data() +
            static_cast<std::size_t>(stage) * fast.geometry->play_entries_per_stage() +
            layout.play_offset;
        const AdamSlot& slot =
            fast.slots[static_cast<std::size_t>(stage) * fast.geometry->slots_per_stage() +
                       layout.slot_offset + class_index];
        ASSERT_EQ(table[members.first], table[members.second]) << "mirror images differ";
        ASSERT_EQ(slot.updates, static_cast<std::uint32_t>(expected.updates));
        // Eight steps of up to 13 units; single precision and the first moments' cancellation
        // leave 2e-4 of each (see the tests of Adam).
        ASSERT_NEAR(table[members.first] + static_cast<double>(slot.carry), expected.value, 0.05);
    }
}

TEST(Learner, one_position_moves_every_weight_it_uses_by_the_rate) {
    OwnedLearner owned;
    const Board board = test::play(start_board(), 19);
    const std::vector<std::vector<Charge>> games = {{{board, 2 * score_per_disc}}};
    owned.absorb(Games(*owned.geometry, games).epoch(), 0.05f);
    const Model model(*owned.geometry, owned.weights);
    // Adam's first step is the rate whatever the error: 0.05 discs = 12.8 units, stored as 13.
    EXPECT_EQ(model.evaluate(board), 13 * owned.geometry->lane_count());
    std::size_t touched = 0;
    for (const AdamSlot& slot : owned.slots) {
        if (slot.updates == 0)
            continue;
        ++touched;
        EXPECT_EQ(slot.updates, 1u);
        EXPECT_NEAR(slot.carry, -0.2f, 1e-3f);
        EXPECT_NEAR(slot.first_moment, -0.2f, 1e-6f);    // 0.1 of a gradient of -2 discs
        EXPECT_NEAR(slot.second_moment, 0.004f, 1e-6f);  // 0.001 of its square
    }
    EXPECT_EQ(touched, owned.learner.touched_slots());
    EXPECT_LE(touched, static_cast<std::size_t>(owned.geometry->lane_count()));
    EXPECT_GE(touched, static_cast<std::size_t>(owned.geometry->shape_count()));
}

TEST(Learner, a_positive_error_raises_the_value_and_a_negative_one_lowers_it) {
    for (const int error : {-3'000, 3'000}) {
        OwnedLearner owned;
        const Board board = test::play(start_board(), 19);
        const Model model(*owned.geometry, owned.weights);
        for (int i = 0; i < 20; ++i) {
            const std::vector<std::vector<Charge>> games = {{{board, error}}};
            owned.absorb(Games(*owned.geometry, games).epoch(), 0.05f);
        }
        EXPECT_GT(model.evaluate(board) * (error > 0 ? 1 : -1), 10 * score_per_disc);
    }
}

TEST(Learner, errors_that_cancel_leave_the_weight_where_it_was) {
    OwnedLearner owned;
    const Board board = test::play(start_board(), 19);
    const std::vector<std::vector<Charge>> games = {{{board, 500}}, {{board, -500}}};
    owned.absorb(Games(*owned.geometry, games).epoch(), 0.05f);
    for (const std::uint16_t weight : owned.weights)
        ASSERT_EQ(weight, neutral_weight);
}

TEST(Learner, weights_at_the_end_of_their_range_and_steps_that_are_not_finite_are_told_apart) {
    OwnedLearner owned;
    const std::vector<std::vector<Charge>> games = {
        {{test::play(start_board(), 19), 2 * score_per_disc}}};
    owned.absorb(Games(*owned.geometry, games).epoch(), 0.05f);
    EXPECT_EQ(owned.absorbed.saturated, 0u);
    std::fill(owned.weights.begin(), owned.weights.end(), std::uint16_t{UINT16_MAX - 1});
    owned.absorb(Games(*owned.geometry, games).epoch(), 0.05f);
    EXPECT_EQ(owned.absorbed.saturated, owned.learner.touched_slots());
    EXPECT_EQ(owned.absorbed.invalid, 0u);

    owned.learner.reset();
    for (AdamSlot& slot : owned.slots)
        slot.second_moment = std::numeric_limits<float>::quiet_NaN();
    owned.absorbed = AbsorbCounts();
    owned.absorb(Games(*owned.geometry, games).epoch(), 0.05f);
    EXPECT_EQ(owned.absorbed.invalid, owned.learner.touched_slots());
    EXPECT_EQ(owned.absorbed.saturated, 0u);
}

TEST(Learner, mirrored_configurations_stay_equal_after_many_epochs) {
    OwnedLearner owned;
    for (std::uint64_t epoch = 0; epoch < 20; ++epoch)
        owned.absorb(Games(*owned.geometry, random_games(120 + epoch, 5)).epoch(), 0.05f);
    int moved = 0;
    for (int stage = 0; stage < stage_count; ++stage) {
        for (int shape = 0; shape < owned.geometry->shape_count(); ++shape) {
            const Geometry::ShapeLayout& layout = owned.geometry->shape(shape);
            const std::uint16_t* table =
                owned.weights.data() +
                static_cast<std::size_t>(stage) * owned.geometry->play_entries_per_stage() +
                layout.play_offset;
            for (std::uint32_t at = 0; at < layout.slot_count; ++at) {
                const Geometry::Members members = owned.geometry->members(shape, at);
                ASSERT_EQ(table[members.first], table[members.second]);
                moved += members.first != members.second && table[members.first] != neutral_weight;
            }
        }
    }
    EXPECT_GT(moved, 1'000);
}

TEST(Learner, heal_puts_values_that_are_not_finite_back_to_neutral_and_counts_them) {
    OwnedLearner owned;
    for (std::uint64_t epoch = 0; epoch < 3; ++epoch)
        owned.absorb(Games(*owned.geometry, random_games(140 + epoch, 8)).epoch(), 0.05f);
    EXPECT_EQ(owned.learner.heal(), 0u);
    const std::vector<AdamSlot> slots = owned.slots;
    const std::vector<std::uint16_t> weights = owned.weights;

    std::vector<std::size_t> damaged;
    for (std::size_t at = 0; at < slots.size() && damaged.size() < 4; ++at)
        if (slots[at].updates > 0)
            damaged.push_back(at);
    ASSERT_EQ(damaged.size(), 4u);
    owned.slots[damaged[0]].first_moment = std::numeric_limits<float>::quiet_NaN();
    owned.slots[damaged[1]].second_moment = std::numeric_limits<float>::infinity();
    owned.slots[damaged[2]].second_moment = -1.0f;
    owned.slots[damaged[3]].carry = -std::numeric_limits<float>::infinity();
    EXPECT_EQ(owned.learner.heal(), 4u);
    EXPECT_EQ(owned.learner.heal(), 0u);

    for (std::size_t at = 0; at < slots.size(); ++at) {
        const bool was_damaged = std::find(damaged.begin(), damaged.end(), at) != damaged.end();
        ASSERT_EQ(owned.slots[at].updates, was_damaged ? 0u : slots[at].updates);
        ASSERT_TRUE(std::isfinite(owned.slots[at].first_moment));
    }
    std::size_t changed = 0;
    for (std::size_t at = 0; at < weights.size(); ++at) {
        if (owned.weights[at] == weights[at])
            continue;
        ++changed;
        EXPECT_EQ(owned.weights[at], neutral_weight);
    }
    EXPECT_GE(changed, 4u);
    EXPECT_LE(changed, 8u);  // a weight and its mirror image
}

}  // namespace
}  // namespace kiln::othello
