"""What networks cost and which costs are worth it; the networks' known sizes are in test_networks."""

import math

import pytest

from distillation.sr.config import GeneratorShape
from distillation.sr.cost import BICUBIC_MACS_PER_LR_PIXEL, macs_per_lr_pixel, parameters, pareto_front
from distillation.sr.networks import Generator, seeded


def test_the_bicubic_skip_costs_its_kernel_and_no_parameter():
    # 25 taps for each of 16 x 3 outputs an input pixel, and an edge of 2 px on 24: 25 * 48 = 1200.
    plain, skipping = (
        seeded(Generator, GeneratorShape(blocks=1, channels=4, lite=True, global_skip=skip), seed=0)
        for skip in (False, True)
    )
    assert parameters(plain) == parameters(skipping)
    assert macs_per_lr_pixel(skipping) - macs_per_lr_pixel(plain) == 1200


def test_counting_leaves_the_network_in_its_mode():
    network = seeded(Generator, GeneratorShape(blocks=1, channels=4, lite=True), seed=0)
    macs_per_lr_pixel(network)
    assert network.training


def test_bicubic_is_counted_down_and_then_across():
    # 4 rows of 1 pixel at 4 taps, then 4 x 4 pixels at 4 taps, in 3 colours: (16 + 64) * 3 = 240.
    assert BICUBIC_MACS_PER_LR_PIXEL == 240


@pytest.mark.parametrize(
    ("costs", "qualities", "front"),
    [
        ([1, 2, 3, 4], [5, 7, 6, 8], (True, True, False, True)),
        ([3, 1, 2], [6, 5, 7], (False, True, True)),
        ([1, 1], [5, 6], (False, True)),
        ([1, 2], [5, 5], (True, False)),
        ([1, 1, 2], [5, 5, 4], (True, True, False)),
        ([1, 2, 3], [None, 4, math.nan], (False, True, False)),
        ([], [], ()),
    ],
)
def test_the_front_is_what_no_other_beats_in_cost_and_quality(costs, qualities, front):
    assert pareto_front(costs, qualities) == front


def test_costs_and_qualities_of_different_length_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        pareto_front([1, 2], [3])
