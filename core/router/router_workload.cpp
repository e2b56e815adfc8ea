#include "core/router/router_workload.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/router/initial.hpp"
#include "core/router/low_rank.hpp"
#include "core/router/pruning.hpp"

namespace kiln::router {
namespace {

constexpr const char* region_samples = "router samples";
constexpr const char* region_state = "router state";
constexpr const char* region_support = "router support";
constexpr const char* region_progress = "router progress";
constexpr const char* region_scratch = "router scratch";
constexpr const char* region_workspaces = "router workspaces";
constexpr const char* region_order = "router order";
constexpr const char* region_ranked = "router ranking";
constexpr const char* owner = "router";
constexpr std::size_t line = 16;  // floats in a cache line

constexpr std::size_t in_lines(std::size_t floats) {
    return (floats + line - 1) / line * line;
}

// Parts of a region of floats, each on a cache line.
class Divider {
  public:
    explicit Divider(std::span<float> region) : rest_(region) {}
    std::span<float> take(std::size_t count) {
        CHECK(in_lines(count) <= rest_.size());
        const std::span<float> taken = rest_.first(count);
        rest_ = rest_.subspan(in_lines(count));
        return taken;
    }
    std::span<float> rest() const { return rest_; }

  private:
    std::span<float> rest_;
};

// Numbers of a sample.
std::size_t inputs_of(const RouterSettings& settings) {
    return std::size_t{settings.steps} * settings.shape.inputs;
}
std::size_t teacher_logits_of(const RouterSettings& settings) {
    return settings.loss.has_teacher() ? settings.shape.outputs : 0;
}

// Numbers in planned memory.
struct Counts {
    std::size_t labels, inputs, teacher, scores;

