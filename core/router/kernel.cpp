#include "core/router/kernel.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/check.hpp"
#include "core/router/loss-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::router::HWY_NAMESPACE {
namespace {

// One call's view of the packed model and of the workspace.
struct View {
    const Kernel& kernel;
    const float* model;
    float* room;
    std::size_t samples;
    std::size_t D = kernel.inputs(), H = kernel.hidden(), K = kernel.outputs();
    std::size_t T = kernel.steps(), width = kernel.width();
    std::size_t plane = samples * width;

    const float* of_model(std::size_t place) const { return model + place; }
    float* inputs(std::size_t t) const {
        return room + kernel.rooms().inputs + (T - 1 - t) * samples * D;
    }
    float* states(std::size_t t) const { return room + kernel.rooms().states + (T - t) * plane; }
    float* gates(std::size_t t) const { return room + kernel.rooms().gates + (T - 1 - t) * plane; }
    float* candidates(std::size_t t) const {
        return room + kernel.rooms().candidates + (T - 1 - t) * plane;
    }
};

// Without the call that a few floats are not worth.
void copy(const float* from, std::size_t count, float* to) {
    const Tag tag;
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(hn::LoadU(tag, from + i), tag, to + i);
    const hn::CappedTag<float, 1> single;
    for (; i < count; ++i)
        hn::StoreU(hn::LoadU(single, from + i), single, to + i);
}

// By step, so that a step's samples lie together.
void gather(const View& view, const Selection& selection) {
    const std::size_t sample_size = view.T * view.D;
    // Samples are all over memory that no cache holds: let them come side by side.
    for (const std::uint32_t sample : selection.chosen) {
        const float* const from = &selection.data->inputs[sample * sample_size];
        for (std::size_t i = 0; i < std::min<std::size_t>(sample_size, 128); i += 16)
            __builtin_prefetch(from + i);
        __builtin_prefetch(&selection.data->labels[sample]);
    }
    for (std::size_t b = 0; b < view.samples; ++b) {
        const float* const from = &selection.data->inputs[selection.chosen[b] * sample_size];
        for (std::size_t t = 0; t < view.T; ++t)
            copy(from + t * view.D, view.D, view.inputs(t) + b * view.D);
    }
}

// The sums p of all samples lie where the step's gates will.
void activate(const View& view, std::size_t t) {
    const Tag tag;
    const Kernel::Places& places = view.kernel.places();
    const Vector zeta = hn::Set(tag, *view.of_model(places.zeta));
    const Vector nu = hn::Set(tag, *view.of_model(places.nu));
    const Vector one = hn::Set(tag, 1.0f);
    for (std::size_t i = 0; i < view.width; i += lanes) {
        const Vector b_gate = hn::Load(tag, view.of_model(places.b_gate) + i);
        const Vector b_update = hn::Load(tag, view.of_model(places.b_update) + i);
        for (std::size_t at = i; at < view.plane; at += view.width) {
            const Vector p = hn::Load(tag, view.gates(t) + at);
            const Vector h = hn::Load(tag, view.states(t) + at);
            const Vector z = logistic_of(tag, hn::Add(p, b_gate));
            const Vector c = tanh_of(tag, hn::Add(p, b_update));
            const Vector a = hn::MulAdd(zeta, hn::Sub(one, z), nu);
            hn::Store(z, tag, view.gates(t) + at);
            hn::Store(c, tag, view.candidates(t) + at);
            hn::Store(hn::MulAdd(a, c, hn::Mul(z, h)), tag, view.states(t + 1) + at);
        }
    }
}

void forward(const View& view, const Selection& selection, float* logits) {
    const Kernel::Places& places = view.kernel.places();
    gather(view, selection);
    std::memset(view.states(0), 0, view.plane * sizeof(float));
    // What depends on the inputs alone, for all steps at once.
    product(false, view.gates(view.T - 1), view.T * view.samples,
            {view.inputs(view.T - 1), view.D, 1}, view.of_model(places.W), view.width, view.D);
    for (std::size_t t = 0; t < view.T; ++t) {
        if (t > 0)
            product(true, view.gates(t), view.samples, {view.states(t), view.width, 1},
                    view.of_model(places.U), view.width, view.H);
        activate(view, t);
    }
    for (std::size_t b = 0; b < view.samples; ++b)
        for (std::size_t k = 0; k < view.K; ++k)
            logits[b * view.K + k] = dot(view.of_model(places.head_weight) + k * view.width,
                                         view.states(view.T) + b * view.width, view.width) +
                                     *view.of_model(places.head_bias + k);
}

// Losses of the samples, summed; their derivatives by the logits times `scale` to by_logit.
double binary_head(const View& view, const Selection& selection, const LossSettings& settings,
                   const float* logits, float scale, float* by_logit) {
    constexpr std::size_t block = 16;
    double values[block] = {}, labels[block] = {}, teacher[block] = {};
    double losses[block], slopes[block];
    double loss = 0;
    for (std::size_t first = 0; first < view.samples; first += block) {
        const std::size_t count = std::min(block, view.samples - first);
        for (std::size_t b = 0; b < count; ++b) {
            const std::size_t sample = selection.chosen[first + b];
            values[b] = static_cast<double>(logits[first + b]);
            labels[b] = static_cast<double>(selection.data->labels[sample]);
            if (settings.has_teacher())
                teacher[b] = static_cast<double>(selection.data->teacher_logits[sample]);
        }
        binary_losses(settings, count, values, labels, teacher, losses, slopes);
        for (std::size_t b = 0; b < count; ++b) {
            loss += losses[b];
            by_logit[first + b] = static_cast<float>(slopes[b]) * scale;
        }
    }
    return loss;
}

double general_head(const View& view, const Selection& selection, const LossSettings& settings,
                    const float* logits, float scale, float* by_logit) {
    double values[outputs_capacity];
    double teacher[outputs_capacity];
    double slopes[outputs_capacity];
    double loss = 0;
    for (std::size_t b = 0; b < view.samples; ++b) {
        const std::size_t sample = selection.chosen[b];
        std::copy_n(logits + b * view.K, view.K, values);
        for (std::size_t k = 0; settings.has_teacher() && k < view.K; ++k)
            teacher[k] = static_cast<double>(selection.data->teacher_logits[sample * view.K + k]);
        loss += sample_loss(
            settings, {values, view.K}, static_cast<double>(selection.data->labels[sample]),
            {teacher, settings.has_teacher() ? view.K : 0}, {slopes, outputs_capacity});
        for (std::size_t k = 0; k < view.K; ++k)
            by_logit[b * view.K + k] = static_cast<float>(slopes[k]) * scale;
    }
    return loss;
}

// From the losses to dL/dh_T, and the gradient of the head.
double head_back(const View& view, const Selection& selection, const LossSettings& settings,
                 const float* logits, float scale, float* gradient) {
    const Kernel::Places& places = view.kernel.places();
    float* const by_logit = view.room + view.kernel.rooms().by_logit;
    const bool is_binary = view.K == 1 && settings.kind == LossKind::cross_entropy;
    const double loss = (is_binary ? binary_head : general_head)(view, selection, settings, logits,
                                                                 scale, by_logit);
    for (std::size_t b = 0; b < view.samples; ++b)
        for (std::size_t k = 0; k < view.K; ++k)
            gradient[places.head_bias + k] += by_logit[b * view.K + k];
    product(false, gradient + places.head_weight, view.K, {by_logit, 1, view.K},
            view.states(view.T), view.width, view.samples);
    product(false, view.room + view.kernel.rooms().by_state, view.samples, {by_logit, view.K, 1},
            view.of_model(places.head_weight), view.width, view.K);
    return loss;
}

// From dL/dh_t to dL/dp_t, and what of dL/dh_{t-1} does not go through U.
void step_back(const View& view, std::size_t t, float* gradient) {
    const Tag tag;
    const Kernel::Places& places = view.kernel.places();
    const Kernel::Rooms& rooms = view.kernel.rooms();
    const Vector zeta = hn::Set(tag, *view.of_model(places.zeta));
    const Vector nu = hn::Set(tag, *view.of_model(places.nu));
    const Vector one = hn::Set(tag, 1.0f);
    for (std::size_t i = 0; i < view.width; i += lanes) {
        Vector by_gate = hn::Load(tag, gradient + places.b_gate + i);
        Vector by_update = hn::Load(tag, gradient + places.b_update + i);
        Vector by_zeta = hn::Load(tag, view.room + rooms.by_zeta + i);
        Vector by_nu = hn::Load(tag, view.room + rooms.by_nu + i);
        for (std::size_t at = i; at < view.plane; at += view.width) {
            float* const by_state = view.room + rooms.by_state + at;
            const Vector z = hn::Load(tag, view.gates(t) + at);
            const Vector c = hn::Load(tag, view.candidates(t) + at);
            const Vector h = hn::Load(tag, view.states(t) + at);
            const Vector d = hn::Load(tag, by_state);
            const Vector open = hn::Sub(one, z);
            const Vector a = hn::MulAdd(zeta, open, nu);
            const Vector dz = hn::Mul(hn::Mul(d, hn::NegMulAdd(zeta, c, h)), hn::Mul(z, open));
            const Vector dc = hn::Mul(hn::Mul(d, a), hn::NegMulAdd(c, c, one));
            hn::Store(hn::Add(dz, dc), tag, view.gates(t) + at);
            by_gate = hn::Add(by_gate, dz);
            by_update = hn::Add(by_update, dc);
            by_zeta = hn::MulAdd(hn::Mul(d, c), open, by_zeta);
            by_nu = hn::MulAdd(d, c, by_nu);
            hn::Store(hn::Mul(d, z), tag, by_state);
        }
        hn::Store(by_gate, tag, gradient + places.b_gate + i);
        hn::Store(by_update, tag, gradient + places.b_update + i);
        hn::Store(by_zeta, tag, view.room + rooms.by_zeta + i);
        hn::Store(by_nu, tag, view.room + rooms.by_nu + i);
    }
}

void back(const View& view, float* gradient) {
    const Kernel::Places& places = view.kernel.places();
    const Kernel::Rooms& rooms = view.kernel.rooms();
    for (std::size_t t = view.T; t-- > 0;) {
        step_back(view, t, gradient);
        if (t > 0)
            product(true, view.room + rooms.by_state, view.samples, {view.gates(t), view.width, 1},
                    view.of_model(places.U_rows), view.width, view.H);
    }
    const std::size_t last = view.T - 1;
    product(false, gradient + places.W, view.D, {view.inputs(last), 1, view.D}, view.gates(last),
            view.width, view.T * view.samples);
    if (view.T > 1)
        product(false, gradient + places.U, view.H, {view.states(last), 1, view.width},
                view.gates(last), view.width, last * view.samples);
    const auto add_scalar = [&](std::size_t place, std::size_t room) {
        const float value = *view.of_model(place);
        float sum = 0;
        for (std::size_t i = 0; i < view.H; ++i)
            sum += view.room[room + i];
        gradient[place] += sum * (value * (1.0f - value));
    };
    add_scalar(places.zeta, rooms.by_zeta);
    add_scalar(places.nu, rooms.by_nu);
}

}  // namespace
}  // namespace kiln::router::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::router {
namespace {

constexpr std::size_t padded(std::size_t count) {
    return (count + 7) / 8 * 8;
}
constexpr std::size_t line = 16;  // floats in a cache line

class Tally {
  public:
    std::size_t add(std::size_t count) {
        const std::size_t place = total_;
        total_ += (count + line - 1) / line * line;
        return place;
    }
    std::size_t total() const { return total_; }

