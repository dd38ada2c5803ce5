"""What to say about text that is not JSON where it is, and what to do about it."""

import re

KNOWN_WORDS = ("true", "false", "null")
# How other languages write null.
NO_VALUES = ("none", "undefined", "nan", "nil", "infinity", "-infinity")
CURLY_QUOTES = "“”„‟«»‹›‘’‚‛″＂"
CURLY_QUOTE = re.compile(f"[{CURLY_QUOTES}]")
OTHER_QUOTES = "'`´"
HEXADECIMAL = re.compile(r"0x[0-9a-f]{1,8}", re.IGNORECASE)
COMMENT = re.compile(r"//|/\*|#|<!--|--")
UNQUOTED_KEY = re.compile(r"[\w$][\w$.-]*(?=\s*[:=])")
VARIABLE_IN_ONE_BRACE = re.compile(r"[A-Za-z_][\w.\[\]-]*(?=\s*\})")
# What comes next, as far as a message shows it.
NEXT = re.compile(r'"[^"\n]{0,40}"?|[^\s,:\[\]{}"]{1,40}|.', re.DOTALL)
# For a body that was never meant to be JSON.
NOT_JSON = " If it is not meant to be JSON, choose another content type."


def no_variable_here(expects: str, pending: str, inside: bool) -> str:
    """Say why a variable cannot stand after what was read."""
    if expects == "text":
        return "A backslash stands right before this variable: for a backslash before a value, write three."
    if expects in ("name", "key", "first key"):
        return "A variable cannot be a key, or part of one: keys are written into the template."
    if expects == "word":
        joined = f"A variable cannot be joined to {pending[:40]}: put both between quotation marks."
        return _at_top(not_json(pending) or joined, inside)
    if expects == "colon":
        return "A colon is missing before this variable."
    if inside:
        return "A comma is missing before this variable."
    return f"The body is complete before this variable: a JSON body is one value.{NOT_JSON}"


def no_end_here(expects: str, closing: str, curly: str) -> str:
    """Say what is missing at the end of the body; `curly` is a curly quote in a text that is still open, or ""."""
    if expects in ("text", "name"):
        return _unless_curly("The body ends inside a text: a quotation mark is missing.", curly)
    if closing:
        return f"The body ends too early: {closing} is missing."
    return "The body is empty."


def not_in_text(start: str, curly: str) -> str:
    """Say why what begins with `start` cannot be part of a text; `curly` is a curly quote before it, or ""."""
    if start[0] in "\r\n":
        message = "A line ends inside a text: write \\n for a line break, or add the missing quotation mark."
        return _unless_curly(message, curly)
    if start[0] == "\t":
        return "A tab stands inside a text: write \\t for it."
    if start[0] != "\\":
        return "An invisible control character stands inside a text: remove it."
    if start[1:3].lower() == "ud":
        return "This is half a character: surrogates such as \\ud83d\\ude00 come in pairs."
    if start[1:2] == "u":
        return "After \\u, four hexadecimal digits must follow."
    return f"{start[:2]} is not an escape that JSON knows. Write two backslashes for one."


def no_word(word: str, inside: bool) -> str:
    """Say why a word without quotation marks is no value."""
    if not inside and word.strip(OTHER_QUOTES) in ("", "json"):
        return f"Remove {word}, which stands around the JSON.{NOT_JSON}"
    if foreign := not_json(word):
        return _at_top(foreign, inside)
    if word.lower() in (*KNOWN_WORDS, *NO_VALUES):
        return f"{word} is not JSON: write {word.lower() if word.lower() in KNOWN_WORDS else 'null'}."
    if HEXADECIMAL.fullmatch(word):
        return f"{word} is not a number in JSON: write {int(word, 16)}."
    if word[0] in "-+.0123456789":
        return f"{word[:40]} is not a number in JSON."
    return _at_top(f'{word[:40]} is not JSON: put a text between quotation marks, ".', inside)


def no_key(rest: str, after_comma: bool) -> str:
    """Say why no key can begin with `rest`."""
    letter = rest[0]
    if letter == "}":
        return "Remove the comma before }."
    if letter == ",":
        return "Remove one of these commas." if after_comma else "Remove the comma after {."
    if found := unusual_space(letter) or not_json(rest):
        return found
    if (variable := VARIABLE_IN_ONE_BRACE.match(rest)) and not after_comma:
        return f"A variable takes two braces: write {{{{{variable[0]}}}}}."
    if key := UNQUOTED_KEY.match(rest):
        return f'Put the key between quotation marks: "{key[0][:40]}".'
    return 'A key is missing here: it is written between quotation marks, ".'


def no_colon(rest: str) -> str:
    """Say why `rest` cannot follow a key."""
    if rest[0] == "=":
        return "Write a colon after this key, not =."
    return unusual_space(rest[0]) or not_json(rest) or "A colon is missing after this key."


def no_value(letter: str, closing: str, after_comma: bool) -> str:
    """Say why no value can begin with `letter`."""
    if after_comma and letter == "]" == closing:
        return "Remove the comma before ]."
    if after_comma and letter == ",":
        return "Remove one of these commas."
    return unusual_space(letter) or f"A value is missing before {letter}."


def nothing_may_follow(rest: str, closing: str) -> str:
    """Say why `rest` cannot follow a value."""
    letter = rest[0]
    if found := unusual_space(letter) or not_json(rest):
        return found
    if not closing:
        complete = f"The body is complete before {letter}: a JSON body is one value."
        return complete + NOT_JSON if letter.isalnum() else complete
    if letter in "]}":
        return f"{closing} is needed before {letter}."
    if letter == ";":
        return "Write a comma here, not a semicolon."
    following = NEXT.match(rest)
    return f"A comma is missing before {following[0] if following else letter}."


def key_twice(key: str) -> str:
    """Say that an object has a key twice."""
    return f'The key "{key}" stands in this object twice.'


def unusual_space(letter: str) -> str:
    """Say that `letter` is whitespace of a kind that JSON has not; nothing when it is none."""
    if not letter.isspace() and letter not in "\ufeff\u200b":
        return ""
    return f"An unusual space (U+{ord(letter):04X}) stands here: replace it by a normal one."


def not_json(text: str) -> str:
    """Name what `text` begins with where that is common elsewhere and not in JSON; nothing where it is not."""
    if text[0] in CURLY_QUOTES:
        return f'{text[0]} is a curly quote: JSON takes the straight one, ".'
    if text[0] in OTHER_QUOTES:
        return f'JSON takes double quotes: write " instead of {text[0]}.'
    if COMMENT.match(text):
        return "JSON has no comments: remove this one, or write {{! … }}, which is not sent."
    return ""


def _unless_curly(message: str, curly: str) -> str:
    """Return what to say about a text without an end, which perhaps has one that JSON does not take."""
    return f'{curly} is a curly quote and does not end this text: write the straight one, ".' if curly else message


def _at_top(message: str, inside: bool) -> str:
    return message if inside else message + NOT_JSON
