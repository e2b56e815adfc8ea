#include "tests/sim/sim_disk.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "core/base/check.hpp"
#include "core/base/random.hpp"

namespace kiln::test {
namespace {

// What is found where a write did not arrive.
enum Loss : unsigned {
    zeros,       // the file grew, its blocks were never written
    noise,       // the device was interrupted while writing
    stale,       // what an earlier file left in the same blocks
    shorter,     // the file did not grow
    torn_early,  // the first quarter of the sectors arrived, the others are zero
    torn_late,   // the first three quarters
    loss_count,
};

void fill_with_noise(std::span<std::byte> bytes, std::uint64_t seed) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t word = mix64(seed + at);
        std::memcpy(bytes.data() + at, &word, std::min(sizeof(word), bytes.size() - at));
    }
}

FileName file_name_of(const std::string& text) {
    FileName name;
    CHECK(text.size() < FileName::capacity);
    std::memcpy(name.text, text.data(), text.size());
    return name;
}

}  // namespace

SimDisk SimDisk::after_power_cut(Choices& choices, Grain grain) const {
    SimDisk found;
    found.inodes_ = inodes_;
    found.certain_names_ = certain_names_;
    for (const NameChange& change : uncertain_names_)
        if (choices.below(2) != 0)
            apply(change, found.certain_names_);
    found.names_ = found.certain_names_;

    std::set<std::size_t> reachable;
    for (const auto& [name, number] : found.names_)
        if (!inodes_[number].uncertain.empty())
            reachable.insert(number);
    const unsigned loss =
        reachable.empty() || grain == Grain::sector ? 0 : choices.below(loss_count);
    for (const std::size_t number : reachable)
        found.lose_writes(number, loss, choices, grain);
    for (Inode& inode : found.inodes_)
        inode.uncertain.clear();
    return found;
}

void SimDisk::lose_writes(std::size_t number, unsigned loss, Choices& choices, Grain grain) {
    Inode& inode = inodes_[number];
    inode.bytes = std::make_shared<Bytes>(*inode.bytes);
    Bytes& bytes = *inode.bytes;
    const std::size_t certain = inode.uncertain.front().begin;
    std::size_t length = certain;
    for (const Write& write : inode.uncertain) {
        if (grain == Grain::operation) {
            if (choices.below(2) != 0)
                length = write.end;
            else
                lose_sectors(number, bytes, write, loss);
            continue;
        }
        for (std::size_t at = write.begin; at < write.end;) {
            const std::size_t end =
                std::min(write.end, at / sector_bytes * sector_bytes + sector_bytes);
            const unsigned fate = choices.below(8);  // five of eight sectors arrive
            if (fate <= stale)
                lose_sectors(number, bytes, {at, end, false}, fate);
            at = end;
        }
    }
    if (grain == Grain::operation && loss == shorter)
        bytes.resize(length);
    // Lengths are written apart from the contents: any of them may be the one that arrived.
    if (grain == Grain::sector && choices.below(4) == 0)
        bytes.resize(certain + choices.below(static_cast<unsigned>(bytes.size() - certain + 1)));
}

void SimDisk::lose_sectors(std::size_t number, Bytes& bytes, const Write& write, unsigned loss) {
    std::size_t begin = write.begin;
    const std::size_t sectors = (write.end - write.begin) / sector_bytes;
    if (loss == torn_early)
        begin += sectors / 4 * sector_bytes;
    if (loss == torn_late)
        begin += sectors * 3 / 4 * sector_bytes;
    const std::span<std::byte> lost(bytes.data() + begin, write.end - begin);
    if (loss == noise) {
        fill_with_noise(lost, number << 32 | begin);
        return;
    }
    std::fill(lost.begin(), lost.end(), std::byte{0});
    if (loss != stale)
        return;
    for (std::size_t older = number; older-- > 0;) {
        const Bytes& before = *inodes_[older].bytes;
        if (before.size() <= begin)
            continue;
        std::memcpy(lost.data(), before.data() + begin,
                    std::min(lost.size(), before.size() - begin));
        return;
    }
}

std::size_t SimDisk::uncertain_operations() const {
    std::set<std::size_t> reachable;
    for (const auto& [name, number] : certain_names_)
        reachable.insert(number);
    for (const NameChange& change : uncertain_names_)
        if (change.inode != none)
            reachable.insert(change.inode);
    std::size_t count = uncertain_names_.size();
    for (const std::size_t number : reachable)
        count += inodes_[number].uncertain.size();
    return count;
}

void SimDisk::fail_calls(std::uint64_t first, std::uint64_t last, ErrorCode code,
                         bool takes_effect) {
    fail_first_ = first;
    fail_last_ = last;
    fail_code_ = code;
    fail_takes_effect_ = takes_effect;
    calls_ = 0;
}

std::vector<std::string> SimDisk::names() const {
    std::vector<std::string> names;
    for (const auto& [name, number] : names_)
        names.push_back(name);
    return names;
}

const SimDisk::Bytes& SimDisk::contents(const std::string& name) const {
    CHECK(exists(name));
    return *inodes_[names_.at(name)].bytes;
}

void SimDisk::damage(const std::string& name, const std::function<void(Bytes& bytes)>& change) {
    CHECK(exists(name));
    Inode& damaged = inodes_[names_.at(name)];
    damaged.bytes = std::make_shared<Bytes>(*damaged.bytes);
    change(*damaged.bytes);
}

