"""Who listens: device, region, app version, address; the same for the same seed. Pure."""

from dataclasses import dataclass
from hashlib import blake2b

DEVICES = {"phone": 50, "desktop": 20, "speaker": 15, "car": 10, "tv": 5}
REGIONS = {"eu-west": 45, "us-east": 25, "ap-south": 15, "us-west": 10, "eu-east": 5}
VERSIONS = {"8.2.1": 60, "8.2.0": 25, "7.9.4": 15}
CARRIERS = {"query": 70, "headers": 30}
"""How a player sends CMCD: most do it in the address (CTA-5004 §2.1)."""

NETWORKS = {
    "eu-west": "192.0.2",
    "eu-east": "198.18.1",
    "us-east": "198.51.100",
    "us-west": "198.18.2",
    "ap-south": "203.0.113",
}
"""Where each region's addresses lie: nets for documentation and tests (RFC 5737, RFC 2544)."""


@dataclass(frozen=True, slots=True)
class Persona:
    """One listener as the platform sees it."""

    device: str
    region: str
    app_version: str
    address: str
    carrier: str

    @property
    def user_agent(self) -> str:
        """The User-Agent its app sends."""
        return f"Soundstage/{self.app_version} ({self.device})"


def choose_persona(seed: int, key: str, number: int) -> Persona:
    """Choose listener ``number`` of programme ``key``."""

    def draw(what: str, shares: dict[str, int]) -> str:
        at = _draw(f"{seed}:{key}:{number}:{what}", sum(shares.values()))
        for name, share in shares.items():
            at -= share
            if at < 0:
                return name
        raise AssertionError("shares sum up to their sum")

    region = draw("region", REGIONS)
    return Persona(
        device=draw("device", DEVICES),
        region=region,
        app_version=draw("version", VERSIONS),
        address=f"{NETWORKS[region]}.{1 + _draw(f'{seed}:{key}:{number}:address', 254)}",
        carrier=draw("carrier", CARRIERS),
    )


def _draw(text: str, below: int) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) % below
