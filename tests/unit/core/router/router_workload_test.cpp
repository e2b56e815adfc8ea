#include "core/router/router_workload.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/crc32c.hpp"
#include "core/router/initial.hpp"
#include "core/router/pruning.hpp"

#include "tests/support/block_store.hpp"
#include "tests/support/trainer.hpp"

namespace kiln::router {
namespace {

using test::BlockStore;
using test::HookedWorkload;
using test::LaunchedTeam;
using test::TestRun;

RouterSettings small_settings() {
    RouterSettings settings;
    settings.shape = {2, 9, 1, 0, 0};
    settings.steps = 3;
    settings.training_samples = 203;  // no multiple of anything
    settings.validation_samples = 57;
    settings.epochs = 6;
    settings.batch = 40;
    settings.rate = 0.02;
    return settings;
}

SessionSettings session_of(const RouterSettings& settings) {
    SessionSettings session;
    session.target_games = tickets_of(settings);
    session.epoch_games = Schedule(settings).tickets_per_batch;
    return session;
}

// Whether the product of two of the inputs is positive: no line parts that.
void fill(const RouterWorkload& workload, std::uint64_t seed = 9) {
    const RouterWorkload::Data data = workload.data();
    RandomStream random(seed, stream_generate, 0);
    for (float& input : data.inputs)
        input = static_cast<float>(2 * random.unit() - 1);
    const std::size_t sample = data.inputs.size() / data.labels.size();
    for (std::size_t i = 0; i < data.labels.size(); ++i)
        data.labels[i] =
            data.inputs[i * sample] * data.inputs[(i + 1) * sample - 1] > 0 ? 1.0f : 0.0f;
    for (float& logit : data.teacher_logits)
        logit = static_cast<float>(random.unit());
}

struct Trained {
    BlockStore store;
    std::vector<Event> events;
    std::vector<float> parameters;
    std::uint64_t games = 0;

    std::string last() const { return checkpoint_file_name(games).text; }
};

Trained train(const RouterSettings& settings, unsigned workers = 1) {
    Trained trained;
    RouterWorkload workload(settings);
    TestRun run(workload, session_of(settings), workers);
    fill(workload);
    run.start_fresh();
    LaunchedTeam team(workers);
    const Result<SessionEnd> end = run.train(*team, trained.store);
    EXPECT_TRUE(end && end.value() == SessionEnd::target_reached);
    trained.events = run.events();
    trained.parameters.assign(workload.parameters().begin(), workload.parameters().end());
    trained.games = run.games();
    return trained;
}

std::vector<PassReport> passes(const std::vector<Event>& events) {
    std::vector<PassReport> reports;
    for (const Event& event : events)
        if (event.kind == event_pass)
            reports.push_back(event.as<PassReport>());
    return reports;
}

TEST(RouterWorkload, one_two_and_four_workers_leave_the_same_checkpoint) {
    RouterSettings settings = small_settings();
    settings.shape.state_rank = 2;
    settings.loss.alpha = 0.3;
    const Trained one = train(settings);
    for (const unsigned workers : {2u, 4u}) {
        const Trained several = train(settings, workers);
        EXPECT_EQ(several.store.contents(several.last()), one.store.contents(one.last()));
    }
}

TEST(RouterWorkload, a_run_that_was_stopped_anywhere_goes_on_to_the_same_bytes) {
    const RouterSettings settings = small_settings();
    const Trained straight = train(settings);
    for (const std::uint64_t stop_after : {3u, 18u, 21u, 40u, 66u}) {  // also between validations
        BlockStore store;
        SessionSettings session = session_of(settings);
        session.stop_after_games = stop_after;
        {
            RouterWorkload workload(settings);
            TestRun run(workload, session, 1);
            fill(workload);
            run.start_fresh();
            ASSERT_TRUE(run.train_alone(store));
        }
        RouterWorkload workload(settings);
        TestRun run(workload, session_of(settings), 2);
        fill(workload);
        ASSERT_TRUE(run.resume(store));
        LaunchedTeam team(2);
        ASSERT_TRUE(run.train(*team, store));
        EXPECT_EQ(store.contents(straight.last()), straight.store.contents(straight.last()))
            << stop_after;
    }
}

// The samples of a workload that keeps them, and perhaps one that cannot be read.
class CopiedSamples final : public SampleSource {
  public:
    explicit CopiedSamples(const RouterWorkload::Data& data)
        : inputs_(data.inputs.begin(), data.inputs.end()),
          teacher_(data.teacher_logits.begin(), data.teacher_logits.end()) {}

