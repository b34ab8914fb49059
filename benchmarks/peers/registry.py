"""The sites that can be measured, by the name that the command takes."""

from benchmarks.peers.interface import Peer
from benchmarks.peers.label_studio import LabelStudio
from benchmarks.peers.potato import Potato

PEERS: dict[str, Peer] = {peer.name: peer for peer in (Potato(), LabelStudio())}
