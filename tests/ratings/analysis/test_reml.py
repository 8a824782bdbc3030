"""Restricted maximum likelihood, against published fits of published data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ratings.analysis.reml import _without_nothings, fit_reml

# Productivity of six workers on three machines, three times each (Milliken & Johnson, Analysis of Messy
# Data, 1992, p. 285; R's nlme::Machines): machine, then worker, then time.
MACHINES = """
52.0 52.8 53.1 51.8 52.8 53.1 60.0 60.2 58.4 51.1 52.3 50.3 50.9 51.8 51.4 46.4 44.8 49.2
62.1 62.6 64.0 59.7 60.0 59.0 68.6 65.8 69.7 63.2 62.8 62.2 64.8 65.0 65.4 43.7 44.2 43.0
67.5 67.2 66.9 61.5 61.7 62.3 70.8 70.6 71.0 64.1 66.2 64.0 72.1 72.0 71.1 62.0 61.4 60.5
"""
SCORES = np.array(MACHINES.split(), dtype=np.float64)
MACHINE = np.repeat(np.arange(3), 18)
WORKER = np.tile(np.repeat(np.arange(6), 3), 3)
BESIDE_A = np.array([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])

# Zones of inhibition, mm: six samples of penicillin (columns) on each of 24 plates (Davies & Goldsmith,
# Statistical Methods in Research and Production, 1972, section 6.6; R's lme4::Penicillin).
PENICILLIN = """
27 23 26 23 23 21  27 23 26 23 23 21  25 21 25 24 24 20  26 23 25 23 23 20
25 22 26 22 23 20  24 22 25 23 22 19  24 20 23 21 22 19  26 22 26 24 24 21
24 21 24 22 22 20  24 21 24 23 22 19  26 23 26 24 24 21  25 22 26 24 24 20
26 24 26 24 25 22  26 23 26 23 23 20  26 23 25 24 24 22  25 22 25 23 23 20
25 21 24 23 23 20  25 22 24 23 23 19  24 21 23 21 21 19  26 23 26 24 24 21
25 21 24 22 22 18  25 22 25 22 22 20  24 21 24 22 24 19  24 21 24 22 21 18
"""


def test_crossed_components_are_those_published_for_the_penicillin_samples() -> None:
    # Published with the Julia package Metida: intercept 22.9722, its standard error 0.808573, variances of
    # plates 0.716908, samples 3.73092 and residual 0.302415.
    zones = np.array(PENICILLIN.split(), dtype=np.float64)
    plate, sample = np.divmod(np.arange(144), 6)
    fit = fit_reml(zones, np.ones((144, 1)), [plate, sample])
    assert fit.converged
    np.testing.assert_allclose(fit.fixed, [22.9722], atol=5e-5)
    np.testing.assert_allclose(np.sqrt(fit.covariance[0, 0]), 0.808573, atol=1e-4)
    np.testing.assert_allclose(fit.variances, [0.716908, 3.73092], rtol=1e-3)
    np.testing.assert_allclose(fit.residual, 0.302415, rtol=1e-4)


def test_a_nested_interaction_is_that_published_for_the_machines() -> None:
    # Pinheiro & Bates, Mixed-Effects Models in S and S-PLUS, 2000, p. 27: worker 4.78105, machine within
    # worker 3.72954, residual 0.96158, log restricted likelihood −107.8438, differences from A 7.9667 and
    # 13.9167 with standard error 2.1770 and ten degrees of freedom.
    fit = fit_reml(SCORES, np.eye(3)[MACHINE], [WORKER, WORKER * 3 + MACHINE])
    np.testing.assert_allclose(np.sqrt(fit.variances), [4.78105, 3.72954], rtol=2e-5)
    np.testing.assert_allclose(np.sqrt(fit.residual), 0.96158, rtol=1e-5)
    np.testing.assert_allclose(fit.criterion, 2 * 107.8438, atol=2e-4)
    np.testing.assert_allclose(BESIDE_A @ fit.fixed, [7.9667, 13.9167], atol=5e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(BESIDE_A @ fit.covariance @ BESIDE_A.T)), 2.1770, atol=5e-5)
    np.testing.assert_allclose(fit.degrees_of_freedom(BESIDE_A), [10, 10], rtol=1e-4)


def test_without_the_interaction_every_residual_is_a_degree_of_freedom() -> None:
    # 54 scores less three machines and five free workers: 46, as of any additive two-way layout.
    fit = fit_reml(SCORES, np.eye(3)[MACHINE], [WORKER])
    np.testing.assert_allclose(fit.degrees_of_freedom(BESIDE_A), [46, 46], rtol=1e-4)


def test_a_component_without_effect_is_0_and_changes_nothing() -> None:
    # The three times of a cell are no factor: their component is 0, and the fit that of the machines.
    time = np.tile(np.arange(3), 18)
    fit = fit_reml(SCORES, np.eye(3)[MACHINE], [WORKER, time, WORKER * 3 + MACHINE])
    assert fit.variances[1] == 0
    np.testing.assert_allclose(fit.criterion, 2 * 107.8438, atol=2e-4)
    np.testing.assert_allclose(fit.degrees_of_freedom(BESIDE_A), [10, 10], rtol=1e-4)


def test_scores_without_a_residual_do_not_converge() -> None:
    fit = fit_reml(np.repeat([1.0, 5.0, 7.0, 2.0], 3), np.ones((12, 1)), [np.repeat(np.arange(4), 3)])
    assert not fit.converged


def test_away_from_the_optimum_there_are_no_degrees_of_freedom() -> None:
    fit = fit_reml(SCORES, np.eye(3)[MACHINE], [WORKER, WORKER * 3 + MACHINE])
    elsewhere = replace(fit, variances=fit.variances * 1e-4)
    assert np.isnan(elsewhere.degrees_of_freedom(BESIDE_A)).all()


def test_a_component_a_hair_above_0_is_0_unless_that_fits_worse() -> None:
    found = np.array([5e-4, 2.0])
    assert _without_nothings(found, lambda ratio_sd: 7.0).tolist() == [0.0, 2.0]
    assert _without_nothings(found, lambda ratio_sd: -ratio_sd[0]).tolist() == [5e-4, 2.0]
