"""URLs of PostgreSQL databases: what they say, what is refused, and that no message repeats any of it."""

from __future__ import annotations

import getpass
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.storage.postgres_url import (
    DatabaseUrl,
    DatabaseUrlError,
    Tls,
    is_database_url,
    parse_database_url,
)

OPTIONS = frozenset({"ledger"})


def test_reads_all_that_a_url_says() -> None:
    url = parse_database_url(
        "postgresql://wri%40ter:p%40ss%2Fw%3Ard@db.internal:6432/evi%20dence?sslmode=verify-ca&sslrootcert=/etc/ca.pem"
        "&sslcert=/etc/me.pem&sslkey=/etc/me.key&ledger=fraud",
        options=OPTIONS,
    )
    assert url == DatabaseUrl(
        host="db.internal",
        port=6432,
        user="wri@ter",
        database="evi dence",
        password="p@ss/w:rd",  # noqa: S106 -- of nothing
        tls=Tls.VERIFY_CA,
        authorities="/etc/ca.pem",
        certificate="/etc/me.pem",
        certificate_key="/etc/me.key",
        options={"ledger": "fraud"},
    )
    assert str(url) == "postgresql://wri%40ter@db.internal:6432/evi%20dence?ledger=fraud"
    assert "p@ss" not in repr(url)


def test_fills_in_what_a_url_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    url = parse_database_url("postgres://db.internal")
    assert (url.user, url.database, url.port, url.password) == ("ada", "ada", 5432, "")
    assert parse_database_url("postgres:///x").host == "localhost"
    given = {"password": "d"}
    found = [parse_database_url(f"postgresql://{user}@b/c", **given).password for user in ("a", "a:e")]
    assert found == ["d", "e"]


def test_needs_a_user_where_the_system_has_no_name_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", nobody)
    with pytest.raises(DatabaseUrlError, match="expected a user"):
        parse_database_url("postgresql://host/db")


@pytest.mark.parametrize("text", ["postgresql://a@/db?host=/run/pg", "postgresql://a@%2Frun%2Fpg/db"])
def test_a_folder_is_that_of_a_socket(text: str) -> None:
    url = parse_database_url(text)
    assert (url.host, url.is_socket, url.tls) == ("/run/pg", True, Tls.DISABLE)
    assert str(url) == "postgresql://a@/db?host=/run/pg"


@pytest.mark.parametrize(
    ("host", "tls"),
    [
        ("localhost", Tls.DISABLE),
        ("127.0.0.1", Tls.DISABLE),
        ("[::1]", Tls.DISABLE),
        ("localhost.evil.example", Tls.VERIFY_FULL),
        ("10.0.0.1", Tls.VERIFY_FULL),
        ("[fd00::1]:6432", Tls.VERIFY_FULL),
    ],
)
def test_what_leaves_the_machine_is_encrypted_and_verified(host: str, tls: Tls) -> None:
    assert parse_database_url(f"postgresql://a@{host}/db").tls is tls
    assert parse_database_url(f"postgresql://a@{host}/db?sslmode=require").tls is Tls.REQUIRE


@pytest.mark.parametrize(
    "text",
    [
        "mysql://a:hunter2@host/db",
        "/path/hunter2.db",
        "postgresql:hunter2",
        "postgresql://a:hunter2 @host/db",
        "postgresql://a:hunter2\n@host/db",
        "postgresql://a:hun#ter2@host/db",
        "postgresql://a:hun?ter2@host/db",
        "postgresql://a:hun?ter=2@host/db",
        "postgresql://a:hun/ter2@host/db",
        "postgresql://a:hunter2@one,two/db",
        "postgresql://a:hunter2@host:0/db",
        "postgresql://a:hunter2@host:65536/db",
        "postgresql://a:hunter2@host:٣/db",
        "postgresql://a:hunter2@host:port/db",
        "postgresql://a:hunter2@[::1/db",
        "postgresql://a:hunter2@[::1]x/db",
        "postgresql://a:hunter2@ho%20st/db",
        "postgresql://a:hunter2@host/d%00b",
        "postgresql://a:hunter2@host/db?sslmode=prefer",
        "postgresql://a:hunter2@host/db?sslmode=allow",
        "postgresql://a:hunter2@host/db?sslmode=disable&sslmode=require",
        "postgresql://host/db?password=hunter2",
        "postgresql://a:hunter2@host/db?ledger",
    ],
)
def test_refuses_what_is_no_such_url_and_repeats_none_of_it(text: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        parse_database_url(text, options=OPTIONS)
    words = caught.value.message + caught.value.hint
    assert "which is not repeated here" in words
    assert not any(part in words for part in ("hunter2", "hun", "ter2"))


def test_a_password_that_is_no_text_is_refused() -> None:
    with pytest.raises(DatabaseUrlError):
        parse_database_url("postgresql://a@host/db", password="\udcff")  # noqa: S106 -- of nothing


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(NAMES, NAMES, NAMES, st.sampled_from(["db", "10.0.0.1", "fd00::1", "/run/a b"]), st.integers(1, 65535))
def test_what_is_shown_names_the_same_place_without_the_password(
    user: str, password: str, database: str, host: str, port: int
) -> None:
    place = f"[{host}]" if ":" in host else quote(host, "")
    text = f"postgresql://{quote(user, '')}:{quote(password, '')}@{place}:{port}/{quote(database, '')}"
    url = parse_database_url(text)
    assert (url.user, url.password, url.database, url.host, url.port) == (user, password, database, host, port)
    again = parse_database_url(str(url))
    assert (again.user, again.password, again.database, again.host, again.port) == (user, "", database, host, port)


@given(st.text())
def test_any_text_is_a_url_or_refused(text: str) -> None:
    for candidate in (text, f"postgresql://{text}"):
        try:
            url = parse_database_url(candidate, options=OPTIONS)
        except DatabaseUrlError:
            continue
        assert is_database_url(candidate)
        assert url.user
        assert url.database
