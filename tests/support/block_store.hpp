// BlockStore: a directory in memory that keeps equal blocks of all files once.
//
// Checkpoints of an Othello run are 150 MB each and differ little from one another, so a test can
// keep and compare many of them. It can be told to fail; what is lost when the power goes is
// SimDisk's subject.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/base/check.hpp"
#include "core/port/store.hpp"

namespace kiln::test {

class BlockStore final : public Store {
  public:
    // A file's contents. They outlive the store: all stores share their blocks.
    struct Contents {
        std::uint64_t bytes = 0;
        std::vector<const std::string*> blocks;
        std::vector<std::uint64_t> offsets;  // of each block

        bool operator==(const Contents& other) const {
            // Files that were cut alike consist of the very same blocks.
            return bytes == other.bytes && (blocks == other.blocks || text() == other.text());
        }

      private:
        std::string text() const {
            std::string all;
            all.reserve(bytes);
            for (const std::string* block : blocks)
                all += *block;
            return all;
        }
    };

    // Every call from now on fails, or none does.
    void set_failing(bool failing) { failing_ = failing; }
    // So many more syncs fail.
    void fail_syncs(int count) { failing_syncs_ = count; }

    bool exists(const std::string& name) const { return files_.count(name) != 0; }
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& file : files_)
            names.push_back(file.first);
        return names;
    }
    const Contents& contents(const std::string& name) const {
        CHECK(exists(name));
        return files_.at(name);
    }

    Result<File> create(const FileName& name) override {
        TRY(may_fail());
        if (exists(name.text))
            return Error{.code = ErrorCode::already_exists};
        files_[name.text] = {};
        return open_file(name);
    }
    Result<File> open(const FileName& name) override {
        TRY(may_fail());
        if (!exists(name.text))
            return Error{.code = ErrorCode::not_found};
        return open_file(name);
    }
    Status append(File file, std::span<const std::byte> bytes) override {
        TRY(may_fail());
        Contents& contents = opened(file);
        while (!bytes.empty()) {
            const auto block = bytes.first(std::min(bytes.size(), block_bytes));
            contents.blocks.push_back(
                &*all_blocks()
                      .emplace(reinterpret_cast<const char*>(block.data()), block.size())
                      .first);
            contents.offsets.push_back(contents.bytes);
            contents.bytes += block.size();
            bytes = bytes.subspan(block.size());
        }
        return {};
    }
    Status read(File file, std::uint64_t offset, std::span<std::byte> bytes) override {
        TRY(may_fail());
        const Contents& contents = opened(file);
        if (offset + bytes.size() > contents.bytes)
            return Error{.code = ErrorCode::truncated, .detail = offset + bytes.size()};
        if (bytes.empty())
            return {};
        const auto after =
            std::upper_bound(contents.offsets.begin(), contents.offsets.end(), offset);
        auto at = static_cast<std::size_t>(after - contents.offsets.begin()) - 1;
        for (; !bytes.empty(); ++at) {
            const std::string& block = *contents.blocks[at];
            const std::size_t from = offset - contents.offsets[at];
            const std::size_t count = std::min(block.size() - from, bytes.size());
            std::memcpy(bytes.data(), block.data() + from, count);
            bytes = bytes.subspan(count);
            offset += count;
        }
        return {};
    }
    Result<std::uint64_t> size(File file) override {
        TRY(may_fail());
        return opened(file).bytes;
    }
    Status sync(File) override {
        TRY(may_fail());
        if (failing_syncs_ > 0) {
            --failing_syncs_;
            return Error{.code = ErrorCode::io_failed};
        }
        return {};
    }
    Status close(File file) override {
        CHECK(open_files_.erase(file) == 1);
        return may_fail();
    }
    Status rename(const FileName& from, const FileName& to) override {
        TRY(may_fail());
        CHECK(exists(from.text));
        files_[to.text] = files_[from.text];
        files_.erase(from.text);
        return {};
    }
    Status remove(const FileName& name) override {
        TRY(may_fail());
        return files_.erase(name.text) == 1 ? Status() : Error{.code = ErrorCode::not_found};
    }
    Status sync_directory() override { return may_fail(); }
    Result<std::size_t> list(std::span<FileName> names) override {
        TRY(may_fail());
        std::size_t count = 0;
        for (const auto& file : files_) {
            CHECK(count < names.size() && file.first.size() < FileName::capacity);
            names[count] = FileName();
            std::memcpy(names[count++].text, file.first.data(), file.first.size());
        }
        return count;
    }

  private:
    static constexpr std::size_t block_bytes = 65536;

    static std::unordered_set<std::string>& all_blocks() {
        static std::unordered_set<std::string> blocks;  // elements stay where they are
        return blocks;
    }

    Status may_fail() const {
        return failing_ ? Status(Error{.code = ErrorCode::no_space}) : Status();
    }
    File open_file(const FileName& name) {
        open_files_[next_file_] = name.text;
        return next_file_++;
    }
    Contents& opened(File file) {
        CHECK(open_files_.count(file) == 1);
        return files_[open_files_[file]];
    }

    std::map<std::string, Contents> files_;
    std::map<File, std::string> open_files_;
    File next_file_ = 3;
    int failing_syncs_ = 0;
    bool failing_ = false;
};

}  // namespace kiln::test
