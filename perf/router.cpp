// Training a router on one core, through the workload as a session runs it, and inference.
#include <chrono>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/memory/arena.hpp"
#include "core/memory/pool.hpp"
#include "core/router/initial.hpp"
#include "core/router/int8.hpp"
#include "core/router/router_workload.hpp"

#include "perf/suites.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/mapping.hpp"

namespace kiln::perf {
namespace {

using router::RouterSettings;
using router::RouterWorkload;
using router::Shape;

class Silence final : public EventSink {
  public:
    void emit(const Event&) override {}
};

// A workload with its memory, and the three phases of an epoch one after another on this thread.
class RouterRig {
  public:
    explicit RouterRig(const RouterSettings& settings)
        : settings_(settings), schedule_(settings), workload_(settings) {
        RegionList regions;
        const Limits limits = {1, schedule_.tickets_per_batch};
        regions.add("records", "bench", limits.epoch_games * workload_.record_bytes());
        workload_.plan(limits, regions);
        const Plan plan = plan_budget(regions, std::uint64_t{1} << 40);
        CHECK(memory_.map(plan.arena_bytes));
        Arena arena(memory_.span(), plan);
        records_.bind(arena.take("records"), workload_.record_bytes());
        workload_.bind(limits, arena);
        arena.seal();
        RandomStream random(1, router::stream_generate, 0);
        for (float& input : workload_.data().inputs)
            input = static_cast<float>(2 * random.unit() - 1);
        for (float& label : workload_.data().labels)
            label = static_cast<float>(random.below(2));
        workload_.reset();
    }

    // Forward, backward, clip and Adam over all samples.
    void pass() {
        const WorkContext context = {0, &stop_, &clock_, &heartbeat_};
        Silence silence;
        const std::uint64_t end = games_ + schedule_.tickets_per_pass();
        while (games_ < end) {
            const Epoch epoch = {games_, schedule_.tickets_per_batch, &records_};
            records_.take(epoch.count);
            for (std::uint32_t i = 0; i < epoch.count; ++i)
                (void)workload_.play(context, games_ + i, records_.slot(i));
            workload_.absorb(context, epoch, 0);
            workload_.finish_epoch(epoch, silence);
            records_.clear();
            games_ += epoch.count;
        }
    }

