// MetricsServer: a run's figures over HTTP, for Prometheus: GET and HEAD of /metrics.
//
// It never waits: see stream_server.hpp, whose limits hold. A client may ask again on its
// connection. There is no encryption and nobody is asked who he is: the address should be one that
// only friends reach. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/network_address.hpp"
#include "app/stream_server.hpp"

namespace kiln::app {

class MetricsServer {
  public:
    using Exposition = std::function<std::string()>;  // the body of /metrics

    // False, with errno: the address is not to be had now.
    bool open(const NetworkAddress& address);
    void close() { stream_.close(); }

    int descriptor() const { return stream_.descriptor(); }  // -1 when not open
    // "http://127.0.0.1:9464/metrics", with the port that the system chose if it was to.
    const std::string& url() const { return url_; }
    // `now_ns` is monotonic.
    void serve(const Exposition& exposition, std::uint64_t now_ns);

  private:
    class Protocol;

    StreamServer stream_;
    std::string url_;
};

}  // namespace kiln::app
