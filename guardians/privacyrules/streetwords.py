"""The words that streets, flats and postal codes are written with, in the customs of some countries."""

import re

from guardians.privacyrules.names import LOWER, UPPER

NUMBER = r"\d{1,5}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?(?![\w:.]\d|\w)"
ORDINAL = r"\d{1,3}(?:st|nd|rd|th)"
UNIT_WORD = r"(?:suite|ste|apt|apartment|appt|flat|unit|floor|room|bldg|building|box|etage|piso|interno|wohnung)"
WORD = rf"(?!(?i:{UNIT_WORD})\b)[{UPPER}](?:[{LOWER}]{{0,4}}\.|[{UPPER}{LOWER}'-]{{0,30}})"
SMALL = (
    r"(?:of|the|de la|de los|de las|de|la|las|los|del|della|delle|dei|di|da|do|dos|das|du|des|van|der|den|von|und|y|e"
    r"|na|ter|op|an|zu|zum|zur|am|im|bis|km|m\.|degli|dell'|al|alla|sur|sous|les|lez|aux|et|bei|nad|pod|pri|u|v|dalla"
    r"|in de|op de|'t|[dl]'(?=\w))"
)
# Words for streets that are written small where the name is not: "12 rue Monge", "Fo utca 3", "Luite tee 71".
SMALL_TYPE = (
    r"(?:rue|avenue|boulevard|place|allee|chemin|impasse|quai|route|cours|calle|avenida|plaza|via|viale|piazza|corso|rua"
    r"|ul\.|ulica|trg|utca|ut|u\.|ter|korut|vei|veien|vej|tee|mnt|tn|puiestee|iela|gatve|g\.|pr\.|aleja|namesti|cesta|kalea"
    r"|enparantza|[Cc]/|street|road|lane|gate|plass|sokak|cad\.)"
)
NAME = rf"(?:{SMALL_TYPE} )?(?:(?:{WORD}|{SMALL}|{ORDINAL}) ){{0,6}}(?:{WORD}|{ORDINAL})(?: {SMALL_TYPE}(?!\w))?"

ENGLISH = (
    "street road avenue lane drive boulevard court crescent terrace parkway highway alley mews gardens grove close way"
    " place square hill nagar marg rd ave ln blvd ct cres pkwy hwy cl pl sq str st dr row walk turnpike trail circle"
    " esplanade wharf quay green rise vale chowk path"
)
ROMANCE = (
    "rue avenue boulevard place allee chemin impasse quai route cours calle avenida plaza paseo camino carrera ronda"
    " via viale piazza corso vicolo strada largo rua travessa praca estrada av avda cite lotissement carrer rambla c/"
)
OTHERS = (
    "u. vei veien vej tee iela gatve strasse stasse gasse platz weg gata gatan kalea enparantza sokak gade ul ul. ulica"
    " trg namesti cesta aleja aleje os. plac utca ut ter korut prospekt"
)
TYPES = frozenset(f"{ENGLISH} {ROMANCE} {OTHERS}".split())
# Ends of compound words: Lindenstrasse, Kungsgatan, Vesturgata, Kirkkokatu.
COMPOUND = re.compile(
    r"[a-z-]{2,}(?:str\.?|stra?sse|gasse|platz|allee|weg|damm|ufer|steig|straat|laan|plein|plaats|kade|gracht|singel"
    r"|dreef|gatan|vagen|gata|gade|vej|veien|vegen|vegur|vangen|stigen|backen|katu|kuja|polku|bakken|haugen|lande|gotu)"
)
NORTH_AMERICAN = r"(?:[A-Z]{2},? )?\d{5}(?:-\d{4})?"
BRITISH = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}"
POSTCODE = (
    rf"(?:{BRITISH}|{NORTH_AMERICAN}|(?:[A-Z]{{1,3}}[- ])?\d{{4,6}}(?:-\d{{3,4}})?|\d{{2}}-\d{{3}}|\d{{4}} ?[A-Z]{{2}})"
    r"(?![\w-])(?![. ]\d)"
)
BOX = r"(?i:p\.? ?o\.? box|postbus|postbox|postboks|postfach|box postale|boite postale|apartado) \d{1,6}"
UNIT = (
    rf"(?:(?i:{UNIT_WORD})\.? ?#?\d?\w{{0,4}}\d?(?!\w)|#\d{{1,5}}|\d(?:st|nd|rd|th) (?i:floor)"
    rf"|{BOX})"
)
