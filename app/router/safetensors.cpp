#include "app/router/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

static_assert(std::endian::native == std::endian::little);

using Json = nlohmann::json;

constexpr std::size_t length_bytes = 8;
constexpr std::size_t name_bytes_max = 256;
constexpr const char* metadata_key = "__metadata__";

// Bits of an element; types of less than a byte are part of the format.
constexpr std::array<std::pair<const char*, std::uint64_t>, 20> dtypes = {{
    {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"BOOL", 8},    {"U8", 8},
    {"I8", 8},   {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"I16", 16},
    {"U16", 16}, {"F16", 16},    {"BF16", 16},   {"I32", 32},    {"U32", 32},
    {"F32", 32}, {"F64", 64},    {"I64", 64},    {"U64", 64},    {"C64", 64},
}};

std::uint64_t bits_of(std::string_view dtype) {
    for (const auto& [name, bits] : dtypes)
        if (dtype == name)
            return bits;
    return 0;
}

// Where no character of UTF-8 begins or goes on (RFC 3629); the length if it is all right.
std::size_t bad_utf8_at(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto byte = [&](std::size_t i) {
            return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
        };
        const unsigned first = byte(at);
        const std::size_t length = first < 0x80   ? 1
                                   : first < 0xc2 ? 0
                                   : first < 0xe0 ? 2
                                   : first < 0xf0 ? 3
                                   : first < 0xf5 ? 4
                                                  : 0;
        if (length == 0)
            return at;
        const unsigned second = byte(at + 1);
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
            (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
            return at;
        for (std::size_t i = 1; i < length; ++i)
            if ((byte(at + i) & 0xc0) != 0x80)
                return at;
        at += length;
    }
    return at;
}

class Parser {
  public:
    Parser(std::span<const std::byte> file, const std::string& origin)
        : file_(file), origin_(origin) {}

    SafeTensors parse() {
        const Json header = read_header();
        SafeTensors contents;
        for (const auto& [name, value] : header.items()) {
            if (name == metadata_key)
                contents.metadata = metadata(value);
            else
                contents.tensors.push_back(tensor(name, value));
        }
        place(contents.tensors);
        return contents;
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw Failure(ExitCode::bad_data, on_one_line(fmt::format("{}: {}", origin_, what)));
    }
    [[noreturn]] void refuse_tensor(const std::string& name, const std::string& what) const {
        refuse(fmt::format("tensor '{}': {}", name, what));
    }

    Json read_header() {
        if (file_.size() < length_bytes)
            refuse(
                fmt::format("has {} bytes; a safetensors file begins with 8 that tell the "
                            "length of its header",
                            file_.size()));
        std::uint64_t length = 0;
        std::memcpy(&length, file_.data(), length_bytes);
        if (length > safetensors_header_max)
            refuse(fmt::format("announces a header of {} bytes; {} are allowed", length,
                               safetensors_header_max));
        if (length > file_.size() - length_bytes)
            refuse(fmt::format("announces a header of {} bytes, but only {} follow", length,
                               file_.size() - length_bytes));
        const std::string_view text(reinterpret_cast<const char*>(file_.data()) + length_bytes,
                                    length);
        if (const std::size_t at = bad_utf8_at(text); at < text.size())
            refuse(fmt::format("the header is not UTF-8 at byte {}", length_bytes + at));
        buffer_ = file_.subspan(length_bytes + length);
        const Json header = parse_json(text);
        if (!header.is_object())
            refuse("the header is no JSON object of names and arrays");
        return header;
    }

