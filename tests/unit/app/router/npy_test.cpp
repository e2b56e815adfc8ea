#include "app/router/npy.hpp"

#include <cstring>

#include <gtest/gtest.h>
#include <zlib.h>

#include "app/failure.hpp"

namespace kiln::app {
namespace {

std::string npy_of(const std::string& header, const std::string& data, char version = 1) {
    const auto length = static_cast<std::uint16_t>(header.size());
    std::string file = "\x93NUMPY";
    file += version;
    file += '\0';
    file.append(reinterpret_cast<const char*>(&length), 2);
    if (version > 1)
        file.append(2, '\0');
    return file + header + data;
}

std::string complaint(const std::string& file, bool is_archive = false) {
    try {
        if (is_archive)
            (void)parse_npz(std::as_bytes(std::span(file)), "a");
        else
            (void)parse_npy(std::as_bytes(std::span(file)), "a");
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code(), ExitCode::bad_data);
        EXPECT_TRUE(std::string(failure.what()).starts_with("a: ")) << failure.what();
        return failure.what();
    }
    return "accepted";
}

std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Npy, what_is_written_is_read) {
    const float numbers[] = {1, 2, 3, -4, 5, 6};
    for (const std::vector<std::uint64_t>& shape :
         std::vector<std::vector<std::uint64_t>>{{6}, {2, 3}, {1, 6, 1}}) {
        const auto file = to_npy("<f4", shape, std::as_bytes(std::span(numbers)));
        EXPECT_EQ((file.size() - sizeof(numbers)) % 64, 0u);
        const NpyArray array = parse_npy(file, "a");
        EXPECT_EQ(array.shape, shape);
        float back[6];
        copy_values(array, std::span<float>(back));
        EXPECT_EQ(std::memcmp(back, numbers, sizeof(numbers)), 0);
        EXPECT_EQ(to_npy(array.descr, array.shape, array.bytes), file);
    }
}

TEST(Npy, keys_may_come_in_any_order_and_versions_up_to_three) {
    const std::string header = "{\"shape\": (), 'fortran_order':False,'descr':'|u1'}\n";
    for (const char version : {'\1', '\2', '\3'}) {
        const std::string file = npy_of(header, "\x07", version);
        const NpyArray array = parse_npy(std::as_bytes(std::span(file)), "a");
        double value[1];
        copy_values(array, std::span<double>(value));
        EXPECT_EQ(value[0], 7);
    }
}

TEST(Npy, each_malformed_file_is_refused_for_its_own_reason) {
    const auto header = [](const std::string& descr, const std::string& order,
                           const std::string& shape) {
        return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape +
               ", }\n";
    };
    const std::string good = header("'<f4'", "False", "(1,)");
    struct {
        const char* what;
        std::string file;
        const char* complaint;
    } const cases[] = {
        {"empty", "", "is no NPY file"},
        {"a zip", "PK\3\4 and so on", "is no NPY file"},
        {"version 4", npy_of(good, "xxxx", 4), "version 4.0"},
        {"no length", npy_of(good, "").substr(0, 9), "cut short in the length"},
        {"header beyond the end", npy_of(good, "").substr(0, 20), "but only 10 follow"},
        {"no dictionary", npy_of("hello\n", ""), "no '{'"},
        {"another key", npy_of("{'descr': '<f4', 'order': 1}\n", ""), "has 'order'"},
        {"a key twice", npy_of("{'descr': '<f4', 'descr': '<f4'}\n", ""), "'descr' twice"},
        {"a key missing", npy_of("{'descr': '<f4'}\n", ""), "lacks one of"},
        {"more after it", npy_of(good + "x", "xxxx"), "goes on after its end"},
        {"big-endian", npy_of(header("'>f4'", "False", "(1,)"), "xxxx"), "little-endian"},
        {"objects", npy_of(header("'|O'", "False", "(1,)"), "xxxx"), "which are code"},
        {"text", npy_of(header("'<U4'", "False", "(1,)"), "xxxx"), "is of type <U4"},
        {"structures", npy_of(header("[('a', '<f4')]", "False", "(1,)"), "xxxx"),
         "array of structures"},
        {"Fortran order", npy_of(header("'<f4'", "True", "(1,)"), "xxxx"), "Fortran order"},
        {"neither", npy_of(header("'<f4'", "Maybe", "(1,)"), "xxxx"), "neither True nor False"},
        {"no tuple", npy_of(header("'<f4'", "False", "(1)"), "xxxx"), "lacks its comma"},
        {"negative", npy_of(header("'<f4'", "False", "(-1,)"), "xxxx"), "no whole number"},
        {"overflow", npy_of(header("'<f4'", "False", "(4294967296, 4294967296)"), "xxxx"),
         "beyond any memory"},
        {"too many dimensions",
         npy_of(header("'<f4'", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), "xxxx"), "more than 8"},
        {"no end of a quote", npy_of("{'descr: 1}\n", ""), "has no end"},
        {"cut short", npy_of(good, "xxx"), "cut short"},
        {"too long", npy_of(good, "xxxxx"), "bytes follow its end"},
    };
    for (const auto& malformed : cases) {
        const std::string line = complaint(malformed.file);
        EXPECT_NE(line.find(malformed.complaint), std::string::npos)
            << malformed.what << ": " << line;
    }
}

