"""What to say about text that is not JSON where it stands."""

KNOWN_WORDS = ("true", "false", "null")
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
        return joined if inside else joined + NOT_JSON
    if expects == "colon":
        return "A colon is missing before this variable."
    if inside:
        return "A comma is missing before this variable."
    return f"The body is complete before this variable: a JSON body is one value.{NOT_JSON}"


def no_end_here(expects: str, closing: str) -> str:
    """Say what is missing at the end of the body."""
    if expects in ("text", "name"):
        return "The body ends inside a text: a quotation mark is missing."
    if closing:
        return f"The body ends too early: {closing} is missing."
    return "The body is empty."


def not_in_text(start: str) -> str:
    """Say why what begins with `start` cannot be part of a text."""
    if start[0] in "\r\n":
        return "A line ends inside a text: write \\n for a line break, or add the missing quotation mark."
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
    if word[0] == "'":
        return "Texts stand between double quotation marks in JSON."
    if word[0] in "“”„«":
        return f'{word[0]} is a typographic quotation mark: JSON wants the straight one, ".'
    if word.lower() in (*KNOWN_WORDS, "none", "undefined", "nan"):
        return f"{word} is not JSON: write {word.lower() if word.lower() in KNOWN_WORDS else 'null'}."
    if word[0] in "-+.0123456789":
        return f"{word[:40]} is not a number in JSON."
    plain = f'{word[:40]} is not JSON: a text stands between quotation marks, ".'
    return plain if inside else plain + NOT_JSON


def no_key(letter: str) -> str:
    """Say why no key can begin with `letter`."""
    if letter == "}":
        return "A comma too many stands before }."
    return unusual_space(letter) or 'A key is missing here: it stands between quotation marks, ".'


def no_value(letter: str, closing: str) -> str:
    """Say why no value can begin with `letter`."""
    extra = " Is there a comma too many?" if letter in ",]" and closing == "]" else ""
    return unusual_space(letter) or f"A value is missing before {letter}.{extra}"


def nothing_may_follow(letter: str, closing: str) -> str:
    """Say why `letter` cannot follow a value."""
    if unusual := unusual_space(letter):
        return unusual
    if not closing:
        complete = f"The body is complete before {letter}: a JSON body is one value."
        return complete + NOT_JSON if letter.isalnum() else complete
    if letter in "]}":
        return f"{closing} is needed before {letter}."
    return f"A comma is missing before {letter}."


def key_twice(key: str) -> str:
    """Say that an object has a key twice."""
    return f'The key "{key}" stands in this object twice.'


def unusual_space(letter: str) -> str:
    """Say that `letter` is whitespace of a kind that JSON has not; nothing when it is none."""
    if not letter.isspace() and letter not in "\ufeff\u200b":
        return ""
    return f"An unusual space (U+{ord(letter):04X}) stands here: replace it by a normal one."
