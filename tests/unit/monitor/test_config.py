from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.config import Process, Section, Settings, SettingsError, explain, load

SECRET = "hush-4711"


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(
    toml: str = "", environ: dict[str, str] | None = None, process: Process = Process.MONITOR, **files: str
) -> Settings:
    Path("tactful.toml").write_text(toml, encoding="utf-8")
    for name, content in files.items():
        Path(name).write_text(content, encoding="utf-8")
    return load(process, environ={} if environ is None else environ)


def refusal(toml: str = "", environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(toml, environ)
    return str(caught.value)


def test_without_a_file_the_sample_brand_plays() -> None:
    loaded = load(Process.MONITOR, environ={})
    assert loaded.sample
    assert loaded.brands
    assert loaded.sources
    assert not settings("").sample


def test_the_later_layer_wins(working_folder: Path) -> None:
    toml = '[alerts]\nconsole_url = "http://file"'
    name = "TACTFUL__ALERTS__CONSOLE_URL"
    assert settings(toml).alerts.console_url == "http://file"
    (working_folder / ".env").write_text(f"{name}=http://dotenv\n", encoding="utf-8")
    assert settings(toml).alerts.console_url == "http://dotenv"
    (working_folder / "secrets").mkdir()
    (working_folder / "secrets" / name).write_text("http://folder\n", encoding="utf-8")
    assert settings(toml).alerts.console_url == "http://folder"
    assert settings(toml, {name: "http://environ"}).alerts.console_url == "http://environ"


def test_the_sample_takes_variables_from_the_working_folder(working_folder: Path) -> None:
    (working_folder / ".env").write_text("TACTFUL__CONSOLE__PORT=9000\n", encoding="utf-8")
    assert load(Process.MONITOR, environ={}).console.port == 9000


def test_another_file_by_argument_or_variable(working_folder: Path) -> None:
    other = working_folder / "other.toml"
    other.write_text("[console]\nport = 9001", encoding="utf-8")
    assert load(Process.TOOL, file=other, environ={}).console.port == 9001
    assert load(Process.TOOL, environ={"TACTFUL__CONFIG": str(other)}).console.port == 9001
    assert load(Process.TOOL, file=other, environ={}).file == other


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[alerts]\nchanel = 'slack'", 'tactful.toml: unknown setting "alerts.chanel"; did you mean channel?'),
        ("[alert]\nx = 1", 'tactful.toml: unknown setting "alert"; did you mean alerts?'),
        ("[brands.a]\nname = 'A'\nqery = 'A'", 'unknown setting "brands.a.qery"; did you mean query?'),
        ("zzz = 1", 'unknown setting "zzz"; see tactful.example.toml'),
        ("sample = true", 'unknown setting "sample"'),
        ("file = 'x'", 'unknown setting "file"'),
        ("[brands.a]\nquery = 'A'", 'the setting "brands.a.name" is missing'),
        ("[console]\nport = 'high'", '"console.port" cannot be used: input should be a valid integer'),
        ("[console]\nport = 70000", '"console.port" cannot be used: input should be less than or equal to 65535'),
        ("languages = 'ru'", '"languages" cannot be used: it must be a list, such as'),
        ("languages = ['russian']", '"russian" is not a language code'),
        ("alerts = 3", '"alerts" cannot be used: it must be a table, [alerts]'),
        ("brands = 3", '"brands" cannot be used: it must be a table, [brands]'),
        ("[sources]\nrss = 'x'", '"sources.rss" cannot be used: it must be a table, [sources.rss]'),
        ("[alerts", "tactful.toml: the settings file is not TOML"),
        ("x = " + "[" * 5000, "tactful.toml: the settings file is nested too deeply"),
    ],
)
def test_a_bad_file_is_one_sentence(toml: str, says: str) -> None:
    message = refusal(toml)
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"TACTFUL__ALERTS__CHANEL": "x"}, "TACTFUL__ALERTS__CHANEL: unknown setting"),
        ({"TACTFUL__ALERT__CHANNEL": "x"}, "TACTFUL__ALERT__CHANNEL: unknown setting"),
        ({"TACTFUL__": "x"}, "names no setting"),
        ({"TACTFUL__ALERTS__": "x"}, "names no setting"),
        ({"TACTFUL__ALERTS": "x"}, 'the environment variable TACTFUL__ALERTS: the setting "alerts" cannot be used'),
        ({"TACTFUL__CONSOLE__PORT": "high"}, "TACTFUL__CONSOLE__PORT: the setting"),
        ({"TACTFUL__CONSOLE__PORT__X": "1"}, "console.port"),
    ],
)
def test_a_bad_variable_is_named(environ: dict[str, str], says: str) -> None:
    message = refusal("", environ)
    assert says in message
    assert "environment variable TACTFUL" in message or "the variable TACTFUL" in message


