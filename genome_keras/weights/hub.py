"""Files of repositories on the Hugging Face Hub, through `huggingface_hub`.

`HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`, `HF_HOME` and its cache are that library's.
"""

import contextlib
import logging
import os
import re
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from genome_keras.errors import GenomeKerasError, WeightsError
from genome_keras.io.atomic import atomic

PREFIX = "hf://"
_WORD = r"[A-Za-z0-9][\w.-]*"
_REFERENCE = re.compile(rf"hf://({_WORD}/{_WORD})(?:@([^/@\s]+))?(?:/({_WORD}))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ours = ContextVar("whether the library works for us here", default=False)


class Reference(NamedTuple):
    """A checkpoint in somebody's repository.

    Attributes:
        repo: `owner/repo`.
        revision: commit, tag or branch; None is the branch `main`.
        name: folder in the repository; None is its top.

    Example:
        >>> str(Reference("owner/repo", revision="v1", name="danq.mouse.v1"))
        'hf://owner/repo@v1/danq.mouse.v1'
    """

    repo: str
    revision: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        revision = "" if self.revision is None else f"@{self.revision.replace('/', '%2F')}"
        return f"{PREFIX}{self.repo}{revision}" + (f"/{self.name}" if self.name else "")


def parse(text: str) -> Reference:
    """The `Reference` behind `hf://owner/repo[@revision][/name]`.

    A `/` in the revision is written `%2F`.

    Raises:
        WeightsError: another form.

    Example:
        >>> parse("hf://owner/repo@v1/danq.mouse.v1")
        Reference(repo='owner/repo', revision='v1', name='danq.mouse.v1')
    """
    match = _REFERENCE.fullmatch(text)
    if match is None or ".." in text:
        raise WeightsError(f"{text}: expected hf://owner/repo[@revision][/name]")
    repo, revision, name = match.groups()
    return Reference(repo, revision and unquote(revision), name)


def pinned(reference: Reference, filename: str, *, limit: int) -> Reference:
    """The same reference at the commit that its branch or tag is at now.

    The branch is asked for once, so all files are of one commit even where it moves
    meanwhile. Without a network, the commit is that of the cached file.

    Args:
        reference: a `Reference`.
        filename: inside its folder; a file that is fetched.
        limit: as in `fetch`.

    Raises:
        WeightsError: as `fetch`.

    Example:
        >>> commit = "8b1e5ec2c1e8b8c1d3a4f0c9b7a6d5e4f3c2b1a0"
        >>> reference = parse(f"hf://owner/repo@{commit}")  # a commit needs no network
        >>> pinned(reference, "config.json", limit=1000) == reference
        True
    """
    if reference.revision and _COMMIT.fullmatch(reference.revision):
        return reference
    with _told(reference, filename):
        commit = _commit_now(reference, filename)
    if not _COMMIT.fullmatch(commit):
        raise WeightsError(f"{reference}: the Hub does not tell the commit (got {commit!r:.50})")
    fixed = reference._replace(revision=commit)
    path = download(fixed, filename, limit=limit)
    snapshot = path.parents[1 if reference.name else 0]
    _note_branch(snapshot.parents[1], reference.revision or "main", commit)
    return fixed


def _commit_now(reference, filename):
    try:
        return _metadata(reference, filename).commit_hash or ""
    except Exception as error:
        status = _status(error)
        kept = _in_cache(reference, filename)
        if kept is None or (status is not None and status < 500):
            raise
        return kept.parents[1 if reference.name else 0].name


def _note_branch(repository, revision, commit):
    """Notes in the Hub's cache where a branch is, as the library does: for days offline."""
    with contextlib.suppress(OSError, GenomeKerasError):
        note = repository / "refs" / revision
        note.parent.mkdir(parents=True, exist_ok=True)
        if not note.is_file() or note.read_text() != commit:
            with atomic(note) as path:
                path.write_text(commit)


def download(reference: Reference, filename: str, *, limit: int) -> Path:
    """The path of a file in the Hub's cache, fetched where it is not there yet.

    Args:
        reference: a `Reference`.
        filename: inside its folder.
        limit: bytes; a larger file is refused before it is fetched.

    Raises:
        WeightsError: no such file, too large, or it cannot be had.

    Example:
        >>> path = download(parse("hf://owner/repo"), "config.json", limit=1000)  # doctest: +SKIP
    """
    import huggingface_hub

    commit = reference.revision and _COMMIT.fullmatch(reference.revision)
    with _told(reference, filename):
        known, size = _in_cache(reference, filename), None
        if not (commit and known is not None):
            with contextlib.suppress(Exception):  # if it matters, the download will tell
                size = _metadata(reference, filename).size
        if size is None or size <= limit:
            path = Path(huggingface_hub.hf_hub_download(**_where(reference, filename)))
            size = path.stat().st_size
            if size <= limit:
                return path
    raise WeightsError(f"{reference}: {filename} has {size} bytes, too many")


def forget(path: str | os.PathLike) -> None:
    """Removes a damaged file from the Hub's cache, so that it is fetched again.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     blob, path = Path(folder, "blob"), Path(folder, "config.json")
        ...     blob.touch()
        ...     path.symlink_to(blob)  # as in the cache
        ...     forget(path)
        ...     print(os.listdir(folder))
        []
    """
    with contextlib.suppress(OSError):
        blob = os.path.realpath(path)
        os.unlink(path)
        if os.path.exists(blob):
            os.unlink(blob)


def upload(
    folder: str | os.PathLike, reference: Reference, *, private: bool, message: str
) -> Reference:
    """Puts the files of a folder into a repository, in one commit.

    Args:
        folder: only its plain, visible files are sent.
        reference: a `Reference`; its revision is a branch, which must exist.
        private: whether a repository made now is private.
        message: of the commit.

    Returns:
        The `Reference` at the new commit.

    Example:
        >>> reference = parse("hf://owner/repo/danq.mouse.v1")
        >>> at = upload("danq", reference, private=True, message="First")  # doctest: +SKIP
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi()
    prefix = f"{reference.name}/" if reference.name else ""
    with _told(reference, "upload"), contextlib.ExitStack() as opened:
        api.create_repo(reference.repo, private=private, exist_ok=True)
        files = sorted(p for p in Path(folder).iterdir() if p.is_file() and p.name[0] != ".")
        # Open files, for with paths the library draws a bar, into a log file too.
        sources = [(path.name, opened.enter_context(path.open("rb"))) for path in files]
        commit = api.create_commit(
            reference.repo,
            [CommitOperationAdd(prefix + name, source) for name, source in sources],
            commit_message=message,
            revision=reference.revision,
        )
    return reference._replace(revision=commit.oid)


def _where(reference, filename):
    inside = f"{reference.name}/{filename}" if reference.name else filename
    return {"repo_id": reference.repo, "filename": inside, "revision": reference.revision}


def _in_cache(reference, filename):
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(**_where(reference, filename))
    return Path(path) if isinstance(path, str) else None


def _metadata(reference, filename):
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    return get_hf_file_metadata(hf_hub_url(**_where(reference, filename)))


def _status(error):
    return getattr(getattr(error, "response", None), "status_code", None)


@contextlib.contextmanager
def _told(reference, filename):
    """Turns what `huggingface_hub` raises into one line, and leaves out its warnings.

    Only here: how much the library says to others in this process stays theirs to choose.
    """
    import huggingface_hub  # noqa: F401  its handlers are there from now on

    for handler in logging.getLogger("huggingface_hub").handlers:
        if _not_ours not in handler.filters:
            handler.addFilter(_not_ours)
    token = _ours.set(True)
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:  # requests, httpx, OSError and the library's own kinds
        raise WeightsError(f"{reference}: {filename}: {_reason(error, reference)}") from error
    finally:
        _ours.reset(token)


def _not_ours(record):
    """A filter of log records: what the library says to us is told by us, if it is an error."""
    return not _ours.get() or record.levelno >= logging.ERROR


def _reason(error, reference):
    from huggingface_hub import constants

    kinds = {kind.__name__ for kind in type(error).__mro__}
    status = _status(error)
    if constants.HF_HUB_OFFLINE and kinds & {"LocalEntryNotFoundError", "OfflineModeIsEnabled"}:
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
