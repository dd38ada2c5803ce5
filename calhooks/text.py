"""Text that somebody typed: made tidy, or refused with a sentence for the place where it was typed."""

import re
import unicodedata
from collections.abc import Callable
from typing import Literal, TypeVar

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

MAX_NAME_LENGTH = 200
# In bytes of UTF-8, as email_validator counts them. The columns of addresses have room for more.
MAX_EMAIL_LENGTH = 254

# What ends a line or steers a terminal; the line and paragraph separators count as line ends in some libraries.
CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
# They would turn round what is beside a name.
_BIDI_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
# Marks of Arabic and Hebrew text: harmless on a page, not in the header of a mail or a line of a calendar.
_DIRECTION_MARKS = dict.fromkeys((0x061C, 0x200E, 0x200F))
_DOT = "[.\u3002\uff0e\uff61]"
# Endings that email_validator refuses, whatever it is told; only by changing its list for everybody would it take them.
_SET_APART = re.compile(
    rf"((?<={_DOT})({'|'.join(SPECIAL_USE_DOMAIN_NAMES)})|(?<=@)localhost)\Z", re.IGNORECASE | re.ASCII
)

Typed = TypeVar("Typed")
Checked = TypeVar("Checked")


def checked(errors: dict[str, str], name: str, check: Callable[[Typed], Checked], typed: Typed) -> Checked | None:
    """Return what `check` makes of what was typed, or None with its ValueError's sentence under the field's name."""
    try:
        return check(typed)
    except ValueError as error:
        errors[name] = str(error)
        return None


def one_line(text: str, longest: int) -> str:
    """Return text on one line, without control characters; empty when nothing of it can be seen. Raises ValueError."""
    _refuse_unkeepable(text)
    line = _on_one_line(text)
    seen = any(unicodedata.category(letter) not in ("Cf", "Zs") for letter in line)
    return _no_longer_than(line, longest) if seen else ""


def shortened(text: str, longest: int) -> str:
    """Return any text on one line, without control characters and direction marks, cut to `longest` characters."""
    line = _on_one_line(whole(text).translate(_DIRECTION_MARKS))
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def paragraphs(text: str, longest: int) -> str:
    """Return text of several lines, which end in a line feed whatever the browser sent. Raises ValueError."""
    _refuse_unkeepable(text)
    return _no_longer_than(text.replace("\r\n", "\n").strip(), longest)


def email_address(text: str) -> str:
    """Return an e-mail address with its domain in lower case; nothing is looked up. Raises ValueError.

    Addresses inside somebody's own network (rick@calendar.local, root@localhost), and those for trying things out
    (ann@example.test), are as good as any. Another domain without a dot is one that was not typed to its end.
    """
    _refuse_unkeepable(text)
    typed = text.strip()
    if not typed:
        raise ValueError("Enter an e-mail address.")
    apart = _SET_APART.search(typed)
    ending = apart[0] if apart else ""
    # The library judges an ordinary ending of the same length in its place.
    judged = typed.removesuffix(ending) + (f"x.{'x' * (len(ending) - 2)}" if ending else "")
    try:
        # The beginning of an encoded word (RFC 2047), which mail programs would decode; no address has it.
        # And the library puts letters together before it looks at the length; see normal_form.
        if "=?" in typed or len(typed) > MAX_EMAIL_LENGTH:
            raise EmailNotValidError
        address = validate_email(judged, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(
            f"“{typed[:80]}” is not an e-mail address. Enter an e-mail address like name@example.com."
        ) from error
    return address[: len(address) - len(ending)] + ending.lower()


def normal_form(form: Literal["NFC", "NFKD"], text: str, longest: int) -> str:
    """Return the first `longest` characters of a text with their accents put together, or taken apart.

    Never without a limit: Python puts thousands of marks on one letter in order by comparing each with all others, and
    nothing else of the process runs meanwhile. 40,000 take a second, 300,000 a minute.
    """
    return unicodedata.normalize(form, text[:longest])


def whole(text: str) -> str:
    """Return text that can be encoded: two halves of a character become it, and one alone becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _on_one_line(text: str) -> str:
    return " ".join(CONTROL_CHARACTERS.sub(" ", text).translate(_BIDI_CONTROLS).split())


def _refuse_unkeepable(text: str) -> None:
    """Refuse what a database cannot keep. Raises ValueError."""
    if "\0" in text:
        raise ValueError("A NUL character is not allowed here.")
    if HALF_CHARACTER.search(text):
        raise ValueError("This contains half a character. Type it again.")


def _no_longer_than(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValueError(f"Use at most {longest:,} characters.")
    return text
