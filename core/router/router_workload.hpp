// RouterWorkload: trains a FastGRNN classifier as a workload of Kiln.
//
// A ticket is up to sixteen samples. Sixteen of a batch give their part of its gradient; Kiln's
// epoch is a batch, absorbing adds the parts in ticket order and takes one Adam step. After the
// batches of a pass come, in the same way, those that measure the validation samples; then the pass
// is reported, the best weights are remembered, and training ends when they have got no better for
// as long as patience lasts. The weights that are left at the end are the best ones.
//
// The samples do not change and are not part of checkpoints. They are in planned memory, which
// whoever binds the workload fills in before the first ticket (data()). Where they have no room
// there they are streamed: each ticket reads its own (read_from()), and learns the same from them.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "core/router/kernel.hpp"
#include "core/router/metrics.hpp"
#include "core/router/report.hpp"
#include "core/router/sample_source.hpp"
#include "core/router/settings.hpp"
#include "core/train/workload.hpp"

namespace kiln::router {

enum class Samples { in_memory, streamed };

class RouterWorkload final : public Workload {
  public:
    explicit RouterWorkload(const RouterSettings& settings);
    // Before plan().
    void keep_samples(Samples samples) { samples_ = samples; }
    Samples samples() const { return samples_; }

    // To be filled in after bind(): training samples, then those of validation.
    struct Data {
        std::span<float> inputs;          // [n, T, D]; empty where they are streamed
        std::span<float> labels;          // [n]
        std::span<float> teacher_logits;  // [n, K]; empty without a teacher, too
    };
    Data data() const { return data_; }
    // Streamed: before the first ticket.
    void read_from(const SampleSource& source) { source_ = &source; }
    std::span<const float> parameters() const { return parameters_; }
    const RouterSettings& settings() const { return settings_; }

    const char* name() const override { return "router"; }
    void plan(const Limits& limits, RegionList& regions) const override;
    void bind(const Limits& limits, Arena& arena) override;
    std::size_t record_bytes() const override;
    void reset() override;
    void restored() override;
    void list_sections(SectionList& sections) override;
    std::uint64_t state_bytes() const override;
    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override;
    void skip(std::span<std::byte> record) override;
    unsigned shard_count() const override { return 1; }
    void absorb(const WorkContext& context, const Epoch& epoch, unsigned shard) override;
    void finish_epoch(const Epoch& epoch, EventSink& sink) override;
    Status take_failure() override;
    bool is_finished() const override { return progress_->is_finished != 0; }
    unsigned trial_count() const override { return 0; }
    void run_trial(const WorkContext&, unsigned) override {}
    void finish_trials(std::uint64_t, EventSink&) override {}
    std::uint64_t heal() override;
    void note_memory(Ledger& ledger) const override;

  private:
    // What besides the weights must be remembered.
    struct Progress {
        AdamClock clock;
        std::uint64_t pass = 0;     // passes that are over
        std::uint64_t batches = 0;  // of training, in all
        double rate = 0;
        double loss_sum = 0;  // of this pass, over samples
        double norm_sum = 0;  // over batches
        std::uint64_t right = 0;
        std::uint64_t samples = 0;
        double best_loss = 0;
        std::uint64_t best_pass = 0;  // 0: none yet
        std::uint64_t is_finished = 0;
    };
    // At the front of a record; the gradient or the logits follow.
    struct alignas(64) RecordHead {
        std::uint32_t samples = 0;
        std::uint32_t right = 0;
        double loss = 0;  // sum over the samples
    };
    struct Place {  // of a ticket
        std::uint32_t batch = 0;
        std::uint32_t slice = 0;
        bool is_validation = false;
    };

    Place place_of(std::uint64_t ticket) const;
    std::span<float> body(std::span<std::byte> record) const;
    std::span<const std::uint32_t> training_slice(const Place& place) const;
    std::uint32_t batch_samples(std::uint32_t batch) const;
    std::uint32_t validation_slice(const Place& place, std::span<std::uint32_t> chosen) const;
    std::size_t workspace_size() const;
    std::span<float> workspace(unsigned worker) const;
    // A ticket's samples: their places among all, or where they were read to.
    struct Fetched {
        Batch<float> batch;
        std::span<const std::uint32_t> chosen;
    };
    std::optional<Fetched> fetch(std::span<const std::uint32_t> chosen, std::span<float> room);
    void shuffle();
    void pack();
    void learn(const Epoch& epoch);
    void step();
    void prune();
    void keep_scores(const Epoch& epoch);
    void finish_pass(EventSink& sink, std::uint64_t games);
    bool may_be_best() const;

    RouterSettings settings_;
    Samples samples_ = Samples::in_memory;
    Schedule schedule_;
    Layout layout_;
    Layout dense_layout_;
    Kernel kernel_;
    Data data_;
    std::span<Progress> progress_storage_;
    Progress* progress_ = nullptr;
    std::span<float> parameters_, first_, second_, best_, scores_;
    std::span<std::uint8_t> support_;  // empty if nothing is pruned
    // Derived, or of one phase only.
    std::span<float> model_, packed_gradient_, dense_, dense_gradient_, gradient_, prune_scratch_;
    std::span<float> workspaces_;
    std::span<std::uint32_t> order_;
    std::span<RankedScore> ranked_;

    const SampleSource* source_ = nullptr;
    // What a ticket first failed with: written by whoever sets the flag, read when nobody plays.
    std::atomic<bool> has_failed_{false};
    Error failure_;
};

}  // namespace kiln::router
