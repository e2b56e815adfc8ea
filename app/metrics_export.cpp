#include "app/metrics_export.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kiln::app {
namespace {

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(descriptor, text.data(), text.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            errno = count == 0 ? EIO : errno;
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace

bool replace_file(const std::string& path, const std::string& text) {
    // Beside it, under a name that no collector reads.
    const std::string fresh = path + ".new";
    (void)::unlink(fresh.c_str());
    const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0)
        return false;
    // Whoever collects is another user, whatever the umask.
    const bool is_written = write_all(descriptor, text) && ::fchmod(descriptor, 0644) == 0;
    int number = errno;
    ::close(descriptor);
    if (is_written && ::rename(fresh.c_str(), path.c_str()) == 0)
        return true;
    number = is_written ? errno : number;
    (void)::unlink(fresh.c_str());
    errno = number;
    return false;
}

MetricsExport::MetricsExport(const RunSettings& settings, MetricsServer::Exposition figures,
                             std::function<void(const LogEntry&)> tell)
    : address_(parse_network_address(settings.metrics)),
      file_(settings.metrics_textfile == "none" ? "" : settings.metrics_textfile),
      figures_(std::move(figures)),
      tell_(std::move(tell)) {
    if (address_ && !address_->is_loopback())
        tell_({Severity::warning, "metrics_exposed",
               fmt::format("--metrics {}: other machines can read the run's figures there, and "
                           "nothing but a firewall keeps them from it",
                           address_->text())});
}

void MetricsExport::open(std::uint64_t now_ns) {
    open_next_ns_ = now_ns + retry_every_ns;
    if (server_.open(*address_)) {
        is_address_missing_ = false;
        return tell_({Severity::info,
                      "metrics",
                      "metrics are at " + server_.url(),
                      {{"url", server_.url()}}});
    }
    if (!std::exchange(is_address_missing_, true))
        tell_({Severity::warning, "metrics_failed",
               fmt::format("--metrics: no listening at {}: {}; training goes on, and it is tried "
                           "again",
                           address_->text(), std::strerror(errno))});
}

const std::string& MetricsExport::text(std::uint64_t now_ns) {
    if (text_.empty() || now_ns - text_ns_ >= figures_last_ns) {
        text_ = figures_();
        text_ns_ = now_ns;
    }
    return text_;
}

void MetricsExport::write_file() {
    if (replace_file(file_, figures_())) {
        if (std::exchange(is_file_broken_, false))
            tell_({Severity::info, "metrics", "metrics are written to " + file_ + " again"});
    } else if (const int number = errno; !std::exchange(is_file_broken_, true)) {
        tell_({Severity::warning, "metrics_failed",
               fmt::format("--metrics-textfile: {} cannot be written: {}; training goes on, and it "
                           "is tried again",
                           file_, std::strerror(number))});
    }
}

void MetricsExport::serve(std::uint64_t now_ns) {
    if (address_ && server_.descriptor() < 0 && now_ns >= open_next_ns_)
        open(now_ns);
    server_.serve([&] { return text(now_ns); }, now_ns);
    if (!file_.empty() && now_ns >= write_next_ns_) {
        write_next_ns_ = now_ns + file_every_ns;
        write_file();
    }
}

void MetricsExport::finish() {
    if (!file_.empty())
        write_file();
    server_.close();
}

}  // namespace kiln::app
