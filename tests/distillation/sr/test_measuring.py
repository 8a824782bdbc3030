"""Time and memory of networks on this machine."""

import time
from pathlib import Path

import pytest

from distillation.sr import measuring
from distillation.sr.config import GeneratorShape

LITE = GeneratorShape(blocks=1, channels=16, lite=True)


def test_the_median_leaves_the_first_call_out_and_outliers_aside(monkeypatch):
    # Start and end of each timed call: 10, 20 and 90 ms.
    clock = iter([0.0, 0.010, 1.0, 1.020, 2.0, 2.090])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    calls = []
    assert measuring.median_ms(lambda: calls.append(1), runs=3) == pytest.approx(20)
    assert len(calls) == 4


def test_a_median_over_nothing_is_refused():
    with pytest.raises(ValueError, match="not 0"):
        measuring.median_ms(lambda: None, runs=0)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_network_takes_some_time(precision):
    assert measuring.latency_ms(LITE, width=8, height=8, precision=precision, runs=1) > 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="There is no /proc on this system.")
def test_memory_is_that_of_the_image_and_what_it_passes_through():
    # Out come 1200 x 1200 x 3 bytes, after as many numbers in float32 twice (shuffled, then rounded): 39 MB
    # or more; the features of 16 channels are 6 MB each. Torch itself, some 200 MB, is not counted.
    peak = measuring.peak_mb(LITE, width=300, height=300)
    assert 39 < peak < 190


def test_memory_is_unknown_without_proc(monkeypatch, tmp_path):
    monkeypatch.setattr(measuring, "_MEMORY", tmp_path / "none")
    assert measuring.resident_mb("VmRSS") is None