  private:
    std::size_t total_ = 0;
};

}  // namespace

Kernel::Kernel(const Shape& shape, std::uint32_t samples_max, std::uint32_t steps)
    : shape_(shape.dense()),
      samples_max_(samples_max),
      steps_(steps),
      width_(padded(shape.hidden)) {
    Tally model;
    places_.W = model.add(shape.inputs * width_);
    places_.b_gate = model.add(width_);
    places_.b_update = model.add(width_);
    places_.zeta = model.add(1);
    places_.nu = model.add(1);
    places_.head_weight = model.add(shape.outputs * width_);
    places_.head_bias = model.add(shape.outputs);
    const std::size_t without_U = model.total();
    places_.U = model.add(shape.hidden * width_);
    gradient_size_ = steps == 1 ? without_U : model.total();
    places_.U_rows = model.add(shape.hidden * width_);
    model_size_ = model.total();

    const std::size_t plane = samples_max * width_;
    Tally room;
    rooms_.inputs = room.add(std::size_t{steps} * samples_max * shape.inputs);
    rooms_.states = room.add((std::size_t{steps} + 1) * plane);
    rooms_.gates = room.add(steps * plane);
    rooms_.candidates = room.add(steps * plane);
    rooms_.by_logit = room.add(std::size_t{samples_max} * shape.outputs);
    rooms_.by_state = room.add(plane);
    rooms_.by_zeta = room.add(width_);
    rooms_.by_nu = room.add(width_);
    workspace_size_ = room.total();
}

