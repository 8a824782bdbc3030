"""Options that can be and are seldom meant are remarked on; the profiles give no cause."""

import re

import pytest
import torch

from distillation.sr import config
from distillation.sr.config import GeneratorShape
from distillation.sr.doubts import doubts, macs_per_lr_pixel
from distillation.sr.optionfile import resolve


@pytest.fixture(autouse=True)
def _a_processor_without_bfloat16(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)


@pytest.mark.parametrize("name", config.PROFILES)
def test_a_profile_is_beyond_doubt(name):
    assert doubts(config.profile(name, device="cpu")) == ()


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        # The teacher has 2 blocks of 8 channels: 9·3·8 in the head, 5 trunk convolutions of 9·8·8,
        # 9·8·48 in the tail and 3·16·25 of the bicubic skip are 7,752.
        ("student.channels=64", "and its teacher 7,752: it will not be the cheaper one"),
        ("precision=bf16", "no bfloat16 instructions: --precision bf16 is slower"),
        ("student_final.lr_end=0.01", "rate of student_final rises, from 0.0001 to 0.01"),
        ("warm_up_steps=8", "warm-up of 8 steps outlasts the 8 of teacher_pixel"),
    ],
)
def test_what_is_seldom_meant_is_said(assignment, words):
    found = doubts(resolve(profile="smoke", assignments=[assignment], flags={"device": "cpu"}))
    assert any(re.search(re.escape(words), sentence) for sentence in found)


def test_bf16_is_no_doubt_where_the_processor_has_it(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert doubts(config.profile("smoke", device="cpu", precision="bf16")) == ()


# As torch.utils.flop_counter measured them: no bias, normalisation or activation counts.
@pytest.mark.parametrize(
    ("blocks", "channels", "lite", "macs"),
    [(16, 64, False, 2_218_176), (8, 32, False, 473_184), (5, 16, False, 137_520), (8, 32, True, 171_360)],
)
def test_multiply_accumulates_follow_from_the_shape(blocks, channels, lite, macs):
    assert macs_per_lr_pixel(GeneratorShape(blocks=blocks, channels=channels, lite=lite)) == macs
