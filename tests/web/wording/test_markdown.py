import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calhooks.web.wording.markdown import markdown, plain


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("# Title", "<h3>Title</h3>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
        (
            "[us](https://example.com/?a=1&b=2)",
            '<p><a href="https://example.com/?a=1&amp;b=2" rel="noopener noreferrer nofollow">us</a></p>',
        ),
    ],
)
def test_markdown_becomes_html(text: str, html: str) -> None:
    assert markdown(text).strip() == html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://tracker.example/pixel.gif)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](vbscript:x)",
        '[x](https://example.com "onmouseover=alert(1)")',
        "<style>*{display:none}</style>",
        "<form action=https://evil.example><input name=password></form>",
    ],
)
def test_nothing_that_could_do_harm_is_left(text: str) -> None:
    html = markdown(text).lower()
    for bad in (
        "<script",
        "<img",
        "<style",
        "<form",
        "<input",
        'href="javascript',
        'href="data',
        'href="vbscript',
        "' on",
    ):
        assert bad not in html


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>&\"'[]()!*_`#~\\ \nab:/javscript=on"))
def test_only_the_tags_that_are_allowed_come_out(text: str) -> None:
    html = str(markdown(text))
    for tag in ("script", "img", "iframe", "object", "style", "svg", "form"):
        assert f"<{tag}" not in html


def test_a_text_is_told_in_one_line() -> None:
    assert plain("# Hi\n\n**You** & [me](https://example.com)\n- <b>") == "Hi You & me <b>"
