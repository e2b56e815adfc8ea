#include "app/router/prepared.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "core/base/crc32c.hpp"

#include "app/failure.hpp"

namespace kiln::app {
namespace {

constexpr char magic[8] = {'K', 'L', 'N', 'R', 'D', 'A', 'T', '1'};

struct Head {
    char magic[8];
    std::uint32_t normalised;  // inputs that are; 0: none
    std::uint32_t reserved;
    std::uint64_t inputs, labels, teacher;  // numbers
    std::uint64_t checksum;                 // of what follows
};

std::string path_in(const std::string& state) {
    return state + "/router.data";
}

std::string shown(std::uint64_t checksum) {
    return fmt::format("{:08x}", checksum);
}

static_assert(sizeof(Head) == 48);

constexpr std::size_t piece_bytes = 1u << 20;

// Appends and adds up what the checksum is of.
class CheckedOutput {
  public:
    explicit CheckedOutput(OutputFile& file) : file_(file) {}
    void append(std::span<const float> numbers) {
        checksum_ = crc32c(checksum_, std::as_bytes(numbers));
        file_.append(std::as_bytes(numbers));
    }
    std::uint32_t checksum() const { return checksum_; }

  private:
    OutputFile& file_;
    std::uint32_t checksum_ = 0;
};

}  // namespace

router::RouterSettings router_settings(const RunSettings& settings) {
    router::RouterSettings router = settings.router;
    if (router.training_samples == 0)
        throw Failure(ExitCode::usage,
                      "--workload: a router learns from data; `kiln router train` "
                      "takes them");
    router.seed = settings.othello.seed;
    return router;
}

std::string write_prepared(const std::string& state, const PreparedSamples& samples) {
    const Dataset& data = samples.data;
    const std::span<const std::uint32_t> order = samples.parts.order.span();
    const std::size_t outputs = data.has_teacher() ? data.outputs : 0;
    Head head = {};
    std::memcpy(head.magic, magic, sizeof(magic));
    head.normalised = static_cast<std::uint32_t>(samples.normaliser.mean.size());
    head.inputs = order.size() * data.sample_size();
    head.labels = order.size();
    head.teacher = order.size() * outputs;
    const auto bytes_of_head = [&] { return std::as_bytes(std::span(&head, 1)); };

    OutputFile file(path_in(state));
    file.append(bytes_of_head());
    CheckedOutput to(file);
    to.append(samples.normaliser.mean);
    to.append(samples.normaliser.deviation);
    std::vector<float> inputs(data.sample_size());
    for (const std::uint32_t number : order) {
        const std::span<const float> from =
            data.x.floats().subspan(number * inputs.size(), inputs.size());
        std::copy(from.begin(), from.end(), inputs.begin());
        samples.normaliser.apply(inputs);
        to.append(inputs);
    }
    for (const std::uint32_t number : order)
        to.append(data.y.floats().subspan(number, 1));
    for (const std::uint32_t number : order)
        to.append(data.teacher.floats().subspan(number * outputs, outputs));
    head.checksum = to.checksum();
    file.overwrite(0, bytes_of_head());
    file.complete();
    return shown(head.checksum);
}

Normaliser prepared_normaliser(const std::string& state) {
    return PreparedFile(state).normaliser();
}

PreparedFile::PreparedFile(const std::string& state)
    : path_(path_in(state)), file_(path_, path_, UINT64_MAX) {
    Head head;
    if (file_.size() < sizeof(head))
        refuse("is no prepared data of a router");
    file_.read(0, std::as_writable_bytes(std::span(&head, 1)));
    if (std::memcmp(head.magic, magic, sizeof(magic)) != 0)
        refuse("is no prepared data of a router");
    std::uint64_t offset = sizeof(head);
    const auto take = [&](std::uint64_t numbers) {
        if (numbers > (file_.size() - offset) / sizeof(float))
            refuse("is cut short");
        const Place place = {offset, numbers * sizeof(float)};
        offset += place.bytes;
        return place;
    };
    mean_ = take(head.normalised);
    deviation_ = take(head.normalised);
    inputs_ = take(head.inputs);
    labels_ = take(head.labels);
    teacher_ = take(head.teacher);
    if (offset != file_.size())
        refuse("is damaged");
    checksum_ = head.checksum;
    samples_ = head.labels;
}

void PreparedFile::refuse(const char* what) const {
    throw Failure(ExitCode::bad_data,
                  fmt::format("{}: {}; train anew in another --state", path_, what));
}

void PreparedFile::load(const router::RouterSettings& settings, const std::string& checksum,
                        const router::RouterWorkload::Data& to) {
    const std::uint64_t samples =
        std::uint64_t{settings.training_samples} + settings.validation_samples;
    const std::uint64_t inputs =
        std::uint64_t{settings.steps} * settings.shape.inputs * sizeof(float);
    const std::uint64_t outputs = settings.shape.outputs * sizeof(float);
    const bool has_logits = teacher_.bytes != 0 || settings.loss.has_teacher();
    if (shown(checksum_) != checksum || samples_ != samples || inputs_.bytes != samples * inputs ||
        (has_logits && teacher_.bytes != samples * outputs))
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: is not the data that this run began with (checksum {}); put "
                                  "it back, or train anew in another --state",
                                  path_, checksum));
    std::uint32_t sum = 0;
    // What has no room is looked at in pieces.
    std::vector<std::byte> piece(piece_bytes);
    const auto read = [&](const Place& place, std::span<std::byte> room) {
        for (std::uint64_t at = 0; at < place.bytes;) {
            const std::uint64_t bytes = std::min<std::uint64_t>(place.bytes - at, piece_bytes);
            const std::span<std::byte> into =
                room.empty() ? std::span(piece).first(bytes) : room.subspan(at, bytes);
            file_.read(place.offset + at, into);
            sum = crc32c(sum, into);
            at += bytes;
        }
    };
    read(mean_, {});
    read(deviation_, {});
    read(inputs_, std::as_writable_bytes(to.inputs));
    read(labels_, std::as_writable_bytes(to.labels));
    read(teacher_, std::as_writable_bytes(to.teacher_logits));
    if (sum != checksum_)
        refuse("is damaged");
}

Status PreparedFile::read(std::uint32_t number, std::span<float> inputs,
                          std::span<float> teacher_logits) const {
    const auto read = [&](const Place& place, std::span<float> to) {
        return file_.try_read(place.offset + number * to.size_bytes(), std::as_writable_bytes(to));
    };
    Status status = read(inputs_, inputs);
    if (status && !teacher_logits.empty())
        status = read(teacher_, teacher_logits);
    if (status)
        return {};
    const bool is_short = status.error().code == ErrorCode::truncated;
    return Error{.code = ErrorCode::data_unreadable,
                 .detail = is_short ? 0 : status.error().detail};
}

Normaliser PreparedFile::normaliser() const {
    const auto read = [&](const Place& place) {
        std::vector<float> numbers(place.bytes / sizeof(float));
        file_.read(place.offset, std::as_writable_bytes(std::span(numbers)));
        return numbers;
    };
    return {read(mean_), read(deviation_)};
}

}  // namespace kiln::app
