#include "core/router/int8.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/check.hpp"
#include "core/router/kernel-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::router::HWY_NAMESPACE {
namespace {

using Tag32 = hn::RebindToSigned<Tag>;
using Tag16 = hn::Repartition<std::int16_t, Tag32>;
using Vector32 = hn::Vec<Tag32>;

// Weights come in blocks of two columns of as many units as a vector of 32 bits has lanes. Where in
// a block a weight lies is what the processor's multiply-add of 16-bit numbers asks for: x86 adds
// neighbours, NEON the lower half to the upper half.
constexpr bool adds_neighbours = HWY_ARCH_X86 != 0;

constexpr std::size_t place_in_block(std::size_t unit, std::size_t column) {
    return adds_neighbours ? unit * 2 + column : column * lanes + unit;
}

// The sums of products of one block of units with all columns, two at a time.
Vector32 products(const std::int16_t* weights, const std::int16_t* values, std::size_t pairs) {
    const Tag16 tag;
    const Tag32 sums;
    Vector32 sum = hn::Zero(sums);
    Vector32 rest = hn::Zero(sums);
    for (std::size_t q = 0; q < pairs; ++q) {
        hn::Vec<Tag16> pair;
        if constexpr (adds_neighbours) {
            std::int32_t both = 0;
            std::memcpy(&both, values + 2 * q, sizeof(both));
            pair = hn::BitCast(tag, hn::Set(sums, both));
        } else {
            const hn::Half<Tag16> half;
            pair = hn::Combine(tag, hn::Set(half, values[2 * q + 1]), hn::Set(half, values[2 * q]));
        }
        sum = hn::ReorderWidenMulAccumulate(sums, hn::Load(tag, weights + q * 2 * lanes), pair, sum,
                                            rest);
    }
    return hn::Add(sum, rest);
}

// W x scales for all units of the model: p = products * (scale of the row * scale of the values),
// or added to p.
void add_products(bool is_added, const std::int16_t* weights, const float* scales,
                  const std::int16_t* values, float scale, std::size_t pairs, std::size_t units,
                  float* p) {
    const Tag tag;
    for (std::size_t i = 0; i < units; i += lanes, weights += pairs * 2 * lanes) {
        const Vector sum = hn::ConvertTo(tag, products(weights, values, pairs));
        const Vector share = hn::Mul(hn::Load(tag, scales + i), hn::Set(tag, scale));
        const Vector before = is_added ? hn::Load(tag, p + i) : hn::Zero(tag);
        hn::Store(hn::MulAdd(sum, share, before), tag, p + i);
    }
}

// Rounded to -127 .. 127; gives back the scale. count: a multiple of eight; what pads is zero.
float quantise(const float* values, std::size_t count, std::int16_t* to) {
    const Tag tag;
    const hn::Rebind<std::int16_t, Tag32> narrow;
    Vector sizes = hn::Zero(tag);
    for (std::size_t i = 0; i < count; i += lanes)
        sizes = hn::Max(sizes, hn::Abs(hn::Load(tag, values + i)));
    float largest = hn::GetLane(hn::MaxOfLanes(tag, sizes));
    if (!(largest > 0))
        largest = 1;
    const Vector inverse = hn::Set(tag, 127.0f / largest);
    for (std::size_t i = 0; i < count; i += lanes) {
        const Vector scaled = hn::Mul(hn::Load(tag, values + i), inverse);
        hn::StoreU(hn::DemoteTo(narrow, hn::NearestInt(scaled)), narrow, to + i);
    }
    return largest / 127.0f;
}

// h = (zeta (1 - z) + nu) c + z h for all units.
void activate(const float* p, const float* b_gate, const float* b_update, const float* zeta_nu,
              std::size_t units, float* state) {
    const Tag tag;
    const Vector zeta = hn::Set(tag, zeta_nu[0]);
    const Vector nu = hn::Set(tag, zeta_nu[1]);
    const Vector one = hn::Set(tag, 1.0f);
    for (std::size_t i = 0; i < units; i += lanes) {
        const Vector sum = hn::Load(tag, p + i);
        const Vector z = logistic_of(tag, hn::Add(sum, hn::Load(tag, b_gate + i)));
        const Vector c = tanh_of(tag, hn::Add(sum, hn::Load(tag, b_update + i)));
        const Vector a = hn::MulAdd(zeta, hn::Sub(one, z), nu);
        hn::Store(hn::MulAdd(a, c, hn::Mul(z, hn::Load(tag, state + i))), tag, state + i);
    }
}

}  // namespace
}  // namespace kiln::router::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::router {
namespace {

constexpr std::size_t padded(std::size_t count, std::size_t to) {
    return (count + to - 1) / to * to;
}

template <typename T>
const T* at(std::span<const std::byte> model, std::size_t place) {
    return reinterpret_cast<const T*>(model.data() + place);
}
template <typename T>
T* at(std::span<std::byte> model, std::size_t place) {
    return reinterpret_cast<T*>(model.data() + place);
}

}  // namespace

