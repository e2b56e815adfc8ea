#include "app/router/block.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#include <fmt/format.h>
#include <zlib.h>

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

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
    if (bytes > in_memory_max) {
        const char* const chosen = std::getenv("TMPDIR");
        if (scratch_.map(chosen != nullptr ? chosen : "/var/tmp", bytes)) {
            bytes_ = scratch_.span();
            return;
        }
    }
    if (!mapping_.map(bytes))
        throw Failure(ExitCode::system_refuses,
                      fmt::format("the system does not grant {} of memory for data; free some",
                                  format_bytes(bytes)));
    bytes_ = mapping_.span().first(bytes);
}

Block read_block(const std::string& path, const std::string& origin) {
    const InputFile file(path, origin);
    Block block(file.size());
    file.read(0, block.bytes());
    return block;
}

void write_whole(const std::string& path, std::span<const std::byte> bytes) {
    OutputFile file(path);
    file.append(bytes);
    file.complete();
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
