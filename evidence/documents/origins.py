"""Where a document was published: the web host of an address, as far as it tells one voice from another."""

import re
from urllib.parse import urlsplit

ADDRESS_LIMIT = 2_000
HOST = re.compile(r"[a-z0-9_\u00a1-\uffff](?:[a-z0-9._:\u00a1-\uffff-]{0,250}[a-z0-9\u00a1-\uffff])?")


def host_of(address: str) -> str:
    """Return the host of an http or https address, in lower case and without "www."; empty where there is none.

    Paths, ports and names of users are left out: one publisher is one voice on all of its pages.
    """
    if len(address) > ADDRESS_LIMIT or not address.strip().lower().startswith(("http://", "https://")):
        return ""
    try:
        host = urlsplit(address.strip()).hostname or ""
    except ValueError:
        return ""
    host = host.lower().rstrip(".").removeprefix("www.")
    return host if HOST.fullmatch(host) else ""
