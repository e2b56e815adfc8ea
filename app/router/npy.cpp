#include "app/router/npy.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t dimensions_max = 8;
constexpr std::uint64_t header_max = 65'536;

struct ElementKind {
    const char* descr;
    std::uint64_t bytes;
    double (*value)(const std::byte* from);
};

template <typename T>
double value_of(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return static_cast<double>(value);
}

constexpr std::array<ElementKind, 13> kinds = {{
    {"<f4", 4, value_of<float>},
    {"<f8", 8, value_of<double>},
    {"|i1", 1, value_of<std::int8_t>},
    {"<i1", 1, value_of<std::int8_t>},
    {"<i2", 2, value_of<std::int16_t>},
    {"<i4", 4, value_of<std::int32_t>},
    {"<i8", 8, value_of<std::int64_t>},
    {"|u1", 1, value_of<std::uint8_t>},
    {"<u1", 1, value_of<std::uint8_t>},
    {"<u2", 2, value_of<std::uint16_t>},
    {"<u4", 4, value_of<std::uint32_t>},
    {"<u8", 8, value_of<std::uint64_t>},
    {"|b1", 1, value_of<std::uint8_t>},
}};

const ElementKind* kind_of(std::string_view descr) {
    for (const ElementKind& kind : kinds)
        if (descr == kind.descr)
            return &kind;
    return nullptr;
}

// The header is a dictionary in Python's notation with exactly three entries.
class HeaderParser {
  public:
    HeaderParser(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {}

    void parse(NpyArray& array) {
        expect('{');
        unsigned seen = 0;
        while (!accept('}')) {
            const std::string key = quoted("a name");
            expect(':');
            unsigned which = 0;
            if (key == "descr") {
                which = 1;
                array.descr = descr();
            } else if (key == "fortran_order") {
                which = 2;
                if (boolean())
                    refuse("is in Fortran order; save numpy.ascontiguousarray() of it");
            } else if (key == "shape") {
                which = 4;
                array.shape = shape();
            } else {
                refuse(fmt::format("the header has '{}'; it takes descr, fortran_order and shape",
                                   key));
            }
            if ((seen & which) != 0)
                refuse(fmt::format("the header names '{}' twice", key));
            seen |= which;
            if (!accept(',') && peek() != '}')
                refuse(fmt::format("the header lacks a comma at character {}", at_));
        }
        if (seen != 7)
            refuse("the header lacks one of descr, fortran_order and shape");
        while (peek() == '\n')
            ++at_;
        skip_spaces();
        if (at_ != text_.size())
            refuse(fmt::format("the header goes on after its end at character {}", at_));
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw Failure(ExitCode::bad_data, on_one_line(fmt::format("{}: {}", origin_, what)));
    }
    void skip_spaces() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t'))
            ++at_;
    }
    char peek() {
        skip_spaces();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool accept(char c) {
        if (peek() != c)
            return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c))
            refuse(fmt::format("the header has no '{}' at character {}", c, at_));
    }
    std::string quoted(const char* what) {
        const char quote = peek();
        if (quote != '\'' && quote != '"')
            refuse(fmt::format("the header has no {} in quotes at character {}", what, at_));
        const std::size_t end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos)
            refuse("a quote in the header has no end");
        std::string value(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return value;
    }
    std::string descr() {
        if (peek() == '[')
            refuse("is an array of structures; save its fields one by one");
        std::string value = quoted("type");
        if (kind_of(value) != nullptr)
            return value;
        if (value.starts_with('>') || value.starts_with('='))
            refuse(fmt::format("is of type {}; little-endian numbers are read here", value));
        if (value.find('O') != std::string::npos)
            refuse("holds Python objects, which are code; save numbers");
        refuse(fmt::format("is of type {}; whole and real numbers and bool are read here", value));
    }
    bool boolean() {
        skip_spaces();
        for (const auto& [word, value] :
             {std::pair<std::string_view, bool>{"True", true}, {"False", false}})
            if (text_.substr(at_, word.size()) == word) {
                at_ += word.size();
                return value;
            }
        refuse(fmt::format("fortran_order is neither True nor False at character {}", at_));
    }
    std::vector<std::uint64_t> shape() {
        std::vector<std::uint64_t> lengths;
        expect('(');
        bool has_comma = true;
        while (!accept(')')) {
            if (!has_comma)
                refuse(fmt::format("shape lacks a comma at character {}", at_));
            const std::size_t begin = (skip_spaces(), at_);
            while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9')
                ++at_;
            const auto length = parse_count(text_.substr(begin, at_ - begin));
            if (!length)
                refuse(fmt::format("shape holds no whole number at character {}", begin));
            if (lengths.size() == dimensions_max)
                refuse(fmt::format("has more than {} dimensions", dimensions_max));
            lengths.push_back(*length);
            has_comma = accept(',');
        }
        if (lengths.size() == 1 && !has_comma)
            refuse("shape is a number in brackets and no tuple: it lacks its comma");
        return lengths;
    }

    std::string_view text_;
    const std::string& origin_;
    std::size_t at_ = 0;
};

