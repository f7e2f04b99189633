"""Places and variants: the one module that knows 0-based and 1-based coordinates."""

import operator
import re
from dataclasses import dataclass, replace

from genome_keras.arguments import at_least_one

_REGION = re.compile(r"(.+):([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)-([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)")
_LETTERS = re.compile(r"[A-Za-z]+")
_SYMBOLIC = re.compile(r"<[^<>\s]+>|[^\s,]*[\[\]][^\s,]+[\[\]][^\s,]*|\.[A-Za-z]+|[A-Za-z]+\.")


@dataclass(frozen=True, slots=True)
class Interval:
    """A place on a contig, 0-based and half-open, of at least one base.

    A place may reach below 0 or past the contig's end, as a window around a peak near
    the end does; files never hold such a one.

    Args:
        contig: name as the genome's file spells it.
        start: 0-based position of the first base.
        end: 0-based position after the last base; more than `start`.
        name: of the place, or None.
        strand: "+", "-", or None where it has none.

    Raises:
        ValueError: no contig, no base, another strand.
        TypeError: a position that is no integer.

    Example:
        >>> place = Interval("chr1", 10, 20, strand="-")
        >>> place.length, place.centre, place.region
        (10, 15, 'chr1:11-20')
    """

    contig: str
    start: int
    end: int
    name: str | None = None
    strand: str | None = None

    def __post_init__(self):
        _check_contig(self.contig)
        _keep_integer(self, "start")
        _keep_integer(self, "end")
        if self.start >= self.end:
            raise ValueError(
                "expected start < end (0-based, half-open). "
                f"Received: start={self.start}, end={self.end}"
            )
        if self.strand not in ("+", "-", None):
            raise ValueError(f"strand must be '+', '-' or None. Received: strand={self.strand!r}")

    @property
    def length(self) -> int:
        """Number of bases."""
        return self.end - self.start

    @property
    def centre(self) -> int:
        """0-based position of the middle base; of two, the right one."""
        return (self.start + self.end) // 2

    def resized(self, window: int) -> "Interval":
        """The place of `window` bp with the same `centre`, name and strand.

        The centre is the base `window // 2` (0-based) of the new place, so an even
        window has one base more on the left of it than on the right. A start below 0 is
        kept, not clipped.

        Args:
            window: length, bp, at least 1.

        Raises:
            ValueError: a window below 1.

        Example:
            >>> Interval("chr1", 10, 20).resized(4)
            Interval(contig='chr1', start=13, end=17, name=None, strand=None)
        """
        at_least_one(window=window)
        start = self.centre - window // 2
        return replace(self, start=start, end=start + window)

    @property
    def region(self) -> str:
        """Text as genome browsers and samtools write it, 1-based and inclusive: "chr1:11-20".

        Raises:
            ValueError: a start below 0, which such text cannot tell.
        """
        if self.start < 0:
            raise ValueError(f"a region begins at 1 or later. Received: start={self.start}")
        return f"{self.contig}:{self.start + 1}-{self.end}"

    @classmethod
    def from_region(cls, text: str) -> "Interval":
        """Reads `region` text: contig:first-last, 1-based and inclusive.

        Positions may have thousands separators, and contigs may have colons.

        Raises:
            ValueError: other text, a first position of 0, or last before first.

        Example:
            >>> Interval.from_region("chr1:1,001-1,200").start
            1000
        """
        match = _REGION.fullmatch(text)
        if not match:
            raise ValueError(
                f"a region must be contig:first-last, as in 'chr1:11-20'. Received: {text!r}"
            )
        first, last = (int(number.replace(",", "")) for number in match.groups()[1:])
        if not 1 <= first <= last:
            raise ValueError(
                f"a region must have 1 <= first <= last (1-based, inclusive). Received: {text!r}"
            )
        return cls(match[1], first - 1, last)


