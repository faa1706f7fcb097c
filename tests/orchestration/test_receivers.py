"""Where a webhook may lead: the whole table of addresses, and URLs of every shape."""

import ipaddress
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration import receivers
from orchestration.receivers import Receiver, ReceiverRefused, ReceiverUnknown, Rules

STRICT = Rules()
TESTING = Rules(http=True, loopback=frozenset({"localhost", "127.0.0.1"}))

# The first and the last address of each special block, and the neighbours that all can reach.
CLOSED = [
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
    "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.31.255.255",
    "192.0.0.0", "192.0.0.192", "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.1", "192.168.0.0",
    "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:1ff:ffff::1", "2001:db8::1", "2002:7f00:1::",
    "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1",
]  # fmt: skip
OPEN = [
    "1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
    "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2000::1", "2001:200::1",
    "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "3ffe::1",
]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_a_special_address_is_closed(address: str) -> None:
    assert not receivers.open_to_all(address)


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is_open(address: str) -> None:
    assert receivers.open_to_all(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "1.2.3", "8.8.8.8 ", "::g"])
def test_what_cannot_be_read_is_closed(text: str) -> None:
    assert not receivers.open_to_all(text)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_gets_in_by_being_written_as_ipv6(address: ipaddress.IPv4Address) -> None:
    low = int(address)
    mapped, compatible = ipaddress.IPv6Address((0xFFFF << 32) | low), ipaddress.IPv6Address(low)
    sixto4 = ipaddress.IPv6Address((0x2002 << 112) | (low << 80))
    assert not [known for known in (mapped, compatible, sixto4) if receivers.open_to_all(str(known))]


@given(st.ip_addresses())
def test_no_address_that_python_calls_private_is_open(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    closed = address.is_private or address.is_multicast or address.is_reserved or address.is_link_local
    assert not (closed and receivers.open_to_all(str(address)))


@pytest.mark.parametrize(
    ("address", "host", "expected"),
    [
        ("127.0.0.1", "localhost", True),
        ("::1", "localhost", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "elsewhere.example", False),
        ("10.0.0.1", "localhost", False),
        ("169.254.169.254", "localhost", False),
        ("0.0.0.1", "localhost", False),
        ("nonsense", "localhost", False),
        ("8.8.8.8", "localhost", True),
    ],
)
def test_a_name_of_the_setting_may_lead_to_loopback_and_nowhere_else(address: str, host: str, expected: bool) -> None:
    assert receivers.allowed(address, host=host, rules=TESTING) is expected


def test_without_the_setting_no_name_leads_to_loopback() -> None:
    assert not receivers.allowed("127.0.0.1", host="localhost", rules=STRICT)


@pytest.mark.parametrize(
    ("url", "expected", "authority"),
    [
        ("https://hooks.example.org", ("https", "hooks.example.org", 443, "/"), "hooks.example.org"),
        ("HTTPS://Hooks.Example.ORG/In", ("https", "hooks.example.org", 443, "/In"), "hooks.example.org"),
        ("https://h.example:8443/a?b=c", ("https", "h.example", 8443, "/a?b=c"), "h.example:8443"),
        ("https://h.example?b=c", ("https", "h.example", 443, "/?b=c"), "h.example"),
        ("https://8.8.8.8/", ("https", "8.8.8.8", 443, "/"), "8.8.8.8"),
        ("https://[2606:4700::1]:99/", ("https", "2606:4700::1", 99, "/"), "[2606:4700::1]:99"),
    ],
)
def test_a_url_is_read_in_its_parts(url: str, expected: tuple[str, str, int, str], authority: str) -> None:
    receiver = receivers.parse(url, rules=STRICT)
    assert (receiver, receiver.authority) == (Receiver(*expected), authority)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://h.example/", "use https"),
        ("ftp://h.example/", "use https"),
        ("file:///etc/passwd", "use https"),
        ("//h.example/", "use https"),
        ("", "blank"),
        ("https://", "names no host"),
        ("https:///path", "names no host"),
        ("https://-h.example/", "names no host"),
        ("https://h.example\\.evil.example/", "names no host"),
        ("https://[fe80::1%25eth0]/", "names no host|cannot be read"),
        ("https://[::1/", "cannot be read"),
        ("https://h.example:65536/", "cannot be read"),
        ("https://h.example:ssh/", "cannot be read"),
        ("https://h.example:0/", "port 0"),
        ("https://user@h.example/", "leave it out"),
        ("https://user:word@h.example/", "leave it out"),
        ("https://h.example/#part", "leave it out"),
        ("https://h.example/#", "leave it out"),
        ("https://h.example/a b", "percent-encode"),
        ("https://h.example/\r\nHost: evil", "percent-encode"),
        ("https://h\u00f6ren.example/", "xn--"),
        ("https://h.example/" + "x" * 1983, "has 2001 characters; at most 2000"),
    ],
)
def test_a_url_that_no_webhook_may_have_is_refused(url: str, why: str) -> None:
    with pytest.raises(ReceiverRefused, match=why):
        receivers.parse(url, rules=STRICT)


