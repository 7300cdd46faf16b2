"""Listening from elsewhere: an agent hears streams where it stands, and reports what it heard."""

from auscult.signals.vantage.reporter import Reporter
from auscult.signals.vantage.sounds import REPORT_BYTES_MAX, SOUND_MEDIA, pack_sound, unpack_sound

__all__ = ["REPORT_BYTES_MAX", "SOUND_MEDIA", "Reporter", "pack_sound", "unpack_sound"]
