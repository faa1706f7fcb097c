"""Letters that look like ASCII letters, and characters that are not seen at all.

A hand-picked part of Unicode's confusables (UTS 39) for the alphabets that occur in attacks; what NFKC already folds
(full width, mathematical, circled letters) is not repeated here.
"""

# Pairs of equal length: what is written, what it looks like.
PAIRS = (
    ("АВЕКМНОРСТУХІЈЅԌԚԜҮӀЗ", "ABEKMHOPCTYXIJSGQWYI3"),  # Cyrillic, capital
    ("авекмнорстухіјѕԁԛԝһӏүгпԍь", "abekmhopctyxijsdqwhlyrngb"),  # Cyrillic, small
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϜ", "ABEZHIKMNOPTYXCF"),  # Greek, capital
    ("αεηικνορτυχϲγωμςσ", "aenikvoptuxcywuss"),  # Greek, small
    ("օսոհցքԁյզՏԼ", "ounhgpdjqSL"),  # Armenian
    ("ᎪᏴᏟᎠᎬᎱᎻᏆᎫᏦᏞᎷΝᎾᏢᏒᏚᎢᏙᎳᏃ", "ABCDEGHIJKLMNOPRSTVWZ"),  # Cherokee
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"),  # Latin small capitals
    ("ıɑɡɩøđłħŧðʋƅƖɾ", "iagiodlhtdvbir"),  # Latin, extended
    ("ØĐŁĦŦÐ", "ODLHTD"),
    ("‘’‚‛′ʼ＇`´", "'''''''''"),  # quotation marks and apostrophes
    ("“”„‟″«»", '"""""""'),
    ("∕⁄⧸", "///"),
    ("∶꞉", "::"),
)
LONGER = {"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ß": "ss", "ẞ": "SS", "þ": "th", "Þ": "Th"}
# Letters of emoji: negative circled, negative squared, regional indicators. They have no decomposition.
ALPHABETS = (0x1F150, 0x1F170, 0x1F1E6)

LOOKALIKES: dict[str, str] = {
    **{written: meant for source, target in PAIRS for written, meant in zip(source, target, strict=True)},
    **LONGER,
    **{chr(start + place): chr(ord("A") + place) for start in ALPHABETS for place in range(26)},
}

TAG_FIRST, TAG_LAST = 0xE0020, 0xE007E
TAG_END = "\U000e007f"
BLACK_FLAG = "\U0001f3f4"
OVERRIDES = frozenset("\u202d\u202e")
SOFT_HYPHEN = "\u00ad"
# Zero-width, joiners, bidi controls, fillers, variation selectors, annotations, tags: seen by a model, not by a reader.
INVISIBLE_CLASS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
