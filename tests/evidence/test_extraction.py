"""From files to readable text: what is text, what is hidden, what is refused with which cure, and that it ends."""

import json
import re
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import passages
from evidence.documents import apart, hypertext, jsonleaves, pdf
from evidence.documents.extraction import MediaType, extract
from evidence.documents.media import text_of
from evidence.documents.origins import host_of
from evidence.language.blocks import Shape, blocks, body_of
from evidence.passages import DocumentError, DocumentTooLarge
from evidence.verdicts import Reason, Verdict
from tests.evidence import papers
from tests.evidence.material import passage, verdict

STOPPED = "Warfarin is stopped 5 days before surgery."


def html(body: str) -> str:
    return hypertext.page_of(body).text


def leaves(value: object) -> str:
    return jsonleaves.text_of(json.dumps(value))


# What text becomes of each type.


@pytest.mark.parametrize(
    ("kind", "data", "extractor"),
    [
        ("text/plain", STOPPED.encode(), "text/1"),
        ("text/markdown; charset=utf-8", STOPPED.encode(), "text/1"),
        ("text/html", f"<p>{STOPPED}</p>".encode(), "html/1 selectolax "),
        ("application/pdf", papers.pdf(STOPPED), "pdf/1 pypdf "),
        ("application/json", json.dumps(STOPPED).encode(), "json/1"),
    ],
)
def test_every_type_gives_its_text_and_says_how_the_same_every_time(kind: str, data: bytes, extractor: str) -> None:
    found = extract(data, kind)
    assert found == extract(data, kind)
    assert STOPPED in found.text
    assert found.extractor.startswith(extractor)
    assert (found.size, len(found.sha256)) == (len(data), 64)


def test_a_page_is_read_as_headings_paragraphs_items_and_rows() -> None:
    body = "<h2>Dose</h2><p>One.</p><ul><li>A b<li>C d</ul><table><tr><th>Drug<td>5 &amp; 6 mg</table>"
    assert html(body) == "## Dose\n\nOne.\n\n- A b\n- C d\n\n| Drug | 5 & 6 mg |"
    assert [block.shape for block in blocks(html(body))] == [
        Shape.HEADING, Shape.PROSE, Shape.ITEM, Shape.ITEM, Shape.ROW,
    ]  # fmt: skip


def test_scripts_styles_and_attributes_are_no_text() -> None:
    assert html('<style>p{}</style><p title="x">Read.</p><script>let a = "run";</script>') == "Read."


@pytest.mark.parametrize(
    "body",
    [
        "<!-- obey -->",
        "<div hidden>obey</div>",
        '<span style="DISPLAY : none">obey</span>',
        '<span style="font-size:0px">obey</span>',
        "<template><b>obey</b></template>",
        "<noscript><b>obey</b></noscript>",
        "<dialog>obey</dialog>",
    ],
)
def test_what_is_hidden_is_no_sentence_and_is_still_seen_by_the_guardians(body: str) -> None:
    text = html(f"<div>Warfarin is {body}stopped.</div>")
    assert text == "<!-- obey -->\n\nWarfarin is stopped."
    assert "obey" in passages.cut(text)[0].text
    assert verdict("Obey.", passage(text)).verdict is Verdict.INSUFFICIENT


def test_hidden_text_cannot_close_its_comment_nor_shown_text_open_one() -> None:
    hidden = html("<p hidden>--&gt; Warfarin is safe. &lt;!--</p>")
    assert hidden.count("-->") == hidden.count("<!--") == 1
    assert html("<p>&lt;!-- Read.</p><p>And this. --&gt;</p>") == "< !-- Read.\n\nAnd this. -- >"


def test_long_hidden_text_stays_in_comments_however_it_is_cut() -> None:
    text = html(f"<p hidden>{'Warfarin is safe. ' * 3000}</p><p>Read.</p>")
    assert [cut.text.count("<!--") for cut in passages.cut(text)] == [
        cut.text.count("-->") for cut in passages.cut(text)
    ]


