// The strength of a run as its own logs tell it: what the processes before this one measured, so
// that a run that was stopped and resumed still has one curve.
//
// The logs are nothing a run depends on. What is gone, cut off, or was never a measurement is
// passed over, and a curve that begins late is shown as that.
#pragma once

#include <cstdint>
#include <string>

#include "app/strength_curve.hpp"

namespace kiln::app {

// What the logs in <state>/logs say of the games up to `games`.
StrengthCurve read_strength_curve(const std::string& state, std::uint64_t games);

}  // namespace kiln::app