def test_a_variable_cannot_replace_or_enter_what_the_file_says() -> None:
    toml = "[console]\nport = 9000\n[brands.a]\nname = 'A'"
    assert 'goes below "console.port"' in refusal(toml, {"TACTFUL__CONSOLE__PORT__X": "1"})
    assert 'names the table "console"' in refusal(toml, {"TACTFUL__CONSOLE": "1"})


def test_a_missing_named_file_is_an_error_and_not_the_sample(working_folder: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such settings file; copy tactful"):
        load(Process.TOOL, file=working_folder / "none.toml", environ={})


def test_an_unreadable_place_is_named(working_folder: Path) -> None:
    (working_folder / "tactful.toml").write_bytes(b"languages = ['\xff']")
    with pytest.raises(SettingsError, match=r"tactful\.toml: the file is not UTF-8"):
        load(Process.TOOL, environ={})
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load(Process.TOOL, file=working_folder, environ={})
    (working_folder / "tactful.toml").write_text("", encoding="utf-8")
    (working_folder / ".env").write_bytes(b"TACTFUL__CONSOLE__PORT=\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env: the file is not UTF-8"):
        load(Process.TOOL, environ={})
    (working_folder / ".env").unlink()
    (working_folder / "secrets").mkdir()
    (working_folder / "secrets" / "TACTFUL__AUDIT__KEY").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"TACTFUL__AUDIT__KEY: the file is not UTF-8"):
        load(Process.TOOL, environ={})


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        (f"[alerts]\nslack_webhook = '{SECRET}'", "alerts.slack_webhook"),
        (f"[sources.r]\nclient_secret = '{SECRET}'", "sources.r.client_secret"),
        (f"[sources.my-x.login]\npassword = '{SECRET}'", "sources.my-x.login.password"),
        (f"[[sources.r.accounts]]\nbearer_token = '{SECRET}'", "sources.r.accounts.bearer_token"),
        (f"[audit]\nkey = '{SECRET}'", "audit.key"),
        (f"[database]\nurl = 'postgresql://me:{SECRET}@db/t'", "database.url"),
        (f"[database]\nurl = 'postgresql://db/t?user=me&password={SECRET}'", "database.url"),
        (f"[sources.r]\nbase_url = 'https://me:{SECRET}@host/'", "sources.r.base_url"),
    ],
)
def test_a_secret_in_the_file_is_refused_without_being_shown(toml: str, key: str) -> None:
    message = refusal(toml)
    assert f'"{key}"' in message
    assert "TACTFUL__" + key.upper().replace(".", "__").replace("-", "_") in message
    assert SECRET not in message


def test_secrets_never_print() -> None:
    loaded = settings(
        "[sources.r]\nkind = 'reddit'",
        {
            "TACTFUL__SOURCES__R__CLIENT_SECRET": SECRET,
            "TACTFUL__ALERTS__SLACK_WEBHOOK": SECRET,
            "TACTFUL__AUDIT__KEY": SECRET,
            "TACTFUL__DATABASE__URL": f"postgresql://me:{SECRET}@db/t",
        },
    )
    assert loaded.sources["r"]["client_secret"] == SECRET
    assert loaded.alerts.slack_webhook is not None
    assert SECRET not in repr(loaded)
    assert SECRET not in str(loaded)
    assert SECRET not in f"{loaded.alerts} {loaded.database} {loaded.audit}"


def test_a_secret_of_a_wrong_type_is_not_shown_in_the_complaint() -> None:
    assert SECRET not in refusal("", {"TACTFUL__SLA__URGENT_MINUTES": "1", "TACTFUL__AUDIT__KEY__X": SECRET})


@pytest.mark.parametrize(
    ("process", "knows"),
    [
        (Process.MONITOR, {"sources", "alerts"}),
        (Process.PUBLISHER, {"doors"}),
        (Process.CONSOLE, set()),
        (Process.TOOL, set()),
    ],
)
def test_each_process_knows_its_own_secrets_only(process: Process, knows: set[str]) -> None:
    environ = {
        "TACTFUL__SOURCES__R__CLIENT_SECRET": SECRET,
        "TACTFUL__SOURCES__R__PROXY": f"http://me:{SECRET}@proxy/",
        "TACTFUL__DOORS__R__CLIENT_SECRET": SECRET,
        "TACTFUL__ALERTS__SLACK_WEBHOOK": SECRET,
        "TACTFUL__AUDIT__KEY": SECRET,
        "PATH": "/bin",
    }
    toml = "[sources.r]\nkind = 'reddit'\n[doors.r]\nkind = 'reddit'"
    loaded = settings(toml, environ, process)
    assert ("client_secret" in loaded.sources["r"]) == ("sources" in knows)
    assert ("proxy" in loaded.sources["r"]) == ("sources" in knows)
    assert ("client_secret" in loaded.doors["r"]) == ("doors" in knows)
    assert (loaded.alerts.slack_webhook is not None) == ("alerts" in knows)
    left = {name.split("__")[1].lower() for name in environ if name.startswith("TACTFUL__")}
    assert left == {"audit"} | knows
    assert environ["PATH"] == "/bin"


