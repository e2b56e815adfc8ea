// Figures: those of a line that another process wrote, perhaps of another version, perhaps hostile.
//
// A figure that has to be there and is missing or out of range makes the line as a whole none of
// ours. One thread; the JSON outlives it.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

#include "app/json_fields.hpp"
#include "app/match_statistics.hpp"

namespace kiln::app {

class Figures {
  public:
    static constexpr double discs_max = 64;
    static constexpr double figure_max = 1e12;  // of a count or a time that somebody reads

    explicit Figures(const Json& json) : json_(json) {}

    double within(FieldPath path, double low, double high) {
        const auto number = number_field(json_, path);
        is_whole_ = is_whole_ && number && *number >= low && *number <= high;
        return is_whole_ ? *number : 0;
    }
    // What is not there, or null, which is what JSON has for a number that is not finite, is
    // nothing and no fault.
    std::optional<double> perhaps_within(FieldPath path, double low, double high) {
        if (find_field(json_, path) == nullptr)
            return std::nullopt;
        return within(path, low, high);
    }
    double share(FieldPath path) { return within(path, 0, 1); }
    double discs(FieldPath path) { return within(path, -discs_max, discs_max); }
    double error(FieldPath path) { return within(path, 0, 2 * discs_max); }
    std::uint64_t count(FieldPath path) {
        return static_cast<std::uint64_t>(std::llround(within(path, 0, figure_max)));
    }
    Estimate estimate(const char* value, const char* lower, const char* upper, double low,
                      double high) {
        return {within({value}, low, high), within({lower}, low, high), within({upper}, low, high)};
    }
    bool is_whole() const { return is_whole_; }

  private:
    const Json& json_;
    bool is_whole_ = true;
};

}  // namespace kiln::app
