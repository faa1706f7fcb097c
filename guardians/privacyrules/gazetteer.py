"""Names, places and common words, as lists in ``gazetteer/``, a folded lower-case entry a line.

``python -m benchmarks.gazetteer`` makes them; gazetteer/README.md says of what, and under which licences.
"""

import hashlib
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "gazetteer"
FILES = ("first_names.txt", "last_names.txt", "places.txt", "words.txt")

read = {file: (FOLDER / file).read_bytes() for file in FILES}
first_names, last_names, places, words = (frozenset(read[file].decode("ascii").splitlines()) for file in FILES)
# "Frankfurt am Main" is called Frankfurt too.
LONG = re.compile(r"([a-z'-]{4,})(?: am | an der | im | upon |-upon-| sur ).+")
places |= {found[1] for found in map(LONG.fullmatch, places) if found and found[1] not in words | first_names}
# In capitals, so that the guardian's version holds it.
DIGEST = hashlib.sha256(b"\0".join(read[file] for file in FILES)).hexdigest()
