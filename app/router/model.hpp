// RouterModel: a trained router as a file, whole: weights, normalisation, what its inputs are.
//
// Safetensors with W, U (or W1 W2, U1 U2), b_gate, b_update, zeta, nu (before the logistic
// function), head_weight, head_bias; norm.mean and norm.std; of a quantised model the matrices are
// I8 with F32 <name>.scale [rows]. Metadata, as JSON under one name (so that other packages write
// the file back to the byte): steps, loss, and where chosen a threshold and a calibration.
// What is wrong is thrown as bad_data.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/router/int8.hpp"
#include "core/router/kernel.hpp"

#include "app/router/dataset.hpp"
#include "app/router/safetensors.hpp"

namespace kiln::app {

struct RouterModel {
    router::Shape shape;
    std::uint32_t steps = 1;
    router::LossKind kind = router::LossKind::cross_entropy;
    std::vector<float> parameters;  // of a quantised model: as its whole numbers and scales give
    std::vector<double> exact;      // the same, as the file has them if that is F64
    Normaliser normaliser;
    bool is_int8 = false;
    std::map<std::string, std::string> notes;  // further metadata, kept as it is
};

RouterModel parse_model(std::span<const std::byte> file, const std::string& origin);
RouterModel load_model(const std::string& path);
std::vector<std::byte> to_file(const RouterModel& model);

// The same with whole numbers for weights, dense: see core/router/int8.hpp.
RouterModel quantised(const RouterModel& model);

// Bytes of parameters and scales as the file holds them.
std::uint64_t parameter_bytes(const RouterModel& model);

// Told now and then how many samples are done.
using OnScored = std::function<void(std::uint64_t samples)>;

// Logits, floats [n, K], of data that are not normalised yet; a quantised model computes in whole
// numbers.
Block logits_of(const RouterModel& model, const Dataset& data, const OnScored& on_scored = {});

// Throws usage, naming both, if the data are not what the model takes.
void check_fit(const RouterModel& model, const Dataset& data);

}  // namespace kiln::app
