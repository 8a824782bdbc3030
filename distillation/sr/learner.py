"""The networks of one stage and its training step."""

import copy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from distillation.sr import distributed, losses
from distillation.sr.checkpoints import Checkpoint, restore
from distillation.sr.config import Options
from distillation.sr.devices import uses_bfloat16
from distillation.sr.fast import FastGenerator, prepare
from distillation.sr.methods import Stage
from distillation.sr.networks import (
    TAPS,
    AdaptedDiscriminator,
    AdaptedGenerator,
    Adaptors,
    Discriminator,
    Generator,
    discriminator_widths,
    seeded,
)
from distillation.sr.updates import Gate, GuardedAdam, MovingAverage, frozen_statistics, frozen_weights
from distillation.sr.vgg import Vgg, load_vgg

# Each part starts from a stream of its own, the same in every method.
_STREAMS = {"teacher": 0, "student": 1, "opponent": 2, "adaptors": 3, "opponent_adaptors": 4}
_TEACHER = "teacher_adversarial"


def _seed(options: Options, part: str) -> int:
    state = np.random.SeedSequence([options.seed, _STREAMS[part]]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def _lay_out(network: nn.Module) -> None:
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


class Learner:
    """A stage's generator, what teaches it and what opposes it; `step` is one update of all that learn.

    Nothing in `step` waits for the device, except that a CPU, where looking costs nothing, spares itself
    the backward pass of a discriminator whose update would be skipped.
    """

    def __init__(
        self, stage: Stage, options: Options, *, device: torch.device, parents: Mapping[str, Checkpoint]
    ) -> None:
        self.stage, self.options, self.device = stage, options, device
        self._bfloat16 = uses_bfloat16(options, device)
        self.generator = seeded(Generator, stage.shape_of(options), seed=_seed(options, stage.learner))
        self.teacher: Generator | None = None
        self.critic: Discriminator | None = None
        self.vgg: Vgg | None = None
        self.adaptors: Adaptors | None = None
        self.opponent: Discriminator | None = None
        self.opponent_adaptors: Adaptors | None = None
        self.gate = Gate(options.balance)
        self.rate = 1.0  # share of the learning rates that is taken: less after a non-finite step
        self._make_teachers(parents)
        self._make_opponent()
        learning = self._parts()
        for network in (*learning.values(), self.teacher, self.critic, self.vgg, self.gate):
            if network is not None:
                network.to(device)
                distributed.normalise_globally(network)
                if options.channels_last:
                    _lay_out(network)
        self._teaching = self._teaching_form()
        self.ema = copy.deepcopy(self.generator).requires_grad_(False).eval()
        self._take_over(parents)
        self._bind()

    def _make_teachers(self, parents: Mapping[str, Checkpoint]) -> None:
        options, stage = self.options, self.stage
        if stage.uses_teacher:
            self.teacher = seeded(Generator, options.teacher, seed=0)
            restore(self.teacher, parents[_TEACHER].tensors, "ema")
            self.teacher.requires_grad_(False).eval()
        if stage.uses_critic:
            self.critic = seeded(Discriminator, options.teacher_discriminator, options.patch_px, seed=0)
            restore(self.critic, parents[_TEACHER].tensors, "opponent")
            self.critic.requires_grad_(False).eval()
        if "vgg" in stage.terms_of(options):
            self.vgg = load_vgg(Path(options.vgg_file), sha256=options.vgg_sha256)
        if "feat" in stage.terms:
            ours, theirs = (options.student.channels,) * TAPS, (options.teacher.channels,) * TAPS
            self.adaptors = seeded(Adaptors, ours, theirs, seed=_seed(options, "adaptors"))

    def _teaching_form(self) -> Generator | FastGenerator | None:
        """What answers for the teacher: in bfloat16 its inference form, since it is frozen and that is fast.

        In float32 it is the teacher itself, to the last bit.
        """
        if self.teacher is None or not self._bfloat16:
            return self.teacher
        return prepare(self.teacher, precision="bf16")

    def _make_opponent(self) -> None:
        options, stage = self.options, self.stage
        if stage.opponent == "none":
            return
        ours = options.teacher_discriminator if stage.opponent == "teacher" else options.student_discriminator
        self.opponent = seeded(Discriminator, ours, options.patch_px, seed=_seed(options, "opponent"))
        if stage.opponent_taught:
            widths = discriminator_widths(ours), discriminator_widths(options.teacher_discriminator)
            self.opponent_adaptors = seeded(Adaptors, *widths, seed=_seed(options, "opponent_adaptors"))

    def _parts(self) -> dict[str, nn.Module]:
        """The networks that learn, by the names under which a checkpoint holds them."""
        parts = {
            "generator": self.generator,
            "adaptors": self.adaptors,
            "opponent": self.opponent,
            "opponent_adaptors": self.opponent_adaptors,
        }
        return {name: part for name, part in parts.items() if part is not None}

    def _take_over(self, parents: Mapping[str, Checkpoint]) -> None:
        """Go on from the stage before: generator, average and adaptors; a copied opponent too."""
        if self.stage.starts_from:
            tensors = parents[self.stage.starts_from].tensors
            restore(self.generator, tensors, "generator")
            restore(self.ema, tensors, "ema")
            if self.adaptors is not None:
                restore(self.adaptors, tensors, "adaptors")
        if self.opponent is not None and self.stage.opponent_start == "teacher":
            restore(self.opponent, parents[_TEACHER].tensors, "opponent")
        self._parents = parents

    def _bind(self) -> None:
        """Optimisers over the networks as they now lie on the device, with the moments handed on."""
        parts, clip_norm = self._parts(), self.options.clip_norm

        def optimiser(*names: str) -> GuardedAdam:
            named = {f"{n}.{key}": p for n in names if n in parts for key, p in parts[n].named_parameters()}
            return GuardedAdam(named, clip_norm=clip_norm, device=self.device)

        self.optimiser = optimiser("generator", "adaptors")
        if self.stage.starts_from:
            self.optimiser.restore(self._parents[self.stage.starts_from].tensors, "optimiser")
        self.opponent_optimiser = optimiser("opponent", "opponent_adaptors")
        if self.stage.opponent_start == "teacher":
            self.opponent_optimiser.restore(self._parents[_TEACHER].tensors, "opponent_optimiser")
        del self._parents
        self._student = AdaptedGenerator(self.generator, self.adaptors)
        self._averaging_student = distributed.averaging_gradients(self._student, self.device)
        if self.opponent is not None:
            both = AdaptedDiscriminator(self.opponent, self.opponent_adaptors)
            self._averaging_opponent = distributed.averaging_gradients(both, self.device)
        fresh = self.stage.starts_from is None
        self._average = MovingAverage(self.generator, self.ema, decay=self.options.ema_decay, warm_up=fresh)
        self._first_bad = torch.full((), -1, dtype=torch.int64, device=self.device)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._bfloat16)

    def terms(self, x: Tensor, y: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Each loss term of the generator, unweighted, and the generator's output (N, 3, 4H, 4W)."""
        return self._terms(self._averaging_student, x, y)

    def _terms(self, student: AdaptedGenerator, x: Tensor, y: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        wanted = self.stage.terms
        s, taps = student(x)
        found = self._content(s, y)
        if self._teaching is not None:
            with torch.no_grad():
                t, teacher_taps = self._teaching.forward_with_features(x)
            if "out" in wanted:
                found["out"] = losses.output(s, t)
            if self.adaptors is not None:
                found["feat"] = losses.feature(taps, teacher_taps)
            if self.critic is not None and "dfeat" in wanted:
                logits, seen = self.critic.forward_with_features(s)
                with torch.no_grad():
                    targets = self.critic.forward_with_features(t)[1]
                found["dfeat"] = losses.feature(seen, targets)
                if "dcritic" in wanted:
                    found["dcritic"] = losses.adversarial(logits)
        if self.opponent is not None:
            with frozen_weights(self.opponent), frozen_statistics(self.opponent):
                found["adv"] = losses.adversarial(self.opponent(s))
        return found, s

    def _content(self, s: Tensor, y: Tensor) -> dict[str, Tensor]:
        if self.vgg is None:
            return {"pix": losses.pixel(s, y, kind=self.options.weights.pix_kind)}
        with torch.no_grad():
            target = self.vgg(y)
        return {"vgg": losses.content(self.vgg(s), target)}

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum that the generator descends."""
        weighted = [getattr(self.options.weights, name) * term for name, term in terms.items()]
        return torch.stack(weighted).sum()

    def step(self, x: Tensor, y: Tensor, *, step: int) -> dict[str, Tensor]:
        """Update number `step` (from 0) of all that learn; its losses as 0-d tensors on the device."""
        self._set_rates(step)
        with self._autocast():
            terms, s = self.terms(x, y)
            loss = self.total(terms)
        bad = self.optimiser.update(loss)
        found = {name: term.detach() for name, term in terms.items()}
        if self.opponent is not None:
            opponent_losses, opponent_bad = self.oppose(y, s)
            found |= opponent_losses
            bad = bad | opponent_bad
        self._average.follow()
        self._first_bad.copy_(torch.where(bad & (self._first_bad < 0), step, self._first_bad))
        return found

    def _set_rates(self, step: int) -> None:
        """Learning rates and the average's pace of update number `step`."""
        phase, options = self.stage.phase_of(self.options), self.options
        lr = phase.lr_at(step) * self.rate
        if self.stage.starts_from is None and step < options.warm_up_steps:
            lr *= (step + 1) / options.warm_up_steps
        self.optimiser.set_lr(lr)
        self._average.set_step(step)
        opponent_lr = options.discriminator_lr * phase.lr_at(step) / phase.lr_start
        self.opponent_optimiser.set_lr(opponent_lr * self.rate)

    def oppose(self, y: Tensor, s: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Let the discriminator learn, if the balance allows; its losses and whether they went bad.

        Nothing of it reaches the generator that made `s`.
        """
        s = s.detach()
        with self._autocast():
            (real, real_features), (fake, fake_features) = self._averaging_opponent(y, s)
            loss = adversarial = losses.discriminator(real, fake)
            closed = self.gate.closed(distributed.mean(adversarial.detach()))
            found = {"d_adv": adversarial.detach(), "d_updated": (~closed).float()}
            if self.device.type == "cpu" and bool(closed):
                return found, closed & False
            if self.critic is not None and self.opponent_adaptors is not None:
                with torch.no_grad():
                    targets = [self.critic.forward_with_features(image)[1] for image in (y, s)]
                pairs = zip((real_features, fake_features), targets, strict=True)
                halves = [losses.feature(ours, theirs) for ours, theirs in pairs]
                taught = torch.stack(halves).mean()
                found["dkd"] = taught.detach()
                loss = loss + self.options.weights.dkd * taught
        return found, self.opponent_optimiser.update(loss, skip=closed)

    def gradient_norms(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """Norm of each unweighted term's gradient in the generator; nothing is updated."""
        learning = [self.generator] if self.opponent is None else [self.generator, self.opponent]
        weights = list(self.generator.parameters())
        norms = {}
        with frozen_statistics(*learning), self._autocast():
            for name, term in self._terms(self._student, x, y)[0].items():
                gradients = torch.autograd.grad(term, weights, retain_graph=True, allow_unused=True)
                present = [distributed.mean(gradient) for gradient in gradients if gradient is not None]
                norms[name] = float(torch.stack(torch._foreach_norm(present)).norm()) if present else 0.0
        return norms

    def first_bad_step(self) -> int | None:
        """The first step whose loss or gradient was non-finite; waits for the device."""
        step = int(self._first_bad)
        return None if step < 0 else step

    def tensors(self) -> dict[str, Tensor]:
        """All that a resumed run needs, by name."""
        found: dict[str, Tensor] = {}
        for prefix, network in {**self._parts(), "ema": self.ema, "gate": self.gate}.items():
            found |= {f"{prefix}.{name}": tensor for name, tensor in network.state_dict().items()}
        found |= self.optimiser.tensors("optimiser")
        return found | self.opponent_optimiser.tensors("opponent_optimiser")

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from the tensors of this stage's own checkpoint."""
        for prefix, network in {**self._parts(), "ema": self.ema, "gate": self.gate}.items():
            restore(network, tensors, prefix)
        self.optimiser.restore(tensors, "optimiser")
        self.opponent_optimiser.restore(tensors, "opponent_optimiser")
