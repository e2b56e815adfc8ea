#include "core/checkpoint/catalog.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "core/base/check.hpp"

namespace kiln {
namespace {

constexpr std::string_view prefix = "game-";
constexpr std::string_view suffix = ".ckpt";
constexpr std::string_view unfinished_suffix = ".ckpt.tmp";
constexpr std::size_t digits_minimum = 12;
constexpr std::size_t digits_maximum = 20;  // of 2^64 - 1
static_assert(prefix.size() + digits_maximum + unfinished_suffix.size() < FileName::capacity);

// A store holds other files beside the checkpoints: logs, unfinished saves, the operator's notes.
constexpr std::size_t other_files = 128;

struct Listing {
    FileName names[Catalog::capacity + other_files];
    std::size_t count = 0;

    std::span<const FileName> all() const { return {names, count}; }
};

Status read_listing(Store& store, Listing& listing) {
    const Result<std::size_t> count = store.list(listing.names);
    if (!count)
        return count.error();
    listing.count = count.value();
    return {};
}

std::string_view text_of(const FileName& name) {
    return {name.text, ::strnlen(name.text, FileName::capacity)};
}

}  // namespace

FileName checkpoint_file_name(std::uint64_t games) {
    char digits[digits_maximum];
    std::size_t count = 0;
    do {
        digits[count++] = static_cast<char>('0' + games % 10);
        games /= 10;
    } while (games > 0);
    while (count < digits_minimum)
        digits[count++] = '0';

    FileName name;
    char* end = std::copy(prefix.begin(), prefix.end(), name.text);
    end = std::reverse_copy(digits, digits + count, end);
    std::copy(suffix.begin(), suffix.end(), end);
    return name;
}

Result<std::uint64_t> parse_checkpoint_file_name(const FileName& name) {
    const Error other{.code = ErrorCode::not_a_checkpoint};
    std::string_view digits = text_of(name);
    if (!digits.starts_with(prefix) || !digits.ends_with(suffix))
        return other;
    if (digits.size() < prefix.size() + digits_minimum + suffix.size())
        return other;
    digits.remove_prefix(prefix.size());
    digits.remove_suffix(suffix.size());
    // One number, one name: zeros only fill up to the minimum.
    if (digits.size() > digits_minimum && digits.front() == '0')
        return other;
    std::uint64_t games = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9')
            return other;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (games > (std::numeric_limits<std::uint64_t>::max() - digit) / 10)
            return other;
        games = games * 10 + digit;
    }
    return games;
}

Status read_catalog(Store& store, Catalog& catalog) {
    catalog.count = 0;
    Listing listing;
    TRY(read_listing(store, listing));
    for (const FileName& name : listing.all()) {
        const Result<std::uint64_t> games = parse_checkpoint_file_name(name);
        if (!games)
            continue;
        if (catalog.count == Catalog::capacity)
            return Error{.code = ErrorCode::too_many_files};
        catalog.entries[catalog.count++] = {name, games.value()};
    }
    std::sort(catalog.entries, catalog.entries + catalog.count,
              [](const CatalogEntry& a, const CatalogEntry& b) { return a.games > b.games; });
    return {};
}

Result<std::uint32_t> sweep_unfinished(Store& store) {
    Listing listing;
    TRY(read_listing(store, listing));
    std::uint32_t removed = 0;
    for (const FileName& name : listing.all()) {
        if (!text_of(name).ends_with(unfinished_suffix))
            continue;
        TRY(store.remove(name));
        ++removed;
    }
    return removed;
}

Result<std::uint32_t> remove_old(Store& store, std::uint32_t keep) {
    CHECK(keep >= 1);
    Catalog catalog;
    TRY(read_catalog(store, catalog));
    std::uint32_t removed = 0;
    // Oldest first, so that an interruption leaves the newest ones.
    while (catalog.count > keep) {
        TRY(store.remove(catalog.entries[--catalog.count].name));
        ++removed;
    }
    if (removed > 0)
        TRY(store.sync_directory());
    return removed;
}

}  // namespace kiln