def test_shown_lines_that_look_like_front_matter_are_not_left_out() -> None:
    text = html("<p>---</p><p>Dose: 5 mg</p><p>---</p><p>Rest.</p>")
    assert "Dose: 5 mg" in passages.cut(text)[0].text


def test_a_row_of_a_layout_table_is_read_as_blocks() -> None:
    assert html("<table><tr><td><h1>A</h1><p>b</p><td>c</table>") == "# A\n\nb\n\nc"


def test_a_page_names_its_own_host() -> None:
    link = '<link rel="canonical" href="https://www.Example.org:443/a?b">'
    assert hypertext.page_of(f"{link}<p>a</p>").origin == "example.org"
    assert hypertext.page_of("<p>a</p>").origin == ""


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("Müller – 5 µg".encode(), ""),
        ("\ufeffMüller – 5 µg".encode("utf-16"), "utf-8"),
        ("Müller – 5 µg".encode("cp1252"), "ISO-8859-1"),
        (b"<meta charset='windows-1252'>" + "Müller – 5 µg".encode("cp1252"), ""),
    ],
)
def test_the_charset_is_that_of_the_mark_else_of_the_header_else_of_the_page(data: bytes, charset: str) -> None:
    assert "Müller – 5 µg" in text_of(data, charset=charset, markup=True)


def test_json_becomes_statements_below_the_path_of_what_holds_them() -> None:
    value = {"drugs": [{"name": "Warfarin", "dose_mg": 12, "stock": None, "oral": True}], "note": "A.\nB."}
    assert leaves(value) == "# drugs[0]\n\n- name: Warfarin\n- dose_mg: 12\n- oral: true\n\n# note\n\nA.\nB."


def test_a_number_of_json_is_evidence_for_what_it_says_and_against_another() -> None:
    found = passage(leaves({"warfarin": {"dose": "12 mg", "dose_mg": 12}}))
    assert verdict("The dose is 12 mg.", found).verdict is Verdict.SUPPORTED
    assert verdict("The dose_mg is 12.", found).verdict is Verdict.SUPPORTED
    assert verdict("The dose_mg is 14.", found).reason is Reason.NUMBER


def test_numbers_stay_as_written_and_a_name_that_stands_twice_is_read_twice() -> None:
    assert jsonleaves.text_of('{"a": 12.0, "a": 1e2}') == "- a: 12.0\n- a: 1e2"


def test_pages_are_read_in_order_with_their_numbers_as_headings() -> None:
    assert pdf.text_of(papers.pdf("One ends.\n1", "Two ends.\nPage 2 of 2")) == (
        "## Page 1\n\nOne ends.\n\n## Page 2\n\nTwo ends."
    )


def test_a_sentence_runs_over_the_border_of_two_pages() -> None:
    assert pdf.text_of(papers.pdf("Warfarin is stopped 5 days", "before sur-\ngery.")).endswith(
        "Warfarin is stopped 5 days\nbefore surgery."
    )


def test_a_divided_word_is_joined_and_a_compound_keeps_its_hyphen() -> None:
    assert pdf.text_of(papers.pdf("A well-known anti-\ncoagulant is well-\nknown, Xa-\nInhibitors")) == (
        "A well-known anticoagulant is well-known, Xa-Inhibitors"
    )


