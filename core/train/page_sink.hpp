// PageSink: events into the page's ring.
#pragma once

#include "core/train/event.hpp"
#include "core/train/status_page.hpp"

namespace kiln {

class PageSink final : public EventSink {
  public:
    explicit PageSink(StatusPage& page) : page_(page) {}
    void emit(const Event& event) override { page_.events.push(event); }

  private:
    StatusPage& page_;
};

}  // namespace kiln
