"""The one error tree. A class's docstring is its message, its code is stable for ever.

AuscultError
├── SettingError
│   ├── PlugUnknown
│   ├── MatcherMalformed
│   └── TemplateFailed
├── InputError
│   ├── BodyMalformed
│   ├── BodyTooLarge
│   ├── BodyTooSlow
│   ├── MediaUnsupported
│   ├── QueryUnknown
│   ├── SampleRefused
│   └── StreamUnheard
├── AccessError
│   ├── CredentialMissing
│   ├── CredentialStale
│   ├── PermissionMissing
│   └── ObjectMissing
├── CapacityError
│   ├── QueueFull
│   └── SeriesCapReached
├── StoreError
│   ├── StoreUnavailable
│   │   └── StoreRaced
│   ├── StateConflict
│   └── AuditBroken
├── VaultError
│   ├── KeyMissing
│   └── EnvelopeBroken
└── EffectError
    ├── ReceiverRefused
    ├── ReceiverUnavailable
    └── PreconditionFailed
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class AuscultError(Exception):
    """Something in auscult went wrong."""

    code: ClassVar[str] = "auscult"

    def __init__(self, detail: str = "") -> None:
        """Say what happened in this case; the class says what kind of thing it is."""
        self.detail = detail
        super().__init__(f"{self.message}: {detail}" if detail else self.message)

    @property
    def message(self) -> str:
        """The class's docstring without its full stop."""
        return (type(self).__doc__ or "").split("\n", 1)[0].rstrip(".")


class SettingError(AuscultError):
    """A setting is wrong."""

    code = "setting"


class PlugUnknown(SettingError):
    """No such plug is on the shelf."""

    code = "setting.plug_unknown"


class MatcherMalformed(SettingError):
    """A label matcher cannot be read."""

    code = "setting.matcher_malformed"


class TemplateFailed(SettingError):
    """A template of messages fails."""

    code = "setting.template_failed"


class InputError(AuscultError):
    """What came in cannot be accepted."""

    code = "input"


class BodyMalformed(InputError):
    """The body cannot be read."""

    code = "input.malformed"

    def __init__(
        self, detail: str = "", *, position: int | None = None, faults: tuple[str, ...] = ()
    ) -> None:
        """Say what is wrong, at which byte or line where that is known, and each fault of many."""
        self.position = position
        self.faults = faults
        super().__init__(detail if position is None else f"{detail} (at {position})")


class BodyTooLarge(InputError):
    """The body is larger than the limit."""

    code = "input.too_large"


class BodyTooSlow(InputError):
    """The body did not arrive in time."""

    code = "input.too_slow"


class MediaUnsupported(InputError):
    """This content type or encoding is not taken here."""

    code = "input.media_unsupported"


class QueryUnknown(InputError):
    """A query parameter is unknown or has a value that is not taken."""

    code = "input.query_unknown"


class SampleRefused(InputError):
    """Some samples were refused, the others were taken."""

    code = "input.sample_refused"


class StreamUnheard(InputError):
    """The stream cannot be heard."""

    code = "input.unheard"

    def __init__(self, detail: str = "", *, why: str = "") -> None:
        """Say what happened, and in a word of `signals.listening.Why` what kind of thing it is."""
        self.why = why
        super().__init__(detail)


class AccessError(AuscultError):
    """This credential may not do that."""

    code = "access"


class CredentialMissing(AccessError):
    """No valid credential was given."""

    code = "access.credential_missing"


class CredentialStale(AccessError):
    """The request was signed too long ago."""

    code = "access.credential_stale"


class PermissionMissing(AccessError):
    """The credential is valid but may not do this."""

    code = "access.permission_missing"


class ObjectMissing(AccessError):
    """There is no such object for this credential."""

    code = "access.object_missing"


class CapacityError(AuscultError):
    """A limit is reached."""

    code = "capacity"


class QueueFull(CapacityError):
    """More came in than can be taken now; send it again later."""

    code = "capacity.queue_full"

    def __init__(self, detail: str = "", *, retry_after_s: int = 2) -> None:
        """Say what is full, and when it is worth trying again."""
        self.retry_after_s = retry_after_s
        super().__init__(detail)


class SeriesCapReached(CapacityError):
    """The tenant has as many series as it may have."""

    code = "capacity.series_cap"


class StoreError(AuscultError):
    """The store could not do it."""

    code = "store"


class StoreUnavailable(StoreError):
    """The database cannot be reached or written; nothing was accepted."""

    code = "store.unavailable"


class StoreRaced(StoreUnavailable):
    """Another writer was in the way, and the same work done again will succeed."""

    code = "store.raced"


class StateConflict(StoreError):
    """The object is not in a state that allows this."""

    code = "store.conflict"


class AuditBroken(StoreError):
    """The audit chain does not hold."""

    code = "store.audit_broken"


class VaultError(AuscultError):
    """A secret cannot be handled."""

    code = "vault"


class KeyMissing(VaultError):
    """The key that sealed this is not in the key ring."""

    code = "vault.key_missing"


class EnvelopeBroken(VaultError):
    """The sealed value was changed, cut, or sealed for something else."""

    code = "vault.envelope_broken"


class EffectError(AuscultError):
    """The world did not do what was wished."""

    code = "effect"


class ReceiverRefused(EffectError):
    """The receiver will never take this."""

    code = "effect.refused"


class ReceiverUnavailable(EffectError):
    """The receiver cannot take this now."""

    code = "effect.unavailable"

    def __init__(
        self,
        detail: str = "",
        *,
        retry_after_ms: int | None = None,
        is_busy: bool = False,
        so_far: Mapping[str, Any] | None = None,
        reached_nobody: bool = False,
    ) -> None:
        """Say why, when the receiver asked to be tried again, and what the next attempt must know.

        By `is_busy` it is well, and was asked too often. `so_far` is kept with the effect and given
        to the next attempt in its payload. `reached_nobody` says that it surely did not arrive: no
        connection, or a plain "not now".
        """
        self.is_busy = is_busy
        self.reached_nobody = reached_nobody
        self.retry_after_ms = retry_after_ms
        self.so_far = dict(so_far or {})
        super().__init__(detail)


class PreconditionFailed(EffectError):
    """The action's precondition does not hold, so nothing was done."""

    code = "effect.precondition"
