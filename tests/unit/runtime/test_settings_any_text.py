"""Whatever stands in the file, the answer is a tree or a `SettingError` with a place."""

import re

from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.errors import SettingError
from auscult.runtime.settings import Settings, diff, effective_tree, parse_settings

WORDS = st.sampled_from(
    ["tenants", "a", "server", "port", "sources", "use", "defaults", "channels", "routes", "x",
     "tenant_isolation", "alert_channels", "runbooks", "action", "limits", "node", "1", "~", ".nan"]
)  # fmt: skip
TREES = st.recursive(
    WORDS,
    lambda below: st.one_of(
        st.lists(below, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(WORDS, below, max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{k}: {v}" for k, v in pairs.items()) + "}"
        ),
    ),
    max_leaves=12,
)
PLACE = re.compile(r"f\.yaml:[1-9]\d*:[1-9]\d*: ")


def answer(text: str) -> None:
    try:
        settings = parse_settings(text, file="f.yaml")
    except SettingError as error:
        lines = str(error).removeprefix("A setting is wrong: ").splitlines()
        assert PLACE.match(lines[0])
        return
    assert isinstance(settings, Settings)
    assert effective_tree(settings)
    assert diff(settings, parse_settings(text)) == []


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    answer(text)


@given(TREES)
def test_any_tree_is_answered(text: str) -> None:
    answer(text)


@given(TREES, TREES)
def test_any_tenant_over_any_defaults_is_answered(defaults: str, tenant: str) -> None:
    answer(f"defaults: {defaults}\ntenants: {{a: {tenant}, b: }}\n")


@given(st.dictionaries(WORDS, TREES, max_size=5))
def test_any_tenant_is_answered(pairs: dict[str, str]) -> None:
    answer("tenants:\n  a:\n" + "".join(f"    {key}: {value}\n" for key, value in pairs.items()))
