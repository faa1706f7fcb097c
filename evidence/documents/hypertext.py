"""HTML as text: headings, paragraphs, list items and table rows in Markdown's layout.

What a reader does not see is treated as in evidence/passages.py: comments, templates, noscript and elements that are
hidden by an attribute or their own style become HTML comments of the text, which are no evidence and are shown to the
guardians. Scripts, styles and attributes are no text: they are left out and reach nobody. What a style sheet hides
cannot be told from what it shows; it is text.
"""

import re
from dataclasses import dataclass, field
from importlib.metadata import version

from selectolax.lexbor import LexborHTMLParser, LexborNode

from evidence.documents.origins import host_of
from evidence.documents.sheet import Sheet, one_line, plain
from evidence.passages import DocumentError

VERSION = f"html/1 selectolax {version('selectolax')}"
DEPTH_LIMIT = 512
CODE = frozenset({"script", "style"})
UNSEEN = frozenset({"template", "noscript", "noframes", "noembed"})
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)} | {"title": "# ", "caption": "# "}
MARKED = {**HEADINGS, "li": "- ", "dt": "", "dd": "", "tr": "| "}
BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "details",
        "dialog",
        "div",
        "dl",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "head",
        "header",
        "hr",
        "legend",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "summary",
        "table",
        "tbody",
        "textarea",
        "tfoot",
        "thead",
        "ul",
    ]
)
CELLS = frozenset({"td", "th"})
# A row that holds one of these is layout: its cells are blocks of their own.
LAYOUT = "table, h1, h2, h3, h4, h5, h6"
HIDING = re.compile(
    r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|(?:font-size|opacity)\s{0,9}:\s{0,9}0(?![.\d]*[1-9])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a page, and the web host that it says it is from; empty where it says none."""

    text: str
    origin: str


@dataclass(slots=True)
class Writer:
    """The line under way. ``held`` are the lines that wait while what is hidden inside them is written."""

    sheet: Sheet = field(default_factory=Sheet)
    words: list[str] = field(default_factory=list)
    mark: str = ""
    last: str = ""
    row: int = 0
    pre: int = 0
    held: list[tuple[list[str], str, int]] = field(default_factory=list)

    def close(self) -> None:
        """End the line under way."""
        text, mark = one_line("".join(self.words)), self.mark
        self.words, self.mark = [], ""
        if self.held:
            self.sheet.hide(text)
            return
        if not text.strip("| "):
            return
        tight = bool(mark) and mark == self.last and mark in {"- ", "| "}
        self.sheet.add(mark + plain(text), tight=tight)
        self.last = mark

    def hold(self) -> None:
        """Begin what is not seen: the line under way goes on behind it, as readers see it."""
        self.held.append((self.words, self.mark, self.row))
        self.words, self.mark, self.row = [], "", 0

    def resume(self) -> None:
        self.close()
        self.words, self.mark, self.row = self.held.pop()

    def write(self, text: str) -> None:
        if not self.pre or self.row:
            self.words.append(text)
            return
        for line in text.splitlines(keepends=True):
            self.words.append(line)
            if line.endswith("\n"):
                self.close()


def page_of(text: str) -> Page:
    """Return what is to be read on a page.

    Raises:
        DocumentError: its elements are nested deeper than DEPTH_LIMIT.
        DocumentTooLarge: its text is too long.
    """
    tree = LexborHTMLParser(text)
    writer = Writer()
    if tree.root is not None:
        walk(tree.root, writer, depth=0)
    writer.close()
    return Page(writer.sheet.text(), origin_of(tree))


def origin_of(tree: LexborHTMLParser) -> str:
    """Return the host that a page names as its own. It can only make two sources one voice, so its word is enough."""
    for selector, name in (("link[rel=canonical]", "href"), ('meta[property="og:url"]', "content")):
        found = tree.css_first(selector)
        if found is not None and (host := host_of(found.attributes.get(name) or "")):
            return host
    return ""


def walk(root: LexborNode, writer: Writer, *, depth: int) -> None:
    """Write everything below a node, in order, without recursion but for what a template holds."""
    open_: list[LexborNode] = []
    node: LexborNode | None = root
    while node is not None or open_:
        if node is None:
            ended = open_.pop()
            leave(ended, writer)
            node = ended.next if open_ else None
            continue
        if depth + len(open_) >= DEPTH_LIMIT:
            raise DocumentError(f"the elements of the page are nested over {DEPTH_LIMIT} deep; flatten it")
        if enters(node, writer, depth=depth + len(open_)):
            open_.append(node)
            node = node.child
        else:
            node = node.next if open_ else None


def enters(node: LexborNode, writer: Writer, *, depth: int) -> bool:
    """Write a node's own part; tell whether it has to be left again."""
    if node.is_comment_node:
        aside(writer, node.comment_content or "")
        return False
    if node.is_text_node:
        writer.write(node.text_content or "")
        return False
    tag = node.tag or ""
    if tag in CODE:
        return False
    if is_unseen(node, tag):
        writer.hold()
    if tag == "template":
        for fragment in node.template_fragments()[:1]:
            walk(fragment, writer, depth=depth + 1)
    begin(node, tag, writer)
    return True


def aside(writer: Writer, comment: str) -> None:
    """Write a comment before the line that it stands in."""
    if comment.strip():
        writer.sheet.hide(comment)
        writer.last = ""


def is_unseen(node: LexborNode, tag: str) -> bool:
    known = node.attributes
    closed = tag == "dialog" and "open" not in known
    return tag in UNSEEN or closed or "hidden" in known or HIDING.search(known.get("style") or "") is not None


def begin(node: LexborNode, tag: str, writer: Writer) -> None:
    if tag in CELLS and writer.row:
        writer.words.append(" " if writer.words == [] else " | ")
    elif writer.row and tag != "tr":
        writer.words.append(" " if tag in BLOCKS or tag in MARKED else "")
    elif tag in BLOCKS or tag in MARKED or tag in CELLS:
        writer.close()
        if tag != "tr":
            writer.mark = MARKED.get(tag, writer.mark)
        elif node.css_first(LAYOUT) is None:
            writer.mark, writer.row = MARKED[tag], writer.row + 1
    if tag == "pre":
        writer.pre += 1


def leave(node: LexborNode, writer: Writer) -> None:
    tag = node.tag or ""
    if tag == "tr" and writer.row:
        writer.words.append(" |")
        writer.row -= 1
        writer.close()
    elif writer.row:
        writer.words.append(" " if tag in BLOCKS or tag in MARKED else "")
    elif tag in BLOCKS or tag in MARKED or tag in CELLS:
        writer.close()
    if tag == "pre":
        writer.pre -= 1
    if is_unseen(node, tag):
        writer.resume()
