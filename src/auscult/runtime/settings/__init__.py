"""The settings: one YAML file and the environment become one frozen tree, or a clear refusal."""

from auscult.runtime.settings.effective import EffectiveValue, SettingChange, diff, effective_tree
from auscult.runtime.settings.entries import Entry, PlugSettings
from auscult.runtime.settings.environment import process_environment
from auscult.runtime.settings.loading import check_channels, load_settings, parse_settings
from auscult.runtime.settings.origins import Origin, locate
from auscult.runtime.settings.refusals import located_error
from auscult.runtime.settings.tree import (
    LimitSettings,
    OutboundSettings,
    ServerSettings,
    Settings,
    StoreSettings,
    TenantSettings,
    TracingSettings,
)

__all__ = [
    "EffectiveValue",
    "Entry",
    "LimitSettings",
    "Origin",
    "OutboundSettings",
    "PlugSettings",
    "ServerSettings",
    "SettingChange",
    "Settings",
    "StoreSettings",
    "TenantSettings",
    "TracingSettings",
    "check_channels",
    "diff",
    "effective_tree",
    "load_settings",
    "locate",
    "located_error",
    "parse_settings",
    "process_environment",
]
