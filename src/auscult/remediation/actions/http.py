"""Asks a service of one's own to repair, by a signed webhook."""

import json
import time
from typing import Any, NoReturn

from pydantic import Field, HttpUrl, SecretStr, field_validator
from typing_extensions import override

from auscult.kernel.deliveries import judge_status, secret_bytes, signing_headers
from auscult.kernel.effects import Result
from auscult.kernel.errors import (
    PreconditionFailed,
    ReceiverRefused,
    ReceiverUnavailable,
    SettingError,
)
from auscult.kernel.runs import Plan
from auscult.kernel.times import rfc3339
from auscult.remediation.calling import Call, call
from auscult.remediation.decide.request import ActionRequest
from auscult.remediation.decide.templates import check_template
from auscult.remediation.port import Action, Verdict
from auscult.remediation.probing import HEALTHY, Instances, health_address, probe

PRECONDITION_FAILED = 412


class Http(Action):
    """Posts `remediation.plan`, `.apply` and `.undo` as Standard Webhooks.

    The header `webhook-id` is the step's key: the same at every attempt, so that a receiver that
    remembers it acts once. 2xx means done, 412 that the precondition does not hold (nothing was
    done). With `dry_run` the plan is asked of the receiver too (`data.dry_run` is true), and
    `sentence`, `precondition` and `undo` of its JSON answer go into the plan. `verify_url` is
    asked by GET and must answer 200; without one the detector alone decides. Where a placeholder
    names its host, that must be a target that auscult scrapes, or match one of `instances`.

    ```yaml
    action: {use: http, url: "https://fleet.internal/repair", secret: "env:FLEET_SECRET",
             verify_url: "http://{instance}/healthz", undo_url: "https://fleet.internal/undo"}
    ```
    """

    url: HttpUrl
    secret: SecretStr | None = None
    old_secret: SecretStr | None = None
    dry_run: bool = False
    verify_url: str = ""
    instances: Instances = ()
    undo_url: HttpUrl | None = None
    verify_within_ms: int = Field(default=5_000, ge=50, le=10_000)
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @field_validator("secret", "old_secret")
    @classmethod
    def _signs(cls, secret: SecretStr | None) -> SecretStr | None:
        try:
            secret_bytes(secret.get_secret_value() if secret else "")
        except SettingError as why:
            raise ValueError(str(why)) from None
        return secret

    @field_validator("verify_url")
    @classmethod
    def _known_placeholders(cls, text: str) -> str:
        try:
            check_template(text)
        except SettingError as why:
            raise ValueError(str(why)) from None
        if text and not text.startswith(("http://", "https://")):
            raise ValueError("verify_url must begin with http:// or https://")
        return text

    @override
    async def plan(self, request: ActionRequest) -> Plan:
        verify_url = health_address(self.verify_url, request, self.instances)
        undo = f"Ask {_host(self.undo_url)} to take it back." if self.undo_url else ""
        said = await self._post(self.url, "plan", request) if self.dry_run else {}
        return Plan(
            target=request.target,
            sentence=said.get("sentence") or f"Ask {_host(self.url)} to repair {request.target}.",
            precondition=said.get("precondition") or "what it is for is still seen",
            undo=(said.get("undo") or undo) if self.undo_url else "",
            facts={"verify_url": verify_url},
        )

    @override
    async def apply(self, request: ActionRequest, plan: Plan) -> str:
        said = await self._post(self.url, "apply", request)
        return said.get("sentence") or f"{_host(self.url)} took it."

    @override
    async def verify(self, request: ActionRequest, plan: Plan) -> Verdict:
        url = plan.facts["verify_url"]
        if not url:
            return Verdict(works=True, seen="no verify_url: the detector alone decides")
        status = await probe(url, within_ms=self.verify_within_ms)
        return Verdict(works=status == HEALTHY, seen=f"verify_url answers {status or 'nothing'}")

    @override
    async def undo(self, request: ActionRequest, plan: Plan) -> str:
        if self.undo_url is None:
            return "There is nothing to undo."
        said = await self._post(self.undo_url, "undo", request)
        return said.get("sentence") or f"{_host(self.undo_url)} took it back."

    async def _post(self, url: HttpUrl, verb: str, request: ActionRequest) -> dict[str, str]:
        at_ms = time.time_ns() // 1_000_000
        data: dict[str, Any] = request.model_dump(mode="json")
        data |= {"phase": verb, "dry_run": verb == "plan"}
        event = {"type": f"remediation.{verb}", "timestamp": rfc3339(at_ms), "data": data}
        body = json.dumps(event, separators=(",", ":")).encode()
        secrets = [one.get_secret_value() for one in (self.secret, self.old_secret) if one]
        headers = signing_headers(body, key=request.key, at_ms=at_ms, secrets=secrets)
        headers["Content-Type"] = "application/json"
        reply = await call(Call(str(url), body, headers, self.timeout_s))
        if judge_status("webhook", reply.status) is not Result.DONE:
            _refuse(reply.status, reply.retry_after_ms, verb)
        return reply.words()


def _refuse(status: int, retry_after_ms: int | None, verb: str) -> NoReturn:
    said = f"the receiver answered {status} to {verb}"
    if status == PRECONDITION_FAILED:
        raise PreconditionFailed(said)
    if judge_status("webhook", status) is Result.RETRY:
        raise ReceiverUnavailable(said, retry_after_ms=retry_after_ms)
    raise ReceiverRefused(said)


def _host(url: HttpUrl) -> str:
    return url.host or "the receiver"
