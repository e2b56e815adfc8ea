// MetricsExport: hands a run's figures out as --metrics and --metrics-textfile ask.
//
// An address that is not to be had, and a file that cannot be written, are told once and tried
// again every 15 seconds: training does not depend on them. The file is replaced as a whole, so
// that node_exporter never reads half of it, and is written a last time when the run ends. It never
// waits, but for the disk that the file is on. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "app/log_entry.hpp"
#include "app/metrics_server.hpp"
#include "app/settings.hpp"

namespace kiln::app {

class MetricsExport {
  public:
    static constexpr std::uint64_t file_every_ns = 15'000'000'000;
    static constexpr std::uint64_t retry_every_ns = 15'000'000'000;
    // Clients that ask more often get the same figures, so that they cost no more than this.
    static constexpr std::uint64_t figures_last_ns = 500'000'000;

    // `figures` makes the text; `tell` is for what people should know. All outlive this object.
    MetricsExport(const RunSettings& settings, MetricsServer::Exposition figures,
                  std::function<void(const LogEntry&)> tell);

    int descriptor() const { return server_.descriptor(); }  // -1: nothing to serve now
    // `now_ns` is monotonic. Call when descriptor() is readable, and once a second.
    void serve(std::uint64_t now_ns);
    // The run has ended.
    void finish();

  private:
    void open(std::uint64_t now_ns);
    void write_file();
    const std::string& text(std::uint64_t now_ns);

    std::optional<NetworkAddress> address_;
    std::string file_;  // empty: none
    MetricsServer::Exposition figures_;
    std::function<void(const LogEntry&)> tell_;
    MetricsServer server_;
    std::string text_;
    std::uint64_t text_ns_ = 0;
    std::uint64_t open_next_ns_ = 0;
    std::uint64_t write_next_ns_ = 0;
    bool is_address_missing_ = false;
    bool is_file_broken_ = false;
};

// Replaces the file by one with that text that everybody may read; false, with errno, and the old
// one stays.
bool replace_file(const std::string& path, const std::string& text);

}  // namespace kiln::app
