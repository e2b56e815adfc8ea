#include "app/router/block.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0)
            ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int operator*() const { return number_; }
    int release() {
        const int number = number_;
        number_ = -1;
        return number;
    }

  private:
    int number_;
};

ExitCode code_of(int error) {
    return error == ENOENT || error == ENOTDIR ? ExitCode::no_input
           : error == EACCES || error == EPERM ? ExitCode::permission
                                               : ExitCode::io_failed;
}

[[noreturn]] void fail(const std::string& origin, const char* what) {
    const int error = errno;
    throw Failure(code_of(error), fmt::format("{}: {}: {}", origin, what, std::strerror(error)));
}

void* take(void*, uInt items, uInt size) {
    return ::operator new (std::size_t{items} * size, std::nothrow);
}

void give_back(void*, void* memory) {
    ::operator delete(memory);
}

// zlib's state machine with our heap behind it.
class Inflater {
  public:
    Inflater(Packing packing, std::span<const std::byte> packed, const std::string& origin)
        : origin_(origin), rest_(packed) {
        stream_.zalloc = take;
        stream_.zfree = give_back;
        constexpr int window_bits = 15;
        constexpr int gzip_only = 16;
        const int bits = packing == Packing::deflate ? -window_bits : window_bits + gzip_only;
        if (::inflateInit2(&stream_, bits) != Z_OK)
            throw std::bad_alloc();
    }
    ~Inflater() { (void)::inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    // Fills `to` as far as there is something; fewer bytes mean that the stream is at its end.
    std::size_t fill(std::span<std::byte> to) {
        std::size_t filled = 0;
        while (filled < to.size() && !is_at_end_) {
            const std::size_t piece = std::min<std::size_t>(to.size() - filled, 1u << 30);
            feed();
            stream_.next_out = reinterpret_cast<Bytef*>(to.data() + filled);
            stream_.avail_out = static_cast<uInt>(piece);
            const int result = ::inflate(&stream_, Z_NO_FLUSH);
            filled += piece - stream_.avail_out;
            is_at_end_ = result == Z_STREAM_END;
            const bool is_starved = stream_.avail_in == 0 && rest_.empty();
            if (!is_at_end_ && ((result != Z_OK && result != Z_BUF_ERROR) ||
                                (is_starved && stream_.avail_out > 0)))
                throw Failure(ExitCode::bad_data,
                              fmt::format("{}: the compressed data are {}", origin_,
                                          is_starved ? "cut short" : "damaged"));
        }
        return filled;
    }
    bool is_at_end() const { return is_at_end_; }
    bool has_rest() const { return stream_.avail_in > 0 || !rest_.empty(); }

  private:
    void feed() {
        if (stream_.avail_in > 0 || rest_.empty())
            return;
        const std::size_t piece = std::min<std::size_t>(rest_.size(), 1u << 30);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));
        stream_.avail_in = static_cast<uInt>(piece);
        rest_ = rest_.subspan(piece);
    }

    const std::string& origin_;
    std::span<const std::byte> rest_;
    z_stream stream_ = {};
    bool is_at_end_ = false;
};

}  // namespace

Block::Block(std::uint64_t bytes) {
    if (bytes == 0)
        return;
    if (!mapping_.map(bytes))
        throw Failure(ExitCode::system_refuses,
                      fmt::format("the system does not grant {} of memory for data; free some",
                                  format_bytes(bytes)));
    bytes_ = mapping_.span().first(bytes);
}

Block read_block(const std::string& path, const std::string& origin) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (*file < 0)
        fail(origin, "cannot be opened");
    struct stat about {};
    if (::fstat(*file, &about) != 0)
        fail(origin, "cannot be looked at");
    if (!S_ISREG(about.st_mode))
        throw Failure(
            ExitCode::bad_data,
            fmt::format("{}: is no regular file; give a file that can be read twice", origin));
    const auto size = static_cast<std::uint64_t>(about.st_size);
    if (size > data_bytes_max)
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: is {} long; files of data may have {}", origin,
                                  format_bytes(size), format_bytes(data_bytes_max)));
    Block block(size);
    for (std::size_t at = 0; at < size;) {
        const ::ssize_t got = ::read(*file, block.bytes().data() + at, size - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            fail(origin, "cannot be read");
        if (got == 0)
            throw Failure(ExitCode::io_failed,
                          fmt::format("{}: became shorter while it was read", origin));
        at += static_cast<std::size_t>(got);
    }
    return block;
}

void write_whole(const std::string& path, std::span<const std::byte> bytes) {
    const std::string beside = path + ".unfinished";
    Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (*file < 0)
        throw Failure(ExitCode::cannot_create,
                      fmt::format("{}: cannot be made: {}", path, std::strerror(errno)));
    const auto give_up = [&](const char* what) {
        const int error = errno;
        (void)::unlink(beside.c_str());
        throw Failure(ExitCode::io_failed,
                      fmt::format("{}: {}: {}; what was there before is as it was", path, what,
                                  std::strerror(error)));
    };
    for (std::size_t at = 0; at < bytes.size();) {
        const ::ssize_t put = ::write(*file, bytes.data() + at, bytes.size() - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            give_up("cannot be written");
        at += static_cast<std::size_t>(put);
    }
    if (::fsync(*file) != 0)
        give_up("cannot be written");
    if (::close(file.release()) != 0)
        give_up("cannot be written");
    if (::rename(beside.c_str(), path.c_str()) != 0)
        give_up("cannot be put in place");
}

void unpack(Packing packing, std::span<const std::byte> packed, std::span<std::byte> to,
            const std::string& origin) {
    Inflater inflater(packing, packed, origin);
    const std::size_t filled = inflater.fill(to);
    std::byte beyond[1];
    if (filled < to.size() || inflater.fill(beyond) != 0)
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: unpacks to {} than the {} bytes it announces", origin,
                                  filled < to.size() ? "fewer" : "more", to.size()));
    if (inflater.has_rest())
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: bytes follow the compressed data", origin));
}

std::uint64_t unpacked_bytes(Packing packing, std::span<const std::byte> packed, std::uint64_t most,
                             const std::string& origin) {
    Inflater inflater(packing, packed, origin);
    std::byte window[16384];
    std::uint64_t total = 0;
    while (!inflater.is_at_end()) {
        total += inflater.fill(window);
        if (total > most)
            throw Failure(ExitCode::bad_data,
                          fmt::format("{}: unpacks to more than the {} that are allowed", origin,
                                      format_bytes(most)));
    }
    return total;
}

}  // namespace kiln::app
