from __future__ import annotations

import pytest

from telamon.kits.formats.budget import Budget, BudgetExceededError, BudgetLimit, Limits


def test_the_ratio_binds_for_a_small_file_and_the_total_for_a_large_one() -> None:
    limits = Limits(unpacked_bytes=1000, ratio=10, ratio_floor_bytes=100)
    assert [Budget(size, limits).remaining_bytes for size in (0, 10, 11, 99, 100, 10**6)] == [
        100, 100, 110, 990, 1000, 1000,
    ]  # fmt: skip


@pytest.mark.parametrize(("packed", "limit"), [(20, BudgetLimit.RATIO), (500, BudgetLimit.UNPACKED_BYTES)])
def test_names_the_limit_that_binds(packed: int, limit: BudgetLimit) -> None:
    budget = Budget(packed, Limits(unpacked_bytes=1000, ratio=10, ratio_floor_bytes=0))
    with pytest.raises(BudgetExceededError) as caught:
        budget.add_unpacked(1001)
    assert caught.value.limit is limit


def test_the_very_last_byte_and_member_are_allowed() -> None:
    budget = Budget(0, Limits(ratio_floor_bytes=5, members=2))
    budget.add_unpacked(5)
    budget.add_member()
    budget.add_member()
    with pytest.raises(BudgetExceededError, match="more than 2 members"):
        budget.add_member()
    assert budget.remaining_bytes == 0


def test_the_deadline_counts_from_creation_by_the_given_clock() -> None:
    now = [100.0]
    budget = Budget(0, Limits(time_s=5), clock=lambda: now[0])
    now[0] = 105.0
    budget.check_time()
    now[0] = 105.1
    with pytest.raises(BudgetExceededError, match="longer than the 5 s allowed"):
        budget.check_time()


def test_depth_is_compared_with_the_limit() -> None:
    budget = Budget(0, Limits(depth=3))
    budget.check_depth(3)
    with pytest.raises(BudgetExceededError, match="more than 3 deep"):
        budget.check_depth(4)


def test_members_are_bounded_by_the_size_of_the_file_but_never_below_the_floor() -> None:
    for packed_bytes, most in ((0, 10_000), (10_000 * 16, 10_000), (50_000 * 16, 50_000), (2**40, 100_000)):
        budget = Budget(packed_bytes)
        for _ in range(most):
            budget.add_member()
        with pytest.raises(BudgetExceededError, match=f"more than {most} members"):
            budget.add_member()
