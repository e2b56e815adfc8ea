// IncidentFile: the incidents of a run, one JSON object a line, in its state directory.
//
// They are no part of the training state, which knows nothing of crashes; they are kept so that
// errors are counted across restarts of the supervisor too, and for whoever looks into them. What
// cannot be read or written is left out: an incident must not become another. Bounded in size.
#pragma once

#include <string>
#include <vector>

#include "app/restart_policy.hpp"

namespace kiln::app {

class IncidentFile {
  public:
    static constexpr const char* name = "incidents.jsonl";
    static constexpr std::size_t bytes_max = 256u << 10;

    // directory: an open descriptor, which must stay open.
    explicit IncidentFile(int directory) : directory_(directory) {}

    // The newest incidents in the file, oldest first.
    std::vector<Incident> read() const;
    // seconds: since 1970.
    void append(const Incident& incident, std::int64_t seconds);

  private:
    void shorten();

    int directory_;
};

}  // namespace kiln::app
