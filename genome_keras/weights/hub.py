"""Files of repositories on the Hugging Face Hub, through `huggingface_hub`.

`HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`, `HF_HOME` and its cache are that library's.
"""

import contextlib
import os
import re
import sys
import warnings
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from genome_keras.errors import WeightsError

PREFIX = "hf://"
_WORD = r"[A-Za-z0-9][\w.-]*"
_REFERENCE = re.compile(rf"hf://({_WORD}/{_WORD})(?:@([^/@\s]+))?(?:/({_WORD}))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class Reference(NamedTuple):
    """A checkpoint in somebody's repository.

    Attributes:
        repo: `owner/repo`.
        revision: commit, tag or branch; None is the branch `main`.
        name: folder in the repository; None is its top.
    """

    repo: str
    revision: str | None = None
    name: str | None = None

    def __str__(self):
        revision = "" if self.revision is None else f"@{self.revision.replace('/', '%2F')}"
        return f"{PREFIX}{self.repo}{revision}" + (f"/{self.name}" if self.name else "")


def parse(text):
    """The `Reference` behind `hf://owner/repo[@revision][/name]`.

    A `/` in the revision is written `%2F`.

    Raises:
        WeightsError: another form.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None or ".." in text:
        raise WeightsError(f"{text}: expected hf://owner/repo[@revision][/name]")
    repo, revision, name = match.groups()
    return Reference(repo, revision and unquote(revision), name)


def pinned(reference, filename, *, limit):
    """The same reference at the commit that its branch or tag is at now.

    The file is fetched; without a network, the commit is that of the cached one.

    Raises:
        WeightsError: as `fetch`.
    """
    if reference.revision and _COMMIT.fullmatch(reference.revision):
        return reference
    path = fetch(reference, filename, limit=limit)
    commit = path.parents[1 if reference.name else 0].name
    if not _COMMIT.fullmatch(commit):
        raise WeightsError(f"{reference}: the Hub does not tell the commit (got {commit!r:.50})")
    return reference._replace(revision=commit)


def fetch(reference, filename, *, limit):
    """The path of a file in the Hub's cache, fetched where it is not there yet.

    Args:
        reference: a `Reference`.
        filename: inside its folder.
        limit: bytes; a larger file is refused before it is fetched.

    Raises:
        WeightsError: no such file, too large, or it cannot be had.
    """
    import huggingface_hub

    inside = f"{reference.name}/{filename}" if reference.name else filename
    where = {"repo_id": reference.repo, "filename": inside, "revision": reference.revision}
    commit = reference.revision and _COMMIT.fullmatch(reference.revision)
    with _told(reference, filename):
        known, size = huggingface_hub.try_to_load_from_cache(**where), None
        if not (commit and isinstance(known, str)):
            with contextlib.suppress(Exception):  # if it matters, the download will tell
                size = _metadata(reference, filename).size
        if size is None or size <= limit:
            path = Path(huggingface_hub.hf_hub_download(**where))
            size = path.stat().st_size
            if size <= limit:
                return path
    raise WeightsError(f"{reference}: {filename} has {size} bytes, too many")


def forget(path):
    """Removes a damaged file from the Hub's cache, so that it is fetched again."""
    with contextlib.suppress(OSError):
        blob = os.path.realpath(path)
        os.unlink(path)
        if os.path.exists(blob):
            os.unlink(blob)


def upload(folder, reference, *, private, message):
    """Puts the files of a folder into a repository, in one commit.

    Args:
        folder: only its plain, visible files are sent.
        reference: a `Reference`; its revision is a branch, which must exist.
        private: whether a repository made now is private.
        message: of the commit.

    Returns:
        The `Reference` at the new commit.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi()
    prefix = f"{reference.name}/" if reference.name else ""
    with _told(reference, "upload"):
        api.create_repo(reference.repo, private=private, exist_ok=True)
        files = sorted(p for p in Path(folder).iterdir() if p.is_file() and p.name[0] != ".")
        commit = api.create_commit(
            reference.repo,
            [CommitOperationAdd(prefix + path.name, path) for path in files],
            commit_message=message,
            revision=reference.revision,
        )
    return reference._replace(revision=commit.oid)


def _metadata(reference, filename):
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    inside = f"{reference.name}/{filename}" if reference.name else filename
    url = hf_hub_url(reference.repo, inside, revision=reference.revision)
    return get_hf_file_metadata(url)


def _status(error):
    return getattr(getattr(error, "response", None), "status_code", None)


@contextlib.contextmanager
def _told(reference, filename):
    """Turns what `huggingface_hub` raises into one line, and silences its own."""
    from huggingface_hub import utils

    verbosity = utils.logging.get_verbosity()
    utils.logging.set_verbosity_error()
    quiet = not sys.stderr.isatty() and not utils.are_progress_bars_disabled()
    if quiet:
        utils.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's own deprecations
            yield
    except WeightsError:
        raise
    except Exception as error:  # requests, httpx, OSError and the library's own kinds
        raise WeightsError(f"{reference}: {filename}: {_reason(error, reference)}") from error
    finally:
        utils.logging.set_verbosity(verbosity)
        if quiet:
            utils.enable_progress_bars()


def _reason(error, reference):
    from huggingface_hub import constants

    kinds = {kind.__name__ for kind in type(error).__mro__}
    status = _status(error)
    if constants.HF_HUB_OFFLINE and "LocalEntryNotFoundError" in kinds:
        return "not in the cache, and HF_HUB_OFFLINE is set"
    if "GatedRepoError" in kinds or status == 403:
        return "access denied: ask the owner, and set HF_TOKEN"
    if "RepositoryNotFoundError" in kinds or status == 401:
        return "no such repository, or a private one: check the name and HF_TOKEN"
    if "RevisionNotFoundError" in kinds:
        return f"the repository has no revision {reference.revision!r}"
    if "EntryNotFoundError" in kinds and status == 404:
        return "the repository has no such file"
    if status is not None:
        return f"HTTP {status} from {constants.ENDPOINT}"
    if isinstance(error, RuntimeError) and error.__cause__ is not None:
        return _reason(error.__cause__, reference)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}" + (f": {error.filename}" if error.filename else "")
    cause = error.__cause__ if "LocalEntryNotFoundError" in kinds else None
    if cause is not None:
        return f"{_reason(cause, reference)} (from {constants.ENDPOINT})"
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
