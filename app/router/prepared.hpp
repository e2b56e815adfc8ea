// What a router's run learns from, as its state directory keeps it: split, normalised, checksummed.
//
// Written once, before the run, so that a run can be resumed without its table or archive, and with
// nothing else. Every start of the trainer checks it whole and reads it into planned memory; inputs
// and teacher's logits that have no room there are read when they are needed. Failures are thrown.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/router/router_workload.hpp"

#include "app/router/data_file.hpp"
#include "app/router/dataset.hpp"
#include "app/settings.hpp"

namespace kiln::app {

// The workload's settings, those that a run has anyway filled in. Throws usage if there are no
// data.
router::RouterSettings router_settings(const RunSettings& settings);

// What a run learns from, before it is put in order and normalised.
struct PreparedSamples {
    Dataset data;
    Split parts;  // samples to learn from, and those of validation
    Normaliser normaliser;
};

// Gives back the checksum that the run's settings keep.
std::string write_prepared(const std::string& state, const PreparedSamples& samples);
Normaliser prepared_normaliser(const std::string& state);

// The file, open as long as a trainer lives, which may read a sample at a time from it.
class PreparedFile final : public router::SampleSource {
  public:
    explicit PreparedFile(const std::string& state);

    // Fills in what has room in planned memory. Throws bad_data if the file is not the one with
    // that checksum or does not fit.
    void load(const router::RouterSettings& settings, const std::string& checksum,
              const router::RouterWorkload::Data& to);
    // data_unreadable. After load().
    Status read(std::uint32_t number, std::span<float> inputs,
                std::span<float> teacher_logits) const override;
    Normaliser normaliser() const;

  private:
    // Of a part, in bytes from the beginning of the file.
    struct Place {
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
    };
    [[noreturn]] void refuse(const char* what) const;

    std::string path_;
    InputFile file_;
    std::uint64_t checksum_ = 0;
    Place mean_, deviation_, inputs_, labels_, teacher_;
    std::uint64_t samples_ = 0;
};

}  // namespace kiln::app
