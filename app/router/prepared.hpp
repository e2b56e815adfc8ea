// What a router's run learns from, as its state directory keeps it: split, normalised, checksummed.
//
// Written once, before the run; every start of the trainer reads it into planned memory, so that a
// run can be resumed without its table or archive, and with nothing else. Failures are thrown.
#pragma once

#include <string>

#include "core/router/router_workload.hpp"

#include "app/router/dataset.hpp"
#include "app/settings.hpp"

namespace kiln::app {

// The workload's settings, those that a run has anyway filled in. Throws usage if there are no
// data.
router::RouterSettings router_settings(const RunSettings& settings);

// Training samples first; gives back the checksum that the run's settings keep.
std::string write_prepared(const std::string& state, const Dataset& data,
                           const Normaliser& normaliser);
// Throws bad_data if it is not the one with that checksum or does not fit.
void load_prepared(const std::string& state, const std::string& checksum,
                   const router::RouterWorkload::Data& to);
Normaliser prepared_normaliser(const std::string& state);

}  // namespace kiln::app
