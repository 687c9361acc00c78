from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.callables import Effect, Known, Rule, Use, lookup, table


@given(st.text(), st.text())
def test_any_text_is_looked_up_without_an_error(module: str, name: str) -> None:
    assert isinstance(lookup(module, name), Known | None)


@given(st.text(st.characters(categories=["Cs", "Cc", "Zs", "Zl"]), min_size=1), st.text())
def test_text_that_no_name_can_have_is_not_known(module: str, name: str) -> None:
    assert lookup(module, name) is None
    assert lookup("os", module) is None


@given(
    st.from_regex(r"zz[a-z]{1,8}(\.zz[a-z]{1,8}){0,3}", fullmatch=True), st.from_regex(r"Zz[a-z]{1,8}", fullmatch=True)
)
def test_absent_names_are_not_known(module: str, name: str) -> None:
    assert lookup(module, name) is None


@pytest.mark.parametrize(
    ("module", "name", "entry", "rule"),
    [
        ("os", "system", "os.system", Rule.EXACT),
        ("posix", "system", "os.system", Rule.ALIAS),
        ("nt", "system", "os.system", Rule.ALIAS),
        ("__builtin__", "eval", "builtins.eval", Rule.ALIAS),
        ("__builtins__", "exec", "builtins.exec", Rule.ALIAS),
        ("six.moves.builtins", "exec", "builtins.exec", Rule.ALIAS),
        ("six.moves.cPickle", "loads", "pickle.loads", Rule.ALIAS),
        ("cPickle", "loads", "pickle.loads", Rule.ALIAS),
        ("_io", "FileIO", "io.FileIO", Rule.ALIAS),
        ("_operator", "attrgetter", "operator.attrgetter", Rule.ALIAS),
        ("copy_reg", "_reconstructor", "copyreg._reconstructor", Rule.ALIAS),
        ("__builtin__", "xrange", "builtins.range", Rule.ALIAS),
        ("torch", "serialization.os.system", "os.system", Rule.TAIL),
        ("os", "path.os.path.os.path.os.path.os.path.os.path.os.system", "os.system", Rule.TAIL),
        ("anything", "at.all.posix.system", "os.system", Rule.TAIL),
        ("logging", "config.dictConfig", "logging.config.dictConfig", Rule.TAIL),
        ("torch.serialization", "os", "os.*", Rule.TAIL),
        ("subprocess", "made_up", "subprocess.*", Rule.MODULE),
        ("pip._internal.cli.main", "main", "pip.*", Rule.MODULE),
        ("sklearn.externals.joblib", "load", "joblib.load", Rule.ALIAS),
        ("numpy._core.memmap", "memmap", "numpy.core.memmap.memmap", Rule.ALIAS),
    ],
)
def test_a_dangerous_name_is_found_however_it_is_spelled(module: str, name: str, entry: str, rule: Rule) -> None:
    known = lookup(module, name)

    assert known is not None
    assert (f"{known.module}.{known.name}", known.rule) == (entry, rule)


@pytest.mark.parametrize(
    "name", ["mean.__globals__", "mean.__class__.__base__.__subclasses__", "__builtins__", "__dict__", "f.func_globals"]
)
def test_a_name_through_the_interpreters_internals_is_dangerous(name: str) -> None:
    known = lookup("statistics", name)

    assert known is not None
    assert known.rule is Rule.INTERNALS
    assert Effect.EXECUTE in known.called


def test_a_dotted_name_is_never_better_than_unknown() -> None:
    assert lookup("zzunknown", "collections.OrderedDict") is None
    assert lookup("zzunknown", "numpy.ndarray") is None


def test_a_module_that_acts_when_imported_says_so_for_a_mere_reference() -> None:
    known = lookup("antigravity", "webbrowser")

    assert known is not None
    assert Effect.NETWORK in known.effects(Use.REFERENCED)


def test_exceptions_from_a_dangerous_module_are_exact() -> None:
    stat = lookup("os", "stat_result")

    assert stat is not None
    assert stat.is_data(Use.CALLED)
    assert lookup("os", "stat_result.made_up").rule is Rule.MODULE  # type: ignore[union-attr]  # a None fails the test


def test_a_known_name_says_whether_it_is_dangerous() -> None:
    safe, dangerous = lookup("collections", "OrderedDict"), lookup("os", "system")

    assert safe is not None
    assert dangerous is not None
    assert (safe.is_dangerous, dangerous.is_dangerous) == (False, True)


def test_long_dotted_names_cost_little() -> None:
    assert lookup("a", ".".join("b" * 1500)) is None


@given(st.binary(max_size=40))
def test_bisection_finds_what_a_scan_finds(key: bytes) -> None:
    lines = (Path(table.DATA) / "modules.tsv").read_bytes().splitlines(keepends=True)
    content = b"".join(lines)
    before = sum(len(line) for line in lines if line < key)

    assert table._first_not_less(content, key) == before