void quantise_rows(std::span<const float> matrix, std::size_t columns,
                   std::span<std::int8_t> values, std::span<float> scales) {
    CHECK(values.size() == matrix.size() && scales.size() * columns == matrix.size());
    for (std::size_t row = 0; row < scales.size(); ++row) {
        float largest = 0;
        for (std::size_t j = 0; j < columns; ++j)
            largest = std::max(largest, std::abs(matrix[row * columns + j]));
        scales[row] = largest / 127.0f;
        for (std::size_t j = 0; j < columns; ++j) {
            const float value = matrix[row * columns + j];
            values[row * columns + j] =
                largest > 0 ? static_cast<std::int8_t>(std::lrint(value / largest * 127.0f))
                            : std::int8_t{0};
        }
    }
}

Int8Kernel::Int8Kernel(const Shape& shape)
    : shape_(shape.dense()),
      input_width_(padded(shape.inputs, 8)),
      units_(padded(shape.hidden, 8)),
      outputs_(padded(shape.outputs, 8)) {
    constexpr std::size_t line = 64;
    const auto take = [this](std::size_t bytes) {
        const std::size_t place = model_bytes_;
        model_bytes_ += padded(bytes, line);
        return place;
    };
    places_.W = take(units_ * input_width_ * sizeof(std::int16_t));
    places_.U = take(units_ * units_ * sizeof(std::int16_t));
    places_.head = take(outputs_ * units_ * sizeof(std::int16_t));
    places_.W_scales = take(units_ * sizeof(float));
    places_.U_scales = take(units_ * sizeof(float));
    places_.head_scales = take(outputs_ * sizeof(float));
    places_.b_gate = take(units_ * sizeof(float));
    places_.b_update = take(units_ * sizeof(float));
    places_.head_bias = take(outputs_ * sizeof(float));
    places_.zeta = take(2 * sizeof(float));
}

void Int8Kernel::pack(const Int8Parts& parts, std::span<std::byte> model) const {
    CHECK(model.size() >= model_bytes_);
    std::memset(model.data(), 0, model_bytes_);
    constexpr std::size_t lanes = HWY_NAMESPACE::lanes;
    const auto matrix = [&](const Int8Matrix& from, std::size_t columns, std::size_t width,
                            std::size_t place, std::size_t scales) {
        auto* const to = at<std::int16_t>(model, place);
        for (std::size_t row = 0; row < from.scales.size(); ++row)
            for (std::size_t j = 0; j < columns; ++j)
                to[(row / lanes * (width / 2) + j / 2) * 2 * lanes +
                   HWY_NAMESPACE::place_in_block(row % lanes, j % 2)] =
                    from.values[row * columns + j];
        std::copy(from.scales.begin(), from.scales.end(), at<float>(model, scales));
    };
    const auto vector = [&](std::span<const float> from, std::size_t place) {
        std::copy(from.begin(), from.end(), at<float>(model, place));
    };
    matrix(parts.W, shape_.inputs, input_width_, places_.W, places_.W_scales);
    matrix(parts.U, shape_.hidden, units_, places_.U, places_.U_scales);
    matrix(parts.head_weight, shape_.hidden, units_, places_.head, places_.head_scales);
    vector(parts.b_gate, places_.b_gate);
    vector(parts.b_update, places_.b_update);
    vector(parts.head_bias, places_.head_bias);
    at<float>(model, places_.zeta)[0] = logistic_of(parts.zeta);
    at<float>(model, places_.zeta)[1] = logistic_of(parts.nu);
}

void Int8Kernel::forward(std::span<const std::byte> model, std::span<const float> inputs,
                         std::span<float> logits) const {
    alignas(64) std::int16_t x[inputs_max];
    alignas(64) std::int16_t h[hidden_max];
    alignas(64) float input[inputs_max];
    alignas(64) float state[hidden_max];
    alignas(64) float p[hidden_max];
    alignas(64) float values[outputs_max];
    std::fill_n(input, input_width_, 0.0f);
    std::fill_n(state, units_, 0.0f);
    const std::size_t steps = inputs.size() / shape_.inputs;
    const auto floats = [&](std::size_t place) { return at<float>(model, place); };
    const auto weights = [&](std::size_t place) { return at<std::int16_t>(model, place); };
    float h_scale = 0;
    for (std::size_t t = 0; t < steps; ++t) {
        std::copy_n(inputs.begin() + static_cast<std::ptrdiff_t>(t * shape_.inputs), shape_.inputs,
                    input);
        const float x_scale = HWY_NAMESPACE::quantise(input, input_width_, x);
        HWY_NAMESPACE::add_products(false, weights(places_.W), floats(places_.W_scales), x, x_scale,
                                    input_width_ / 2, units_, p);
        if (t > 0)
            HWY_NAMESPACE::add_products(true, weights(places_.U), floats(places_.U_scales), h,
                                        h_scale, units_ / 2, units_, p);
        HWY_NAMESPACE::activate(p, floats(places_.b_gate), floats(places_.b_update),
                                floats(places_.zeta), units_, state);
        h_scale = HWY_NAMESPACE::quantise(state, units_, h);
    }
    HWY_NAMESPACE::add_products(false, weights(places_.head), floats(places_.head_scales), h,
                                h_scale, units_ / 2, outputs_, values);
    for (std::size_t k = 0; k < shape_.outputs; ++k)
        logits[k] = values[k] + floats(places_.head_bias)[k];
}

}  // namespace kiln::router
