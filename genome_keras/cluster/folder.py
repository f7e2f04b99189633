"""A partitioned Parquet data set that grows by whole files."""

import json
import os
from pathlib import Path
from urllib.parse import quote

from genome_keras.errors import FormatError, GenomeKerasError, printable
from genome_keras.io import leftovers
from genome_keras.io.atomic import atomic

ABOUT = "_about.json"


class Folder:
    """A folder of `contig=NAME/part-NUMBER.parquet`, and what it was made of.

    Readers of Parquet data sets take the contig from the folder's name, and leave out
    names that begin with "_" or ".", such as `_about.json` and files that are being
    written.

    Args:
        path: of the folder; its parent must exist.
        about: dict fit for JSON: all that the rows depend on.
        resume: whether it may hold finished parts, of the same `about`.

    Raises:
        GenomeKerasError: it is there, and not to be gone on with; or cannot be made.
        FormatError: it was made of something else.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as there:
        ...     scores = Folder(f"{there}/scores", {"weights": "danq.mouse.v1"})
        ...     again = Folder(f"{there}/scores", {"weights": "danq.mouse.v1"}, resume=True)
        >>> again.part("chr1", 3).relative_to(again.path).as_posix()
        'contig=chr1/part-000003.parquet'
    """

    def __init__(self, path: str | os.PathLike, about: dict, *, resume: bool = False) -> None:
        self.path, about = Path(os.path.abspath(path)), json.loads(json.dumps(about))
        record = self.path / ABOUT
        if os.path.lexists(self.path) and not resume:
            raise GenomeKerasError(f"{path}: is there already; resume goes on with it")
        try:
            self.path.mkdir(exist_ok=True)
            leftovers.sweep(record)  # of a run that was killed while it wrote this
            if record.exists():
                if _read(record) != about:
                    raise FormatError(record, None, "made with other arguments, weights or input")
            elif any(self.path.iterdir()):
                raise GenomeKerasError(f"{path}: expected an empty folder, or one of this command")
            else:
                with atomic(record) as temporary:
                    temporary.write_text(json.dumps(about, indent=1))
        except OSError as error:
            raise GenomeKerasError(f"{path}: cannot use: {error}") from error

    def part(self, contig: str, number: int) -> Path:
        """The path of a part; it exists only when it is whole."""
        return self.path / f"contig={quote(contig, safe='')}" / f"part-{number:06d}.parquet"

    def tidy(self) -> None:
        """Removes what killed workers were writing."""
        for path in self.path.glob("contig=*/.part-*"):
            path.unlink(missing_ok=True)


def _read(record):
    try:
        return json.loads(record.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        problem = f"damaged ({printable(str(error)):.100})"
        raise FormatError(record, None, problem) from error
