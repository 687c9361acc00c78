"""Deny-overrides: what several controls decide together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.core.records import Decision, Effect, Mode
from telamon.policy.combine import Combined, Ruling, combine, is_in_rollout


def ruling(control: str, effect: Effect, mode: Mode = Mode.ENFORCE, replacement: object = None) -> Ruling:
    decision = Decision(effect=effect, reason=f"{control} says so", replacement=replacement)
    return Ruling(control=control, mode=mode, decision=decision)


rulings = st.lists(
    st.builds(ruling, st.text("abc", min_size=1), st.sampled_from(Effect), st.sampled_from(Mode), st.integers()),
    max_size=6,
)


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ([], Effect.NOT_APPLICABLE),
        ([Effect.NOT_APPLICABLE], Effect.NOT_APPLICABLE),
        ([Effect.NOT_APPLICABLE, Effect.PERMIT], Effect.PERMIT),
        ([Effect.PERMIT, Effect.TRANSFORM], Effect.TRANSFORM),
        ([Effect.TRANSFORM, Effect.INDETERMINATE, Effect.PERMIT], Effect.INDETERMINATE),
        ([Effect.INDETERMINATE, Effect.DENY, Effect.PERMIT], Effect.DENY),
    ],
)
def test_the_strongest_effect_decides(effects: list[Effect], expected: Effect) -> None:
    combined = combine(ruling("control", effect) for effect in effects)
    assert combined.effect is expected
    assert combined.is_stopping == (expected in {Effect.DENY, Effect.INDETERMINATE})


def test_names_the_first_control_that_denies() -> None:
    every = (ruling("a", Effect.PERMIT), ruling("b", Effect.DENY), ruling("c", Effect.DENY))
    assert combine(every) == Combined(effect=Effect.DENY, reason="b: b says so", rulings=every, replacement=None)


def test_the_last_transformation_holds() -> None:
    every = (ruling("a", Effect.TRANSFORM, replacement="x"), ruling("b", Effect.TRANSFORM, replacement="y"))
    assert combine(every) == Combined(effect=Effect.TRANSFORM, reason="b: b says so", rulings=every, replacement="y")


def test_a_transformation_is_forgotten_when_another_control_denies() -> None:
    combined = combine([ruling("a", Effect.TRANSFORM, replacement="x"), ruling("b", Effect.DENY)])
    assert combined.replacement is None


@given(rulings.flatmap(lambda every: st.tuples(st.just(every), st.permutations(every))))
def test_the_order_of_controls_does_not_change_the_effect(orders: tuple[list[Ruling], list[Ruling]]) -> None:
    every = orders[0]
    first, second = combine(every), combine(orders[1])
    assert first.effect is second.effect
    assert first.is_stopping == second.is_stopping
    assert {first.reason, second.reason} <= {"", *(f"{one.control}: {one.decision.reason}" for one in every)}


@given(rulings)
def test_shadow_and_off_never_influence(every: list[Ruling]) -> None:
    combined, enforcing = combine(every), combine(one for one in every if one.mode is Mode.ENFORCE)
    assert (combined.effect, combined.reason, combined.replacement) == (
        enforcing.effect,
        enforcing.reason,
        enforcing.replacement,
    )
    assert combined.rulings == tuple(every)


@given(rulings)
def test_indeterminate_never_permits(every: list[Ruling]) -> None:
    combined = combine([*every, ruling("last", Effect.INDETERMINATE)])
    assert combined.is_stopping


@given(st.text(), st.text("abc-"), st.floats(0, 100), st.floats(0, 100))
def test_a_rollout_that_grows_keeps_who_is_in(key: str, control: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert is_in_rollout(key, control, small) <= is_in_rollout(key, control, large)
    assert is_in_rollout(key, control, 100)
    assert not is_in_rollout(key, control, 0)


@pytest.mark.parametrize("percent", [1, 10, 50, 99])
def test_a_rollout_takes_about_its_share(percent: float) -> None:
    share = sum(is_in_rollout(f"user-{number}", "guardrails", percent) for number in range(20_000)) / 200
    assert abs(share - percent) < 1.1  # three standard deviations of 20,000 fair draws at 50 %


def test_a_rollout_is_the_same_on_every_machine() -> None:
    chosen = [number for number in range(16) if is_in_rollout(f"user-{number}", "guardrails", 50)]
    assert chosen == [1, 2, 3, 5, 6, 7, 8, 10, 11, 14, 15]


def test_rollouts_of_two_controls_are_independent() -> None:
    keys = [f"user-{number}" for number in range(4000)]
    both = sum(is_in_rollout(key, "a", 50) and is_in_rollout(key, "b", 50) for key in keys)
    assert abs(both / 4000 - 0.25) < 0.03


def test_takes_a_key_that_is_no_unicode() -> None:
    assert is_in_rollout("\udcff", "a", 100)
