"""Repositories of model hubs that speak the protocol of the Hugging Face Hub, at one commit."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from telamon.core.errors import UsageError
from telamon.kits.formats.source import SourceError
from telamon.kits.remote.http import AnswerError, check_address, open_pool, shown, why
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import urllib3

ENDPOINT: Final = "https://huggingface.co"
MAX_PAGE_BYTES: Final = 32 * 1024 * 1024
MAX_FILES: Final = 100_000
MAX_PAGES: Final = 1000
OK: Final = 200
# Where each sort of repository stands: in the API, and in the addresses of its files.
SORTS: Final = {"models": "", "datasets": "datasets/", "spaces": "spaces/"}
ADDRESS: Final = re.compile(
    r"hf://(?:(?P<sort>models|datasets|spaces)/)?(?P<owner>\w[\w.-]{0,95})/(?P<name>\w[\w.-]{0,95})"
    r"(?:@(?P<revision>[\w.%-]{1,200}))?(?:/(?P<path>.*))?"
)
COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
NEXT: Final = re.compile(r'<([^<>]{1,2000})>\s*;\s*rel="next"')


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file of a repository.

    Attributes:
        name: How reports call it: the address with the commit in it.
        url: Where its bytes are.
    """

    name: str
    url: str


class Hub:
    """One hub.

    Args:
        endpoint: Its address; else `HF_ENDPOINT`, else the public one.
        token: Sent to it alone; else `HF_TOKEN`.

    Raises:
        UsageError: The address is not of an encrypted server.
    """

    def __init__(self, endpoint: str | None = None, token: str | None = None) -> None:
        self._endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")
        check_address(self._endpoint)
        token = os.environ.get("HF_TOKEN", "") if token is None else token
        self.headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} if token else {}

    def files(self, address: str) -> Iterator[HubFile]:
        """Yield the files of a repository, or those below a path in it, at the commit that the revision names now.

        Args:
            address: `hf://[models/|datasets/|spaces/]OWNER/NAME[@REVISION][/PATH]`; a `/` in the revision is `%2F`.

        Raises:
            UsageError: The address is not of that form.
            SourceError: The hub cannot be reached, or knows no such repository, revision or path.
        """
        match = ADDRESS.fullmatch(address)
        if match is None:
            raise UsageError(f"expected `hf://OWNER/NAME[@REVISION][/PATH]`, found `{printable(address)}`")
        sort = match["sort"] or "models"
        repository = f"{match['owner']}/{match['name']}"
        pool = open_pool(self._endpoint)
        try:
            about = f"{self._endpoint}/api/{sort}/{repository}"
            commit = self._commit(pool, f"{about}/revision/{quote(unquote(match['revision'] or 'main'), safe='')}")
            inside = (match["path"] or "").strip("/")
            home = f"hf://{SORTS[sort]}{repository}@{commit}"
            count = 0
            for path in self._paths(pool, f"{about}/tree/{commit}?recursive=true"):
                if not inside or path == inside or path.startswith(f"{inside}/"):
                    count += 1
                    url = f"{self._endpoint}/{SORTS[sort]}{repository}/resolve/{commit}/{quote(path)}"
                    yield HubFile(name=f"{home}/{path}", url=url)
        finally:
            pool.clear()
        if not count:
            raise SourceError(f"there is no file at `{printable(address)}`")

    def _commit(self, pool: urllib3.PoolManager, url: str) -> str:
        told, _ = self._told(pool, url)
        commit = told.get("sha") if isinstance(told, dict) else None
        if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
            raise AnswerError(f"`{shown(url)}` names no commit")
        return commit

    def _paths(self, pool: urllib3.PoolManager, url: str) -> Iterator[str]:
        count = 0
        for _ in range(MAX_PAGES):
            told, further = self._told(pool, url)
            for entry in told if isinstance(told, list) else ():
                if isinstance(entry, dict) and entry.get("type") == "file" and isinstance(entry.get("path"), str):
                    count += 1
                    if count > MAX_FILES:
                        raise AnswerError(f"the repository has more than {MAX_FILES} files")
                    yield entry["path"]
            if not further:
                return
            url = urljoin(url, further)
            if urlsplit(url)[:2] != urlsplit(self._endpoint)[:2]:
                raise AnswerError("the hub's list of files goes on elsewhere")
        raise AnswerError(f"the hub's list of files has more than {MAX_PAGES} pages")

    def _told(self, pool: urllib3.PoolManager, url: str) -> tuple[Any, str]:
        """Return what the hub says at an address, as JSON, and where it goes on."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # an extra

        headers = {"Accept": "application/json", **self.headers}
        try:
            response = pool.request("GET", url, headers=headers, preload_content=False, redirect=False)
            try:
                if response.status != OK:
                    raise AnswerError(f"`{shown(url)}` answers with status {response.status}")
                data = response.read(MAX_PAGE_BYTES + 1, decode_content=True)
                further = NEXT.search(response.headers.get("link", "")[:4000])
            finally:
                response.close()
        except HTTPError as error:
            raise SourceError(f"`{shown(url)}` cannot be read: {why(error)}") from error
        if len(data) > MAX_PAGE_BYTES:
            raise AnswerError(f"`{shown(url)}` answers with more than {MAX_PAGE_BYTES} bytes")
        try:
            return json.loads(data), further[1] if further else ""
        except (ValueError, RecursionError) as error:
            raise AnswerError(f"`{shown(url)}` answers with no JSON") from error
