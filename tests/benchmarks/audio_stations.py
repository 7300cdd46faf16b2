"""Clean playlists as a station plays them: where false alarms are counted; no main of its own.

A playlist is 20 minutes of pieces of every kind (or, each third one, of one kind), of 40 s to two
minutes, that end at once, quickly or by a fade, with pauses of up to 2.5 s or none between them.
Each is heard through three codecs, and through other ones than the next.
"""

from collections.abc import Iterator

import numpy as np

from auscult.kernel.sounds import Pcm
from tests.benchmarks.audio_injection import CODECS
from tests.benchmarks.audio_material import BENCH_SEEDS, KINDS, RATE_HZ, make_track

STATION_S, PIECES_S = 1_200, (40, 120)
FADES_S, PAUSES_S = (0.05, 0.5, 4.0), (0.0, 0.3, 1.0, 2.5)
CODECS_EACH = 3
FIRST_SEED = 300_000


def make_station(number: int, seed: int) -> Pcm:
    """Return a clean playlist, float32 (frames, 2)."""
    rng = np.random.default_rng([BENCH_SEEDS, seed, number])
    kinds, frames = sorted(KINDS), 0
    made: list[Pcm] = []
    while frames < STATION_S * RATE_HZ:
        mixed = number % 3
        kind = kinds[int(rng.integers(len(kinds)))] if mixed else kinds[number // 3 % len(kinds)]
        track_seed = BENCH_SEEDS + FIRST_SEED + 3_000 * seed + 100 * number + len(made)
        track = make_track(kind, track_seed, int(rng.uniform(*PIECES_S)))
        edge = round(float(rng.choice(FADES_S)) * RATE_HZ)
        track[-edge:] *= np.linspace(1, 0, edge, dtype=np.float32)[:, None]
        pause = np.zeros((round(float(rng.choice(PAUSES_S)) * RATE_HZ), 2), dtype=np.float32)
        made += [track, pause]
        frames += len(track) + len(pause)
    return np.concatenate(made)


def codecs_of(number: int) -> Iterator[tuple[str, int]]:
    """Yield the codecs a playlist goes through: one of each name, rates going round."""
    for one in range(CODECS_EACH):
        yield CODECS[one * CODECS_EACH + (number + one) % CODECS_EACH]
