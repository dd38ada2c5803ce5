"""A value is escaped for where its text is read, and then for the body."""

import csv
import json
import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calhooks.webhooks.template import Meter, TemplateError, compile_template
from tests.webhooks.template.strategies import hostile

FORM = "application/x-www-form-urlencoded"
BREAK = "\u200b"
texts = hostile | st.text(st.sampled_from("<>&\"'*_~`@|=+-\t\r\n\\[]()#.! aé1😀\ud800＝,;")) | st.text()


def written(template: str, **context: object) -> str:
    return compile_template(template, "text/plain").render(context).decode()


@pytest.mark.parametrize(
    ("helper", "value", "text"),
    [
        ("html", "<b>\"R\" & 'Co'</b>", "&lt;b&gt;&quot;R&quot; &amp; &#39;Co&#39;&lt;/b&gt;"),
        ("html", "&amp;", "&amp;amp;"),
        ("slack", "<!channel>", "&lt;!channel&gt;"),
        ("slack", "<@U1> <https://x|y> R & D", "&lt;@U1&gt; &lt;https://x|y&gt; R &amp; D".replace("@", f"@{BREAK}")),
        (
            "slack",
            "*b* _i_ ~s~ `c`",
            " ".join(f"{BREAK}{m}{BREAK}{t}{BREAK}{m}{BREAK}" for m, t in ("*b", "_i", "~s", "`c")),
        ),
        ("slack", "snake_case 2*3 a~b", "snake_case 2*3 a~b"),
        ("slack", "@here @channel.", f"@{BREAK}here @{BREAK}channel."),
        ("slack", "> quote", f"{BREAK}&gt;{BREAK} quote"),
        ("slack", "a_b@all.example.com", "a_b@all.example.com"),
        ("slack", "x@everyone!", f"x@{BREAK}everyone!"),
        ("markdown", "*b* _i_ `c` ~s~ ||s||", "\\*b\\* \\_i\\_ \\`c\\` \\~s\\~ \\|\\|s\\|\\|"),
        ("markdown", "[l](http://x.y)", "\\[l\\]\\(http://x\\.y\\)"),
        ("markdown", "# 1. - > <b> \\", "\\# 1\\. \\- \\> \\<b\\> \\\\"),
        ("markdown", "R & D &amp; &#39;", "R & D \\&amp; &\\#39;"),
        ("markdown", "@everyone <@&1> <@!2> ann@x", f"@{BREAK}everyone \\<@{BREAK}&1\\> \\<@{BREAK}\\!2\\> ann@x"),
        ("url", "a b/ü?&=#", "a%20b%2F%C3%BC%3F%26%3D%23"),
        ("csv", 'a "b", c', '"a ""b"", c"'),
        ("csv", "=1+1", '"\'=1+1"'),
        ("csv", "+44 20 7946", '"\'+44 20 7946"'),
        ("csv", "\t=1", '"\'\t=1"'),
        ("csv", " @x", '"\' @x"'),
        ("csv", "＝1", '"\'＝1"'),
        ("csv", "", '""'),
        ("csv", "plain", '"plain"'),
    ],
)
def test_a_text_is_escaped_for_where_it_is_read(helper, value, text):
    assert written(f"{{{{{helper} value}}}}", value=value) == text


@pytest.mark.parametrize("helper", ["html", "slack", "markdown", "url", "csv"])
def test_what_is_no_text_stays_what_it_is_and_lists_become_text(helper):
    template = compile_template(f'[{{{{{helper} a}}}}, {{{{{helper} b}}}}, {{{{{helper} c}}}}, "{{{{{helper} c}}}}"]')
    number, missing, *lists = json.loads(template.render({"a": -3, "c": ["<x>"]}))
    assert (number, missing) == (-3, None)
    assert lists == [written(f"{{{{{helper} v}}}}", v='["<x>"]')] * 2


def test_the_escape_of_the_body_comes_on_top():
    context = {"v": '<"&">'}
    assert json.loads(compile_template('{"a": "{{html v}}", "b": {{html v}}}').render(context)) == {
        "a": "&lt;&quot;&amp;&quot;&gt;",
        "b": "&lt;&quot;&amp;&quot;&gt;",
    }
    assert parse_qsl(compile_template("a={{url v}}", FORM).render(context).decode()) == [("a", "%3C%22%26%22%3E")]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{html (truncate v 3)}}", "A&amp;…"),
        ("{{truncate (html v) 3}}", "A&…"),
        ("{{slack (default missing v)}}", "A&amp;BC"),
        ('{{html (join list " & ")}}', "x &amp; y"),
        ('{{join list (html " & ")}}', "x &amp; y"),
        ("{{url (lower (default missing v))}}", "a%26bc"),
        ('{{date start zone=(default missing "Asia/Kolkata") format="time" locale="en"}}', "2:30\u202fPM"),
        ("{{upper (json list)}}", '["X","Y"]'),
        ("{{#each list}}{{upper (truncate ../v 2)}}{{/each}}", "A…A…"),
    ],
)
def test_helpers_are_given_what_other_helpers_write(template, text):
    found = written(template, v="A&BC", list=["x", "y"], start="2026-03-05T09:00:00Z")
    assert found.replace(" PM", "\u202fPM") == text


