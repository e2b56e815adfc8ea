// The archive around arrays: see npy.hpp.
#include <algorithm>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <zlib.h>

#include "app/failure.hpp"
#include "app/router/npy.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint32_t central_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::size_t local_bytes = 30;
constexpr std::size_t central_bytes = 46;
constexpr std::size_t end_bytes = 22;
constexpr std::size_t comment_max = 65'535;
constexpr std::size_t members_max = 256;
constexpr std::uint16_t stored = 0;
constexpr std::uint16_t deflated = 8;
// A deflate stream cannot grow by more than this (zlib's technical notes).
constexpr std::uint64_t growth_max = 1032;

struct Member {
    std::string name;
    std::uint16_t flags, method;
    std::uint32_t checksum, packed_bytes, bytes, local_offset;
};

class Archive {
  public:
    Archive(std::span<const std::byte> file, const std::string& origin)
        : file_(file), origin_(origin) {}

    std::vector<NpyArray> arrays() {
        std::vector<NpyArray> arrays;
        std::set<std::string> names;
        for (const Member& member : members()) {
            if (!names.insert(member.name).second)
                refuse(fmt::format("has '{}' twice", member.name));
            arrays.push_back(array(member));
        }
        return arrays;
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw Failure(ExitCode::bad_data, on_one_line(fmt::format("{}: {}", origin_, what)));
    }
    [[noreturn]] void refuse(const Member& member, const std::string& what) const {
        refuse(fmt::format("'{}' {}", member.name, what));
    }

    // CHECK: within the file.
    template <typename T>
    T number(std::size_t at) const {
        CHECK(at + sizeof(T) <= file_.size());
        T value;
        std::memcpy(&value, file_.data() + at, sizeof(T));
        return value;
    }

    std::size_t find_end() const {
        if (file_.size() < end_bytes)
            refuse("is no zip archive: it is too short");
        const std::size_t last = file_.size() - end_bytes;
        const std::size_t first = last - std::min(last, comment_max);
        for (std::size_t at = last + 1; at-- > first;)
            if (number<std::uint32_t>(at) == end_signature &&
                at + end_bytes + number<std::uint16_t>(at + 20) == file_.size())
                return at;
        refuse("is no zip archive, or is cut short: the end of its directory is missing");
    }

    std::vector<Member> members() const {
        const std::size_t end = find_end();
        const auto count = number<std::uint16_t>(end + 10);
        const auto size = number<std::uint32_t>(end + 12);
        const auto offset = number<std::uint32_t>(end + 16);
        if (number<std::uint16_t>(end + 4) != 0 || number<std::uint16_t>(end + 6) != 0 ||
            number<std::uint16_t>(end + 8) != count)
            refuse("is in several parts; give an archive in one");
        if (count == 0xffff || offset == 0xffffffff || size == 0xffffffff)
            refuse("is a zip64 archive of more than 4 GiB or 65534 members; save less in one file");
        if (count > members_max)
            refuse(fmt::format("has {} members; {} are allowed", count, members_max));
        if (std::uint64_t{offset} + size != end)
            refuse("its directory is not where its end says");
        std::vector<Member> members;
        std::size_t at = offset;
        for (std::size_t i = 0; i < count; ++i)
            members.push_back(central(at, end));
        if (at != end)
            refuse("its directory is longer than its members");
        return members;
    }

    Member central(std::size_t& at, std::size_t end) const {
        if (end - at < central_bytes || number<std::uint32_t>(at) != central_signature)
            refuse(fmt::format("its directory is damaged at byte {}", at));
        Member member;
        member.flags = number<std::uint16_t>(at + 8);
        member.method = number<std::uint16_t>(at + 10);
        member.checksum = number<std::uint32_t>(at + 16);
        member.packed_bytes = number<std::uint32_t>(at + 20);
        member.bytes = number<std::uint32_t>(at + 24);
        member.local_offset = number<std::uint32_t>(at + 42);
        const std::size_t name_bytes = number<std::uint16_t>(at + 28);
        const std::size_t rest = number<std::uint16_t>(at + 30) + number<std::uint16_t>(at + 32);
        if (end - at - central_bytes < name_bytes + rest)
            refuse(fmt::format("its directory is damaged at byte {}", at));
        member.name.assign(reinterpret_cast<const char*>(file_.data()) + at + central_bytes,
                           name_bytes);
        at += central_bytes + name_bytes + rest;
        return member;
    }

    void check(const Member& member) const {
        constexpr std::uint16_t encrypted = 1;
        if (!member.name.ends_with(".npy"))
            refuse(member, "is no array: its name does not end in .npy");
        if (member.name.find('/') != std::string::npos ||
            member.name.find('\\') != std::string::npos ||
            member.name.find("..") != std::string::npos)
            refuse(member, "has a name with a path; names are those of arrays");
        if ((member.flags & encrypted) != 0)
            refuse(member, "is encrypted");
        if (member.method != stored && member.method != deflated)
            refuse(member, fmt::format("is packed by method {}; stored and deflated are read here",
                                       member.method));
        if (member.bytes == 0xffffffff || member.packed_bytes == 0xffffffff ||
            member.local_offset == 0xffffffff)
            refuse(member, "is of more than 4 GiB; save less in one file");
        if (member.method == stored && member.bytes != member.packed_bytes)
            refuse(member, "is stored with two different lengths");
        if (member.bytes > std::uint64_t{member.packed_bytes} * growth_max + 64)
            refuse(member, fmt::format("announces {} bytes from {}: nothing unpacks to that",
                                       member.bytes, member.packed_bytes));
    }

    std::span<const std::byte> packed(const Member& member) const {
        const std::uint64_t at = member.local_offset;
        if (at + local_bytes > file_.size() || number<std::uint32_t>(at) != local_signature)
            refuse(member, "is not where the directory says");
        const std::uint64_t begin =
            at + local_bytes + number<std::uint16_t>(at + 26) + number<std::uint16_t>(at + 28);
        if (begin + member.packed_bytes > file_.size())
            refuse(member, "goes beyond the end of the file");
        return file_.subspan(begin, member.packed_bytes);
    }

    NpyArray array(const Member& member) const {
        check(member);
        std::span<const std::byte> bytes = packed(member);
        const std::string place = on_one_line(fmt::format("{}: '{}'", origin_, member.name));
        Block unpacked;
        if (member.method == deflated) {
            unpacked = Block(member.bytes);
            unpack(Packing::deflate, bytes, unpacked.bytes(), place);
            bytes = unpacked.bytes();
        }
        const auto checksum = static_cast<std::uint32_t>(
            ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
        if (checksum != member.checksum)
            refuse(member, "does not match its checksum: it is damaged");
        NpyArray array = parse_npy(bytes, place);
        array.name = member.name.substr(0, member.name.size() - 4);
        array.unpacked = std::move(unpacked);
        return array;
    }

    std::span<const std::byte> file_;
    const std::string& origin_;
};

}  // namespace

std::vector<NpyArray> parse_npz(std::span<const std::byte> file, const std::string& origin) {
    return Archive(file, origin).arrays();
}

}  // namespace kiln::app
