#include "app/incident_file.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/train/status_page.hpp"

namespace kiln::app {
namespace {

using nlohmann::json;

std::string to_line(const Incident& incident, std::int64_t seconds) {
    json object = {{"time", seconds},
                   {"kind", name_of(incident.kind)},
                   {"games", incident.games},
                   {"what", incident.what}};
    if (incident.ticket)
        object["ticket"] = *incident.ticket;
    if (incident.worker)
        object["worker"] = *incident.worker;
    return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<Incident> from_line(const std::string& line) {
    const json object = json::parse(line, nullptr, false);
    if (!object.is_object())
        return std::nullopt;
    const auto number = [&](const char* key) -> std::optional<std::uint64_t> {
        const auto found = object.find(key);
        return found != object.end() && found->is_number_unsigned()
                   ? std::optional(found->get<std::uint64_t>())
                   : std::nullopt;
    };
    const auto text = [&](const char* key) {
        const auto found = object.find(key);
        return found != object.end() && found->is_string() ? found->get<std::string>() : "";
    };
    const auto kind = incident_kind(text("kind"));
    const auto games = number("games");
    if (!kind || !games)
        return std::nullopt;
    Incident incident = {*kind, *games, number("ticket"), std::nullopt, text("what")};
    if (const auto worker = number("worker"); worker && *worker < StatusPage::workers_max)
        incident.worker = static_cast<unsigned>(*worker);
    return incident;
}

// Never waits, as a pipe of that name would make it.
int open_for_writing(int directory, const char* name, int flags) {
    return ::openat(directory, name, flags | O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                    0644);
}

// Whether the last write did not end its line: the disk was full, or the power went.
bool ends_in_half_a_line(int file) {
    char last = '\n';
    const off_t length = ::lseek(file, 0, SEEK_END);
    return length > 0 && ::pread(file, &last, 1, length - 1) == 1 && last != '\n';
}

// Up to `bytes` from the end of a file; empty if there is none.
std::string read_end(int directory, const char* name, std::size_t bytes) {
    const int file = ::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return "";
    const off_t length = ::lseek(file, 0, SEEK_END);
    const off_t start = std::max<off_t>(0, length - static_cast<off_t>(bytes));
    std::string text(static_cast<std::size_t>(std::max<off_t>(0, length - start)), '\0');
    const ssize_t got = ::pread(file, text.data(), text.size(), start);
    ::close(file);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (start > 0)  // a line that is cut at its beginning
        text.erase(0, std::min(text.find('\n'), text.size() - 1) + 1);
    return text;
}

}  // namespace

std::vector<Incident> IncidentFile::read() const {
    std::vector<Incident> incidents;
    std::string text = read_end(directory_, name, bytes_max);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (auto incident = from_line(text.substr(at, end - at)))
            incidents.push_back(std::move(*incident));
        at = end + 1;
    }
    return incidents;
}

void IncidentFile::append(const Incident& incident, std::int64_t seconds) {
    const int file = open_for_writing(directory_, name, O_APPEND);
    if (file < 0)
        return;
    const std::string line = (ends_in_half_a_line(file) ? "\n" : "") + to_line(incident, seconds);
    // One write: a line is there or not, unless the disk is full, and half a line is left out.
    const ssize_t written = ::write(file, line.data(), line.size());
    const off_t length = ::lseek(file, 0, SEEK_END);
    ::close(file);
    if (written > 0 && length > static_cast<off_t>(bytes_max))
        shorten();
}

// Keeps the newer half.
void IncidentFile::shorten() {
    constexpr const char* shorter = "incidents.jsonl.tmp";
    const std::string text = read_end(directory_, name, bytes_max / 2);
    const int file = open_for_writing(directory_, shorter, O_TRUNC);
    if (file < 0)
        return;
    const bool is_whole =
        ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(file);
    if (is_whole)
        (void)::renameat(directory_, shorter, directory_, name);
    else
        (void)::unlinkat(directory_, shorter, 0);
}

}  // namespace kiln::app
