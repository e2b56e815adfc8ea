// NullWorkload: the smallest workload. It learns nothing, but keeps every promise of the interface.
//
// A ticket draws a few numbers, absorbing adds them to a table of counters. It is what the
// supervisor, the budget and the crash tests run, and it keeps the interface honest: if this needs
// more than a screen, the interface is too big.
#pragma once

#include <algorithm>

#include "core/base/random.hpp"
#include "core/train/workload.hpp"

namespace kiln {

class NullWorkload final : public Workload {
  public:
    static constexpr unsigned shards = 4;
    static constexpr std::size_t counters_per_shard = 1024;

    explicit NullWorkload(std::uint64_t seed) : seed_(seed) {}

    const char* name() const override { return "null"; }
    void plan(const Limits&, RegionList& regions) const override {
        regions.add("null counters", "null", shards * counters_per_shard * sizeof(std::uint64_t));
    }
    void bind(const Limits&, Arena& arena) override {
        counters_ = arena.take_as<std::uint64_t>("null counters");
    }
    std::size_t record_bytes() const override { return 64; }

    void reset() override {
        for (std::uint64_t& counter : counters_)
            counter = 0;
    }
    void restored() override {}
    void list_sections(SectionList& sections) override {
        sections.add(section("null.counters", ElementType::u64, counters_));
    }
    std::uint64_t state_bytes() const override {
        return shards * counters_per_shard * sizeof(std::uint64_t);
    }

    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override {
        if (context.is_stopping())
            return PlayOutcome::abandoned;
        RandomStream random(seed_, StreamPurpose::self_play, ticket);
        auto* numbers = reinterpret_cast<std::uint64_t*>(record.data());
        for (unsigned shard = 0; shard < shards; ++shard)
            numbers[shard] = random.next();
        numbers[shards] = 1;  // what each of them counts for
        return PlayOutcome::done;
    }
    void skip(std::span<std::byte> record) override {
        std::fill(record.begin(), record.end(), std::byte{0});
    }
    unsigned shard_count() const override { return shards; }
    void absorb(const WorkContext&, const Epoch& epoch, unsigned shard) override {
        for (std::uint32_t i = 0; i < epoch.count; ++i) {
            const auto* numbers =
                reinterpret_cast<const std::uint64_t*>(epoch.records->slot(i).data());
            counters_[shard * counters_per_shard + numbers[shard] % counters_per_shard] +=
                numbers[shards];
        }
    }
    void finish_epoch(const Epoch&, EventSink&) override {}

    unsigned trial_count() const override { return 0; }
    void run_trial(const WorkContext&, unsigned) override {}
    void finish_trials(std::uint64_t, EventSink&) override {}
    std::uint64_t heal() override { return 0; }
    void note_memory(Ledger&) const override {}

  private:
    std::uint64_t seed_;
    std::span<std::uint64_t> counters_;
};

}  // namespace kiln