[[noreturn]] void refuse(const std::string& origin, const std::string& what) {
    throw Failure(ExitCode::bad_data, fmt::format("{}: {}", origin, what));
}

template <typename Real>
void copy(const NpyArray& array, std::span<Real> to) {
    const ElementKind& kind = *kind_of(array.descr);
    CHECK(to.size() == array.size());
    for (std::size_t i = 0; i < to.size(); ++i)
        to[i] = static_cast<Real>(kind.value(array.bytes.data() + i * kind.bytes));
}

}  // namespace

std::uint64_t NpyArray::size() const {
    std::uint64_t size = 1;
    for (const std::uint64_t length : shape)
        size *= length;
    return size;
}

NpyArray parse_npy(std::span<const std::byte> file, const std::string& origin) {
    const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
    if (!text.starts_with(magic) || text.size() < magic.size() + 2)
        refuse(origin, "is no NPY file: it does not begin with \\x93NUMPY and a version");
    const int version = static_cast<unsigned char>(text[magic.size()]);
    const int minor = static_cast<unsigned char>(text[magic.size() + 1]);
    if (version < 1 || version > 3 || minor != 0)
        refuse(origin,
               fmt::format("is NPY version {}.{}; 1.0, 2.0 and 3.0 are read here", version, minor));
    const std::size_t length_bytes = version == 1 ? 2 : 4;
    const std::size_t begin = magic.size() + 2 + length_bytes;
    if (text.size() < begin)
        refuse(origin, "is cut short in the length of its header");
    std::uint32_t length = 0;
    std::memcpy(&length, text.data() + magic.size() + 2, length_bytes);
    if (length > header_max)
        refuse(origin,
               fmt::format("announces a header of {} bytes; {} are allowed", length, header_max));
    if (length > text.size() - begin)
        refuse(origin, fmt::format("announces a header of {} bytes, but only {} follow", length,
                                   text.size() - begin));
    NpyArray array;
    HeaderParser(text.substr(begin, length), origin).parse(array);
    std::uint64_t bytes = kind_of(array.descr)->bytes;
    for (const std::uint64_t extent : array.shape)
        if (__builtin_mul_overflow(bytes, extent, &bytes))
            refuse(origin, "its shape is beyond any memory");
    array.bytes = file.subspan(begin + length);
    if (array.bytes.size() != bytes)
        refuse(
            origin,
            fmt::format("holds {} bytes of data, but {} of shape ({}) take {}: {}",
                        array.bytes.size(), array.descr, fmt::join(array.shape, ", "), bytes,
                        array.bytes.size() < bytes ? "it is cut short" : "bytes follow its end"));
    return array;
}

void copy_values(const NpyArray& array, std::span<float> to) {
    copy(array, to);
}

void copy_values(const NpyArray& array, std::span<double> to) {
    copy(array, to);
}

std::vector<std::byte> to_npy(const std::string& descr, std::span<const std::uint64_t> shape,
                              std::span<const std::byte> bytes) {
    constexpr std::size_t prefix = 10;
    constexpr std::size_t alignment = 64;
    std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                     descr, fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
    header.append((alignment - (prefix + header.size() + 1) % alignment) % alignment, ' ');
    header += '\n';
    const auto length = static_cast<std::uint16_t>(header.size());
    std::vector<std::byte> file(prefix + header.size() + bytes.size());
    std::memcpy(file.data(), magic.data(), magic.size());
    file[magic.size()] = std::byte{1};
    std::memcpy(file.data() + magic.size() + 2, &length, sizeof(length));
    std::memcpy(file.data() + prefix, header.data(), header.size());
    std::copy(bytes.begin(), bytes.end(),
              file.begin() + static_cast<std::ptrdiff_t>(prefix + header.size()));
    return file;
}

}  // namespace kiln::app