SimDisk::Verdict SimDisk::judge_call() {
    ++calls_;
    if (fail_first_ == 0 || calls_ < fail_first_ || calls_ > fail_last_)
        return {true, {}};
    return {fail_takes_effect_, Error{.code = fail_code_, .detail = calls_}};
}

Status SimDisk::changed(const Status& status) {
    if (after_change)
        after_change();
    return status;
}

void SimDisk::apply(const NameChange& change, Names& names) {
    if (change.inode == none)
        names.erase(change.name);
    else
        names[change.name] = change.inode;
}

void SimDisk::change_name(const FileName& name, std::size_t inode) {
    const NameChange change{name.text, inode, false};
    apply(change, names_);
    uncertain_names_.push_back(change);
}

Result<Store::File> SimDisk::create(const FileName& name) {
    const Verdict verdict = judge_call();
    if (verdict.works) {
        if (exists(name.text))
            return Error{.code = ErrorCode::already_exists};
        inodes_.emplace_back();
        change_name(name, inodes_.size() - 1);
    }
    if (const Status status = changed(verdict.status); !status)
        return status.error();
    open_files_[next_file_] = {inodes_.size() - 1, name.text, true};
    return next_file_++;
}

Result<Store::File> SimDisk::open(const FileName& name) {
    if (!exists(name.text))
        return Error{.code = ErrorCode::not_found};
    open_files_[next_file_] = {names_[name.text], name.text, false};
    return next_file_++;
}

Status SimDisk::append(File file, std::span<const std::byte> bytes) {
    const Verdict verdict = judge_call();
    const std::span<const std::byte> written =
        verdict.works ? bytes : bytes.first(bytes.size() / 2);
    Inode& target = inode(file);
    if (target.bytes.use_count() > 1)
        target.bytes = std::make_shared<Bytes>(*target.bytes);
    const std::size_t begin = target.bytes->size();
    target.bytes->insert(target.bytes->end(), written.begin(), written.end());
    if (!written.empty())
        target.uncertain.push_back({begin, begin + written.size(), false});
    return changed(verdict.status);
}

Status SimDisk::read(File file, std::uint64_t offset, std::span<std::byte> bytes) {
    const Bytes& contents = *inode(file).bytes;
    if (offset > contents.size() || contents.size() - offset < bytes.size())
        return Error{.code = ErrorCode::truncated, .detail = offset + bytes.size()};
    if (!bytes.empty())
        std::memcpy(bytes.data(), contents.data() + offset, bytes.size());
    if (after_read)
        after_read(open_files_[file].name, offset, bytes);
    return {};
}

Result<std::uint64_t> SimDisk::size(File file) {
    return inode(file).bytes->size();
}

Status SimDisk::sync(File file) {
    const Verdict verdict = judge_call();
    std::vector<Write>& uncertain = inode(file).uncertain;
    for (const Write& write : uncertain)
        has_repeated_sync_ = has_repeated_sync_ || write.is_forgotten;
    if (verdict.works)
        std::erase_if(uncertain, [](const Write& write) { return !write.is_forgotten; });
    if (!verdict.status)
        for (Write& write : uncertain)
            write.is_forgotten = true;
    return changed(verdict.status);
}

Status SimDisk::close(File file) {
    CHECK(open_files_.count(file) == 1);
    const bool is_written = open_files_[file].is_written;
    open_files_.erase(file);
    return is_written ? changed(judge_call().status) : Status();
}

Status SimDisk::rename(const FileName& from, const FileName& to) {
    const Verdict verdict = judge_call();
    if (verdict.works) {
        if (!exists(from.text))
            return Error{.code = ErrorCode::not_found};
        change_name(to, names_[from.text]);
        change_name(from, none);
    }
    return changed(verdict.status);
}

Status SimDisk::remove(const FileName& name) {
    const Verdict verdict = judge_call();
    if (verdict.works) {
        if (!exists(name.text))
            return Error{.code = ErrorCode::not_found};
        change_name(name, none);
    }
    return changed(verdict.status);
}

Status SimDisk::sync_directory() {
    const Verdict verdict = judge_call();
    if (verdict.works) {
        // Changes of a name that a failed sync forgot stay uncertain until the name changes again.
        std::vector<NameChange> left;
        for (const NameChange& change : uncertain_names_) {
            if (change.is_forgotten) {
                left.push_back(change);
                continue;
            }
            apply(change, certain_names_);
            std::erase_if(left, [&](const NameChange& old) { return old.name == change.name; });
        }
        uncertain_names_ = left;
    }
    if (!verdict.status)
        for (NameChange& change : uncertain_names_)
            change.is_forgotten = true;
    return changed(verdict.status);
}

Result<std::size_t> SimDisk::list(std::span<FileName> names) {
    if (const Status status = judge_call().status; !status)
        return status.error();
    if (names_.size() > names.size())
        return Error{.code = ErrorCode::too_many_files};
    std::size_t count = 0;
    for (const auto& entry : names_)
        names[count++] = file_name_of(entry.first);
    return count;
}

SimDisk::Inode& SimDisk::inode(File file) {
    CHECK(open_files_.count(file) == 1);
    return inodes_[open_files_[file].inode];
}

}  // namespace kiln::test
