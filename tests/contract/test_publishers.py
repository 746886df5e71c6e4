"""One suite for every door, the harmless twin included: what is written is written once, and doubt is called doubt."""

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from monitor.config import NetworkSettings, ReplySettings, Settings, SettingsError
from monitor.errors import AuthFailed, EdgeError, NotApproved, PublishRefused, PublishUncertain, RateLimited, SourceDown
from monitor.mention import Handling, Lane, MentionId
from responders.publishers import registry
from responders.publishers.x import weight
from responders.publishing import Publisher
from responders.reply import ParentState, Published, ReplyTarget

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TEXT = "We are sorry, Ада. Напишите нам. راسلنا"
CLOSE = b"close"
HANG = b"hang"
SECRETS = ("shh-client", "shh-password", "shh-key", "shh-key-secret", "shh-token", "shh-token-secret", "shh-bearer")


def answer(status: int, body: object, **headers: str) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Reason", f"Content-Length: {len(content)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@dataclass
class Request:
    method: str
    path: str
    headers: str
    body: str


@dataclass
class Platform:
    """A server on a bare socket: it reads a whole request, then answers, hangs, or closes without a word."""

    answers: dict[str, Callable[[Request], bytes]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    _hung: list[socket.socket] = field(default_factory=list)
    _heard: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def writes(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.method == "POST" and request.path.startswith(path)]

    def has_hung(self) -> bool:
        """Wait for the request that gets no answer: on a busy machine it is read after the client gave up."""
        return self._heard.acquire(timeout=PATIENT)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._hung:
            connection.close()
        self._thread.join(PATIENT)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            request = _read(connection)
            if request is None:
                connection.close()
                continue
            self.requests.append(request)
            found = next((make for path, make in self.answers.items() if request.path.startswith(path)), None)
            reply = answer(404, {"error": 404}) if found is None else found(request)
            if reply == HANG:
                self._hung.append(connection)
                self._heard.release()
                continue
            if reply != CLOSE:
                connection.sendall(reply)
            connection.close()


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    headers = head.decode("latin-1")
    length = next(
        (int(line.split(":")[1]) for line in headers.splitlines() if line.lower().startswith("content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    method, path, _ = headers.split(" ", 2)
    return Request(method=method, path=path, headers=headers, body=body.decode())


def patience_for(reply: bytes) -> float:
    return IMPATIENT if reply == HANG else PATIENT


@pytest.fixture
def platform() -> Iterator[Platform]:
    server = Platform()
    yield server
    server.close()


def target(external_id: str, text: str = "The kettle broke.") -> ReplyTarget:
    return ReplyTarget(
        mention_id=MentionId(1),
        source="sample",
        platform="any",
        external_id=external_id,
        parent_id=None,
        root_id=None,
        url="https://social.example/p1",
        brand="marola",
        author="someone",
        author_name=None,
        title=None,
        text=text,
        text_hash="",
        lang="en",
        intent=None,
        lane=Lane.FLOW,
        severity=0.0,
        handling=Handling.OPEN,
        created_at=NOW,
        due_at=None,
        edited_at=None,
        gone_at=None,
    )


PATIENT = 60.0  # seconds: nobody waits so long but on a very busy machine
IMPATIENT = 2.0  # where the platform never answers: what it does answer before must come within this time


@dataclass(frozen=True)
class Rig:
    """What the shared tests need to know of one platform."""

    kind: str
    table: dict[str, object]
    write: str
    external_id: str
    took: dict[str, object]
    took_id: str
    refusal: tuple[int, object]
    parent_path: str
    parent: Callable[[str | None], object]
    own: Callable[[Platform, list[tuple[str, str, datetime]]], None]

    def door(self, platform: Platform, *, patience: float = PATIENT) -> Publisher:
        settings = Settings(network=NetworkSettings(timeout_seconds=patience))
        return registry.build("ours", {**self.table, "base_url": platform.url}, settings)


def reddit_comment(name: str, body: str, parent: str = "t3_abc", at: datetime = NOW) -> dict[str, object]:
    data = {
        "name": name,
        "id": name[3:],
        "body": body,
        "parent_id": parent,
        "link_id": "t3_abc",
        "created_utc": at.timestamp(),
        "permalink": f"/r/kitchen/comments/abc/_/{name[3:]}/",
        "author": "marola",
        "edited": False,
    }
    return {"kind": "t1", "data": data}


def listing(*things: object) -> dict[str, object]:
    return {"kind": "Listing", "data": {"children": list(things), "after": None, "before": None}}


def reddit_own(platform: Platform, posts: list[tuple[str, str, datetime]]) -> None:
    platform.answers["/api/v1/me"] = lambda _: answer(200, {"name": "marola", "id": "me"})
    things = [reddit_comment(f"t1_own{n}", text, parent, at) for n, (parent, text, at) in enumerate(posts)]
    platform.answers["/user/marola/comments"] = lambda _: answer(200, listing(*things))


def x_own(platform: Platform, posts: list[tuple[str, str, datetime]]) -> None:
    platform.answers["/2/users/me"] = lambda _: answer(200, {"data": {"id": "77", "username": "marola"}})
    found = [
        {
            "id": f"90{n}",
            "text": f"@someone {text}",
            "referenced_tweets": [{"type": "replied_to", "id": parent}],
        }
        for n, (parent, text, _) in enumerate(posts)
    ]
    platform.answers["/2/users/77/tweets"] = lambda request: answer(
        200, {"data": found} if "start_time=2026-03-02T10%3A00%3A00Z" in request.path else {"data": []}
    )


RIGS = {
    "reddit": Rig(
        kind="reddit",
        table={
            "kind": "reddit",
            "client_id": "an-app",
            "client_secret": "shh-client",
            "username": "marola",
            "password": "shh-password",
        },
        write="/api/comment",
        external_id="t3_abc",
        took={"json": {"errors": [], "data": {"things": [reddit_comment("t1_own", TEXT)]}}},
        took_id="t1_own",
        refusal=(200, {"json": {"errors": [["THREAD_LOCKED", "Comments are locked.", "parent"]]}}),
        parent_path="/api/info",
        parent=lambda text: (
            listing()
            if text is None
            else listing(
                {
                    "kind": "t3",
                    "data": {"name": "t3_abc", "id": "abc", "title": text, "selftext": "", "author": "someone"},
                }
            )
        ),
        own=reddit_own,
    ),
    "x": Rig(
        kind="x",
        table={
            "kind": "x",
            "api_key": "shh-key",
            "api_key_secret": "shh-key-secret",
            "access_token": "shh-token",
            "access_token_secret": "shh-token-secret",
        },
        write="/2/tweets",
        external_id="1500",
        took={"data": {"id": "1501", "text": TEXT}},
        took_id="1501",
        refusal=(403, {"title": "Forbidden", "status": 403, "detail": "You can only reply to who mentioned you."}),
        parent_path="/2/tweets/1500",
        parent=lambda text: (
            {"errors": [{"title": "Not Found Error"}]}
            if text is None
            else {"data": {"id": "1500", "text": text, "edit_history_tweet_ids": ["1500"]}}
        ),
        own=x_own,
    ),
}


@pytest.fixture(params=sorted(RIGS))
def rig(request: pytest.FixtureRequest, platform: Platform) -> Rig:
    found = RIGS[request.param]
    token = {"access_token": "shh-bearer", "token_type": "bearer", "expires_in": 3600, "scope": "*"}
    platform.answers["/api/v1/access_token"] = lambda _: answer(200, token)
    return found


# ---------------------------------------------------------------- every door, the twins included


@pytest.mark.parametrize("kind", ["dry_run", "by_hand"])
def test_the_harmless_doors_touch_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a harmless door opened a connection")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    door: Publisher = registry.build(kind, {"kind": kind}, Settings())
    post = target("anything at all")
    if kind == "by_hand":
        assert door.by_person
        with pytest.raises(PublishRefused, match="by hand"):
            door.publish(post, TEXT)
        assert door.parent_state(post) is ParentState.UNKNOWN
    else:
        assert not door.by_person
        published = door.publish(post, TEXT)
        assert published == door.publish(post, TEXT)
        assert published.note is not None
        assert "nothing was posted" in published.note
        assert post.url is not None
        assert post.url in published.note
        assert door.parent_state(post) is ParentState.PRESENT
    assert door.find_own(post, TEXT, NOW) is None


def test_a_reply_is_written_once_and_where_it_belongs(rig: Rig, platform: Platform) -> None:
    platform.answers[rig.write] = lambda _: answer(200, rig.took)
    published = rig.door(platform).publish(target(rig.external_id), TEXT)
    assert published.external_id == rig.took_id
    assert published.url is not None
    assert published.url.startswith("https://")
    writes = platform.writes(rig.write)
    assert len(writes) == 1
    assert rig.external_id in writes[0].body


LOST = {
    "no answer": CLOSE,
    "half an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{",
    "no http": b"banana\r\n\r\n",
    "timeout": HANG,
    "500": answer(500, {"error": 500}),
    "502": answer(502, b"<html>"),
    "503": answer(503, b""),
    "504": answer(504, b""),
    "520": answer(520, b""),
    "408": answer(408, b""),
    "302": answer(302, b"", Location="http://127.0.0.1:9/elsewhere"),
    "no json": answer(200, b"<html>fine</html>"),
    "empty": answer(200, b""),
    "204": answer(204, b""),
    "other json": answer(200, {"other": "shape"}),
    "a list": answer(200, [1, 2]),
    "null": answer(200, None),
}


@pytest.mark.parametrize("lost", LOST)
def test_an_unclear_answer_is_uncertain_and_sent_once(rig: Rig, platform: Platform, lost: str) -> None:
    platform.answers[rig.write] = lambda _: LOST[lost]
    with pytest.raises(PublishUncertain) as caught:
        rig.door(platform, patience=patience_for(LOST[lost])).publish(target(rig.external_id), TEXT)
    assert LOST[lost] != HANG or platform.has_hung()
    assert len(platform.writes(rig.write)) == 1
    assert caught.value.remedy
    assert not any(secret in str(caught.value) for secret in SECRETS)


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
def test_a_clear_no_is_refused_once(rig: Rig, platform: Platform, status: int) -> None:
    platform.answers[rig.write] = lambda _: answer(status, {"error": status, "detail": "no"})
    with pytest.raises(PublishRefused) as caught:
        rig.door(platform).publish(target(rig.external_id), TEXT)
    assert len(platform.writes(rig.write)) == 1
    assert "by hand" in caught.value.remedy


def test_the_platforms_own_no_names_the_way_out(rig: Rig, platform: Platform) -> None:
    platform.answers[rig.write] = lambda _: answer(*rig.refusal)
    with pytest.raises(PublishRefused, match=r"locked|mentioned") as caught:
        rig.door(platform).publish(target(rig.external_id), TEXT)
    assert "by_hand" in caught.value.remedy
    assert len(platform.writes(rig.write)) == 1


def test_403_is_refused_once(rig: Rig, platform: Platform) -> None:
    platform.answers[rig.write] = lambda _: answer(403, {"error": 403, "detail": "not there"})
    with pytest.raises(PublishRefused):
        rig.door(platform).publish(target(rig.external_id), TEXT)
    assert len(platform.writes(rig.write)) == 1


def test_401_is_a_matter_of_credentials(rig: Rig, platform: Platform) -> None:
    platform.answers[rig.write] = lambda _: answer(401, {"error": 401})
    with pytest.raises(AuthFailed):
        rig.door(platform).publish(target(rig.external_id), TEXT)
    assert len(platform.writes(rig.write)) == 1


def test_429_waits_and_is_not_resent(rig: Rig, platform: Platform) -> None:
    reset = str(int((datetime.now(UTC) + timedelta(minutes=7)).timestamp()))
    platform.answers[rig.write] = lambda _: answer(429, b"slow down", retry_after="420", x_rate_limit_reset=reset)
    with pytest.raises(RateLimited) as caught:
        rig.door(platform).publish(target(rig.external_id), TEXT)
    assert timedelta(minutes=2) < caught.value.until - datetime.now(UTC) < timedelta(minutes=8)
    assert len(platform.writes(rig.write)) == 1


def test_where_nobody_listens_nothing_was_sent(rig: Rig, platform: Platform) -> None:
    with socket.socket() as unused:  # held, so that nobody else can listen there
        unused.bind(("127.0.0.1", 0))
        nobody = registry.build(
            "ours", {**rig.table, "base_url": f"http://127.0.0.1:{unused.getsockname()[1]}"}, Settings()
        )
        with pytest.raises(SourceDown):
            nobody.publish(target(rig.external_id), TEXT)
    assert platform.requests == []


def test_a_post_of_another_origin_is_not_guessed(rig: Rig, platform: Platform) -> None:
    for name in ("https://social.example/p1", "", "t9_x", "../../api/del", "t3_", "t1_a/b"):
        with pytest.raises(PublishRefused):
            rig.door(platform).publish(target(name), TEXT)
        assert rig.door(platform).parent_state(target(name)) is ParentState.UNKNOWN
    assert platform.requests == []


def test_a_reply_that_is_too_long_is_not_sent(rig: Rig, platform: Platform) -> None:
    with pytest.raises(PublishRefused, match="characters") as caught:
        rig.door(platform).publish(target(rig.external_id), "x" * 10_001)
    assert caught.value.remedy == "shorten it"
    assert platform.requests == []


@pytest.mark.parametrize(
    ("now_says", "state"),
    [
        ("The kettle broke.", ParentState.PRESENT),
        ("The kettle is fine after all.", ParentState.EDITED),
        (None, ParentState.GONE),
    ],
)
def test_the_post_is_looked_at(rig: Rig, platform: Platform, now_says: str | None, state: ParentState) -> None:
    platform.answers[rig.parent_path] = lambda _: answer(200, rig.parent(now_says))
    assert rig.door(platform).parent_state(target(rig.external_id)) is state
    assert platform.writes(rig.write) == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (CLOSE, SourceDown),
        (HANG, SourceDown),
        (answer(503, b""), SourceDown),
        (answer(200, b"<html>"), EdgeError),
        (answer(401, {"error": 401}), AuthFailed),
        (answer(403, {"error": 403}), NotApproved),
        (answer(429, b"", retry_after="60"), RateLimited),
    ],
)
def test_a_look_that_fails_says_why(rig: Rig, platform: Platform, reply: bytes, error: type[Exception]) -> None:
    platform.answers[rig.parent_path] = lambda _: reply
    with pytest.raises(error):
        rig.door(platform, patience=patience_for(reply)).parent_state(target(rig.external_id))
    assert reply != HANG or platform.has_hung()
    looks = [request for request in platform.requests if request.path.startswith(rig.parent_path)]
    assert len(looks) == 1


def test_our_own_reply_is_found(rig: Rig, platform: Platform) -> None:
    rig.own(platform, [("t3_other" if rig.kind == "reddit" else "9", TEXT, NOW), (rig.external_id, TEXT, NOW)])
    found = rig.door(platform).find_own(target(rig.external_id), TEXT, NOW)
    assert isinstance(found, Published)
    assert found.external_id.endswith("1")


@pytest.mark.parametrize("case", ["other words", "other post", "long before", "nothing"])
def test_what_is_not_ours_is_not_found(rig: Rig, platform: Platform, case: str) -> None:
    other = "t3_other" if rig.kind == "reddit" else "9"
    posts = {
        "other words": [(rig.external_id, "Something else.", NOW)],
        "other post": [(other, TEXT, NOW)],
        "long before": [(rig.external_id, TEXT, NOW - timedelta(days=1))] if rig.kind == "reddit" else [],
        "nothing": [],
    }
    rig.own(platform, posts[case])
    assert rig.door(platform).find_own(target(rig.external_id), TEXT, NOW) is None


def test_no_secret_is_logged(rig: Rig, platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    platform.answers[rig.write] = lambda _: answer(200, rig.took)
    rig.door(platform).publish(target(rig.external_id), TEXT)
    platform.answers[rig.write] = lambda _: answer(500, b"")
    with pytest.raises(PublishUncertain):
        rig.door(platform).publish(target(rig.external_id), TEXT)
    assert platform.requests
    said = caplog.text + repr(rig.door(platform).__dict__)
    assert "Authorization" not in said
    assert not any(secret in said for secret in SECRETS)


def test_a_praw_ini_in_the_working_folder_has_no_effect(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief = Platform()
    (tmp_path / "praw.ini").write_text(
        f"[DEFAULT]\noauth_url={thief.url}\nreddit_url={thief.url}\nratelimit_seconds=300\nusername=thief\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("praw_oauth_url", thief.url)
    monkeypatch.setenv("praw_site", "thief")
    token = {"access_token": "shh-bearer", "token_type": "bearer", "expires_in": 3600, "scope": "*"}
    platform.answers["/api/v1/access_token"] = lambda _: answer(200, token)
    platform.answers["/api/comment"] = lambda _: answer(200, RIGS["reddit"].took)
    RIGS["reddit"].door(platform).publish(target("t3_abc"), TEXT)
    thief.close()
    assert thief.requests == []
    assert len(platform.writes("/api/comment")) == 1


@pytest.mark.parametrize(
    "said", ["try again in 500 milliseconds", "try again in 0 seconds", "Take a break for 9 minutes"]
)
def test_reddits_own_rate_limit_is_never_resent(platform: Platform, said: str) -> None:
    token = {"access_token": "shh-bearer", "token_type": "bearer", "expires_in": 3600, "scope": "*"}
    platform.answers["/api/v1/access_token"] = lambda _: answer(200, token)
    errors = {"json": {"errors": [["RATELIMIT", said, "ratelimit"]]}}
    platform.answers["/api/comment"] = lambda _: answer(200, errors)
    with pytest.raises(RateLimited):
        RIGS["reddit"].door(platform).publish(target("t3_abc"), TEXT)
    assert len(platform.writes("/api/comment")) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(401, {"error": 401}), AuthFailed),
        (answer(400, {"error": "invalid_grant"}), AuthFailed),
        (answer(200, {"error": "invalid_grant"}), AuthFailed),
        (answer(403, b"<html>blocked</html>"), NotApproved),
        (answer(429, b""), RateLimited),
        (answer(503, b""), SourceDown),
        (CLOSE, SourceDown),
        (answer(200, b"<html>"), SourceDown),
    ],
)
def test_a_token_that_is_not_given_means_nothing_was_sent(
    platform: Platform, reply: bytes, error: type[Exception]
) -> None:
    platform.answers["/api/v1/access_token"] = lambda _: reply
    with pytest.raises(error):
        RIGS["reddit"].door(platform).publish(target("t3_abc"), TEXT)
    assert platform.writes("/api/comment") == []
    assert len(platform.requests) == 1


def test_a_scope_that_is_too_small_is_named(platform: Platform) -> None:
    token = {"access_token": "shh-bearer", "token_type": "bearer", "expires_in": 3600, "scope": "read"}
    platform.answers["/api/v1/access_token"] = lambda _: answer(200, token)
    platform.answers["/api/comment"] = lambda _: answer(
        403, {"error": 403}, www_authenticate='Bearer realm="reddit", error="insufficient_scope"'
    )
    with pytest.raises(NotApproved) as caught:
        RIGS["reddit"].door(platform).publish(target("t3_abc"), TEXT)
    assert "submit" in caught.value.remedy


def test_an_exhausted_quota_does_not_put_the_publisher_to_sleep(platform: Platform) -> None:
    token = {"access_token": "shh-bearer", "token_type": "bearer", "expires_in": 3600, "scope": "*"}
    none_left = {"x_ratelimit_remaining": "0", "x_ratelimit_used": "600", "x_ratelimit_reset": "599"}
    platform.answers["/api/v1/access_token"] = lambda _: answer(200, token, **none_left)
    platform.answers["/api/comment"] = lambda _: answer(200, RIGS["reddit"].took, **none_left)
    began = datetime.now(UTC)
    RIGS["reddit"].door(platform).publish(target("t3_abc"), TEXT)
    assert datetime.now(UTC) - began < timedelta(seconds=300)


def test_a_comment_is_answered_as_a_comment(platform: Platform) -> None:
    token = {"access_token": "shh-bearer", "token_type": "bearer", "expires_in": 3600, "scope": "*"}
    platform.answers["/api/v1/access_token"] = lambda _: answer(200, token)
    platform.answers["/api/comment"] = lambda _: answer(200, RIGS["reddit"].took)
    RIGS["reddit"].door(platform).publish(target("t1_xyz"), TEXT)
    assert "thing_id=t1_xyz" in platform.writes("/api/comment")[0].body


def test_reddits_recorded_answer(platform: Platform, shared: Path) -> None:
    recorded = json.loads((shared / "data/recorded/reddit/TestComment.test_reply.json").read_text())
    token, comment = (each["response"]["body"]["string"].encode() for each in recorded["interactions"])
    platform.answers["/api/v1/access_token"] = lambda _: answer(200, token)
    platform.answers["/api/comment"] = lambda _: answer(200, comment)
    published = RIGS["reddit"].door(platform).publish(target("t1_d1616q2"), "Comment reply")
    assert published.external_id == "t1_d1680wu"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("forbidden", PublishRefused),
        ("not_found", PublishRefused),
        ("service_unavailable", PublishUncertain),
        ("too__many_requests__with_retry_headers", RateLimited),
        ("with_insufficient_scope", NotApproved),
        ("with_invalid_access_token", AuthFailed),
    ],
)
def test_reddits_recorded_errors(platform: Platform, shared: Path, name: str, error: type[Exception]) -> None:
    recorded = json.loads((shared / f"data/recorded/reddit_errors/{name}.json").read_text())["interactions"]
    token, said = recorded[0]["response"], recorded[1]["response"]
    kept = {
        key: value[0] for key, value in said["headers"].items() if key.lower() in ("retry-after", "www-authenticate")
    }
    platform.answers["/api/v1/access_token"] = lambda _: answer(200, token["body"]["string"].encode())
    platform.answers["/api/comment"] = lambda _: answer(said["status"]["code"], said["body"]["string"].encode(), **kept)
    with pytest.raises(error):
        RIGS["reddit"].door(platform).publish(target("t3_abc"), TEXT)
    assert len(platform.writes("/api/comment")) == 1


def test_xs_recorded_answer(platform: Platform, shared: Path) -> None:
    recorded = yaml.safe_load((shared / "data/recorded/x/test_client_create_and_delete_tweet.yaml").read_text())
    body = recorded["interactions"][0]["response"]["body"]["string"]
    platform.answers["/2/tweets"] = lambda _: answer(201, body, Content_Encoding="gzip")
    published = RIGS["x"].door(platform).publish(target("1500"), "Test Tweet")
    assert published.external_id == "1456012973835788293"


def test_x_is_signed_for_the_host_that_it_is_sent_to(platform: Platform) -> None:
    platform.answers["/2/tweets"] = lambda _: answer(201, RIGS["x"].took)
    RIGS["x"].door(platform).publish(target("1500"), TEXT)
    headers = platform.requests[0].headers
    assert "OAuth " in headers
    assert f"Host: {platform.url.removeprefix('http://')}" in headers
    assert json.loads(platform.requests[0].body)["reply"] == {"in_reply_to_tweet_id": "1500"}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (402, {"title": "Credits depleted"}, NotApproved),
        (403, {"reason": "client-not-enrolled", "detail": "enrol"}, NotApproved),
        (403, {"detail": "You are not allowed to create a Tweet with duplicate content."}, PublishRefused),
    ],
)
def test_xs_own_ways_to_say_no(platform: Platform, status: int, body: object, error: type[Exception]) -> None:
    platform.answers["/2/tweets"] = lambda _: answer(status, body)
    with pytest.raises(error):
        RIGS["x"].door(platform).publish(target("1500"), TEXT)