    Counts(const RouterSettings& settings, Samples samples)
        : labels(std::size_t{settings.training_samples} + settings.validation_samples),
          inputs(samples == Samples::in_memory ? labels * inputs_of(settings) : 0),
          teacher(samples == Samples::in_memory ? labels * teacher_logits_of(settings) : 0),
          scores(std::size_t{settings.validation_samples} * settings.shape.outputs) {}
};

// What a worker reads a ticket's samples to.
std::size_t fetched_size(const RouterSettings& settings, Samples samples) {
    if (samples == Samples::in_memory)
        return 0;
    return in_lines(samples_per_ticket * inputs_of(settings)) + in_lines(samples_per_ticket) +
           in_lines(samples_per_ticket * teacher_logits_of(settings));
}

bool is_right(const RouterSettings& settings, std::span<const float> logits, float label) {
    if (settings.loss.kind == LossKind::squared_error)
        return false;
    const std::uint32_t predicted = predicted_class(logits);
    return settings.shape.outputs == 1 ? (label > 0.5f) == (predicted == 1)
                                       : label == static_cast<float>(predicted);
}

}  // namespace

RouterWorkload::RouterWorkload(const RouterSettings& settings)
    : settings_(settings),
      schedule_(settings),
      layout_(settings.shape),
      dense_layout_(settings.shape.dense()),
      kernel_(settings.shape, samples_per_ticket, settings.steps) {
    CHECK(settings.training_samples > 0 && settings.batch > 0 && settings.steps > 0);
}

void RouterWorkload::plan(const Limits& limits, RegionList& regions) const {
    CHECK(limits.epoch_games == schedule_.tickets_per_batch);
    const Counts counts(settings_, samples_);
    const auto add = [&](const char* name, std::size_t floats) {
        regions.add(name, owner, floats * sizeof(float));
    };
    add(region_samples,
        in_lines(counts.inputs) + in_lines(counts.labels) + in_lines(counts.teacher));
    add(region_state, 4 * in_lines(layout_.size()) + in_lines(counts.scores));
    if (settings_.pruning.is_on())
        regions.add(region_support, owner, layout_.size());
    regions.add(region_progress, owner, sizeof(Progress));
    add(region_scratch, in_lines(kernel_.model_size()) + in_lines(kernel_.gradient_size()) +
                            2 * in_lines(dense_layout_.size()) + in_lines(layout_.size()) +
                            in_lines(pruning_scratch(layout_)));
    add(region_workspaces, limits.workers * workspace_size());
    regions.add(region_order, owner, settings_.training_samples * sizeof(std::uint32_t));
    if (settings_.validation_samples > 0)
        regions.add(region_ranked, owner, settings_.validation_samples * sizeof(RankedScore));
}

void RouterWorkload::bind(const Limits&, Arena& arena) {
    const Counts counts(settings_, samples_);
    Divider samples(arena.take_as<float>(region_samples));
    data_.inputs = samples.take(counts.inputs);
    data_.labels = samples.take(counts.labels);
    data_.teacher_logits = samples.take(counts.teacher);
    Divider state(arena.take_as<float>(region_state));
    parameters_ = state.take(layout_.size());
    first_ = state.take(layout_.size());
    second_ = state.take(layout_.size());
    best_ = state.take(layout_.size());
    scores_ = state.take(counts.scores);
    if (settings_.pruning.is_on())
        support_ = arena.take_as<std::uint8_t>(region_support).first(layout_.size());
    progress_storage_ = arena.take_as<Progress>(region_progress).first(1);
    progress_ = progress_storage_.data();
    Divider scratch(arena.take_as<float>(region_scratch));
    model_ = scratch.take(kernel_.model_size());
    packed_gradient_ = scratch.take(kernel_.gradient_size());
    dense_ = scratch.take(dense_layout_.size());
    dense_gradient_ = scratch.take(dense_layout_.size());
    gradient_ = scratch.take(layout_.size());
    prune_scratch_ = scratch.take(pruning_scratch(layout_));
    workspaces_ = arena.take_as<float>(region_workspaces);
    order_ = arena.take_as<std::uint32_t>(region_order).first(settings_.training_samples);
    if (settings_.validation_samples > 0)
        ranked_ = arena.take_as<RankedScore>(region_ranked).first(settings_.validation_samples);
}

std::size_t RouterWorkload::record_bytes() const {
    const std::size_t floats =
        std::max(kernel_.gradient_size(), samples_per_ticket * std::size_t{kernel_.outputs()});
    return sizeof(RecordHead) + in_lines(floats) * sizeof(float);
}

void RouterWorkload::reset() {
    for (const std::span<float> part : {first_, second_, best_, scores_})
        std::fill(part.begin(), part.end(), 0.0f);
    std::fill(support_.begin(), support_.end(), std::uint8_t{1});
    *progress_ = Progress();
    progress_->rate = settings_.rate;
    set_initial_weights(settings_.shape, settings_.initial, settings_.seed, parameters_);
    restored();
}

void RouterWorkload::restored() {
    shuffle();
    pack();
}

void RouterWorkload::list_sections(SectionList& sections) {
    sections.add(section("router.parameters", ElementType::f32, parameters_));
    sections.add(section("router.first_moments", ElementType::f32, first_));
    sections.add(section("router.second_moments", ElementType::f32, second_));
    sections.add(section("router.best_parameters", ElementType::f32, best_));
    if (!scores_.empty())
        sections.add(section("router.validation_logits", ElementType::f32, scores_));
    if (!support_.empty())
        sections.add(section("router.support", ElementType::bytes, support_));
    sections.add(section("router.progress", ElementType::record, progress_storage_));
}

std::uint64_t RouterWorkload::state_bytes() const {
    return (4 * layout_.size() + Counts(settings_, samples_).scores) * sizeof(float) +
           (settings_.pruning.is_on() ? layout_.size() : 0) + sizeof(Progress);
}

// A pass's samples in an order of its own (Fisher and Yates).
void RouterWorkload::shuffle() {
    RandomStream random(settings_.seed, stream_order, progress_->pass);
    for (std::uint32_t i = 0; i < order_.size(); ++i)
        order_[i] = i;
    for (std::size_t i = order_.size(); i > 1; --i)
        std::swap(order_[i - 1], order_[random.below(i)]);
}

void RouterWorkload::pack() {
    if (!settings_.shape.is_low_rank())
        return kernel_.pack(parameters_, model_);
    multiply_out<float>(settings_.shape, parameters_, dense_);
    kernel_.pack(dense_, model_);
}

RouterWorkload::Place RouterWorkload::place_of(std::uint64_t ticket) const {
    const auto in_pass = static_cast<std::uint32_t>(ticket % schedule_.tickets_per_pass());
    const std::uint32_t batch = in_pass / schedule_.tickets_per_batch;
    const std::uint32_t slice = in_pass % schedule_.tickets_per_batch;
    if (batch < schedule_.training_batches)
        return {batch, slice, false};
    return {batch - schedule_.training_batches, slice, true};
}

std::span<float> RouterWorkload::body(std::span<std::byte> record) const {
    return {reinterpret_cast<float*>(record.data() + sizeof(RecordHead)),
            (record.size() - sizeof(RecordHead)) / sizeof(float)};
}

// The last batch of a pass may be smaller.
std::uint32_t RouterWorkload::batch_samples(std::uint32_t batch) const {
    return std::min(settings_.batch, settings_.training_samples - batch * settings_.batch);
}

std::span<const std::uint32_t> RouterWorkload::training_slice(const Place& place) const {
    const std::uint32_t samples = batch_samples(place.batch);
    const std::uint32_t first = std::min(place.slice * samples_per_ticket, samples);
    const std::uint32_t count = std::min(samples_per_ticket, samples - first);
    return std::span<const std::uint32_t>(order_).subspan(place.batch * settings_.batch + first,
                                                          count);
}

// How many there are: the last ticket has fewer, and an epoch may have tickets without any.
std::uint32_t RouterWorkload::validation_slice(const Place& place,
                                               std::span<std::uint32_t> chosen) const {
    const std::uint32_t first =
        (place.batch * schedule_.tickets_per_batch + place.slice) * samples_per_ticket;
    std::uint32_t count = 0;
    for (; count < chosen.size() && first + count < settings_.validation_samples; ++count)
        chosen[count] = settings_.training_samples + first + count;
    return count;
}

std::size_t RouterWorkload::workspace_size() const {
    return in_lines(kernel_.workspace_size()) +
           in_lines(samples_per_ticket * std::size_t{kernel_.outputs()}) +
           fetched_size(settings_, samples_);
}

std::span<float> RouterWorkload::workspace(unsigned worker) const {
    return workspaces_.subspan(worker * workspace_size(), workspace_size());
}

std::optional<RouterWorkload::Fetched> RouterWorkload::fetch(std::span<const std::uint32_t> chosen,
                                                             std::span<float> room) {
    if (samples_ == Samples::in_memory)
        return Fetched{{static_cast<std::uint32_t>(data_.labels.size()), settings_.steps,
                        data_.inputs, data_.labels, data_.teacher_logits},
                       chosen};
    CHECK(source_ != nullptr);
    const std::size_t inputs = inputs_of(settings_);
    const std::size_t logits = teacher_logits_of(settings_);
    Divider rooms(room);
    const std::span<float> read_inputs = rooms.take(samples_per_ticket * inputs);
    const std::span<float> labels = rooms.take(samples_per_ticket);
    const std::span<float> teacher = rooms.take(samples_per_ticket * logits);
    for (std::size_t b = 0; b < chosen.size(); ++b) {
        const Status read = source_->read(chosen[b], read_inputs.subspan(b * inputs, inputs),
                                          teacher.subspan(b * logits, logits));
        if (!read) {
            if (!has_failed_.exchange(true, std::memory_order_relaxed))
                failure_ = read.error();
            return std::nullopt;
        }
        labels[b] = data_.labels[chosen[b]];
    }
    static constexpr std::array<std::uint32_t, samples_per_ticket> in_order = [] {
        std::array<std::uint32_t, samples_per_ticket> numbers{};
        for (std::uint32_t i = 0; i < samples_per_ticket; ++i)
            numbers[i] = i;
        return numbers;
    }();
    const auto count = static_cast<std::uint32_t>(chosen.size());
    return Fetched{{count, settings_.steps, read_inputs, labels, teacher},
                   std::span(in_order).first(count)};
}

PlayOutcome RouterWorkload::play(const WorkContext& context, std::uint64_t ticket,
                                 std::span<std::byte> record) {
    if (context.is_stopping())
        return PlayOutcome::abandoned;
    const Place place = place_of(ticket);
    std::uint32_t validation[samples_per_ticket];
    const std::span<const std::uint32_t> chosen =
        place.is_validation ? std::span(validation).first(validation_slice(place, validation))
                            : training_slice(place);
    Divider room(workspace(context.worker));
    const std::span<float> work = room.take(kernel_.workspace_size());
    const std::span<float> logits = room.take(samples_per_ticket * kernel_.outputs());
    const std::optional<Fetched> fetched = fetch(chosen, room.rest());
    if (!fetched)
        return PlayOutcome::abandoned;
    const Selection selection = {&fetched->batch, fetched->chosen};
    RecordHead head;
    head.samples = static_cast<std::uint32_t>(chosen.size());
    if (place.is_validation) {
        if (head.samples > 0)
            kernel_.forward(model_, selection, body(record), work);
    } else {
        const auto whole = static_cast<float>(batch_samples(place.batch));
        head.loss = kernel_.gradient(model_, selection, settings_.loss, 1.0f / whole, body(record),
                                     logits, work) *
                    static_cast<double>(whole);
        for (std::size_t b = 0; b < chosen.size(); ++b)
            if (is_right(settings_, logits.subspan(b * kernel_.outputs(), kernel_.outputs()),
                         data_.labels[chosen[b]]))
                ++head.right;
    }
    std::memcpy(record.data(), &head, sizeof(head));
    if (context.heartbeat != nullptr)
        context.heartbeat->beat();
    return PlayOutcome::done;
}

Status RouterWorkload::take_failure() {
    if (!has_failed_.exchange(false, std::memory_order_relaxed))
        return {};
    return failure_;
}

void RouterWorkload::skip(std::span<std::byte> record) {
    std::fill(record.begin(), record.end(), std::byte{0});
}

void RouterWorkload::absorb(const WorkContext&, const Epoch& epoch, unsigned) {
    if (place_of(epoch.first_ticket).is_validation)
        keep_scores(epoch);
    else
        learn(epoch);
}

void RouterWorkload::learn(const Epoch& epoch) {
    bool is_first = true;
    for (std::uint32_t i = 0; i < epoch.count; ++i) {
        RecordHead head;
        std::memcpy(&head, epoch.records->slot(i).data(), sizeof(head));
        if (head.samples == 0)
            continue;
        progress_->loss_sum += head.loss;
        progress_->right += head.right;
        progress_->samples += head.samples;
        const float* const part = body(epoch.records->slot(i)).data();
        if (is_first)
            std::memcpy(packed_gradient_.data(), part, packed_gradient_.size_bytes());
        else
            for (std::size_t at = 0; at < packed_gradient_.size(); ++at)
                packed_gradient_[at] += part[at];
        is_first = false;
    }
    if (!is_first)
        step();
}

void RouterWorkload::step() {
    std::span<float> gradient = dense_gradient_;
    kernel_.unpack(packed_gradient_, dense_gradient_);
    if (settings_.shape.is_low_rank()) {
        gradient = gradient_;
        std::fill(gradient.begin(), gradient.end(), 0.0f);
        add_factor_gradients<float>(settings_.shape, parameters_, dense_gradient_, gradient);
    }
    add_l2<float>(layout_, settings_.loss.l2, parameters_, gradient);
    // With one step U takes no part. Regularised it would fade all the same, and its moments become
    // numbers so small that some processors take many times as long for them.
    for (const TensorId id : {TensorId::U, TensorId::U1, TensorId::U2})
        if (settings_.steps == 1 && layout_.find(id) != nullptr) {
            const std::span<float> unused = layout_.part(id, gradient);
            std::fill(unused.begin(), unused.end(), 0.0f);
        }
    progress_->norm_sum += clip<float>(settings_.clipping, gradient);
    progress_->clock.tick(settings_.adam);
    const std::uint64_t third = (settings_.epochs + 2) / 3;
    const bool is_choosing = settings_.pruning.is_on() && progress_->pass >= third &&
                             progress_->pass < 2 * third &&
                             (progress_->batches - third * schedule_.training_batches) %
                                     settings_.pruning.every_batches ==
                                 0;
    adam_step(settings_.adam, progress_->clock, progress_->rate, gradient,
              is_choosing ? std::span<std::uint8_t>() : support_, {parameters_, first_, second_});
    if (is_choosing)
        prune();
    ++progress_->batches;
    pack();
}

void RouterWorkload::prune() {
    choose_support(layout_, settings_.pruning.keep, parameters_, prune_scratch_, support_);
    apply_support(support_, parameters_);
    apply_support(support_, first_);
    apply_support(support_, second_);
}

void RouterWorkload::keep_scores(const Epoch& epoch) {
    for (std::uint32_t i = 0; i < epoch.count; ++i) {
        RecordHead head;
        std::memcpy(&head, epoch.records->slot(i).data(), sizeof(head));
        const Place place = place_of(epoch.first_ticket + i);
        const std::size_t first =
            std::size_t{place.batch * schedule_.tickets_per_batch + place.slice} *
            samples_per_ticket * kernel_.outputs();
        std::copy_n(body(epoch.records->slot(i)).begin(), head.samples * kernel_.outputs(),
                    scores_.begin() + static_cast<std::ptrdiff_t>(std::min(first, scores_.size())));
    }
}

void RouterWorkload::finish_epoch(const Epoch& epoch, EventSink& sink) {
    const std::uint64_t games = epoch.first_ticket + epoch.count;
    if (games % schedule_.tickets_per_pass() == 0)
        finish_pass(sink, games);
}

// A pruned model is kept only once its support is final.
bool RouterWorkload::may_be_best() const {
    const std::uint64_t third = (settings_.epochs + 2) / 3;
    return !settings_.pruning.is_on() || progress_->pass > 2 * third;
}

void RouterWorkload::finish_pass(EventSink& sink, std::uint64_t games) {
    Progress& progress = *progress_;
    ++progress.pass;
    const Metrics metrics = measure(settings_.loss.kind, kernel_.outputs(), scores_,
                                    data_.labels.subspan(settings_.training_samples), ranked_);
    const bool is_best = settings_.validation_samples > 0 && may_be_best() &&
                         (progress.best_pass == 0 || metrics.loss < progress.best_loss);
    if (is_best) {
        progress.best_loss = metrics.loss;
        progress.best_pass = progress.pass;
        std::copy(parameters_.begin(), parameters_.end(), best_.begin());
    }
    const auto samples = static_cast<double>(std::max<std::uint64_t>(progress.samples, 1));
    sink.emit(Event::make(
        event_pass, games,
        PassReport{static_cast<std::uint32_t>(progress.pass), is_best ? 1u : 0u,
                   progress.loss_sum / samples, static_cast<double>(progress.right) / samples,
                   progress.rate, progress.norm_sum / schedule_.training_batches, metrics.samples,
                   metrics.loss, metrics.accuracy, metrics.auc, metrics.calibration_error}));
    progress.loss_sum = progress.norm_sum = 0;
    progress.right = progress.samples = 0;
    if (settings_.decay_every > 0 && progress.pass % settings_.decay_every == 0)
        progress.rate *= settings_.decay_factor;
    const bool is_early = settings_.patience > 0 && progress.best_pass > 0 &&
                          progress.pass - progress.best_pass >= settings_.patience;
    if (!is_early && progress.pass < settings_.epochs)
        return shuffle();
    progress.is_finished = 1;
    if (progress.best_pass > 0)
        std::copy(best_.begin(), best_.end(), parameters_.begin());
    pack();
    const auto kept = parameters_.size() - static_cast<std::size_t>(std::count(
                                               parameters_.begin(), parameters_.end(), 0.0f));
    sink.emit(Event::make(event_end, games,
                          EndReport{static_cast<std::uint32_t>(progress.pass), is_early ? 1u : 0u,
                                    static_cast<std::uint32_t>(progress.best_pass),
                                    static_cast<std::uint32_t>(kept), progress.best_loss}));
}

std::uint64_t RouterWorkload::heal() {
    std::uint64_t healed = 0;
    for (const std::span<float> part : {parameters_, first_, second_, best_})
        for (float& value : part)
            if (!std::isfinite(value)) {
                value = 0;
                ++healed;
            }
    if (healed > 0)
        pack();
    return healed;
}

void RouterWorkload::note_memory(Ledger&) const {}

}  // namespace kiln::router