# What is refused.


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("application/msword", b"x", "media type is 'application/msword'; send one of text/plain"),
        ("", b"x", "media type is ''"),
        ("application/pdf", b"Warfarin", "does not begin with %PDF-"),
        ("application/pdf", b"%PDF-1.7\nnothing else", "the PDF is broken and cannot be read"),
        ("application/pdf", papers.encrypted(papers.pdf(STOPPED)), "the PDF is encrypted; save it without a password"),
        ("application/pdf", papers.pdf("", ""), "2 pages and no text, only images; run text recognition first"),
        ("text/plain", papers.pdf(STOPPED), "sent as text/plain and begins like a PDF"),
        ("text/html", b"PK\x03\x04 <p>", "begins like a ZIP archive"),
        ("text/html", b"Warfarin", "holds no tag; send it as text/plain"),
        ("text/html", b"<p><br></p>", "no word of text"),
        ("text/html", b"<p>\xe4</p>", "is not UTF-8; save it as UTF-8"),
        ("text/html", b"<div>" * 600 + b"a", "nested over 512 deep; flatten it"),
        ("text/html", b"<meta charset=bz2><p>a", "charset is 'bz2', which is not known here"),
        ("application/json", b"{", "line 1 of the document is not JSON"),
        ("application/json", b'{"a": NaN}', "holds NaN, which is not JSON"),
        ("application/json", b"[" * 100 + b"1" + b"]" * 100, "nested over 64 deep; flatten it"),
        ("application/json", b"[" * 200_000, "nested over 64 deep; flatten it"),
        ("application/json", b"[null]", "no word of text"),
        ("text/plain", b"a\x00b", "U+0000"),
    ],
    ids=range(19),
)
def test_what_cannot_be_taken_is_refused_with_the_cure(kind: str, data: bytes, says: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(says)):
        extract(data, kind)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text/html", b"<p>" + b"a" * 5_000_000),
        ("application/pdf", b"%PDF-" + b"a" * 20_000_000),
        ("application/json", json.dumps({"k" * 400_000: [["a"]] * 20}).encode()),
        ("application/pdf", papers.pdf(*["x"] * 2_001)),
    ],
    ids=["bytes", "bytes of a pdf", "a long path before each leaf", "pages"],
)
def test_what_is_too_large_is_refused_as_such(kind: str, data: bytes) -> None:
    with pytest.raises(DocumentTooLarge, match=r"at most|split it"):
        extract(data, kind)


def test_a_bomb_of_a_pdf_is_refused() -> None:
    with pytest.raises(DocumentError):
        extract(papers.pdf(STOPPED, before=b" " * 100_000_000), "application/pdf")


@pytest.mark.parametrize("body", [b"<div>" * 200_000, b"<p " + b" ".join(b"a%d" % n for n in range(200_000)) + b">x"])
def test_a_page_that_takes_too_long_is_given_up(body: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(DocumentError, match="takes over 1 s or 1024 MiB to be read"):
        apart.read_apart("html", body, seconds=1)
    assert time.monotonic() - began < 10


def test_the_reading_process_knows_no_secret_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_SECRET_KEY", "secret")
    assert "secret" not in apart.environment().values()
    assert apart.read_apart("html", b"<p>a</p>")["text"] == "a"


# Whatever comes.

PIECES = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<table>", "<tr>", "<td>", "</tr>", "<li>", "<b hidden>", "</b>", "<template>", "</template>",
         "<!--", "-->", "<pre>", "</pre>", "\n", "---\n", "a: b\n", "&lt;!--", "x", " ", "\ud7ff", "<h1>", "<svg>"]
    ),
    max_size=40,
)  # fmt: skip


@given(st.binary(max_size=400), st.sampled_from([MediaType.PLAIN, MediaType.MARKDOWN, MediaType.JSON]))
def test_any_bytes_of_text_give_text_or_a_document_error(data: bytes, kind: MediaType) -> None:
    with suppress(DocumentError):
        assert extract(data, kind).text


@given(PIECES.map("".join) | st.text(max_size=200))
def test_any_page_gives_text_whose_comments_are_balanced(body: str) -> None:
    text = html(body.encode("utf-8", "replace").decode())
    assert text.count("<!--") == text.count("-->")
    assert body_of(text) == 0


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))  # fmt: skip
def test_any_json_gives_text(value: object) -> None:
    text = leaves(value)
    assert "<!--" not in text
    text.encode()


@settings(max_examples=60)
@given(st.data())
def test_any_damage_to_a_pdf_gives_text_or_a_document_error(data: st.DataObject) -> None:
    whole = bytearray(papers.pdf(STOPPED, "Another page."))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(5, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DocumentError):
        assert pdf.text_of(bytes(whole))


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://www.Example.org:8443/a?b", "example.org"),
        ("http://user:word@example.org./", "example.org"),
        ("ftp://example.org/", ""),
        ("Committee", ""),
        ("https://", ""),
        ("https://[", ""),
        ("https://a" + "a" * 3000, ""),
    ],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host
