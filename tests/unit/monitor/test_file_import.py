import io
import json
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from monitor.collectors.file_import import FileUnreadable, RowFormat, format_of, rows
from monitor.mention import NewMention, SetAside

HEADER = "external_id,created_at,author,text,url,platform,parent_id\n"


def read(text: str | bytes, kind: RowFormat = RowFormat.CSV) -> list[NewMention | SetAside]:
    return list(rows(io.BytesIO(text.encode() if isinstance(text, str) else text), kind))


def reasons(found: list[NewMention | SetAside]) -> list[str]:
    return [item.reason for item in found if isinstance(item, SetAside)]


def ids(found: list[NewMention | SetAside]) -> list[str]:
    return [item.external_id for item in found if isinstance(item, NewMention)]


def test_a_row_of_jsonl() -> None:
    fields = {
        "external_id": 17,
        "created_at": "2026-03-01T12:00:00+02:00",
        "author": "нина",
        "author_name": "Нина П.",
        "followers": 120,
        "text": "Чайник течёт.",
        "url": "https://forum.example/17",
        "platform": "Forum",
        "parent_id": "16",
        "root_id": "1",
        "title": "Чайник",
        "addressed": True,
        "brand": "marola",
        "else": "ignored",
    }
    (found,) = read("\ufeff" + json.dumps(fields, ensure_ascii=False) + "\n", RowFormat.JSONL)
    assert isinstance(found, NewMention)
    assert (found.external_id, found.platform, found.parent_id, found.root_id) == ("17", "forum", "16", "1")
    assert found.created_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (found.author.handle, found.author.name, found.author.followers) == ("нина", "Нина П.", 120)
    assert (found.text, found.title, found.brand, found.addressed) == ("Чайник течёт.", "Чайник", "marola", True)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + '1,2026-03-01T12:00:00Z,ana,"Lid, ""broken""",,,\n',
        "\ufeff" + HEADER + '1,2026-03-01T12:00:00Z,ana,"Lid, ""broken""",,,\r\n',
        HEADER.replace(",", ";") + '1;2026-03-01T12:00:00Z;ana;"Lid, ""broken""";;;\n',
        HEADER.replace(",", "\t") + '1\t2026-03-01T12:00:00Z\tana\t"Lid, ""broken"""\t\t\t\n',
        '"text";"created_at";"external_id"\n"Lid, ""broken""";"01.03.2026 12:00";"1"\n',
    ],
)
def test_csv_in_its_dialects(text: str) -> None:
    for data in (text.encode(), text.removeprefix("\ufeff").encode("utf-16")):
        (found,) = read(data)
        assert isinstance(found, NewMention)
        assert (found.external_id, found.text, found.platform) == ("1", 'Lid, "broken"', "import")
        assert found.created_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_text_over_several_lines_counts_its_first() -> None:
    found = read(HEADER + '1,2026-03-01,a,"one\n\nthree",,,\n2,2026-03-01,a,,,,\n')
    assert isinstance(found[0], NewMention)
    assert found[0].text == "one\n\nthree"
    assert reasons(found) == ["line 5: the post has no text"]


def test_bad_rows_cost_only_themselves() -> None:
    good = {"external_id": "1", "created_at": "2026-03-01T12:00:00Z", "author": "a", "text": "x"}
    lines = [
        json.dumps(good),
        "{broken",
        "[]",
        json.dumps({**good, "external_id": None}),
        json.dumps({**good, "external_id": "2", "text": " "}),
        json.dumps({**good, "external_id": "3", "created_at": "yesterday"}),
        json.dumps({**good, "external_id": "4", "created_at": None}),
        json.dumps(good),
        json.dumps({**good, "external_id": "5", "text": ["x"]}),
        json.dumps({**good, "external_id": "6", "followers": "many"}),
        "",
        json.dumps({**good, "external_id": "7"}),
    ]
    data = "\n".join(lines).encode() + b"\n\xff\xfe{}\n"
    found = read(data, RowFormat.JSONL)
    assert ids(found) == ["1", "7"]
    assert reasons(found) == [
        "line 2: the line is not JSON (column 2)",
        "line 3: the line must be a JSON object, not an array",
        "line 4: the post has no id",
        "line 5: the post has no text",
        'line 6: the date "yesterday" cannot be read; write it like 2026-03-01T12:00:00+02:00',
        "line 7: the post has no date",
        "line 8: the id is the same as in line 1",
        'line 9: "text" must be text, not an array',
        'line 10: "followers" must be a whole number from 0',
        "line 13: the line is not UTF-8 (byte 1)",
    ]


