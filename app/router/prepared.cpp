#include "app/router/prepared.hpp"

#include <algorithm>
#include <cstring>

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

struct Prepared {
    Block file;
    Head head;
    std::span<const float> mean, deviation, inputs, labels, teacher;
};

Prepared read_prepared(const std::string& state) {
    const std::string path = path_in(state);
    Prepared prepared;
    prepared.file = read_block(path, path);
    const std::span<const std::byte> bytes = prepared.file.bytes();
    const auto refuse = [&](const char* what) {
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: {}; train anew in another --state", path, what));
    };
    if (bytes.size() < sizeof(Head) || std::memcmp(bytes.data(), magic, sizeof(magic)) != 0)
        refuse("is no prepared data of a router");
    Head& head = prepared.head;
    std::memcpy(&head, bytes.data(), sizeof(head));
    std::span<const float> rest = prepared.file.floats().subspan(sizeof(Head) / sizeof(float));
    const auto take = [&](std::uint64_t count) {
        if (count > rest.size())
            refuse("is cut short");
        const std::span<const float> taken = rest.first(count);
        rest = rest.subspan(count);
        return taken;
    };
    prepared.mean = take(head.normalised);
    prepared.deviation = take(head.normalised);
    prepared.inputs = take(head.inputs);
    prepared.labels = take(head.labels);
    prepared.teacher = take(head.teacher);
    if (!rest.empty() || crc32c(0, bytes.subspan(sizeof(Head))) != head.checksum)
        refuse("is damaged");
    return prepared;
}

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

std::string write_prepared(const std::string& state, const Dataset& data,
                           const Normaliser& normaliser) {
    Head head = {};
    std::memcpy(head.magic, magic, sizeof(magic));
    head.normalised = static_cast<std::uint32_t>(normaliser.mean.size());
    head.inputs = data.x.floats().size();
    head.labels = data.y.floats().size();
    head.teacher = data.teacher.floats().size();
    Block file(sizeof(Head) +
               (2 * normaliser.mean.size() + head.inputs + head.labels + head.teacher) *
                   sizeof(float));
    auto to = file.floats().begin() + sizeof(Head) / sizeof(float);
    for (const std::span<const float> part :
         {std::span<const float>(normaliser.mean), std::span<const float>(normaliser.deviation),
          std::span<const float>(data.x.floats()), std::span<const float>(data.y.floats()),
          std::span<const float>(data.teacher.floats())})
        to = std::copy(part.begin(), part.end(), to);
    head.checksum = crc32c(0, file.bytes().subspan(sizeof(Head)));
    std::memcpy(file.bytes().data(), &head, sizeof(head));
    write_whole(path_in(state), file.bytes());
    return shown(head.checksum);
}

void load_prepared(const std::string& state, const std::string& checksum,
                   const router::RouterWorkload::Data& to) {
    const Prepared prepared = read_prepared(state);
    if (shown(prepared.head.checksum) != checksum || prepared.inputs.size() != to.inputs.size() ||
        prepared.labels.size() != to.labels.size() ||
        prepared.teacher.size() < to.teacher_logits.size())
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: is not the data that this run began with (checksum {}); put "
                                  "it back, or train anew in another --state",
                                  path_in(state), checksum));
    std::copy(prepared.inputs.begin(), prepared.inputs.end(), to.inputs.begin());
    std::copy(prepared.labels.begin(), prepared.labels.end(), to.labels.begin());
    std::copy_n(prepared.teacher.begin(), to.teacher_logits.size(), to.teacher_logits.begin());
}

Normaliser prepared_normaliser(const std::string& state) {
    const Prepared prepared = read_prepared(state);
    return {{prepared.mean.begin(), prepared.mean.end()},
            {prepared.deviation.begin(), prepared.deviation.end()}};
}

}  // namespace kiln::app