def test_secrets_of_env_file_reach_only_their_process(working_folder: Path) -> None:
    (working_folder / ".env").write_text(f"TACTFUL__DOORS__R__PASSWORD={SECRET}\n", encoding="utf-8")
    assert settings("[doors.r]\nkind = 'x'", process=Process.PUBLISHER).doors["r"]["password"] == SECRET
    assert "password" not in settings("[doors.r]\nkind = 'x'", process=Process.CONSOLE).doors["r"]


def test_variables_are_read_as_the_setting_needs_them() -> None:
    loaded = settings(
        "[brands.big-co]\nname = 'Big'\n[sources.My-Feed]\nkind = 'rss'",
        {
            "TACTFUL__LANGUAGES": '["ar", "uk"]',
            "TACTFUL__BRANDS__BIG_CO__NAME": "3000",
            "TACTFUL__BRANDS__BIG_CO__HANDLES": "[]",
            "TACTFUL__SOURCES__MY_FEED__TOKEN": "12345",
            "TACTFUL__NETWORK__TIMEOUT_SECONDS": "2.5",
        },
    )
    assert loaded.languages == ("ar", "uk")
    assert loaded.brands["big-co"].name == "3000"
    assert loaded.sources["My-Feed"]["token"] == "12345"  # a secret of digits stays a text
    assert loaded.network.timeout_seconds == 2.5


def test_dollar_signs_in_env_files_are_kept(working_folder: Path) -> None:
    (working_folder / ".env").write_text("TACTFUL__AUDIT__KEY=a$HOME${PATH}b\n", encoding="utf-8")
    key = settings("").audit.key
    assert key is not None
    assert key.get_secret_value() == "a$HOME${PATH}b"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        settings("").console.port = 1


def test_a_table_of_an_adapter_is_explained_by_its_name() -> None:
    class Feed(Section):
        url: str

    with pytest.raises(ValidationError) as caught:
        Feed.model_validate({"uri": "x"})
    assert explain(caught.value, "tactful.toml", "sources.feed") == (
        'tactful.toml: the setting "sources.feed.url" is missing'
    )


def test_every_setting_is_in_the_example() -> None:
    example = (Path(__file__).resolve().parents[3] / "tactful.example.toml").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        if name in ("sample", "file"):
            continue
        assert name in example
        kind = field.annotation
        for key in kind.model_fields if isinstance(kind, type) and issubclass(kind, Section) else ():
            written = (key.upper(), f"{key} =", f"[{name}.{key}.")
            assert any(form in example for form in written), f"{name}.{key}"


def test_the_example_holds_the_defaults() -> None:
    example = Path(__file__).resolve().parents[3] / "tactful.example.toml"
    loaded = load(Process.TOOL, file=example, environ={})
    changed = {name for name in Settings.model_fields if getattr(loaded, name) != getattr(Settings(), name)}
    assert changed == {"brands", "file"}


def test_links_lead_to_the_console_unless_another_address_is_set() -> None:
    assert settings("[console]\nport = 9000").console_url == "http://127.0.0.1:9000"
    assert settings('[alerts]\nconsole_url = "https://t.example"').console_url == "https://t.example"


HUB = "[model.hub.sentiment]\nname = 'owner/model'\n"


def test_a_model_of_the_hub_is_a_choice_with_defaults() -> None:
    labels = "labels = { LABEL_0 = 'negative', LABEL_1 = 'positive', mixed = 'none' }\n"
    (chosen,) = settings(HUB + f"revision = '{'0' * 40}'\n" + labels).model.hub.choices
    assert (chosen.head, chosen.name, chosen.revision) == ("sentiment", "owner/model", "0" * 40)
    assert chosen.labels.labels == {"LABEL_0": "negative", "LABEL_1": "positive", "mixed": "none"}
    assert (chosen.sure, chosen.languages) == (0.7, {"ru", "uk", "ar", "en"})
    assert settings("").model.hub.choices == ()


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        (HUB, 'the setting "model.hub.sentiment.labels" is missing'),
        (
            HUB + "labels = { A = 'good', B = 'negative' }",
            '"model.hub.sentiment" cannot be used: "A" cannot mean "good"',
        ),
        (HUB + "labels = { A = 'positive' }", "it must lead to at least two labels of sentiment"),
        (HUB + "labels = {}", '"model.hub.sentiment.labels" cannot be used'),
        (HUB + "labels = { A = 'negative', B = 'positive' }\nsure = 70", '"model.hub.sentiment.sure" cannot be used'),
        (HUB + "labels = { A = 'negative', B = 'positive' }\nlanguages = ['English']", "is not a language code"),
        ("[model.hub.urgency]\nname = 'a/b'\nlabels = {}", 'unknown setting "model.hub.urgency"'),
    ],
)
def test_a_model_of_the_hub_that_cannot_work_is_one_sentence(toml: str, says: str) -> None:
    message = refusal(toml)
    assert says in message
    assert "\n" not in message
