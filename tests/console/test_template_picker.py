"""Which templates the desk marks as fitting."""

import pytest

from tests.console.clicking import Desk


@pytest.mark.parametrize(
    ("name", "starred"), [("ar-broken", True), ("en-fire", False), ("uk-fraud", False), ("en-new", False)]
)
def test_only_what_is_judged_and_not_urgent_gets_a_star(desk: Desk, name: str, *, starred: bool) -> None:
    desk.sign_in("lead")
    mention = desk.world.mentions[name]
    at = desk.open("reply", mention=mention)
    offered = next(box.options for box in at.selectbox if str(box.key).startswith(f"template-{mention}-"))
    assert len(offered) > 5
    assert any("★" in option for option in offered) is starred
    if not starred:
        assert not any("It fits because" in caption.value for caption in at.caption)