void Kernel::pack(std::span<const float> parameters, std::span<float> model) const {
    CHECK(model.size() >= model_size_);
    const Layout layout(shape_);
    const std::size_t H = shape_.hidden;
    const std::size_t D = shape_.inputs;
    const auto W = layout.part(TensorId::W, parameters);
    const auto U = layout.part(TensorId::U, parameters);
    std::fill(model.begin(), model.end(), 0.0f);
    for (std::size_t i = 0; i < H; ++i)
        for (std::size_t j = 0; j < D; ++j)
            model[places_.W + j * width_ + i] = W[i * D + j];
    for (std::size_t i = 0; steps_ > 1 && i < H; ++i)
        for (std::size_t j = 0; j < H; ++j) {
            model[places_.U + j * width_ + i] = U[i * H + j];
            model[places_.U_rows + i * width_ + j] = U[i * H + j];
        }
    const auto copy = [&](TensorId id, std::size_t place, std::size_t rows, std::size_t columns,
                          std::size_t stride) {
        const auto from = layout.part(id, parameters);
        for (std::size_t row = 0; row < rows; ++row)
            std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(row * columns), columns,
                        model.begin() + static_cast<std::ptrdiff_t>(place + row * stride));
    };
    copy(TensorId::b_gate, places_.b_gate, 1, H, 0);
    copy(TensorId::b_update, places_.b_update, 1, H, 0);
    copy(TensorId::head_weight, places_.head_weight, shape_.outputs, H, width_);
    copy(TensorId::head_bias, places_.head_bias, 1, shape_.outputs, 0);
    model[places_.zeta] = logistic_of(layout.part(TensorId::zeta, parameters)[0]);
    model[places_.nu] = logistic_of(layout.part(TensorId::nu, parameters)[0]);
}