    // Without names that come twice, and no deeper than the format goes.
    Json parse_json(std::string_view text) const {
        constexpr int depth_max = 3;
        std::vector<std::set<std::string>> names;
        const auto look = [&](int depth, Json::parse_event_t event, Json& value) {
            if (event == Json::parse_event_t::object_start) {
                names.emplace_back();
            } else if (event == Json::parse_event_t::object_end) {
                names.pop_back();
            } else if (event == Json::parse_event_t::key) {
                const auto& name = value.get_ref<const std::string&>();
                if (!names.back().insert(name).second)
                    refuse(fmt::format("the header names '{}' twice", name));
            }
            if (depth > depth_max)
                refuse(fmt::format("the header nests deeper than {} levels", depth_max));
            return true;
        };
        try {
            return Json::parse(text.begin(), text.end(), look);
        } catch (const Json::exception& error) {
            refuse(fmt::format("the header is not JSON: {}", error.what()));
        }
    }

    std::map<std::string, std::string> metadata(const Json& value) const {
        if (!value.is_object())
            refuse("__metadata__ is no JSON object");
        std::map<std::string, std::string> metadata;
        for (const auto& [name, text] : value.items()) {
            if (!text.is_string())
                refuse(fmt::format("__metadata__ '{}' is no string", name));
            metadata[name] = text.get<std::string>();
        }
        return metadata;
    }

    std::uint64_t whole(const std::string& name, const char* what, const Json& value) const {
        if (!value.is_number_unsigned())
            refuse_tensor(name, fmt::format("{} holds {}; it takes whole numbers from 0", what,
                                            value.dump()));
        return value.get<std::uint64_t>();
    }

    struct Range {
        std::uint64_t begin, end;
    };

    SafeTensor tensor(const std::string& name, const Json& value) {
        if (name.size() > name_bytes_max)
            refuse(fmt::format("a name is {} bytes long; {} are allowed", name.size(),
                               name_bytes_max));
        if (ranges_.size() == safetensors_count_max)
            refuse(fmt::format("has more than {} tensors", safetensors_count_max));
        if (!value.is_object())
            refuse_tensor(name, "is no JSON object");
        for (const auto& [key, ignored] : value.items())
            if (key != "dtype" && key != "shape" && key != "data_offsets")
                refuse_tensor(name,
                              fmt::format("has '{}'; it takes dtype, shape and data_offsets", key));
        for (const char* key : {"dtype", "shape", "data_offsets"})
            if (!value.contains(key))
                refuse_tensor(name, fmt::format("has no {}", key));
        const Json& dtype = value["dtype"];
        if (!dtype.is_string() || bits_of(dtype.get_ref<const std::string&>()) == 0)
            refuse_tensor(name, fmt::format("dtype {} is none of the format", dtype.dump()));
        SafeTensor tensor = {name, dtype.get<std::string>(), {}, {}};
        const Json& shape = value["shape"];
        if (!shape.is_array())
            refuse_tensor(name, "shape is no list");
        for (const Json& length : shape)
            tensor.shape.push_back(whole(name, "shape", length));
        const Json& offsets = value["data_offsets"];
        if (!offsets.is_array() || offsets.size() != 2)
            refuse_tensor(name, "data_offsets is no list of two numbers");
        ranges_[name] = {whole(name, "data_offsets", offsets[0]),
                         whole(name, "data_offsets", offsets[1])};
        return tensor;
    }

    std::uint64_t bytes_of(const SafeTensor& tensor) const {
        std::uint64_t bits = bits_of(tensor.dtype);
        for (const std::uint64_t length : tensor.shape)
            if (__builtin_mul_overflow(bits, length, &bits))
                refuse_tensor(tensor.name, "its shape is beyond any memory");
        if (bits % 8 != 0)
            refuse_tensor(tensor.name,
                          fmt::format("is {} bits long, which are no whole bytes", bits));
        return bits / 8;
    }

