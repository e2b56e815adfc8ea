// MemoryStore: a directory in memory that can fail at any call.
//
// Every call of the port is counted, and the N-th can be made to fail, once or from then on, so
// that a test can go through all of them (the method of SQLite's malloc and I/O tests). A failing
// append leaves half of its bytes behind. What is lost when the power goes is SimDisk's subject.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/base/check.hpp"
#include "core/port/store.hpp"

namespace kiln::test {

inline FileName file_name(const std::string& text) {
    FileName name;
    CHECK(text.size() < FileName::capacity);
    std::memcpy(name.text, text.data(), text.size());
    return name;
}

class MemoryStore final : public Store {
  public:
    using Bytes = std::vector<std::byte>;

    // The calls number `first`, counted from 1, to `last` fail with `code`.
    void fail_calls(std::uint64_t first, std::uint64_t last, ErrorCode code) {
        fail_first_ = first;
        fail_last_ = last;
        fail_code_ = code;
        calls_ = 0;
    }
    void fail_call(std::uint64_t number, ErrorCode code) { fail_calls(number, number, code); }
    void fail_from(std::uint64_t number, ErrorCode code) {
        fail_calls(number, std::numeric_limits<std::uint64_t>::max(), code);
    }
    void fail_nothing() { fail_calls(0, 0, ErrorCode::none); }
    std::uint64_t calls() const { return calls_; }
    bool has_failed() const { return fail_first_ != 0 && calls_ >= fail_first_; }

    // Direct access for tests.
    bool exists(const std::string& name) const { return names_.count(name) != 0; }
    std::size_t file_count() const { return names_.size(); }
    std::size_t open_count() const { return open_files_.size(); }
    Bytes& contents(const std::string& name) {
        CHECK(exists(name));
        return inodes_[names_[name]].bytes;
    }
    void put(const std::string& name, const Bytes& bytes) {
        names_[name] = inodes_.size();
        inodes_.push_back({bytes});
    }

    Result<File> create(const FileName& name) override {
        TRY(may_fail());
        if (exists(name.text))
            return Error{.code = ErrorCode::already_exists};
        names_[name.text] = inodes_.size();
        inodes_.emplace_back();
        return open_inode(inodes_.size() - 1);
    }
    Result<File> open(const FileName& name) override {
        TRY(may_fail());
        if (!exists(name.text))
            return Error{.code = ErrorCode::not_found};
        return open_inode(names_[name.text]);
    }
    Status append(File file, std::span<const std::byte> bytes) override {
        Bytes& contents = inode(file).bytes;
        const Status status = may_fail();
        const std::span<const std::byte> written = status ? bytes : bytes.first(bytes.size() / 2);
        contents.insert(contents.end(), written.begin(), written.end());
        return status;
    }
    Status read(File file, std::uint64_t offset, std::span<std::byte> bytes) override {
        TRY(may_fail());
        const Bytes& contents = inode(file).bytes;
        if (offset > contents.size() || contents.size() - offset < bytes.size())
            return Error{.code = ErrorCode::truncated, .detail = offset + bytes.size()};
        std::copy_n(contents.begin() + static_cast<std::ptrdiff_t>(offset), bytes.size(),
                    bytes.begin());
        return {};
    }
    Result<std::uint64_t> size(File file) override {
        TRY(may_fail());
        return inode(file).bytes.size();
    }
    Status sync(File file) override {
        CHECK(!inode(file).sync_failed);  // the contract: never again after a failure
        const Status status = may_fail();
        inode(file).sync_failed = !status;
        return status;
    }
    Status close(File file) override {
        CHECK(open_files_.erase(file) == 1);
        return may_fail();
    }
    Status rename(const FileName& from, const FileName& to) override {
        TRY(may_fail());
        if (!exists(from.text))
            return Error{.code = ErrorCode::not_found};
        names_[to.text] = names_[from.text];
        names_.erase(from.text);
        return {};
    }
    Status remove(const FileName& name) override {
        TRY(may_fail());
        if (names_.erase(name.text) == 0)
            return Error{.code = ErrorCode::not_found};
        return {};
    }
    Status sync_directory() override { return may_fail(); }
    Result<std::size_t> list(std::span<FileName> names) override {
        TRY(may_fail());
        if (names_.size() > names.size())
            return Error{.code = ErrorCode::too_many_files};
        std::size_t count = 0;
        for (const auto& entry : names_)
            names[count++] = file_name(entry.first);
        return count;
    }

  private:
    struct Inode {
        Bytes bytes;
        bool sync_failed = false;
    };

    Status may_fail() {
        ++calls_;
        if (calls_ >= fail_first_ && calls_ <= fail_last_ && fail_first_ != 0)
            return Error{.code = fail_code_, .detail = calls_};
        return {};
    }
    File open_inode(std::size_t number) {
        open_files_[next_file_] = number;
        return next_file_++;
    }
    Inode& inode(File file) {
        CHECK(open_files_.count(file) == 1);
        return inodes_[open_files_[file]];
    }

    std::vector<Inode> inodes_;
    std::map<std::string, std::size_t> names_;
    std::map<File, std::size_t> open_files_;
    File next_file_ = 3;
    std::uint64_t calls_ = 0;
    std::uint64_t fail_first_ = 0;
    std::uint64_t fail_last_ = 0;
    ErrorCode fail_code_ = ErrorCode::none;
};

}  // namespace kiln::test
