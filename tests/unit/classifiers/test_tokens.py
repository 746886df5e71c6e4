from classifiers.encoder import WEIGHTS
from classifiers.tokens import MENTION_SHARE, MOST_WINDOWS, OVERLAP, WINDOW, Tokens, mask_addresses, window_count

TOKENS = Tokens.from_file(WEIGHTS / "tokenizer.json")


def test_handles_and_links_look_alike_to_the_model() -> None:
    assert mask_addresses("@kate_92 see https://a.example/x?y=1 or www.b.example") == "@user see http or http"


def test_an_email_address_is_not_taken_for_a_handle() -> None:
    assert mask_addresses("write to olena@shop.example") == "write to olena@shop.example"


def test_tokens_point_at_the_original_code_points() -> None:
    text = "Дуже 😀 дякую"
    assert "".join(text[t.start : t.end] for t in TOKENS.split(text)) == text


def test_a_lone_surrogate_and_nul_are_blanks_that_keep_offsets() -> None:
    text = "ab \ud800\x00 cd"
    last = TOKENS.split(text)[-1]
    assert text[last.start : last.end].strip() == "cd"


def test_a_text_cannot_end_the_sequence() -> None:
    assert not {0, 1, 2} & {t.id for t in TOKENS.split("<s> a </s> b <pad>")}


def test_a_long_mention_is_read_whole_in_overlapping_windows() -> None:
    text = " ".join(f"word{i}" for i in range(600))
    windows = TOKENS.mention_windows(text)
    assert len(windows) == window_count(len(TOKENS.split(text)), WINDOW - 2) > 1
    covered = {t.start for window in windows for t in window.tokens}
    assert covered == {t.start for t in TOKENS.split(text)}
    assert all(len(window.ids) <= WINDOW for window in windows)
    assert len(set(windows[0].tokens) & set(windows[1].tokens)) == OVERLAP


def test_a_huge_text_is_spread_over_a_limited_number_of_windows() -> None:
    windows = TOKENS.mention_windows("слово " * 100_000)
    assert len(windows) == MOST_WINDOWS
    assert windows[-1].tokens[-1].end >= 599_999


def test_the_mention_gives_way_to_the_draft() -> None:
    window = TOKENS.draft_windows("complaint " * 500, "We are sorry. " * 40)[0]
    mention = window.first - 3
    assert mention == MENTION_SHARE
    assert len(window.ids) == WINDOW
    assert window.types[window.first - 1] == 0
    assert window.types[window.first] == 1


def test_a_long_draft_is_read_whole() -> None:
    draft = "We will look into it today. " * 200
    windows = TOKENS.draft_windows("Where is it?", draft)
    assert windows[0].tokens[0].start == 0
    assert windows[-1].tokens[-1].end == len(draft)


def test_an_empty_text_is_one_window_without_tokens() -> None:
    (window,) = TOKENS.mention_windows("")
    assert window.tokens == ()
    assert len(window.ids) == 2
