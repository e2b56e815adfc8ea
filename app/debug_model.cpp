#include "app/debug_model.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/memory/budget.hpp"

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr const char* region_records = "game records";
constexpr const char* progress_section = "run.progress";

class NoSink final : public EventSink {
  public:
    void emit(const Event&) override {}
};

void map(platform::Mapping& mapping, std::uint64_t bytes) {
    if (const Status mapped = mapping.map(bytes); !mapped)
        throw Failure(
            ExitCode::system_refuses,
            fmt::format("the system does not grant {} of memory; free some", format_bytes(bytes)));
}

// Refuses what this kiln cannot play with.
void check_kind(const OpenCheckpoint& checkpoint, const RunSettings& settings) {
    const char* const workload = checkpoint.reader->info().workload;
    if (std::strcmp(workload, "othello") != 0)
        throw Failure(
            ExitCode::bad_data,
            fmt::format("{}: it was trained as workload '{}', a model comes from workload "
                        "'othello'",
                        checkpoint.path, workload));
    if (settings.pattern_shapes != RunSettings::shape_set_name())
        throw Failure(
            ExitCode::bad_data,
            fmt::format("{}: its weights belong to the pattern shapes {}, this kiln's "
                        "are {}; use the kiln that wrote it",
                        checkpoint.path, settings.pattern_shapes, RunSettings::shape_set_name()));
}

}  // namespace

DebugModel::DebugModel(const std::string& path, std::uint32_t records) {
    const CheckpointPlace place = find_checkpoint(path, "--model");
    const Advice advice = {"give another checkpoint", "give another checkpoint"};
    const OpenCheckpoint checkpoint = open_checkpoint(*place.directory, place.name, advice);
    name_ = checkpoint.path;
    games_ = checkpoint.reader->info().games;
    settings_ = from_text(read_settings_text(*place.directory, checkpoint), name_);
    check_kind(checkpoint, settings_);

    // The table as it was, because its size is part of what a search answers.
    settings_.othello.table_floor_bytes = settings_.othello.table_bytes;
    workload_.emplace(settings_.othello);
    RegionList regions;
    workload_->plan({1, records}, regions);
    regions.add(region_records, "debug", std::uint64_t{records} * sizeof(othello::GameRecord));
    const Plan plan = plan_budget(regions, UINT64_MAX);
    map(mapping_, plan.arena_bytes);
    arena_.emplace(mapping_.span(), plan);
    workload_->bind({1, records}, *arena_);
    records_.bind(arena_->take(region_records), sizeof(othello::GameRecord));
    records_.take(records);
    arena_->seal();

    workload_->reset();
    const SectionList wanted = sections();
    if (const Status loaded = checkpoint.reader->load(wanted); !loaded)
        refuse(loaded.error(), *place.directory, checkpoint, advice);
    workload_->restored();
    for (const Section& section : wanted.all())
        if (section.type == ElementType::adam_slot)
            slots_ = {reinterpret_cast<const AdamSlot*>(section.bytes.data()),
                      section.bytes.size() / sizeof(AdamSlot)};

    // The session's memory of itself: games, then the tickets that are left out.
    const LoadedSection progress(*place.directory, checkpoint, progress_section);
    const auto bytes = progress.bytes();
    if (bytes.size() == sizeof(std::uint64_t) + sizeof(SkipList))
        std::memcpy(&skipped_, bytes.data() + sizeof(std::uint64_t), sizeof(SkipList));
    if (!skipped_.is_valid())
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: its list of skipped tickets makes no sense; give another "
                                  "checkpoint",
                                  name_));
}

SectionList DebugModel::sections() {
    SectionList sections;
    workload_->list_sections(sections);
    return sections;
}

void DebugModel::check_ticket(std::uint64_t ticket, const std::string& flag) const {
    const std::uint64_t target = settings_.othello.target_games;
    if (ticket < target)
        return;
    throw Failure(ExitCode::usage,
                  fmt::format("{}: {} is beyond the run's target; its tickets are 0 to {}", flag,
                              ticket, target - 1));
}

std::uint64_t DebugModel::epoch_end(std::uint64_t first) const {
    const std::uint64_t length = settings_.session.epoch_games;
    return std::min(first - first % length + length, settings_.othello.target_games);
}

const othello::GameRecord& DebugModel::play(std::uint64_t ticket, std::uint32_t index,
                                            othello::GameObserver* observer) {
    const std::span<std::byte> slot = records_.slot(index);
    if (skipped_.contains(ticket)) {
        workload_->skip(slot);
    } else if (observer == nullptr) {
        (void)workload_->play(context(), ticket, slot);  // nobody stops it
    } else {
        auto* record = new (slot.data()) othello::GameRecord;
        (void)othello::play_game(workload_->settings(), workload_->searcher(0), context(), ticket,
                                 *record, observer);
    }
    return *reinterpret_cast<const othello::GameRecord*>(slot.data());
}

void DebugModel::absorb(std::uint64_t first_ticket, std::uint32_t count) {
    const Epoch epoch = {first_ticket, count, &records_};
    for (unsigned shard = 0; shard < workload_->shard_count(); ++shard)
        workload_->absorb(context(), epoch, shard);
    NoSink sink;
    workload_->finish_epoch(epoch, sink);
    const std::uint64_t end = first_ticket + count;
    const std::uint64_t every = settings_.session.heal_every_games;
    if (every != 0 && first_ticket / every != end / every)
        (void)workload_->heal();
}

LoadedSection::LoadedSection(StateDirectory& directory, const OpenCheckpoint& checkpoint,
                             const char* name) {
    const SectionInfo* info = checkpoint.reader->info().find(name);
    if (info == nullptr)
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: there is no section {} in it", checkpoint.path, name));
    if (info->bytes == 0)
        return;
    map(mapping_, info->bytes);
    bytes_ = mapping_.span().first(static_cast<std::size_t>(info->bytes));
    if (const auto read = checkpoint.reader->read_section(name, bytes_); !read)
        refuse(read.error(), directory, checkpoint);
}

}  // namespace kiln::app