    std::uint32_t unreadable = UINT32_MAX;

    Status read(std::uint32_t number, std::span<float> inputs,
                std::span<float> teacher_logits) const override {
        if (number == unreadable)
            return Error{.code = ErrorCode::data_unreadable, .detail = 5};
        std::copy_n(inputs_.begin() + static_cast<std::ptrdiff_t>(number * inputs.size()),
                    inputs.size(), inputs.begin());
        std::copy_n(teacher_.begin() + static_cast<std::ptrdiff_t>(number * teacher_logits.size()),
                    teacher_logits.size(), teacher_logits.begin());
        return {};
    }

  private:
    std::vector<float> inputs_, teacher_;
};

// The samples that fill() makes, and their labels.
struct Kept {
    CopiedSamples samples;
    std::vector<float> labels;
};
Kept kept(const RouterSettings& settings) {
    RouterWorkload workload(settings);
    const TestRun run(workload, session_of(settings), 1);
    fill(workload);
    const std::span<const float> labels = workload.data().labels;
    return {CopiedSamples(workload.data()), {labels.begin(), labels.end()}};
}

TEST(RouterWorkload, samples_that_are_streamed_teach_the_same_to_the_byte) {
    RouterSettings settings = small_settings();
    settings.shape.outputs = 3;
    settings.loss.alpha = 0.3;
    const Trained in_memory = train(settings);
    const Kept kept = router::kept(settings);
    for (const unsigned workers : {1u, 3u}) {
        RouterWorkload workload(settings);
        workload.keep_samples(Samples::streamed);
        TestRun run(workload, session_of(settings), workers);
        EXPECT_TRUE(workload.data().inputs.empty());
        EXPECT_TRUE(workload.data().teacher_logits.empty());
        std::copy(kept.labels.begin(), kept.labels.end(), workload.data().labels.begin());
        workload.read_from(kept.samples);
        run.start_fresh();
        LaunchedTeam team(workers);
        BlockStore store;
        ASSERT_TRUE(run.train(*team, store));
        EXPECT_EQ(store.contents(in_memory.last()), in_memory.store.contents(in_memory.last()));
    }
}

TEST(RouterWorkload, a_sample_that_cannot_be_read_ends_the_run_and_leaves_nothing_out) {
    const RouterSettings settings = small_settings();
    const Trained in_memory = train(settings);
    for (const std::uint32_t unreadable : {17u, 210u}) {  // to learn from, and of validation
        Kept kept = router::kept(settings);
        kept.samples.unreadable = unreadable;
        BlockStore store;
        RouterWorkload workload(settings);
        workload.keep_samples(Samples::streamed);
        TestRun run(workload, session_of(settings), 2);
        std::copy(kept.labels.begin(), kept.labels.end(), workload.data().labels.begin());
        workload.read_from(kept.samples);
        run.start_fresh();
        LaunchedTeam team(2);
        const Result<SessionEnd> end = run.train(*team, store);
        ASSERT_FALSE(end);
        EXPECT_EQ(end.error().code, ErrorCode::data_unreadable);
        EXPECT_EQ(end.error().detail, 5u);
        EXPECT_LT(run.games(), Schedule(settings).tickets_per_pass());

        // Once it can be read again, all is as if nothing had been.
        kept.samples.unreadable = UINT32_MAX;
        const Result<SessionEnd> again = run.train(*team, store);
        ASSERT_TRUE(again);
        EXPECT_EQ(again.value(), SessionEnd::target_reached);
        EXPECT_EQ(store.contents(in_memory.last()), in_memory.store.contents(in_memory.last()));
    }
}

TEST(RouterWorkload, streaming_takes_room_for_labels_and_for_one_ticket_a_worker) {
    RouterSettings settings = small_settings();
    settings.training_samples = 100'000;
    const auto planned = [&](Samples samples) {
        RouterWorkload workload(settings);
        workload.keep_samples(samples);
        RegionList regions;
        workload.plan({1, Schedule(settings).tickets_per_batch}, regions);
        std::uint64_t bytes = 0;
        for (const Region& region : regions.all())
            bytes += region.bytes;
        return bytes;
    };
    const std::uint64_t inputs = 100'000 * 6 * sizeof(float);
    EXPECT_LT(planned(Samples::streamed) + inputs, planned(Samples::in_memory) + 4096);
}

TEST(RouterWorkload, leaves_the_same_bits_on_every_machine) {
    // Seen on AVX2 and on NEON; a change of what is computed changes it, a faster way must not.
    const Trained trained = train(small_settings());
    EXPECT_EQ(crc32c(0, std::as_bytes(std::span(trained.parameters))), 128513581u);
}

TEST(RouterWorkload, learns_what_no_line_can_part) {
    RouterSettings settings = small_settings();
    settings.training_samples = 2000;
    settings.validation_samples = 500;
    settings.epochs = 60;
    settings.decay_every = 0;
    const std::vector<PassReport> reports = passes(train(settings).events);
    EXPECT_LT(reports.front().accuracy, 0.75);
    double best = 0;
    for (const PassReport& report : reports)
        best = std::max(best, report.accuracy);
    EXPECT_GT(best, 0.93);
}

TEST(RouterWorkload, shuffled_labels_teach_nothing) {
    RouterSettings settings = small_settings();
    settings.training_samples = 2000;
    settings.validation_samples = 1000;
    settings.epochs = 30;
    RouterWorkload workload(settings);
    TestRun run(workload, session_of(settings), 1);
    fill(workload);
    const std::span<float> labels = workload.data().labels;
    RandomStream random(4, stream_generate, 1);
    for (std::size_t i = labels.size(); i > 1; --i)
        std::swap(labels[i - 1], labels[random.below(i)]);
    run.start_fresh();
    BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    for (const PassReport& report : passes(run.events()))
        EXPECT_NEAR(report.accuracy, 0.5, 0.08);
}

TEST(RouterWorkload, stops_early_and_leaves_the_best_weights) {
    // Few samples and many passes: the validation loss rises again.
    RouterSettings settings = small_settings();
    settings.training_samples = 40;
    settings.validation_samples = 200;
    settings.epochs = 200;
    settings.patience = 5;
    settings.decay_every = 0;
    const Trained trained = train(settings);
    const std::vector<PassReport> reports = passes(trained.events);
    ASSERT_LT(reports.size(), 200u);
    ASSERT_EQ(trained.events.back().kind == event_end ||
                  trained.events[trained.events.size() - 2].kind == event_end,
              true);
    std::size_t best = 0;
    for (std::size_t i = 1; i < reports.size(); ++i)
        if (reports[i].loss < reports[best].loss)
            best = i;
    EXPECT_EQ(reports.size() - best - 1, 5u);
    double least = INFINITY;
    for (const PassReport& report : reports) {
        EXPECT_EQ(report.is_best != 0, report.loss < least) << report.pass;
        least = std::min(least, report.loss);
    }
    EXPECT_GT(reports.back().loss, reports[best].loss);

    // The weights that are left are those of a run that ended with the best pass.
    RouterSettings until_best = settings;
    until_best.epochs = static_cast<std::uint32_t>(best + 1);
    EXPECT_EQ(trained.parameters, train(until_best).parameters);
}

TEST(RouterWorkload, every_pass_has_an_order_of_its_own) {
    // Weights that stand still: only which samples share a batch can change the mean norm.
    RouterSettings settings = small_settings();
    settings.rate = 1e-12;
    const std::vector<PassReport> reports = passes(train(settings).events);
    for (std::size_t i = 1; i < reports.size(); ++i) {
        const double before = reports[i - 1].gradient_norm;
        EXPECT_GT(std::abs(reports[i].gradient_norm - before), 1e-4 * before) << i;
    }
}

TEST(RouterWorkload, the_rate_goes_down_in_steps) {
    RouterSettings settings = small_settings();
    settings.epochs = 5;
    settings.decay_every = 2;
    settings.decay_factor = 0.1;
    std::vector<double> rates;
    for (const PassReport& report : passes(train(settings).events))
        rates.push_back(report.rate);
    ASSERT_EQ(rates.size(), 5u);
    EXPECT_DOUBLE_EQ(rates[1], 0.02);
    EXPECT_DOUBLE_EQ(rates[2], 0.002);
    EXPECT_DOUBLE_EQ(rates[4], 0.0002);
}

TEST(RouterWorkload, pruning_leaves_the_share_that_was_asked_for) {
    RouterSettings settings = small_settings();
    settings.epochs = 9;
    settings.pruning = {0.3, 2};
    const Trained trained = train(settings);
    const Layout layout(settings.shape);
    for (const Tensor& tensor : layout.tensors()) {
        const auto first = trained.parameters.begin() + static_cast<std::ptrdiff_t>(tensor.offset);
        const auto zeros =
            std::count(first, first + static_cast<std::ptrdiff_t>(tensor.size()), 0.0f);
        const auto kept = static_cast<double>(tensor.size()) - static_cast<double>(zeros);
        if (is_pruned(tensor.id))
            EXPECT_EQ(kept, std::floor(0.3 * static_cast<double>(tensor.size()) + 0.5))
                << tensor.name;
        else
            EXPECT_GT(kept, 0) << tensor.name;
    }
}

// The weights after so many passes.
std::vector<float> parameters_after(const RouterSettings& settings, std::uint64_t passes_done) {
    RouterWorkload workload(settings);
    SessionSettings session = session_of(settings);
    session.stop_after_games = passes_done * Schedule(settings).tickets_per_pass();
    TestRun run(workload, session, 1);
    fill(workload);
    run.start_fresh();
    BlockStore store;
    EXPECT_TRUE(run.train_alone(store));
    return {workload.parameters().begin(), workload.parameters().end()};
}

std::vector<bool> zeros_of(const std::vector<float>& parameters) {
    std::vector<bool> zeros;
    for (const float parameter : parameters)
        zeros.push_back(parameter == 0);
    return zeros;
}

TEST(RouterWorkload, pruning_has_three_stages) {
    RouterSettings settings = small_settings();
    settings.epochs = 9;
    settings.patience = 0;
    RouterSettings dense = settings;
    settings.pruning = {0.3, 2};
    EXPECT_EQ(parameters_after(settings, 3), parameters_after(dense, 3));  // nothing is pruned yet
    const std::vector<bool> first_choice = zeros_of(parameters_after(settings, 4));
    const std::vector<bool> last_choice = zeros_of(parameters_after(settings, 6));
    EXPECT_GT(std::count(first_choice.begin(), first_choice.end(), true), 50);
    EXPECT_EQ(std::count(last_choice.begin(), last_choice.end(), true),
              std::count(first_choice.begin(), first_choice.end(), true));
    EXPECT_EQ(zeros_of(parameters_after(settings, 7)), last_choice);  // not chosen again
    EXPECT_EQ(zeros_of(parameters_after(settings, 8)), last_choice);

    settings.pruning.every_batches = 1000;  // chosen once, before anything else of the stage
    settings.batch = settings.training_samples;
    const std::vector<bool> only_choice = zeros_of(parameters_after(settings, 4));
    EXPECT_GT(std::count(only_choice.begin(), only_choice.end(), true), 50);
    EXPECT_EQ(zeros_of(parameters_after(settings, 6)), only_choice);
}

TEST(RouterWorkload, what_is_chosen_changes_in_the_second_stage_and_never_in_the_third) {
    // Most are kept, so that the least of them are no larger than what one step makes of a weight
    // that was left out.
    RouterSettings settings = small_settings();
    settings.epochs = 9;
    settings.patience = 0;
    settings.rate = 0.1;
    settings.decay_every = 0;
    settings.pruning = {0.9, 1};
    EXPECT_NE(zeros_of(parameters_after(settings, 4)), zeros_of(parameters_after(settings, 5)));
    EXPECT_NE(zeros_of(parameters_after(settings, 5)), zeros_of(parameters_after(settings, 6)));
    const std::vector<bool> last_choice = zeros_of(parameters_after(settings, 6));
    for (const std::uint64_t passes_done : {7u, 8u, 9u})
        EXPECT_EQ(zeros_of(parameters_after(settings, passes_done)), last_choice) << passes_done;
}

std::span<const float> section_of(RouterWorkload& workload, std::string_view name) {
    SectionList sections;
    workload.list_sections(sections);
    for (const Section& section : sections.all())
        if (name == section.name)
            return {reinterpret_cast<const float*>(section.bytes.data()),
                    section.bytes.size() / sizeof(float)};
    return {};
}

TEST(RouterWorkload, a_weight_that_is_left_out_takes_its_moments_along) {
    RouterSettings settings = small_settings();
    settings.epochs = 9;
    settings.pruning = {0.3, 1};
    RouterWorkload workload(settings);
    SessionSettings session = session_of(settings);
    // In the second stage, after a batch whose end was a choice.
    session.stop_after_games = 3 * Schedule(settings).tickets_per_pass() +
                               2 * std::uint64_t{Schedule(settings).tickets_per_batch};
    TestRun run(workload, session, 1);
    fill(workload);
    run.start_fresh();
    BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    const std::span<const float> parameters = workload.parameters();
    ASSERT_GT(std::count(parameters.begin(), parameters.end(), 0.0f), 50);
    for (const char* name : {"router.first_moments", "router.second_moments"}) {
        const std::span<const float> moments = section_of(workload, name);
        ASSERT_EQ(moments.size(), parameters.size());
        for (std::size_t i = 0; i < moments.size(); ++i)
            EXPECT_EQ(moments[i] == 0, parameters[i] == 0) << name << ' ' << i;
    }
}

TEST(RouterWorkload, reports_the_loss_and_the_gradient_that_the_reference_has) {
    RouterSettings settings = small_settings();
    settings.epochs = 1;
    settings.batch = settings.training_samples;
    settings.loss.l2 = 0;
    RouterWorkload workload(settings);
    TestRun run(workload, session_of(settings), 1);
    fill(workload);
    run.start_fresh();
    const std::vector<double> parameters(workload.parameters().begin(),
                                         workload.parameters().end());
    const std::vector<double> inputs(workload.data().inputs.begin(), workload.data().inputs.end());
    const std::vector<double> labels(workload.data().labels.begin(), workload.data().labels.end());
    BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    const PassReport report = passes(run.events()).at(0);

    const std::uint32_t samples = settings.training_samples;
    std::vector<double> gradient(parameters.size());
    std::vector<double> logits(samples);
    std::vector<double> room(reference_workspace(settings.shape, samples, settings.steps));
    const Batch<double> batch = {samples,
                                 settings.steps,
                                 std::span(inputs).first(samples * std::size_t{6}),
                                 std::span(labels).first(samples),
                                 {}};
    const double loss = reference_gradient<double>(settings.shape, parameters, batch, settings.loss,
                                                   1.0 / samples, gradient, logits, room);
    double squares = 0;
    for (const double element : gradient)
        squares += element * element;
    std::uint32_t right = 0;
    for (std::uint32_t b = 0; b < samples; ++b)
        right += (logits[b] > 0) == (labels[b] > 0.5);
    EXPECT_NEAR(report.training_loss, loss, 1e-5 * loss);
    EXPECT_NEAR(report.gradient_norm, std::sqrt(squares), 1e-4 * std::sqrt(squares));
    EXPECT_DOUBLE_EQ(report.training_accuracy, static_cast<double>(right) / samples);

    // Of several batches it is the mean.
    settings.batch = 40;
    settings.rate = 1e-12;
    const PassReport several = passes(train(settings).events).at(0);
    EXPECT_NEAR(several.training_loss, loss, 1e-5 * loss);
    EXPECT_GE(several.gradient_norm, report.gradient_norm);
    EXPECT_LT(several.gradient_norm, 3 * report.gradient_norm);
}

TEST(RouterWorkload, several_classes_are_learned_and_counted) {
    RouterSettings settings = small_settings();
    settings.shape.outputs = 3;
    settings.training_samples = 1000;
    settings.validation_samples = 300;
    settings.epochs = 20;
    RouterWorkload workload(settings);
    TestRun run(workload, session_of(settings), 1);
    fill(workload);
    const RouterWorkload::Data data = workload.data();
    for (std::size_t i = 0; i < data.labels.size(); ++i)  // by the first input
        data.labels[i] = data.inputs[i * 6] < -0.33f  ? 0.0f
                         : data.inputs[i * 6] < 0.33f ? 1.0f
                                                      : 2.0f;
    run.start_fresh();
    BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    const PassReport last = passes(run.events()).back();
    EXPECT_GT(last.training_accuracy, 0.8);
    EXPECT_NEAR(last.accuracy, last.training_accuracy, 0.1);
}

TEST(RouterWorkload, the_regulariser_and_the_clipping_take_part) {
    const auto squares_of = [](const RouterSettings& settings) {
        double squares = 0;
        for (const float parameter : train(settings).parameters)
            squares += static_cast<double>(parameter) * static_cast<double>(parameter);
        return squares;
    };
    RouterSettings settings = small_settings();
    const double plain = squares_of(settings);
    settings.loss.l2 = 0.1;
    EXPECT_LT(squares_of(settings), 0.9 * plain);
    settings.loss.l2 = small_settings().loss.l2;
    settings.clipping.limit = 0.01;
    EXPECT_NE(squares_of(settings), plain);
}

TEST(RouterWorkload, with_one_step_the_matrix_of_the_state_stays_as_it_was) {
    for (const std::uint32_t rank : {0u, 2u}) {
        RouterSettings settings = small_settings();
        settings.shape.state_rank = rank;
        settings.steps = 1;
        settings.loss.l2 = 0.01;
        const Trained trained = train(settings);
        std::vector<float> initial(trained.parameters.size());
        set_initial_weights(settings.shape, settings.initial, settings.seed, initial);
        const Layout layout(settings.shape);
        for (const Tensor& tensor : layout.tensors()) {
            const bool is_of_state = tensor.name[0] == 'U';
            EXPECT_EQ(
                std::equal(
                    initial.begin() + static_cast<std::ptrdiff_t>(tensor.offset),
                    initial.begin() + static_cast<std::ptrdiff_t>(tensor.offset + tensor.size()),
                    trained.parameters.begin() + static_cast<std::ptrdiff_t>(tensor.offset)),
                is_of_state)
                << tensor.name;
        }
    }
}

TEST(RouterWorkload, a_ticket_that_is_left_out_changes_nothing_else) {
    const RouterSettings settings = small_settings();
    RouterWorkload workload(settings);
    TestRun run(workload, session_of(settings), 1);
    fill(workload);
    run.start_fresh();
    const std::uint64_t left_out[] = {1, 20};
    ASSERT_TRUE(run.session().skip(left_out));
    BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    for (const float value : workload.parameters())
        EXPECT_TRUE(std::isfinite(value));
}

TEST(RouterWorkload, values_that_are_not_finite_are_healed) {
    const RouterSettings settings = small_settings();
    RouterWorkload workload(settings);
    TestRun run(workload, session_of(settings), 1);
    fill(workload);
    run.start_fresh();
    const_cast<float&>(workload.parameters()[3]) = NAN;
    EXPECT_EQ(workload.heal(), 1u);
    EXPECT_EQ(workload.parameters()[3], 0);
    EXPECT_EQ(workload.heal(), 0u);
}

}  // namespace
}  // namespace kiln::router
