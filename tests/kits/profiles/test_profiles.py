"""The form of a profile: whom it fits, what it permits, and that what is written can be read."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.callables import Use
from telamon.kits.profiles import (
    Profile,
    ProfiledName,
    digest_of,
    fits,
    granted,
    is_nameable,
    is_of,
    permits,
    require_distinct,
)
from telamon.kits.profiles.safe_globals import safe_globals
from telamon.kits.profiles.writing import Refused, fragment

DIGEST = "sha256:" + "0123456789abcdef" * 4
PROFILE = Profile(
    model="models/a.pt",
    digest=DIGEST,
    names=(
        ProfiledName(name="own.net:Net", uses=(Use.INSTANTIATED, Use.BUILT)),
        ProfiledName(name="own.net:Kind", uses=(Use.REFERENCED,)),
    ),
)
texts = st.text(st.characters(), min_size=1, max_size=12)
names = st.tuples(texts, texts).filter(lambda pair: is_nameable(*pair))
profiles = st.builds(
    Profile,
    model=st.text(st.characters(categories=["L", "N", "P"]), min_size=1),
    digest=st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}"),
    names=st.dictionaries(names, st.sets(st.sampled_from(Use), min_size=1), max_size=6).map(
        lambda found: tuple(
            ProfiledName(name=f"{module}:{name}", uses=tuple(uses)) for (module, name), uses in found.items()
        )
    ),
    telamon=st.just("1"),
    table=st.just("2"),
)


@pytest.mark.parametrize(
    ("name", "use", "expected"),
    [
        ("Net", Use.INSTANTIATED, True),
        ("Net", Use.BUILT, True),
        ("Net", Use.REFERENCED, True),
        ("Net", None, True),
        ("Net", Use.CALLED, False),
        ("Net", Use.FILLED, False),
        ("Kind", Use.REFERENCED, True),
        ("Kind", Use.INSTANTIATED, False),
        ("net", Use.REFERENCED, False),
        ("Net.inner", None, False),
    ],
)
def test_permits_the_uses_that_stand_there_and_naming(name: str, use: Use | None, expected: bool) -> None:  # noqa: FBT001  # a case
    assert permits(PROFILE, "own.net", name, use) is expected
    assert not permits(PROFILE, "own", name, use)


@given(profiles, names, st.sampled_from(Use))
def test_what_is_granted_is_what_is_permitted(profile: Profile, pair: tuple[str, str], use: Use) -> None:
    pairs = [pair, *(tuple(each.name.split(":", 1)) for each in profile.names)]
    grants = granted(profile)
    for module, name in pairs:
        assert permits(profile, module, name, use) is (use in grants.get(f"{module}:{name}", ()))


@given(st.lists(st.binary()))
def test_fits_the_bytes_in_whatever_case_the_digest_is_written(chunks: list[bytes]) -> None:
    digest = "sha256:" + hashlib.sha256(b"".join(chunks)).hexdigest()
    assert digest_of(chunks) == digest
    upper = msgspec.structs.replace(PROFILE, digest=digest.upper().replace("SHA", "sha"))
    assert fits(upper, digest)
    assert not fits(upper, digest_of([*chunks, b"x"]))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("models/a.pt", True),
        ("./models/a.pt", True),
        ("/srv/models/a.pt", True),
        ("a.pt", True),
        ("other/a.pt", False),
        ("models/aa.pt", False),
        ("models/a.pt/x", False),
        ("", False),
    ],
)
def test_tells_by_the_end_of_a_path_whether_it_is_the_files(path: str, expected: bool) -> None:  # noqa: FBT001  # a case
    assert is_of(PROFILE, path) is expected


def test_refuses_two_profiles_of_one_file_and_two_entries_of_one_name() -> None:
    upper = msgspec.structs.replace(PROFILE, digest="sha256:" + DIGEST.removeprefix("sha256:").upper())
    with pytest.raises(ValueError, match=r"profiles\[0\] and profiles\[2\] of `sha256:0123"):
        require_distinct([PROFILE, msgspec.structs.replace(PROFILE, digest="sha256:" + "f" * 64), upper])
    with pytest.raises(ValueError, match="each name once, found `a:B` twice"):
        Profile(model="m", digest=DIGEST, names=(ProfiledName(name="a:B", uses=(Use.BUILT,)),) * 2)


@pytest.mark.parametrize(
    "pair",
    [
        ("a b", "C"),
        ("a", "C:D"),
        ("", "C"),
        ("a", ""),
        ("a\n", "C"),
        ("a", "C\x1b[2J"),
        ("a", "\ud800"),
        ("a", "x" * 2000),
    ],
)
def test_a_name_that_no_module_could_have_cannot_stand_in_a_profile(pair: tuple[str, str]) -> None:
    assert not is_nameable(*pair)


@given(profiles, st.data())
def test_what_is_written_is_read_as_it_was(profile: Profile, data: st.DataObject) -> None:
    notes = data.draw(st.lists(st.text(), min_size=len(profile.names), max_size=len(profile.names)))
    refused = Refused(name=data.draw(st.text()), uses=(Use.CALLED,), reason=data.draw(st.text()))
    text = fragment(profile, notes, refused=(refused,), head=(data.draw(st.text()),), controls=("one", "two"))
    found = yaml.safe_load(text)["controls"]
    assert found["one"] == found["two"]
    assert msgspec.convert(found["one"]["profiles"], tuple[Profile, ...]) == (profile,)


def test_text_of_a_fragment_is_for_people() -> None:
    refused = Refused(name="os:system", uses=(Use.CALLED,), reason="runs a\ncommand")
    assert fragment(PROFILE, ["UNKNOWN", ""], refused=(refused,), head=("For this file.",), controls=("c",)) == (
        "# For this file.\n"
        "version: 1\n"
        "controls:\n"
        "  c:\n"
        "    profiles:\n"
        '      - model: "models/a.pt"\n'
        f'        digest: "{DIGEST}"\n'
        '        telamon: ""\n'
        '        table: ""\n'
        "        names:\n"
        '          - {name: "own.net:Net", uses: [instantiated, built]} # UNKNOWN\n'
        '          - {name: "own.net:Kind", uses: [referenced]}\n'
        "          # NOT VOUCHED FOR: runs a\\ncommand\n"
        '          # - {name: "os:system", uses: [called]}\n'
    )


def test_torch_is_allowed_what_it_does_not_allow_by_itself_and_nothing_dangerous() -> None:
    line, left_out = safe_globals(
        [
            ("collections", "OrderedDict"),
            ("torch", "FloatStorage"),
            ("torch._utils", "_rebuild_tensor_v2"),
            ("own.net", "Net"),
            ("numpy.core.multiarray", "scalar"),
            ("builtins", "getattr"),
            ("os", "system"),
            ("own", "net; import os"),
        ]
    )
    assert line == (
        "import numpy._core.multiarray, own.net, torch\n"
        "torch.serialization.add_safe_globals("
        '[(numpy._core.multiarray.scalar, "numpy.core.multiarray.scalar"), own.net.Net])\n'
    )
    assert left_out == ("builtins.getattr", "os.system", "own.net; import os")


def test_torch_needs_no_line_where_it_allows_everything_itself() -> None:
    assert safe_globals([("torch", "bfloat16"), ("torch", "Size"), ("torch._utils", "_rebuild_parameter")]) == ("", ())