  private:
    RouterSettings settings_;
    router::Schedule schedule_;
    RouterWorkload workload_;
    platform::Mapping memory_;
    Pool records_;
    platform::MonotonicClock clock_;
    Heartbeat heartbeat_;
    std::atomic<bool> stop_{false};
    std::uint64_t games_ = 0;
};

struct EpochCase {
    const char* name;
    std::uint32_t steps, inputs, hidden, samples, batch;
    double target_ms;
};
constexpr EpochCase epoch_cases[] = {
    {"router epoch, T 1, H 16, 1,000 samples", 1, 5, 16, 1'000, 32, 0.2},
    {"router epoch, T 1, H 16, 10,000 samples", 1, 5, 16, 10'000, 64, 1.5},
    {"router epoch, T 1, H 16, 100,000 samples", 1, 5, 16, 100'000, 128, 12},
    {"router epoch, T 8, H 32, 1,000 samples", 8, 8, 32, 1'000, 32, 1.7},
    {"router epoch, T 8, H 32, 10,000 samples", 8, 8, 32, 10'000, 64, 12},
    {"router epoch, T 8, H 32, 100,000 samples", 8, 8, 32, 100'000, 128, 120},
};

void bench_epoch(Table& table, const EpochCase& at) {
    if (!table.wants(at.name))
        return;
    RouterSettings settings;
    settings.shape = {at.inputs, at.hidden, 1, 0, 0};
    settings.steps = at.steps;
    settings.training_samples = at.samples;
    settings.batch = at.batch;
    settings.epochs = 1u << 20;
    RouterRig rig(settings);
    rig.pass();
    std::vector<double> samples_ms;
    const int passes = at.samples >= 100'000 ? 1 : 10;
    for (int repetition = 0; repetition < 9 && !table.is_stopped(); ++repetition) {
        const double before = thread_seconds();
        for (int i = 0; i < passes; ++i)
            rig.pass();
        samples_ms.push_back((thread_seconds() - before) * 1e3 / passes);
    }
    table.row(at.name, samples_ms, "ms", at_most(at.target_ms));
}

constexpr Shape inference_shape = {8, 32, 1, 0, 0};
constexpr std::uint32_t inference_steps = 8;
constexpr int inferences = 20'000;

template <typename Infer>
void bench_inference(Table& table, const char* name, double target_us, const Infer& infer) {
    std::vector<double> samples_us;
    for (int repetition = 0; repetition < 9 && !table.is_stopped(); ++repetition) {
        const double before = thread_seconds();
        for (int i = 0; i < inferences; ++i)
            infer(static_cast<std::uint32_t>(i) % 64);
        samples_us.push_back((thread_seconds() - before) * 1e6 / inferences);
    }
    table.row(name, samples_us, "us", at_most(target_us));
}

void bench_float_inference(Table& table, std::span<const float> parameters,
                           const router::Batch<float>& batch) {
    constexpr const char* name = "router inference, float";
    if (!table.wants(name))
        return;
    const router::Kernel kernel(inference_shape, 1, inference_steps);
    platform::Mapping memory;
    CHECK(memory.map((kernel.model_size() + kernel.workspace_size()) * sizeof(float)));
    const std::span<float> floats = {reinterpret_cast<float*>(memory.span().data()),
                                     memory.span().size() / sizeof(float)};
    const std::span<float> model = floats.first(kernel.model_size());
    const std::span<float> room = floats.subspan(kernel.model_size(), kernel.workspace_size());
    kernel.pack(parameters, model);
    float logit[1];
    bench_inference(table, name, 2, [&](std::uint32_t sample) {
        kernel.forward(model, {&batch, {&sample, 1}}, logit, room);
    });
}

void bench_int8_inference(Table& table, std::span<const float> parameters,
                          const router::Batch<float>& batch) {
    constexpr const char* name = "router inference, int8";
    if (!table.wants(name))
        return;
    const router::Layout layout(inference_shape);
    struct Weights {
        std::vector<std::int8_t> values;
        std::vector<float> scales;
    };
    const auto part = [&](router::TensorId id) { return layout.part(id, parameters); };
    const auto quantised = [&](router::TensorId id) {
        const router::Tensor& tensor = *layout.find(id);
        Weights weights = {std::vector<std::int8_t>(tensor.size()),
                           std::vector<float>(tensor.rows)};
        router::quantise_rows(part(id), tensor.columns, weights.values, weights.scales);
        return weights;
    };
    const Weights W = quantised(router::TensorId::W);
    const Weights U = quantised(router::TensorId::U);
    const Weights head = quantised(router::TensorId::head_weight);
    const router::Int8Kernel kernel(inference_shape);
    platform::Mapping memory;
    CHECK(memory.map(kernel.model_bytes()));
    kernel.pack({{W.values, W.scales},
                 {U.values, U.scales},
                 {head.values, head.scales},
                 part(router::TensorId::b_gate),
                 part(router::TensorId::b_update),
                 part(router::TensorId::head_bias),
                 part(router::TensorId::zeta)[0],
                 part(router::TensorId::nu)[0]},
                memory.span());
    constexpr std::size_t size = inference_steps * inference_shape.inputs;
    float logit[1];
    bench_inference(table, name, 1, [&](std::uint32_t sample) {
        kernel.forward(memory.span(), batch.inputs.subspan(sample * size, size), logit);
    });
}

}  // namespace

void bench_router(Table& table) {
    for (const EpochCase& at : epoch_cases)
        bench_epoch(table, at);
    std::vector<float> parameters(router::Layout(inference_shape).size());
    router::set_initial_weights(inference_shape, {}, 1, parameters);
    std::vector<float> inputs(64 * inference_steps * inference_shape.inputs);
    const std::vector<float> labels(64);
    RandomStream random(2, router::stream_generate, 0);
    for (float& input : inputs)
        input = static_cast<float>(2 * random.unit() - 1);
    const router::Batch<float> batch = {64, inference_steps, inputs, labels, {}};
    bench_float_inference(table, parameters, batch);
    bench_int8_inference(table, parameters, batch);
}

}  // namespace kiln::perf