def test_json_inside_of_another_helper_is_text_also_where_a_value_is_wanted():
    assert json.loads(compile_template("[{{upper (json v)}}]").render({"v": ["a"]})) == ['["A"]']


@given(texts)
def test_html_has_no_tag_and_is_read_as_it_was(text):
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = parser.handle_startendtag = lambda tag, _attributes: tags.append(tag)
    html = written("{{html v}}", v=text)
    parser.feed(f"<p title='{html}' lang=\"{html}\">{html}</p>")
    parser.close()
    assert tags == ["p"]
    entities = re.sub("&(amp|lt|gt|quot|#39);", lambda match: unescape(match[0]), html)
    assert entities == as_sent(text)


@given(texts)
def test_slack_text_has_no_tag_and_is_read_as_it_was(text):
    found = written("{{slack v}}", v=text)
    assert not set(found) & set("<>")
    assert not re.search("&(?!(amp|lt|gt);)", found)
    assert not re.search(r"(?<![\w.+-])@\w", found)
    for run in re.finditer("[*_~]+|`+", found):
        around = found[: run.start()][-1:], found[run.end() :][:1]
        assert around == (BREAK, BREAK) or ("`" not in run[0] and all(letter.isalnum() for letter in around))
    entities = found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert entities.replace(BREAK, "") == as_sent(text).replace(BREAK, "")


@given(texts)
def test_markdown_has_a_backslash_before_whatever_is_markup(text):
    found = written("{{markdown v}}", v=text)
    rest = re.sub(r"\\[!-/:-@\[-`{-~]", "", found)
    assert not set(rest) & set("\\`*_{}[]()<>#+-=|~.!")
    assert unescape(rest) == rest or ";" not in rest
    read = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", found)
    assert read.replace(BREAK, "") == as_sent(text).replace(BREAK, "")


@given(texts)
def test_an_address_part_is_read_as_it_was(text):
    found = written("{{url v}}", v=text)
    assert re.fullmatch("[A-Za-z0-9._~%-]*", found)
    assert unquote(found) == as_sent(text)


@given(st.lists(texts, min_size=1, max_size=4))
def test_a_row_of_a_spreadsheet_has_its_cells_and_no_formula(cells):
    context = {"cells": cells}
    line = written("{{#each cells}}{{#if @index}},{{/if}}{{csv this}}{{/each}}", **context)
    # Not csv.reader: it ends a row at a NUL or a lone line break.
    read = [cell.replace('""', '"') for cell in re.findall('(?:^|,)"((?:[^"]|"")*)"', line)]
    for cell, text in zip(read, map(as_sent, cells), strict=True):
        assert cell in (text, f"'{text}")
        assert not re.match(r"\s*[=+\-@＝＋－＠]|[\t\r\n\0]", cell)
    plain = "{{#each cells}}{{#if @index}},{{/if}}{{csv this}}{{/each}}"
    printable = [cell for cell in cells if cell.isprintable()]
    if printable:
        (row,) = csv.reader([written(plain, cells=printable)])
        assert len(row) == len(printable)


def as_sent(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


@pytest.mark.parametrize("helper", ["html", "slack", "markdown", "url", "csv"])
def test_an_escape_is_charged_by_the_length_of_what_it_reads_and_writes(helper):
    template = compile_template(f"{{{{{helper} v}}}}", "text/plain")

    def units(text: str) -> int:
        meter = Meter()
        template.render({"v": text}, meter)
        return meter.spent

    assert units("x" * 40_000) > units("x") + 40_000 // 16
    # Whatever is written anew is longer; in a cell only quotation marks are.
    assert units('&*@"' * 2_000) > units("x" * 8_000)


def test_escapes_inside_each_other_end_where_the_budget_does():
    source = "{{#each list}}{{url (url (url (url this)))}}{{/each}}"
    with pytest.raises(TemplateError, match="too much work"):
        written(source, list=["é" * 5_000] * 20)
