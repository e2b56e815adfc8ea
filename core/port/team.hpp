// Port: a fixed team of workers that carry out one job together.
//
// start() lets every worker run job.work(worker) once and returns at once; wait() returns when all
// of them have. Between wait() and the next start() no worker runs, so whatever the caller writes
// there needs no lock, and the workers see it. The caller's own thread is free between start and
// wait: the session streams checkpoints in that time.
#pragma once

namespace kiln {

class Job {
  public:
    virtual void work(unsigned worker) = 0;

  protected:
    ~Job() = default;
};

class Team {
  public:
    virtual unsigned size() const = 0;
    virtual void start(Job& job) = 0;
    virtual void wait() = 0;

    void run(Job& job) {
        start(job);
        wait();
    }

  protected:
    ~Team() = default;
};

}  // namespace kiln
