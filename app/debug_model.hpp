// DebugModel: the whole training state of a checkpoint, in this process, to be looked into and to
// be played and learned with.
//
// What is played or learned here is what the trainer would have played or learned from there: the
// same workload with the settings and the table size that the checkpoint holds. Nothing is written
// back. Memory is mapped for one worker. Failures are thrown. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/othello/othello_workload.hpp"
#include "core/othello/self_play.hpp"
#include "core/train/skip_list.hpp"

#include "app/settings.hpp"
#include "app/state_directory.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/mapping.hpp"

namespace kiln::app {

class DebugModel {
  public:
    // records: games that are in memory at the same time.
    DebugModel(const std::string& path, std::uint32_t records);
    DebugModel(const DebugModel&) = delete;
    DebugModel& operator=(const DebugModel&) = delete;

    const std::string& name() const { return name_; }  // path of the checkpoint
    std::uint64_t games() const { return games_; }     // it was trained on
    const RunSettings& settings() const { return settings_; }
    const SkipList& skipped() const { return skipped_; }

    othello::OthelloWorkload& workload() { return *workload_; }
    const othello::Model& model() const { return workload_->model(); }
    const othello::Geometry& geometry() const { return model().geometry(); }
    // The workload's sections: weights, optimiser, statistics.
    SectionList sections();
    std::span<const AdamSlot> slots() const { return slots_; }

    // Throws usage when there is no such ticket in the run.
    void check_ticket(std::uint64_t ticket, const std::string& flag) const;
    // The first ticket of the epoch this ticket belongs to.
    std::uint64_t epoch_begin(std::uint64_t ticket) const {
        const std::uint64_t begin = ticket - ticket % settings_.session.epoch_games;
        // The model may stand in the middle of an epoch that was cut short by an earlier target.
        return begin <= games_ && games_ <= ticket ? games_ : begin;
    }
    // The end, one past the last ticket, of the epoch that begins here, as the trainer makes them.
    std::uint64_t epoch_end(std::uint64_t first) const;

    // Plays a ticket, as the trainer does; the record lies in a slot that stays until the next
    // call with the same index.
    const othello::GameRecord& play(std::uint64_t ticket, std::uint32_t index,
                                    othello::GameObserver* observer);
    // Absorbs the first `count` records as the epoch that begins at this ticket.
    void absorb(std::uint64_t first_ticket, std::uint32_t count);

    WorkContext context() { return {0, nullptr, &clock_, nullptr}; }

  private:
    platform::Mapping mapping_;
    std::optional<Arena> arena_;
    platform::MonotonicClock clock_;
    std::string name_;
    std::uint64_t games_ = 0;
    RunSettings settings_;
    SkipList skipped_;
    std::optional<othello::OthelloWorkload> workload_;
    std::span<const AdamSlot> slots_;
    Pool records_;
};

// A section in memory of its own, since it may be larger than the heap is.
class LoadedSection {
  public:
    // The checkpoint's section of that name. Throws for damage.
    LoadedSection(StateDirectory& directory, const OpenCheckpoint& checkpoint, const char* name);

    std::span<const std::byte> bytes() const { return bytes_; }
    template <typename T>
    std::span<const T> as() const {
        return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
    }

  private:
    platform::Mapping mapping_;
    std::span<std::byte> bytes_;
};

}  // namespace kiln::app
