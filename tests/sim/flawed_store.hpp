// FlawedStore: what the mistakes that others made would do to a disk.
//
// It stands between an innocent writer and the disk and leaves out, reorders or glosses over calls.
// The crash tests must find every one of these, or they find nothing.
#pragma once

#include <cstring>
#include <string>

#include "core/checkpoint/catalog.hpp"
#include "core/port/store.hpp"

namespace kiln::test {

enum class Flaw {
    none,
    no_file_sync,
    no_directory_sync,
    directory_sync_after_removal,  // not before: the old goes while the new is uncertain
    rename_before_sync,
    removal_before_rename,  // PyTorch's distributed checkpoints do this
    writes_in_place,        // no temporary file
    failed_sync_repeated,   // and believed the second time, as PostgreSQL did until 2018
    failed_directory_sync_ignored,
};

inline const char* name_of(Flaw flaw) {
    constexpr const char* names[] = {"no flaw",
                                     "no fsync of the file",
                                     "no fsync of the directory",
                                     "fsync of the directory only after the removal",
                                     "rename before fsync",
                                     "removal before rename",
                                     "no temporary file",
                                     "failed fsync repeated",
                                     "failed fsync of the directory ignored"};
    return names[static_cast<int>(flaw)];
}

class FlawedStore final : public Store {
  public:
    FlawedStore(Store& store, Flaw flaw) : store_(store), flaw_(flaw) {}

    Result<File> create(const FileName& name) override {
        if (flaw_ == Flaw::writes_in_place)
            (void)store_.remove(in_place(name));
        return store_.create(in_place(name));
    }
    Result<File> open(const FileName& name) override { return store_.open(name); }
    Status append(File file, std::span<const std::byte> bytes) override {
        return store_.append(file, bytes);
    }
    Status read(File file, std::uint64_t offset, std::span<std::byte> bytes) override {
        return store_.read(file, offset, bytes);
    }
    Result<std::uint64_t> size(File file) override { return store_.size(file); }
    Status sync(File file) override {
        if (flaw_ == Flaw::no_file_sync)
            return {};
        if (flaw_ == Flaw::rename_before_sync) {
            unsynced_ = file;
            return {};
        }
        const Status status = store_.sync(file);
        return !status && flaw_ == Flaw::failed_sync_repeated ? store_.sync(file) : status;
    }
    Status close(File file) override { return file == unsynced_ ? Status() : store_.close(file); }
    Status rename(const FileName& from, const FileName& to) override {
        if (flaw_ == Flaw::writes_in_place)
            return {};
        if (flaw_ == Flaw::removal_before_rename)
            TRY(remove_all_checkpoints());
        TRY(store_.rename(from, to));
        if (unsynced_ < 0)
            return {};
        const File file = unsynced_;
        unsynced_ = -1;
        TRY(store_.sync(file));
        return store_.close(file);
    }
    Status remove(const FileName& name) override { return store_.remove(in_place(name)); }
    Status sync_directory() override {
        if (flaw_ == Flaw::no_directory_sync)
            return {};
        // The writer's, or remove_old()'s.
        is_after_rename_ = !is_after_rename_;
        if (flaw_ == Flaw::directory_sync_after_removal && is_after_rename_)
            return {};
        const Status status = store_.sync_directory();
        return flaw_ == Flaw::failed_directory_sync_ignored ? Status() : status;
    }
    Result<std::size_t> list(std::span<FileName> names) override { return store_.list(names); }

  private:
    FileName in_place(FileName name) const {
        const std::size_t length = std::strlen(name.text);
        if (flaw_ == Flaw::writes_in_place && length > 4 &&
            std::strcmp(name.text + length - 4, ".tmp") == 0)
            std::memset(name.text + length - 4, 0, 4);
        return name;
    }
    Status remove_all_checkpoints() {
        static Catalog catalog;
        TRY(read_catalog(store_, catalog));
        for (std::size_t i = 0; i < catalog.count; ++i)
            TRY(store_.remove(catalog.entries[i].name));
        return {};
    }

    Store& store_;
    Flaw flaw_;
    File unsynced_ = -1;
    bool is_after_rename_ = false;
};

}  // namespace kiln::test