def test_bad_csv_rows_cost_only_themselves() -> None:
    data = (
        HEADER.encode()
        + b'1,2026-03-01,a,"never closed,,,\n'
        + b'2,2026-03-01,a,"closed",,,\n'
        + b"3,2026-03-01,a,one, two and, three,,,\n"
        + "4,2026-03-01,a,чайник,,,\n".encode("cp1251")
        + b"5,2026-03-01,a\n"
        + b"\n"
        + b'6,2026-03-01,a,"open to the end,,,\n'
        + b"7,2026-03-01,a,fine,,,\n"
    )
    found = read(data)
    assert ids(found) == ["2", "7"]
    assert reasons(found) == [
        "line 2: a quote is not closed, or a quote within the text is not doubled",
        "line 4: the row has 9 columns, the header 7; quote texts that hold the delimiter",
        "line 5: the line is not UTF-8; save the file as UTF-8",
        "line 6: the row has 3 columns, the header 7; quote texts that hold the delimiter",
        "line 8: a quote is not closed, or a quote within the text is not doubled",
    ]
    assert [item.payload for item in found if isinstance(item, SetAside)][3] == "5,2026-03-01,a"


def test_a_file_without_a_header_is_refused_in_one_sentence() -> None:
    with pytest.raises(FileUnreadable, match='names no column "external_id"'):
        read("1,2026-03-01,a,x\n")
    with pytest.raises(FileUnreadable, match="names no column"):
        read("")


def test_a_post_of_ten_megabytes_is_set_aside_whole_and_the_rest_goes_on() -> None:
    huge = "x" * 10_000_000
    found = read(HEADER + f'1,2026-03-01,a,"{huge}",,,\n2,2026-03-01,a,fine,,,\n')
    assert ids(found) == ["2"]
    assert reasons(found) == ["line 2: the post has 10.0 million characters; posts over 1 million are set aside"]
    assert isinstance(found[0], SetAside)
    assert huge in found[0].payload


def test_times_without_a_zone_are_in_the_zone_given() -> None:
    stream = io.BytesIO((HEADER + "1,2026-03-01 12:00,a,x,,,\n").encode())
    (found,) = rows(stream, RowFormat.CSV, zone=ZoneInfo("Asia/Riyadh"))
    assert isinstance(found, NewMention)
    assert found.created_at == datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "start", "expected"),
    [
        ("posts.CSV", b"", RowFormat.CSV),
        ("posts.tsv", b"{", RowFormat.CSV),
        ("posts.jsonl", b"a,b", RowFormat.JSONL),
        ("-", b'\xef\xbb\xbf {"a"', RowFormat.JSONL),
        ("-", b"external_id;text", RowFormat.CSV),
    ],
)
def test_the_format_of_a_file(name: str, start: bytes, expected: RowFormat) -> None:
    assert format_of(name, start) is expected


@pytest.mark.parametrize("kind", list(RowFormat))
def test_ten_thousand_rows_take_a_small_part_of_ten_seconds(kind: RowFormat) -> None:
    count = 10_000
    if kind is RowFormat.CSV:
        text = HEADER + "".join(f'{i},2026-03-01T12:00:00Z,a{i},"Line {i}, quoted",,,\n' for i in range(count))
    else:
        text = "".join(
            json.dumps({"external_id": str(i), "created_at": "2026-03-01T12:00:00Z", "author": "a", "text": "x"}) + "\n"
            for i in range(count)
        )
    began = time.process_time()
    assert len(ids(read(text, kind))) == count
    assert time.process_time() - began < 5
