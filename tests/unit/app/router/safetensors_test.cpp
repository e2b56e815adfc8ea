#include "app/router/safetensors.hpp"

#include <cstring>

#include <gtest/gtest.h>

#include "app/failure.hpp"

namespace kiln::app {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
    const std::uint64_t length = header.size();
    std::string file(sizeof(length), '\0');
    std::memcpy(file.data(), &length, sizeof(length));
    return file + header + data;
}

SafeTensors parse(const std::string& file) {
    return parse_safetensors(std::as_bytes(std::span(file)), "w.safetensors");
}

std::string complaint(const std::string& file) {
    try {
        (void)parse(file);
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code(), ExitCode::bad_data);
        const std::string line = failure.what();
        EXPECT_TRUE(line.starts_with("w.safetensors: ")) << line;
        EXPECT_EQ(line.find('\n'), std::string::npos) << line;
        return line.substr(std::strlen("w.safetensors: "));
    }
    return "accepted";
}

TEST(Safetensors, reads_names_types_shapes_and_bytes) {
    const SafeTensors contents = parse(file_of(
        R"( {"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
        R"("a":{"dtype":"I8","shape":[],"data_offsets":[8,9]},"e":{"dtype":"F64","shape":[0,3],)"
        R"("data_offsets":[9,9]},"__metadata__":{"kind":"test"}}   )",
        std::string("\0\0\x80\x3f\0\0\0\xc0\x05", 9)));
    ASSERT_EQ(contents.tensors.size(), 3u);
    EXPECT_EQ(contents.metadata.at("kind"), "test");
    EXPECT_EQ(real_values(*contents.find("b"), "w"), (std::vector<double>{1, -2}));
    EXPECT_TRUE(contents.find("a")->shape.empty());
    EXPECT_EQ(contents.find("e")->bytes.size(), 0u);
    EXPECT_EQ(contents.find("c"), nullptr);
}

TEST(Safetensors, what_is_written_is_read_and_written_again_to_the_byte) {
    const float numbers[] = {1, 2, 3, 4};
    const std::int8_t small[] = {-1, 2};
    SafeTensors contents;
    contents.metadata = {{"z", "last"}, {"a", "\"quoted\" \xc3\xa9"}};
    contents.tensors = {{"small", "I8", {2}, std::as_bytes(std::span(small))},
                        {"W", "F32", {2, 2}, std::as_bytes(std::span(numbers))},
                        {"U", "F32", {4}, std::as_bytes(std::span(numbers))}};
    const std::vector<std::byte> file = to_safetensors(contents);
    EXPECT_EQ((file.size() - 34) % 8, 0u);
    const SafeTensors back = parse_safetensors(file, "w");
    EXPECT_EQ(back.metadata, contents.metadata);
    EXPECT_EQ(back.tensors[0].name, "U");
    EXPECT_EQ(back.tensors[1].name, "W");
    EXPECT_EQ(back.tensors[2].name, "small");
    EXPECT_EQ(to_safetensors(back), file);
    EXPECT_EQ(to_safetensors(parse_safetensors(to_safetensors({}), "w")), to_safetensors({}));
}

struct Malformed {
    const char* what;
    std::string file;
    const char* complaint;  // a part of it
};

std::string tensor(const std::string& fields, const std::string& data = "") {
    return file_of("{\"t\":{" + fields + "}}", data);
}

