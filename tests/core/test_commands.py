"""What a control says of its commands, and what they return when they say nothing."""

from __future__ import annotations

import pytest

from telamon.core.commands import CommandReference, Result


def test_a_reference_loads_what_it_names() -> None:
    assert CommandReference(name="a", target="telamon.core.commands:Result", summary="A.").load() is Result


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("telamon.core.commands:Nothing", AttributeError),
        ("telamon.core.nothing:Result", ImportError),
        ("telamon.core.commands", AttributeError),
        ("telamon.core.commands:", AttributeError),
    ],
)
def test_a_reference_that_leads_nowhere_raises(target: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        CommandReference(name="a", target=target, summary="A.").load()


def test_a_result_that_says_nothing_is_clean() -> None:
    result = Result()
    assert (result.findings, result.outcomes, dict(result.values), result.product, result.status) == ((), (), {}, "", 0)