    // Without a hole, an overlap, or a byte that belongs to nobody.
    void place(std::vector<SafeTensor>& tensors) const {
        std::sort(tensors.begin(), tensors.end(), [&](const SafeTensor& a, const SafeTensor& b) {
            const Range one = ranges_.at(a.name);
            const Range other = ranges_.at(b.name);
            return std::tie(one.begin, one.end, a.name) < std::tie(other.begin, other.end, b.name);
        });
        std::uint64_t at = 0;
        for (SafeTensor& tensor : tensors) {
            const Range range = ranges_.at(tensor.name);
            if (range.begin != at)
                refuse_tensor(
                    tensor.name,
                    fmt::format("begins at byte {} of the data, but what comes before "
                                "ends at {}: {}",
                                range.begin, at, range.begin > at ? "a hole" : "an overlap"));
            if (range.end < range.begin)
                refuse_tensor(tensor.name, fmt::format("ends at byte {}, before its begin {}",
                                                       range.end, range.begin));
            const std::uint64_t bytes = bytes_of(tensor);
            if (range.end - range.begin != bytes)
                refuse_tensor(tensor.name, fmt::format("has {} bytes, but {} of shape [{}] take {}",
                                                       range.end - range.begin, tensor.dtype,
                                                       fmt::join(tensor.shape, ", "), bytes));
            if (range.end > buffer_.size())
                refuse_tensor(tensor.name, fmt::format("ends at byte {} of the data, but the file "
                                                       "holds {}: it is cut short",
                                                       range.end, buffer_.size()));
            tensor.bytes = buffer_.subspan(range.begin, bytes);
            at = range.end;
        }
        if (at != buffer_.size())
            refuse(fmt::format("{} bytes follow the last tensor", buffer_.size() - at));
    }

    std::span<const std::byte> file_;
    const std::string& origin_;
    std::span<const std::byte> buffer_;
    std::map<std::string, Range> ranges_;
};

}  // namespace

const SafeTensor* SafeTensors::find(std::string_view name) const {
    for (const SafeTensor& tensor : tensors)
        if (tensor.name == name)
            return &tensor;
    return nullptr;
}

SafeTensors parse_safetensors(std::span<const std::byte> file, const std::string& origin) {
    return Parser(file, origin).parse();
}

std::vector<std::byte> to_safetensors(SafeTensors contents) {
    std::sort(contents.tensors.begin(), contents.tensors.end(),
              [](const SafeTensor& one, const SafeTensor& other) {
                  const std::uint64_t bits = bits_of(one.dtype);
                  const std::uint64_t other_bits = bits_of(other.dtype);
                  return bits != other_bits ? bits > other_bits : one.name < other.name;
              });
    nlohmann::ordered_json header;
    if (!contents.metadata.empty())
        header[metadata_key] = contents.metadata;
    std::uint64_t at = 0;
    for (const SafeTensor& tensor : contents.tensors) {
        header[tensor.name] = {{"dtype", tensor.dtype},
                               {"shape", tensor.shape},
                               {"data_offsets", {at, at + tensor.bytes.size()}}};
        at += tensor.bytes.size();
    }
    std::string text = header.is_null() ? "{}" : header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    const std::uint64_t length = text.size();
    std::vector<std::byte> file(length_bytes + text.size() + at);
    std::memcpy(file.data(), &length, length_bytes);
    std::memcpy(file.data() + length_bytes, text.data(), text.size());
    std::size_t to = length_bytes + text.size();
    for (const SafeTensor& tensor : contents.tensors) {
        std::copy(tensor.bytes.begin(), tensor.bytes.end(),
                  file.begin() + static_cast<std::ptrdiff_t>(to));
        to += tensor.bytes.size();
    }
    return file;
}

std::vector<double> real_values(const SafeTensor& tensor, const std::string& origin) {
    std::vector<double> values;
    const auto read = [&]<typename Real>(Real) {
        values.resize(tensor.bytes.size() / sizeof(Real));
        for (std::size_t i = 0; i < values.size(); ++i) {
            Real value;
            std::memcpy(&value, tensor.bytes.data() + i * sizeof(Real), sizeof(Real));
            values[i] = static_cast<double>(value);
        }
    };
    if (tensor.dtype == "F32")
        read(float());
    else if (tensor.dtype == "F64")
        read(double());
    else
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: tensor '{}': is {}; F32 or F64 is read here", origin,
                                  tensor.name, tensor.dtype));
    return values;
}

}  // namespace kiln::app