TEST(Safetensors, each_malformed_file_is_refused_for_its_own_reason) {
    const std::string four(4, 'x');
    const std::string deep = R"({"t":{"dtype":{"a":{"b":{}}}}})";
    const Malformed cases[] = {
        {"empty", "", "has 0 bytes"},
        {"seven bytes", "1234567", "has 7 bytes"},
        {"huge header", std::string(8, '\xff'), "announces a header of 18446744073709551615"},
        {"header beyond the end", file_of("{}", "").substr(0, 9), "but only 1 follow"},
        {"not UTF-8", file_of("{\"\xff\":1}", ""), "not UTF-8 at byte 10"},
        {"overlong UTF-8", file_of("{\"\xc0\x80\":1}", ""), "not UTF-8 at byte 10"},
        {"not JSON", file_of("{\"a\":", ""), "is not JSON"},
        {"two JSONs", file_of("{} {}", ""), "is not JSON"},
        {"a list", file_of("[]", ""), "no JSON object"},
        {"deep", file_of(deep, ""), "nests deeper than 3"},
        {"name twice",
         file_of(R"({"t":{"dtype":"U8","shape":[],"data_offsets":[0,1]},)"
                 R"("t":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})",
                 "x"),
         "names 't' twice"},
        {"key twice", tensor(R"("dtype":"U8","dtype":"I8","shape":[],"data_offsets":[0,1])", "x"),
         "names 'dtype' twice"},
        {"metadata is a list", file_of(R"({"__metadata__":[]})", ""), "__metadata__ is no JSON"},
        {"metadata is a number", file_of(R"({"__metadata__":{"a":1}})", ""),
         "__metadata__ 'a' is no string"},
        {"tensor is a number", file_of(R"({"t":1})", ""), "tensor 't': is no JSON object"},
        {"no dtype", tensor(R"("shape":[],"data_offsets":[0,1])", "x"), "has no dtype"},
        {"no shape", tensor(R"("dtype":"U8","data_offsets":[0,1])", "x"), "has no shape"},
        {"no offsets", tensor(R"("dtype":"U8","shape":[])", "x"), "has no data_offsets"},
        {"more keys", tensor(R"("dtype":"U8","shape":[],"data_offsets":[0,1],"x":1)", "x"),
         "has 'x'; it takes dtype"},
        {"unknown dtype", tensor(R"("dtype":"F31","shape":[1],"data_offsets":[0,4])", four),
         "dtype \"F31\" is none"},
        {"negative", tensor(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])", four),
         "shape holds -1"},
        {"fraction", tensor(R"("dtype":"F32","shape":[1.5],"data_offsets":[0,4])", four),
         "shape holds 1.5"},
        {"shape is a number", tensor(R"("dtype":"F32","shape":1,"data_offsets":[0,4])", four),
         "shape is no list"},
        {"one offset", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4])", four),
         "no list of two"},
        {"hole at the begin", tensor(R"("dtype":"U8","shape":[1],"data_offsets":[3,4])", four),
         "a hole"},
        {"overlap",
         file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                 R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                 "xxx"),
         "an overlap"},
        {"many at one place",
         file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                 R"("b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
                 "xx"),
         "an overlap"},
        {"ends before it begins", tensor(R"("dtype":"U8","shape":[0],"data_offsets":[0,-1])", ""),
         "data_offsets holds -1"},
        {"end below begin",
         file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                 R"("b":{"dtype":"U8","shape":[0],"data_offsets":[2,1]}})",
                 "xx"),
         "before its begin"},
        {"shape overflows",
         tensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4])", four),
         "beyond any memory"},
        {"half a byte", tensor(R"("dtype":"F4","shape":[1],"data_offsets":[0,1])", "x"),
         "no whole bytes"},
        {"other size", tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])", four),
         "has 4 bytes, but F32 of shape [2] take 8"},
        {"cut short", tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", four),
         "it is cut short"},
        {"bytes at the end", tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,1])", four),
         "3 bytes follow the last tensor"},
        {"data without tensors", file_of("{}", "x"), "1 bytes follow"},
    };
    for (const Malformed& malformed : cases) {
        const std::string line = complaint(malformed.file);
        EXPECT_NE(line.find(malformed.complaint), std::string::npos)
            << malformed.what << ": " << line;
    }
}

TEST(Safetensors, too_many_tensors_and_too_long_names_are_refused) {
    std::string header = "{";
    for (int i = 0; i < 300; ++i)
        header +=
            "\"" + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
    header.back() = '}';
    EXPECT_NE(complaint(file_of(header, "")).find("more than 256 tensors"), std::string::npos);
    EXPECT_NE(
        complaint(file_of("{\"" + std::string(300, 'n') + "\":{}}", "")).find("300 bytes long"),
        std::string::npos);
}

TEST(Safetensors, every_cut_is_refused) {
    const float numbers[] = {1, 2};
    SafeTensors contents;
    contents.tensors = {{"W", "F32", {2}, std::as_bytes(std::span(numbers))}};
    const std::vector<std::byte> file = to_safetensors(contents);
    for (std::size_t length = 0; length < file.size(); ++length)
        EXPECT_THROW((void)parse_safetensors(std::span(file).first(length), "w"), Failure)
            << length;
}

}  // namespace
}  // namespace kiln::app
