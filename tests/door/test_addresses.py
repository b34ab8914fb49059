"""Where a request comes from: nobody can pass for another by writing headers."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from daamweb.door.addresses import UNKNOWN, address_of, client_address

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
LOAD_BALANCER, CACHE = "10.0.0.1", "fd00::7"


def is_proxy(address) -> bool:
    return any(address in network for network in PROXIES)


def reduced(address) -> str:
    """By arithmetic: an IPv6 address without its lower half."""
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


v4 = st.ip_addresses(v=4)
v6 = st.ip_addresses(v=6).filter(lambda address: address.ipv4_mapped is None)
strangers = (v4 | v6).filter(lambda address: not is_proxy(address))
proxies = st.sampled_from(PROXIES).flatmap(lambda network: st.ip_addresses(network=network)).map(str)
headers = st.text(max_size=60)


@given(peer=v4 | v6, header=headers)
def test_without_trusted_proxies_the_header_is_not_read(peer, header):
    assert address_of(str(peer), header, []) == reduced(peer)


@given(peer=strangers, header=headers)
def test_a_peer_that_is_no_proxy_is_the_client_whatever_it_writes(peer, header):
    assert address_of(str(peer), header, PROXIES) == reduced(peer)


@given(client=strangers, written=headers, hops=st.lists(proxies, max_size=3), peer=proxies)
def test_what_a_client_writes_is_left_of_what_proxies_add_and_changes_nothing(client, written, hops, peer):
    header = ", ".join([written, str(client), *hops])
    assert address_of(peer, header, PROXIES) == reduced(client)


@given(hops=st.lists(proxies, min_size=1, max_size=4), peer=proxies)
def test_a_client_inside_a_trusted_network_is_the_furthest_hop(hops, peer):
    assert address_of(peer, ",".join(hops), PROXIES) == reduced(ip_address(hops[0]))


@given(peer=headers, header=headers)
def test_anything_is_an_address_a_network_of_64_bits_or_unknown(peer, header):
    found = address_of(peer, header, PROXIES)
    if found != UNKNOWN:
        network = ip_network(found)
        assert network.prefixlen == (32 if network.version == 4 else 64)


@given(network=st.integers(0, 2**64 - 1), one=st.integers(0, 2**64 - 1), other=st.integers(0, 2**64 - 1))
def test_a_customers_network_is_one_address(network, one, other):
    first, second = IPv6Address(network << 64 | one), IPv6Address(network << 64 | other)
    if first.ipv4_mapped is None and second.ipv4_mapped is None:
        assert address_of(str(first), "", []) == address_of(str(second), "", [])


@given(client=v6, port=st.integers(0, 65535))
def test_ports_brackets_zones_and_quotes_are_no_part_of_an_address(client, port):
    ways = (f"{client}", f" [{client}] ", f"[{client}]:{port}", f'"[{client}]:{port}"', f"{client}%eth0")
    assert {address_of(way, "", []) for way in ways} == {reduced(client)}
    assert {address_of(LOAD_BALANCER, way, PROXIES[:1]) for way in ways} == {reduced(client)}


@given(client=v4.filter(lambda address: not is_proxy(address)), port=st.integers(0, 65535))
def test_an_ipv4_address_is_the_same_with_a_port_and_inside_of_ipv6(client, port):
    ways = (f"{client}", f"{client}:{port}", f"::ffff:{client}", f"[::ffff:{client}]:{port}")
    assert {address_of(way, "", []) for way in ways} == {str(client)}
    assert {address_of("::ffff:10.9.8.7", way, PROXIES) for way in ways} == {str(client)}


@pytest.mark.parametrize(
    "garbage",
    ["", "unknown", "_hidden", "1.2.3", "01.2.3.4", "256.1.1.1", "::g", "[", "a:b:c", "\0", "١.2.3.4"],
)
def test_what_a_proxy_passed_on_and_nobody_can_read_counts_as_the_proxy(garbage):
    assert address_of(LOAD_BALANCER, f"203.0.113.5, {garbage}", PROXIES) == LOAD_BALANCER
    assert address_of(CACHE, f"203.0.113.5, {garbage}, {LOAD_BALANCER}", PROXIES) == LOAD_BALANCER
    assert address_of(garbage, "203.0.113.5", PROXIES) == UNKNOWN


def test_a_request_is_read_as_the_settings_say(settings):
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.5"
    )
    settings.TRUSTED_PROXIES = []
    assert client_address(request) == "10.0.0.1"
    settings.TRUSTED_PROXIES = PROXIES
    assert client_address(request) == "203.0.113.5"
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="2001:db8::1")) == "2001:db8::/64"
