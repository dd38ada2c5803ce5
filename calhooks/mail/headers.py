"""The header lines of a mail, from text that people typed.

Python's own EmailMessage reads `=?utf-8?q?…?=` in a value as an encoded word, and before 3.11.10 and 3.12.5 line ends
inside one became header lines. Text is encoded here instead, so that no program decodes what was typed.
"""

import base64
import re
from collections.abc import Sequence

from calhooks.mail.addresses import MAX_SHOWN_NAME_LENGTH, Correspondent
from calhooks.text import shortened

# Longer subjects are cut.
MAX_SUBJECT_LENGTH = 200
# RFC 2047, section 2, for lines with encoded words.
MAX_LINE_LENGTH = 76
# The longest word that fits on the first line of a header, behind "Reply-To: ". Longer ones are encoded in pieces.
MAX_WORD_LENGTH = 66
# base64 of 39 bytes is 52 characters, and 64 with `=?utf-8?b?` and `?=`.
MAX_WORD_BYTES = 39
# RFC 5322, section 2.1.1, without the line end.
MAX_SENT_LINE_BYTES = 998
# All that a mail of calhooks has at its top, each at most once.
HEADER_NAMES = (
    "Message-ID",
    "Date",
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Auto-Submitted",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
)
_VISIBLE = re.compile(r"[!-~]+")
_ENCODED_WORD = "=?"
# RFC 5322, section 3.2.3: what a word of a name may have outside of quotation marks.
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
# A header, or another line of the one before; bytes above 127 are of addresses outside of ASCII.
_OUR_LINE = re.compile(rb"(%s):(?: [ -~\x80-\xff]*)?| +[!-~\x80-\xff][ -~\x80-\xff]*" % "|".join(HEADER_NAMES).encode())
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9_.-]+@[A-Za-z0-9_.%-]+>")


def subject_line(text: str) -> str:
    """Return the Subject of a mail, which a program shows as it was typed, on one line."""
    return _folded("Subject", _text_words(shortened(text, MAX_SUBJECT_LENGTH)))


def address_line(name: str, person: Correspondent, addr_spec: str) -> str:
    """Return the header `name` with the address `addr_spec`, and with the person's name before it."""
    shown = shortened(person.name, MAX_SHOWN_NAME_LENGTH)
    return _folded(name, [*_name_words(shown), f"<{addr_spec}>"] if shown else [addr_spec])


def message_id_line(text: str) -> str:
    """Return the Message-ID. Raises ValueError for text that is not one."""
    if not _MESSAGE_ID.fullmatch(text):
        raise ValueError("the Message-ID is not valid.")
    return f"Message-ID: {text}"


def foreign_line(message: bytes) -> str:
    """Return the first header line of a whole message that calhooks never writes, empty when there is none.

    Lines end in CR LF alone; a CR or LF inside a value makes its line a foreign one, and so does a header given twice.
    """
    seen: set[bytes] = set()
    for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        found = _OUR_LINE.fullmatch(line)
        if not found or found[1] in seen or len(line) > MAX_SENT_LINE_BYTES:
            return repr(line[:MAX_LINE_LENGTH])
        if found[1]:
            seen.add(found[1])
    return ""


def _text_words(text: str) -> Sequence[str]:
    return text.split(" ") if _is_plain(text) else _encoded(text)


def _name_words(name: str) -> Sequence[str]:
    if not _is_plain(name):
        return _encoded(name)
    if _ATOMS.fullmatch(name):
        return name.split(" ")
    quoted = '"{}"'.format(re.sub(r'(["\\])', r"\\\1", name))
    return [quoted] if len(quoted) <= MAX_WORD_LENGTH else _encoded(name)


def _is_plain(text: str) -> bool:
    words = text.split()
    return _ENCODED_WORD not in text and all(
        _VISIBLE.fullmatch(word) and len(word) <= MAX_WORD_LENGTH for word in words
    )


def _encoded(text: str) -> list[str]:
    """Return text as encoded words (RFC 2047), each of whole characters."""
    chunks = [b""]
    for letter in text:
        encoded = letter.encode()
        if len(chunks[-1]) + len(encoded) > MAX_WORD_BYTES:
            chunks.append(b"")
        chunks[-1] += encoded
    return [f"=?utf-8?b?{base64.b64encode(chunk).decode()}?=" for chunk in chunks]


def _folded(name: str, words: Sequence[str]) -> str:
    """Return a header on as many lines as it needs; each but the first begins with the space before its first word."""
    lines = [f"{name}:"]
    for number, word in enumerate(words):
        if number and len(lines[-1]) + 1 + len(word) > MAX_LINE_LENGTH:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines)
