"""What every action is, and the shelf they stand on."""

from collections.abc import Callable
from typing import Any

from auscult.kernel.errors import ReceiverRefused
from auscult.kernel.plugs import Plug, Shelf
from auscult.kernel.runs import Plan
from auscult.kernel.words import Word
from auscult.remediation.decide.request import ActionRequest

IsScraped = Callable[[str], bool]
"""Says whether an address (`host:port`) is a target that auscult itself scrapes for the tenant."""


class Verdict(Word):
    """What an action sees of its repair: whether it works, and a sentence of proof."""

    works: bool
    seen: str = ""


class Action(Plug):
    """A way to repair something, in four verbs that may each be attempted more than once.

    Every verb raises `ReceiverUnavailable` where another attempt is worth it, `ReceiverRefused`
    where none is, and `PreconditionFailed` where the plan's precondition does not hold (any more),
    in which case nothing was done.
    """

    async def plan(self, request: ActionRequest) -> Plan:
        """Say what would be done and why it would be right; touches nothing."""
        raise NotImplementedError

    async def apply(self, request: ActionRequest, plan: Plan) -> str:
        """Do it, after the precondition was seen again; return a sentence of what was done."""
        raise NotImplementedError

    async def verify(self, request: ActionRequest, plan: Plan) -> Verdict:
        """Look whether it works; touches nothing."""
        raise NotImplementedError

    async def undo(self, request: ActionRequest, plan: Plan) -> str:
        """Take it back; return a sentence of what was done."""
        raise NotImplementedError

    async def perform(
        self, verb: str, payload: dict[str, Any], *, is_scraped: IsScraped | None = None
    ) -> dict[str, Any]:
        """Do what an effect asks for; return the outcome's data.

        `plan` gives `{"plan": …}` (with the request's values among its facts), `verify` gives
        `{"verified": bool, "seen": str}`, `apply` and `undo` give `{"said": str}`.
        """
        request = ActionRequest.model_validate(payload["request"])
        if is_scraped is not None:
            scraped = frozenset(filter(is_scraped, request.values.values()))
            request = request.model_copy(update={"scraped": scraped})
        if verb == "plan":
            plan = await self.plan(request)
            facts = plan.facts | {"values": request.values}
            return {"plan": plan.model_copy(update={"facts": facts}).model_dump(mode="json")}
        plan = Plan.model_validate(payload["plan"])
        if verb == "apply":
            return {"said": await self.apply(request, plan)}
        if verb == "verify":
            verdict = await self.verify(request, plan)
            return {"verified": verdict.works, "seen": verdict.seen}
        if verb == "undo":
            return {"said": await self.undo(request, plan)}
        raise ReceiverRefused(f"{verb!r} is not one of plan, apply, verify, undo")


ACTIONS: Shelf[Action] = Shelf("auscult.remediation.actions", Action)
