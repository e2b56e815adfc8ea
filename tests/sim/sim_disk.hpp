// SimDisk: a directory on a simulated disk that loses power in every legal way.
//
// It promises what a file system must, and nothing that one particular file system happens to do:
// contents are certain after sync(), names after sync_directory(). Until then each append and each
// half of a rename reached the disk or not, in any combination, whatever order they were made in;
// an append may have got there in part, its sectors may hold what lay there before, nothing or
// noise, and the file may be shorter. A sync that failed makes nothing certain, and the pages it
// was about count as clean: no later sync of the file will write them (so do ext4, XFS and Btrfs).
// Any call can be made to fail, with or without effect. In memory, deterministic; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/port/store.hpp"

#include "tests/sim/choices.hpp"

namespace kiln::test {

class SimDisk final : public Store {
  public:
    using Bytes = std::vector<std::byte>;
    static constexpr std::size_t sector_bytes = 512;

    // How finely a power cut divides what was not certain.
    enum class Grain {
        operation,  // an append arrived whole or not; those that did not all went wrong alike
        sector,     // every sector has a fate of its own
    };

    // The disk as it may be found after the power went now.
    SimDisk after_power_cut(Choices& choices, Grain grain) const;
    // How many operations are not certain, of those that a name may lead to.
    std::size_t uncertain_operations() const;

    // The calls number `first`, counted from 1, to `last` fail with `code`; takes_effect: although
    // they did what they were asked to. Only reading does not count: the loader's tests do that.
    void fail_calls(std::uint64_t first, std::uint64_t last, ErrorCode code, bool takes_effect);
    std::uint64_t calls() const { return calls_; }
    bool has_failed() const { return fail_first_ != 0 && calls_ >= fail_first_; }

    // Whether a file was synced again after a failure, which the port forbids.
    bool has_repeated_sync() const { return has_repeated_sync_; }

    // Called after every changing call, when it is as far as the disk knows of it.
    std::function<void()> after_change;
    // May change what a read returns: a device that lies.
    std::function<void(const std::string& name, std::uint64_t offset, std::span<std::byte> bytes)>
        after_read;

    // Direct access for tests.
    std::vector<std::string> names() const;
    bool exists(const std::string& name) const { return names_.count(name) != 0; }
    const Bytes& contents(const std::string& name) const;
    // Changes bytes behind everyone's back, durably: rot, writes that went astray.
    void damage(const std::string& name, const std::function<void(Bytes& bytes)>& change);

    Result<File> create(const FileName& name) override;
    Result<File> open(const FileName& name) override;
    Status append(File file, std::span<const std::byte> bytes) override;
    Status read(File file, std::uint64_t offset, std::span<std::byte> bytes) override;
    Result<std::uint64_t> size(File file) override;
    Status sync(File file) override;
    Status close(File file) override;
    Status rename(const FileName& from, const FileName& to) override;
    Status remove(const FileName& name) override;
    Status sync_directory() override;
    Result<std::size_t> list(std::span<FileName> names) override;

  private:
    static constexpr std::size_t none = SIZE_MAX;

    // An append that is not certain.
    struct Write {
        std::size_t begin;
        std::size_t end;
        bool is_forgotten;  // by a sync that failed
    };
    struct Inode {
        std::shared_ptr<Bytes> bytes = std::make_shared<Bytes>();  // shared by copies of the disk
        std::vector<Write> uncertain;
    };
    // A name that now leads to an inode, or to none.
    struct NameChange {
        std::string name;
        std::size_t inode;
        bool is_forgotten;
    };
    struct OpenFile {
        std::size_t inode;
        std::string name;
        bool is_written;
    };
    using Names = std::map<std::string, std::size_t>;

    // Whether a changing call does its work, and what it returns.
    struct Verdict {
        bool works;
        Status status;
    };
    Verdict judge_call();
    Status changed(const Status& status);
    void change_name(const FileName& name, std::size_t inode);
    static void apply(const NameChange& change, Names& names);
    Inode& inode(File file);
    void lose_writes(std::size_t number, unsigned loss, Choices& choices, Grain grain);
    void lose_sectors(std::size_t number, Bytes& bytes, const Write& write, unsigned loss);

    std::vector<Inode> inodes_;
    Names names_;          // as a reader sees them
    Names certain_names_;  // as they would be if nothing uncertain had arrived
    std::vector<NameChange> uncertain_names_;
    std::map<File, OpenFile> open_files_;
    File next_file_ = 3;
    std::uint64_t calls_ = 0;
    std::uint64_t fail_first_ = 0;
    std::uint64_t fail_last_ = 0;
    ErrorCode fail_code_ = ErrorCode::none;
    bool fail_takes_effect_ = false;
    bool has_repeated_sync_ = false;
};

}  // namespace kiln::test
