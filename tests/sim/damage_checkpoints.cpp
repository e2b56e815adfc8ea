// Damage that fsync does not promise to prevent: see damage_checkpoints() in crash_driver.hpp.
#include "tests/sim/judge.hpp"

namespace kiln::test {
namespace {

constexpr std::size_t checkpoint_count = 4;

struct Undamaged {
    PlannedSaves plan;
    SimDisk disk;
    std::vector<std::string> names;  // oldest first
};

Undamaged save_all(std::uint64_t seed) {
    Undamaged made;
    made.plan.compression = seed % 2 == 0 ? Compression::none : Compression::lz4;
    for (std::size_t i = 0; i < checkpoint_count; ++i) {
        made.plan.add(100 * (i + 1), seed + i);
        CHECK(save(made.disk, made.plan.states[i], 100 * (i + 1), made.plan.compression));
        made.names.emplace_back(checkpoint_file_name(100 * (i + 1)).text);
    }
    return made;
}

class Vandal {
  public:
    Vandal(SimDisk& disk, const std::vector<std::string>& names, Choices& choices)
        : disk_(disk), names_(names), choices_(choices) {}

    void act() {
        const std::string& victim = any_name();
        switch (choices_.below(8)) {
            case 0:
                return flip_bit(victim);
            case 1:
                return lose_sectors(victim, any_name());
            case 2:
                return lose_sectors(names_.back(), names_[names_.size() - 2]);
            case 3:
                return misdirect(victim);
            case 4:
                return lose_file(names_.back(), names_[choices_.below(3)]);
            case 5:
                return change_length(victim);
            case 6:
                return trade_places(victim, any_name());
            default:
                return read_stale();
        }
    }

  private:
    using Bytes = SimDisk::Bytes;

    const std::string& any_name() {
        return names_[choices_.below(static_cast<unsigned>(names_.size()))];
    }
    unsigned any_of(std::size_t count) { return choices_.below(static_cast<unsigned>(count)); }

    struct Range {
        std::size_t begin;
        std::size_t end;
    };
    Range any_sectors(std::size_t bytes) {
        const std::size_t sectors = (bytes + SimDisk::sector_bytes - 1) / SimDisk::sector_bytes;
        const std::size_t first = any_of(sectors);
        const std::size_t count = 1 + any_of(choices_.below(2) == 0 ? 1 : sectors - first);
        return {first * SimDisk::sector_bytes,
                std::min(bytes, (first + count) * SimDisk::sector_bytes)};
    }

    void flip_bit(const std::string& victim) {
        disk_.damage(victim, [&](Bytes& bytes) {
            bytes[any_of(bytes.size())] ^= static_cast<std::byte>(1u << choices_.below(8));
        });
    }
    // Sectors still hold what another checkpoint has there, or nothing.
    void lose_sectors(const std::string& victim, const std::string& older) {
        const Bytes before = disk_.contents(older);
        disk_.damage(victim, [&](Bytes& bytes) {
            const Range range = any_sectors(std::min(bytes.size(), before.size()));
            const bool is_stale = choices_.below(2) != 0;
            for (std::size_t at = range.begin; at < range.end; ++at)
                bytes[at] = is_stale ? before[at] : std::byte{0};
        });
    }
    // What was meant for the newest went to another file, and is missing where it belongs.
    void misdirect(const std::string& victim) {
        const Bytes written = disk_.contents(names_.back());
        const Range range = any_sectors(std::min(written.size(), disk_.contents(victim).size()));
        disk_.damage(victim, [&](Bytes& bytes) {
            std::copy(written.begin() + static_cast<std::ptrdiff_t>(range.begin),
                      written.begin() + static_cast<std::ptrdiff_t>(range.end),
                      bytes.begin() + static_cast<std::ptrdiff_t>(range.begin));
        });
        disk_.damage(names_.back(), [&](Bytes& bytes) {
            std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(range.begin),
                      bytes.begin() + static_cast<std::ptrdiff_t>(range.end), std::byte{0});
        });
    }
    // All of a file's writes were lost, and its blocks hold an older checkpoint, whole.
    void lose_file(const std::string& victim, const std::string& older) {
        const Bytes before = disk_.contents(older);
        disk_.damage(victim, [&](Bytes& bytes) { bytes = before; });
    }
    void change_length(const std::string& victim) {
        disk_.damage(victim, [&](Bytes& bytes) {
            bytes.resize(choices_.below(2) == 0 ? any_of(bytes.size())
                                                : bytes.size() + 1 + choices_.below(5'000));
        });
    }
    void trade_places(const std::string& one, const std::string& other) {
        const Bytes first = disk_.contents(one);
        lose_file(one, other);
        disk_.damage(other, [&](Bytes& bytes) { bytes = first; });
    }
    // One read of the newest returns what another checkpoint has there; the next is right again.
    void read_stale() {
        const Bytes before = disk_.contents(any_name());
        disk_.after_read = [this, before, number = any_of(8)](const std::string& name,
                                                              std::uint64_t offset,
                                                              std::span<std::byte> bytes) mutable {
            if (name != names_.back() || number-- != 0 || offset >= before.size())
                return;
            std::memcpy(bytes.data(), before.data() + offset,
                        std::min<std::size_t>(bytes.size(), before.size() - offset));
        };
    }

    SimDisk& disk_;
    const std::vector<std::string>& names_;
    Choices& choices_;
};

}  // namespace

CrashCounts damage_checkpoints(std::uint64_t seed, std::uint64_t rounds) {
    const Undamaged made = save_all(seed);
    const Scenario scenario{.seed = seed};
    Judge judge(scenario, made.plan.checkpoints);
    Recovery recovery;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        RandomChoice choices(seed, round);
        SimDisk disk = made.disk;
        Vandal vandal(disk, made.names, choices);
        for (unsigned acts = 1 + choices.below(3); acts > 0; --acts)
            vandal.act();
        ++judge.counts.states;
        judge.call = round;
        std::size_t newest = checkpoint_count;
        while (newest > 0 &&
               disk.contents(made.names[newest - 1]) != made.disk.contents(made.names[newest - 1]))
            --newest;
        CHECK(recover(disk, recovery));
        const std::size_t found = recovery.is_found ? recovery.checkpoint.games / 100 : 0;
        // A lying read may cost the newest checkpoint this once, or by chance say what was there
        // before the damage.
        const bool is_excused =
            disk.after_read && (newest == checkpoint_count || found == checkpoint_count);
        if (found > 0 && !(recovery.checkpoint == made.plan.checkpoints[found - 1]))
            judge.complain("damage was loaded", {});
        else if (found != newest && !is_excused)
            judge.complain("the newest undamaged checkpoint was not found", recovery.first_error);
        else if (recovery.damaged != checkpoint_count - found)
            judge.complain("damage was passed over in silence", recovery.first_error);
    }
    return judge.counts;
}

CrashCounts forge_checkpoints(std::uint64_t seed, std::uint64_t rounds) {
    const Undamaged made = save_all(seed);
    const Scenario scenario{.seed = seed};
    Judge judge(scenario, made.plan.checkpoints);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        State other(section_lengths, seed + 1'000 + round);
        SimDisk elsewhere;
        CHECK(save(elsewhere, other, 100 * checkpoint_count));
        SimDisk disk = made.disk;
        disk.damage(made.names.back(),
                    [&](SimDisk::Bytes& bytes) { bytes = elsewhere.contents(made.names.back()); });
        judge.acknowledged = judge.attempted = checkpoint_count - 1;
        judge.judge(disk);
    }
    return judge.counts;
}

}  // namespace kiln::test
