// Hands everything on to another workload; a test overrides what it wants to watch or disturb.
#pragma once

#include "core/train/workload.hpp"

namespace kiln::test {

class WorkloadWrapper : public Workload {
  public:
    explicit WorkloadWrapper(Workload& inner) : inner_(inner) {}

    const char* name() const override { return inner_.name(); }
    void plan(const Limits& limits, RegionList& regions) const override {
        inner_.plan(limits, regions);
    }
    void bind(const Limits& limits, Arena& arena) override { inner_.bind(limits, arena); }
    std::size_t record_bytes() const override { return inner_.record_bytes(); }
    void reset() override { inner_.reset(); }
    void restored() override { inner_.restored(); }
    void list_sections(SectionList& sections) override { inner_.list_sections(sections); }
    std::uint64_t state_bytes() const override { return inner_.state_bytes(); }
    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override {
        return inner_.play(context, ticket, record);
    }
    Status take_failure() override { return inner_.take_failure(); }
    void skip(std::span<std::byte> record) override { inner_.skip(record); }
    unsigned shard_count() const override { return inner_.shard_count(); }
    void absorb(const WorkContext& context, const Epoch& epoch, unsigned shard) override {
        inner_.absorb(context, epoch, shard);
    }
    void finish_epoch(const Epoch& epoch, EventSink& sink) override {
        inner_.finish_epoch(epoch, sink);
    }
    bool is_finished() const override { return inner_.is_finished(); }
    unsigned trial_count() const override { return inner_.trial_count(); }
    void run_trial(const WorkContext& context, unsigned trial) override {
        inner_.run_trial(context, trial);
    }
    void finish_trials(std::uint64_t games, EventSink& sink) override {
        inner_.finish_trials(games, sink);
    }
    std::uint64_t heal() override { return inner_.heal(); }
    void note_memory(Ledger& ledger) const override { inner_.note_memory(ledger); }

  private:
    Workload& inner_;
};

}  // namespace kiln::test
