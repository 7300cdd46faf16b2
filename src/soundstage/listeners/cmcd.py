"""Common Media Client Data, version 1 (CTA-5004): what a player tells with each request. Pure."""

from urllib.parse import quote

HEADER_OF = {
    "CMCD-Object": ("br", "d", "ot", "tb"),
    "CMCD-Request": ("bl", "dl", "mtp", "nor", "nrr", "su"),
    "CMCD-Status": ("bs", "rtp"),
    "CMCD-Session": ("cid", "pr", "sf", "sid", "st", "v"),
}
"""Which header carries which key (CTA-5004 table 1)."""

QUOTED = {"cid", "sid", "nor", "nrr"}
Value = str | int | float | bool


def round_100(value: float) -> int:
    """Round to the nearest 100, as bl, dl, mtp and rtp are sent."""
    return round(value / 100) * 100


def write_query(keys: dict[str, Value]) -> str:
    """Return the argument ``CMCD=…``, percent-encoded."""
    return "CMCD=" + quote(write_keys(keys), safe="")


def write_headers(keys: dict[str, Value]) -> dict[str, str]:
    """Return the CMCD headers that have anything to say."""
    split = {
        header: write_keys({key: keys[key] for key in members if key in keys})
        for header, members in HEADER_OF.items()
    }
    return {header: text for header, text in split.items() if text}


def write_keys(keys: dict[str, Value]) -> str:
    """Write keys in order; true stands bare, false is left out, free text is quoted."""
    pairs = []
    for key in sorted(keys):
        value = keys[key]
        if value is True:
            pairs.append(key)
        elif value is not False:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            pairs.append(f'{key}="{text}"' if key in QUOTED else f"{key}={value}")
    return ",".join(pairs)
