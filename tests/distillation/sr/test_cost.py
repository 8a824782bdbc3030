"""What networks cost; their known sizes are in test_networks."""

from distillation.sr.config import GeneratorShape
from distillation.sr.cost import macs_per_lr_pixel, parameters
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