struct Zip {
    std::string name = "x.npy";
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::string packed;
    std::string plain;
    std::uint32_t checksum = 0;

    template <typename T>
    static void put(std::string& to, T value) {
        to.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }

    std::string file() const {
        std::string file = "PK\3\4";
        const auto common = [&](std::string& to) {
            put<std::uint16_t>(to, 20);
            put(to, flags);
            put(to, method);
            put<std::uint32_t>(to, 0);
            put(to, checksum);
            put(to, static_cast<std::uint32_t>(packed.size()));
            put(to, static_cast<std::uint32_t>(plain.size()));
            put(to, static_cast<std::uint16_t>(name.size()));
        };
        common(file);
        put<std::uint16_t>(file, 4);  // an extra field, as NumPy's zip64 one
        file += name + "EXTR" + packed;
        const auto directory = static_cast<std::uint32_t>(file.size());
        file += std::string("PK\1\2") + std::string(2, '\0');
        common(file);
        file.append(12, '\0');
        put<std::uint32_t>(file, 0);
        file += name;
        const auto length = static_cast<std::uint32_t>(file.size() - directory);
        file += "PK\5\6";
        put<std::uint32_t>(file, 0);
        put<std::uint16_t>(file, 1);
        put<std::uint16_t>(file, 1);
        put(file, length);
        put(file, directory);
        put<std::uint16_t>(file, 0);
        return file;
    }
};

Zip stored_zip() {
    const float numbers[] = {1, 2, 3};
    const std::uint64_t shape[] = {3};
    Zip zip;
    zip.plain = zip.packed = text_of(to_npy("<f4", shape, std::as_bytes(std::span(numbers))));
    zip.checksum = static_cast<std::uint32_t>(
        ::crc32_z(0, reinterpret_cast<const Bytef*>(zip.plain.data()), zip.plain.size()));
    return zip;
}

Zip deflated_zip() {
    Zip zip = stored_zip();
    z_stream stream = {};
    EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    zip.packed.assign(1000, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(zip.plain.data());
    stream.avail_in = static_cast<uInt>(zip.plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(zip.packed.data());
    stream.avail_out = 1000;
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    zip.packed.resize(stream.total_out);
    (void)::deflateEnd(&stream);
    zip.method = 8;
    return zip;
}

TEST(Npz, reads_members_stored_and_deflated) {
    for (const Zip& zip : {stored_zip(), deflated_zip()}) {
        const std::string file = zip.file();
        const auto arrays = parse_npz(std::as_bytes(std::span(file)), "a");
        ASSERT_EQ(arrays.size(), 1u);
        EXPECT_EQ(arrays[0].name, "x");
        float back[3];
        copy_values(arrays[0], std::span<float>(back));
        EXPECT_EQ(back[2], 3);
    }
}

TEST(Npz, each_malformed_archive_is_refused_for_its_own_reason) {
    const auto refused = [](const Zip& zip, const char* expected) {
        const std::string line = complaint(zip.file(), true);
        EXPECT_NE(line.find(expected), std::string::npos) << expected << ": " << line;
    };
    Zip zip = stored_zip();
    zip.name = "../x.npy";
    refused(zip, "name with a path");
    zip.name = "x.txt";
    refused(zip, "does not end in .npy");
    zip = stored_zip();
    zip.flags = 1;
    refused(zip, "is encrypted");
    zip = stored_zip();
    zip.method = 14;
    refused(zip, "packed by method 14");
    zip = stored_zip();
    ++zip.checksum;
    refused(zip, "does not match its checksum");
    zip = stored_zip();
    zip.plain += "x";
    refused(zip, "two different lengths");
    zip = deflated_zip();
    zip.plain += "x";
    refused(zip, "fewer than");
    zip = deflated_zip();
    zip.plain.pop_back();
    refused(zip, "more than");
    zip = deflated_zip();
    zip.plain.assign(10'000'000, 'x');
    refused(zip, "nothing unpacks to that");
    zip = deflated_zip();
    zip.packed[3] = '\xff';
    EXPECT_NE(complaint(zip.file(), true), "accepted");
    zip = deflated_zip();
    zip.packed.resize(zip.packed.size() / 2);
    refused(zip, "cut short");
    zip = stored_zip();
    zip.packed.pop_back();
    zip.plain.pop_back();
    EXPECT_NE(complaint(zip.file(), true), "accepted");
    EXPECT_NE(complaint("", true).find("too short"), std::string::npos);
    EXPECT_NE(complaint(std::string(100, 'x'), true).find("end of its directory is missing"),
              std::string::npos);
}

TEST(Npz, every_cut_and_every_changed_byte_is_refused_or_harmless) {
    for (const Zip& zip : {stored_zip(), deflated_zip()}) {
        const std::string file = zip.file();
        for (std::size_t length = 0; length < file.size(); ++length)
            EXPECT_NE(complaint(file.substr(0, length), true), "accepted") << length;
        for (std::size_t at = 0; at < file.size(); ++at) {
            std::string damaged = file;
            damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
            (void)complaint(damaged, true);  // neither crashes nor reads beyond its bytes
        }
    }
}

}  // namespace
}  // namespace kiln::app