@dataclass(frozen=True, slots=True)
class Variant:
    """One alternative allele at one place, as a VCF record writes it.

    Args:
        contig: name as the genome's file spells it.
        position: 1-based, of the first base of `ref`; 0 only where VCF has it, for an
            event before the first base.
        ref: letters of the genome, at least one.
        alt: letters in their place; or "*", which another variant deletes; or ".",
            which was not observed; or symbolic: "<DEL>", a breakend "G]17:198982]".
        id: of the variant, or None.

    Raises:
        ValueError: no contig, a negative position, another allele.
        TypeError: a position that is no integer.

    Example:
        >>> variant = Variant("chr1", 101, "A", "AT", id="rs1")
        >>> variant.start, variant.end, variant.is_snv
        (100, 101, False)
    """

    contig: str
    position: int
    ref: str
    alt: str
    id: str | None = None

    def __post_init__(self):
        _check_contig(self.contig)
        _keep_integer(self, "position")
        if self.position < 0:
            raise ValueError(
                f"position must be at least 0 (1-based). Received: position={self.position}"
            )
        if not _LETTERS.fullmatch(self.ref):
            raise ValueError(f"ref must be letters, at least one. Received: ref={self.ref!r}")
        if not (self.is_sequence or self.is_star or self.is_missing or self.is_symbolic):
            raise ValueError(
                "alt must be letters, '*', '.', '<...>' or a breakend; one allele, not a list. "
                f"Received: alt={self.alt!r}"
            )

    @property
    def start(self) -> int:
        """0-based position of the first base of `ref`."""
        return self.position - 1

    @property
    def end(self) -> int:
        """0-based position after the last base of `ref`."""
        return self.start + len(self.ref)

    @property
    def is_sequence(self) -> bool:
        """Whether `alt` is letters, so that its sequence is known."""
        return bool(_LETTERS.fullmatch(self.alt))

    @property
    def is_star(self) -> bool:
        """Whether `alt` is "*": deleted by another variant."""
        return self.alt == "*"

    @property
    def is_missing(self) -> bool:
        """Whether `alt` is ".": no alternative was observed."""
        return self.alt == "."

    @property
    def is_symbolic(self) -> bool:
        """Whether `alt` is named and not spelled: "<DEL>", or a breakend."""
        return bool(_SYMBOLIC.fullmatch(self.alt))

    @property
    def is_snv(self) -> bool:
        """Whether one letter takes the place of another; case does not count."""
        return (
            len(self.ref) == 1 == len(self.alt)
            and self.is_sequence
            and self.ref.upper() != self.alt.upper()
        )

    def trimmed(self) -> "Variant":
        """The same variant without letters that both alleles share at an end.

        First at the right end, then at the left, as long as both alleles keep one letter:
        VCF's own way of writing. Nothing is moved along the genome. Case does not count.
        Where `alt` is no sequence, the variant itself.

        Example:
            >>> Variant("chr1", 101, "ACC", "AC").trimmed()
            Variant(contig='chr1', position=101, ref='AC', alt='A', id=None)
        """
        if not self.is_sequence:
            return self
        ref, alt = self.ref.upper(), self.alt.upper()
        most = min(len(ref), len(alt)) - 1
        right = 0
        while right < most and ref[-1 - right] == alt[-1 - right]:
            right += 1
        left = 0
        while left < most - right and ref[left] == alt[left]:
            left += 1
        if not left and not right:
            return self
        return replace(
            self,
            position=self.position + left,
            ref=self.ref[left : len(ref) - right],
            alt=self.alt[left : len(alt) - right],
        )


def _check_contig(contig):
    if not isinstance(contig, str) or not contig:
        raise ValueError(f"contig must be a name. Received: contig={contig!r}")


def _keep_integer(value, name):
    given = getattr(value, name)
    if type(given) is int:
        return
    try:
        object.__setattr__(value, name, operator.index(given))  # NumPy's integers too
    except TypeError as error:
        raise TypeError(f"{name} must be an integer. Received: {name}={given!r}") from error
