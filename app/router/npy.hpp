// NPY and NPZ: arrays as NumPy saves them.
//
// NPY: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1.0 to 3.0.
// NPZ: a zip archive of them (PKWARE APPNOTE 6.3), stored or deflated, as numpy.savez and
// savez_compressed make it; what its central directory says is believed and checked. Little-endian
// whole and real numbers and bool in C order; objects (which are code), text and structures are
// refused. What is wrong is thrown as bad_data: file, member, and what would be right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "app/router/block.hpp"

namespace kiln::app {

struct NpyArray {
    std::string name;   // of the member, without .npy; empty for a file of its own
    std::string descr;  // "<f4"
    std::vector<std::uint64_t> shape;
    std::span<const std::byte> bytes;  // into the file, or into `unpacked`
    Block unpacked;

    std::uint64_t size() const;
};

// One array; it points into `file`.
NpyArray parse_npy(std::span<const std::byte> file, const std::string& origin);

// All arrays of an archive, in its order; those that are stored point into `file`.
std::vector<NpyArray> parse_npz(std::span<const std::byte> file, const std::string& origin);

// The values as f32 or f64. `to` holds size() of them.
void copy_values(const NpyArray& array, std::span<float> to);
void copy_values(const NpyArray& array, std::span<double> to);

// A file of one array, version 1.0, as numpy.save writes it.
std::vector<std::byte> to_npy(const std::string& descr, std::span<const std::uint64_t> shape,
                              std::span<const std::byte> bytes);

}  // namespace kiln::app