void Kernel::unpack(std::span<const float> gradient, std::span<float> dense_gradient) const {
    const Layout layout(shape_);
    const std::size_t H = shape_.hidden;
    const auto transpose = [&](TensorId id, std::size_t place, std::size_t columns) {
        const auto to = layout.part(id, dense_gradient);
        for (std::size_t i = 0; i < H; ++i)
            for (std::size_t j = 0; j < columns; ++j)
                to[i * columns + j] = gradient[place + j * width_ + i];
    };
    transpose(TensorId::W, places_.W, shape_.inputs);
    const auto U = layout.part(TensorId::U, dense_gradient);
    if (steps_ > 1)
        transpose(TensorId::U, places_.U, H);
    else
        std::fill(U.begin(), U.end(), 0.0f);
    const auto copy = [&](TensorId id, std::size_t place, std::size_t columns) {
        const auto to = layout.part(id, dense_gradient);
        for (std::size_t i = 0; i < to.size(); ++i)
            to[i] = gradient[place + i / columns * width_ + i % columns];
    };
    copy(TensorId::b_gate, places_.b_gate, H);
    copy(TensorId::b_update, places_.b_update, H);
    copy(TensorId::zeta, places_.zeta, 1);
    copy(TensorId::nu, places_.nu, 1);
    copy(TensorId::head_weight, places_.head_weight, H);
    copy(TensorId::head_bias, places_.head_bias, shape_.outputs);
}

void Kernel::forward(std::span<const float> model, const Selection& selection,
                     std::span<float> logits, std::span<float> workspace) const {
    CHECK(selection.chosen.size() <= samples_max_ && workspace.size() >= workspace_size_);
    CHECK(selection.data->steps == steps_);
    const HWY_NAMESPACE::View view = {*this, model.data(), workspace.data(),
                                      selection.chosen.size()};
    HWY_NAMESPACE::forward(view, selection, logits.data());
}

double Kernel::gradient(std::span<const float> model, const Selection& selection,
                        const LossSettings& settings, float scale, std::span<float> gradient,
                        std::span<float> logits, std::span<float> workspace) const {
    CHECK(gradient.size() >= gradient_size_);
    forward(model, selection, logits, workspace);
    const HWY_NAMESPACE::View view = {*this, model.data(), workspace.data(),
                                      selection.chosen.size()};
    std::memset(gradient.data(), 0, gradient_size_ * sizeof(float));
    std::memset(workspace.data() + rooms_.by_zeta, 0, width_ * sizeof(float));
    std::memset(workspace.data() + rooms_.by_nu, 0, width_ * sizeof(float));
    const double loss =
        HWY_NAMESPACE::head_back(view, selection, settings, logits.data(), scale, gradient.data());
    HWY_NAMESPACE::back(view, gradient.data());
    return loss * static_cast<double>(scale);
}

}  // namespace kiln::router