def test_plain_http_is_read_where_the_setting_allows_it() -> None:
    assert receivers.parse("http://h.example/", rules=TESTING).port == 80


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_url_is_read_or_refused_and_its_parts_can_break_no_line(host: str, path: str) -> None:
    try:
        receiver = receivers.parse(f"https://{host}/{path}", rules=STRICT)
    except ReceiverRefused:
        return
    assert not set("\r\n \t") & set(receiver.authority + receiver.path)


def resolving(*addresses: str) -> receivers.Lookup:
    return lambda _host, _port: list(addresses)


NAMED = receivers.parse("https://hooks.example.org/", rules=STRICT)


def test_a_names_public_addresses_are_used_in_order() -> None:
    found = receivers.addresses_of(NAMED, rules=STRICT, resolve=resolving("8.8.8.8", "2606:4700::1"))
    assert found == ["8.8.8.8", "2606:4700::1"]


@pytest.mark.parametrize("address", CLOSED)
def test_one_closed_address_among_public_ones_refuses_the_name(address: str) -> None:
    with pytest.raises(ReceiverRefused, match=r"hooks\.example\.org leads to an address inside a network"):
        receivers.addresses_of(NAMED, rules=STRICT, resolve=resolving("8.8.8.8", address))


def failing(error: Exception) -> receivers.Lookup:
    def resolve(_host: str, _port: int) -> list[str]:
        raise error

    return resolve


@pytest.mark.parametrize(
    "resolve",
    [resolving(), failing(OSError("no such name")), failing(UnicodeError("label empty or too long"))],
)
def test_a_name_without_an_address_is_unknown(resolve: receivers.Lookup) -> None:
    with pytest.raises(ReceiverUnknown, match="has no address; correct the url"):
        receivers.addresses_of(NAMED, rules=STRICT, resolve=resolve)


def test_a_name_server_that_never_answers_is_left_behind() -> None:
    held = threading.Event()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        receivers.in_time(lambda: held.wait(10), seconds=0.05)
    assert time.monotonic() - began < 2
    held.set()


def test_a_name_that_takes_too_long_is_unknown_and_why_is_said() -> None:
    with pytest.raises(ReceiverUnknown, match="was not found within 5 seconds; mend its name servers"):
        receivers.addresses_of(NAMED, rules=STRICT, resolve=failing(TimeoutError()))


def test_no_more_are_left_behind_than_may_be() -> None:
    held = threading.Event()
    for _ in range(receivers.ASKERS):
        with pytest.raises(TimeoutError):
            receivers.in_time(lambda: held.wait(10), seconds=0.001)
    with pytest.raises(TimeoutError, match="too many names"):
        receivers.in_time(lambda: True, seconds=10)
    held.set()
    while "lookup" in {thread.name for thread in threading.enumerate()}:
        time.sleep(0.001)
    assert receivers.in_time(lambda: True, seconds=10)


def test_what_the_lookup_raises_is_raised() -> None:
    with pytest.raises(OSError, match="no such name"):
        receivers.in_time(lambda: failing(OSError("no such name"))("h", 1), seconds=10)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0", "localhost", "[::1]"]
)
def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    receiver = receivers.parse(f"https://{host}/", rules=STRICT)
    with pytest.raises(ReceiverRefused):
        receivers.addresses_of(receiver, rules=STRICT, resolve=receivers.lookup)
