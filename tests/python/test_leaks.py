"""Objects that go take their memory along."""

import contextlib
import gc
import os

import kiln


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def mappings():
    with open("/proc/self/maps", encoding="ascii") as file:
        return len(file.readlines())


def test_ten_thousand_evaluators_leave_nothing_behind():
    for _ in range(10):
        kiln.Evaluator(table_mib=1)
    gc.collect()
    before = resident_bytes(), mappings()
    for _ in range(10_000):
        kiln.Evaluator(table_mib=1)
    gc.collect()
    # 200 bytes of each would be 2 MB.
    assert resident_bytes() - before[0] < 2_000_000
    assert mappings() - before[1] < 10


def test_refused_evaluators_leave_nothing_behind(tmp_path):
    (tmp_path / "x.ckpt").write_bytes(b"no checkpoint" * 1000)

    def refuse():
        for _ in range(50):
            with contextlib.suppress(kiln.CheckpointError):
                kiln.Evaluator(tmp_path / "x.ckpt")

    refuse()
    before = resident_bytes(), len(os.listdir("/proc/self/fd"))
    for _ in range(4):
        refuse()
    assert resident_bytes() - before[0] < 2_000_000
    assert len(os.listdir("/proc/self/fd")) == before[1]


def test_weights_looked_at_often_leave_nothing_behind():
    evaluator = kiln.Evaluator(table_mib=1)
    for _ in range(100):
        evaluator.get_weights()
    gc.collect()
    before = resident_bytes()
    for _ in range(5_000):
        evaluator.get_weights()
    gc.collect()
    assert resident_bytes() - before < 2_000_000


def test_trainers_leave_nothing_behind(make):
    make("a").close()
    gc.collect()
    before = resident_bytes(), len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    for i in range(5):
        trainer = make(f"b{i}")
        trainer.train_batch(4)
        trainer.close()
    del trainer
    gc.collect()
    assert resident_bytes() - before[0] < 8_000_000
    assert len(os.listdir("/proc/self/fd")) == before[1]
    assert len(os.listdir("/proc/self/task")) == before[2]
