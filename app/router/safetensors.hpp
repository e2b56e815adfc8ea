// Safetensors: named arrays in a file, without code in it.
//
// Eight bytes N (little-endian), N bytes of JSON (name -> dtype, shape, data_offsets; and
// "__metadata__", strings to strings), then the arrays without a gap. The format is that of
// https://github.com/huggingface/safetensors (format description and the checks of its reader,
// version 0.8); stricter where it leaves something open: no name twice, limits on the size of the
// header and the number of arrays. What is wrong is thrown as bad_data: file, place, and what would
// be right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace kiln::app {

struct SafeTensor {
    std::string name;
    std::string dtype;  // "F32", "F64", "I8", ...
    std::vector<std::uint64_t> shape;
    std::span<const std::byte> bytes;  // into the file, or wherever the writer has them
};

struct SafeTensors {
    std::map<std::string, std::string> metadata;
    std::vector<SafeTensor> tensors;  // in the order of their bytes

    const SafeTensor* find(std::string_view name) const;  // nullptr if absent
};

constexpr std::uint64_t safetensors_header_max = 1'000'000;
constexpr std::size_t safetensors_count_max = 256;

// The arrays point into `file`. origin: how the file was named.
SafeTensors parse_safetensors(std::span<const std::byte> file, const std::string& origin);

// The whole file. Equal contents give equal bytes: arrays by falling size of their elements, then
// by name; metadata by name; the header padded with spaces to a multiple of eight.
std::vector<std::byte> to_safetensors(SafeTensors contents);

// The array as numbers, from F32 or F64. Throws bad_data for other types.
std::vector<double> real_values(const SafeTensor& tensor, const std::string& origin);

}  // namespace kiln::app