def test_a_link_on_x_has_its_price(platform: Platform) -> None:
    platform.answers["/2/tweets"] = lambda _: answer(201, RIGS["x"].took)
    published = RIGS["x"].door(platform).publish(target("1500"), "See https://marola.example/help")
    assert published.note is not None
    assert "0.20 USD" in published.note


def test_an_edited_post_on_x_has_another_number(platform: Platform) -> None:
    edited = {"data": {"id": "1500", "text": "The kettle broke.", "edit_history_tweet_ids": ["1500", "1502"]}}
    platform.answers["/2/tweets/1500"] = lambda _: answer(200, edited)
    assert RIGS["x"].door(platform).parent_state(target("1500")) is ParentState.EDITED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", 3),
        ("Привет", 6),
        ("مرحبا", 5),
        ("👍", 2),
        ("見る", 4),
        ("https://marola.example/a/very/long/path", 23),
        ("", 0),
    ],
)
def test_how_x_counts(text: str, expected: int) -> None:
    assert weight(text) == expected


# ---------------------------------------------------------------- settings


def test_without_settings_only_the_harmless_doors_stand_open() -> None:
    doors = registry.build_all(Settings())
    assert sorted(doors) == ["by_hand", "dry_run"]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({}, 'the setting "doors.ours.kind" is missing; it is one of dry_run, by_hand, reddit, x'),
        ({"kind": "fax"}, 'the setting "doors.ours.kind" cannot be "fax"'),
        ({"kind": ["x"]}, '"doors.ours.kind"'),
        ({"kind": "dry_run", "colour": "red"}, '"doors.ours.colour"'),
        ({"kind": "x"}, '"doors.ours.api_key" is missing; set TACTFUL__DOORS__OURS__API_KEY'),
        ({"kind": "reddit", "client_secret": "s"}, '"doors.ours.client_id" is missing'),
        ({"kind": "reddit", "client_id": "a", "client_secret": "s"}, "set username and password, or refresh_token"),
        ({**RIGS["reddit"].table, "base_url": "https://proxy.example/reddit"}, '"doors.ours.base_url"'),
        ({**RIGS["x"].table, "base_url": "ftp://x"}, '"doors.ours.base_url"'),
        ({**RIGS["x"].table, "longest": 5}, '"doors.ours.longest"'),
    ],
)
def test_a_wrong_setting_is_named(table: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        registry.build_all(Settings(doors={"ours": table}))
    assert sentence in str(caught.value)
    assert not any(secret in str(caught.value) for secret in SECRETS)


def test_a_long_running_publisher_keeps_a_wrong_door_closed_and_the_others_open() -> None:
    doors = registry.build_all(Settings(doors={"ours": {"kind": "x"}}), strict=False)
    assert sorted(doors) == ["by_hand", "dry_run", "ours"]
    post = target("p1")
    for ask in (
        lambda: doors["ours"].publish(post, "Thank you"),
        lambda: doors["ours"].parent_state(post),
        lambda: doors["ours"].find_own(post, "Thank you", NOW),
    ):
        with pytest.raises(AuthFailed, match="TACTFUL__DOORS__OURS__API_KEY"):
            ask()


def test_a_default_door_that_is_not_there() -> None:
    settings = replace_default("post office")
    with pytest.raises(SettingsError, match=r'"replies\.default_door" names no door'):
        registry.build_all(settings)


def replace_default(name: str) -> Settings:
    return Settings(replies=ReplySettings(default_door=name))


def test_a_door_can_be_switched_off() -> None:
    doors = registry.build_all(Settings(doors={"ours": {**RIGS["x"].table, "enabled": False}}))
    assert "ours" not in doors


def test_a_client_is_imported_only_when_its_door_is_used() -> None:
    import subprocess  # noqa: PLC0415 - one test
    import sys  # noqa: PLC0415 - one test

    code = (
        "import sys; from monitor.config import Settings; from responders.publishers import registry;"
        "registry.build_all(Settings()); sys.exit(any(m in sys.modules for m in ('praw', 'tweepy', 'requests')))"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_kinds_are_listed_for_people() -> None:
    for kind in registry.kinds():
        assert kind.description
    assert [kind.name for kind in registry.kinds()][:2] == ["dry_run", "by_hand"]
    assert replace(registry.kinds()[0], name="x").name == "x"
