"""The address that a request comes from, as far as it can be known.

A proxy connects in its clients' place and adds, on the right of X-Forwarded-For, the address that it was
asked from. Anybody may send that header, so it is read from the right, and only as far as proxies of
TRUSTED_PROXIES wrote it. With none trusted, it is not read at all.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

# Of whom nothing is known, such as the peer of a socket in a folder: they count as one address.
UNKNOWN = "unknown"
# An IPv6 network of this length is one customer's, who may take any address in it.
IPV6_PREFIX = 64


def client_address(request: HttpRequest) -> str:
    """An IPv4 address, an IPv6 network, or UNKNOWN. Everybody in it is limited together."""
    peer = request.META.get("REMOTE_ADDR", "")
    return address_of(peer, request.META.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES)


def address_of(peer: str, forwarded_for: str, trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """`peer` is who is connected. What a trusted proxy passed on and nobody can read counts as the proxy."""
    nearest = _read(peer)
    for hop in reversed(forwarded_for.split(",")):
        if nearest is None or not any(nearest in network for network in trusted):
            break
        further = _read(hop)
        if further is None:
            break
        nearest = further
    if nearest is None:
        return UNKNOWN
    if isinstance(nearest, IPv4Address):
        return str(nearest)
    return str(IPv6Network((nearest, IPV6_PREFIX), strict=False))


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """Of 192.0.2.1, 192.0.2.1:4711, 2001:db8::1, [2001:db8::1]:4711 and fe80::1%eth0 the address; None of
    anything else. What IPv6 says of an IPv4 address is that address."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
