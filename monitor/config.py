"""Settings: `tactful.toml`, the environment and a secrets folder, read once into one frozen, typed object.

Order, the later wins: the file, `.env`, `secrets/` (one file a value, named like the variable), the environment.
A variable is `TACTFUL__SECTION__KEY`. Unknown keys are refused by name. A secret is never written in the file, prints
`***`, and reaches only the process that needs it: source secrets the monitor, door secrets the publisher, neither
the console.
"""

import os
import tomllib
from collections.abc import Mapping, MutableMapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

PREFIX: Final = "TACTFUL__"
DEFAULT_FILE: Final = Path("tactful.toml")
SAMPLE_FILE: Final = Path(__file__).parent / "sample" / "tactful.toml"


class SettingsError(Exception):
    """A setting cannot be used: one sentence that names the file or key and the remedy."""


class Process(StrEnum):
    """The three processes and their three sets of rights; `TOOL` is a command that needs no secret."""

    MONITOR = "monitor"
    CONSOLE = "console"
    PUBLISHER = "publisher"
    TOOL = "tool"


class Section(BaseModel):
    """A table of settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Brand(Section):
    """One brand to listen for: `[brands.<key>]`."""

    name: str = Field(min_length=1)
    query: str = ""  # empty: the name and its spellings
    exclude: tuple[str, ...] = ()  # phrases of look-alikes
    spellings: tuple[str, ...] = ()  # other ways people write it; transliterations are found without
    domains: tuple[str, ...] = ()  # where our links may point
    handles: tuple[str, ...] = ()  # our own accounts, so that our posts are not mentions
    channel: str = "DM"  # what the private way to us is called in templates


class DatabaseSettings(Section):
    """Where rows are kept."""

    url: str = "sqlite:///var/tactful.db"


class Sla(Section):
    """Minutes until a first reply is due, from the mention's own time.

    Defaults start from published expectations (docs/replies.md): 12 minutes was the second-best first reply seen, 24
    hours what a good brand always keeps for e-mail.
    """

    urgent_minutes: int = Field(default=12, ge=1)
    personal_minutes: int = Field(default=120, ge=1)
    flow_minutes: int = Field(default=60, ge=1)
    quiet_minutes: int = Field(default=24 * 60, ge=1)  # praise, chatter: nobody is waiting


class AlertSettings(Section):
    """What Slack hears of, and where Slack is."""

    channel: Literal["console", "slack"] = "console"
    slack_webhook: SecretStr | None = None  # the incoming webhook's address is its password
    slack_base_url: str = "https://hooks.slack.com"  # the only host that a webhook may point at
    severity_at_least: float = Field(default=60.0, ge=0, le=100)
    max_age_hours: int = Field(default=48, ge=1)  # an import of old posts must not wake anyone
    console_url: str = "http://127.0.0.1:8501"


class ReplySettings(Section):
    """How replies are checked and sent."""

    policy: Path | None = None  # None: the shipped policy
    templates: Path | None = None  # None: the sample templates
    default_door: str = "dry_run"
    approval_hours: int = Field(default=24, ge=1)
    daily_cap: int = Field(default=200, ge=0)


class NetworkSettings(Section):
    """Limits on what we fetch."""

    timeout_seconds: float = Field(default=15.0, gt=0, le=300)
    max_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    allow_private: tuple[str, ...] = ()  # hosts in private networks that may be fetched
    user_agent: str = "Tactful/0.1 (reputation monitor)"


class ConsoleSettings(Section):
    """Where the console listens."""

    address: str = "127.0.0.1"
    port: int = Field(default=8501, ge=1, le=65535)
    login_hours: int = Field(default=12, ge=1, le=24 * 30)


class ModelSettings(Section):
    """Which weights judge; None is the shipped model."""

    folder: Path | None = None


class AuditSettings(Section):
    """The key of the audit chain; without one, a key file is made beside the database at the first start."""

    key: SecretStr | None = None
    key_file: Path = Path("var/audit.key")


def _known_languages(codes: tuple[str, ...]) -> tuple[str, ...]:
    for code in codes:
        if not (len(code) == 2 and code.isascii() and code.islower()):  # noqa: PLR2004 - ISO 639-1 has two letters
            msg = f'"{code}" is not a language code such as ru, uk, ar or en'
            raise ValueError(msg)
    return codes


class Settings(Section):
    """Everything a process may know. `sources` and `doors` are checked by the adapter of their `kind`."""

    languages: Annotated[tuple[str, ...], AfterValidator(_known_languages)] = ("ru", "uk", "ar", "en")
    brands: Mapping[str, Brand] = Field(default_factory=dict)
    sources: Mapping[str, Mapping[str, object]] = Field(default_factory=dict)
    doors: Mapping[str, Mapping[str, object]] = Field(default_factory=dict)
    database: DatabaseSettings = DatabaseSettings()
    sla: Sla = Sla()
    alerts: AlertSettings = AlertSettings()
    replies: ReplySettings = ReplySettings()
    network: NetworkSettings = NetworkSettings()
    console: ConsoleSettings = ConsoleSettings()
    model: ModelSettings = ModelSettings()
    audit: AuditSettings = AuditSettings()
    sample: bool = False  # set when no settings file was found: the sample brand is shown

    @property
    def allowed_domains(self) -> tuple[str, ...]:
        """Every domain that a link in a reply may point at."""
        return tuple(sorted({domain for brand in self.brands.values() for domain in brand.domains}))


def load(
    process: Process,
    *,
    file: Path | None = None,
    environ: MutableMapping[str, str] | None = None,
) -> Settings:
    """Read every setting that `process` may know.

    `file` None means `tactful.toml` in the working folder or, where there is none, the sample brand. Variables that
    `process` may not know are removed from `environ` (the process's own by default), so that nothing in it can
    reach them later. Raises SettingsError.
    """
    environ = os.environ if environ is None else environ
    chosen = _chosen_file(file, environ)
    tree = _read_toml(chosen)
    _refuse_secrets(tree, chosen)
    for source in (_dotenv(chosen.parent), _secrets_folder(chosen.parent), environ):
        for name in sorted(source):
            if name.startswith(PREFIX) and name != f"{PREFIX}CONFIG":
                _put(tree, name, source[name])
    _keep_rights(tree, process)
    for name in [name for name in environ if name.startswith(PREFIX) and not _may_know(name, process)]:
        del environ[name]
    try:
        return Settings.model_validate({**tree, "sample": chosen == SAMPLE_FILE})
    except ValidationError as error:
        raise SettingsError(explain(error, chosen)) from error


def explain(error: ValidationError, file: Path | str, prefix: str = "") -> str:
    """The first fault of a validation as one sentence that names the key; never shows the value."""
    fault = error.errors(include_input=False, include_url=False)[0]
    key = ".".join([*([prefix] if prefix else []), *(str(part) for part in fault["loc"])])
    if fault["type"] == "extra_forbidden":
        return f'{file}: unknown setting "{key}"; see tactful.example.toml for the settings there are'
    if fault["type"] == "missing":
        return f'{file}: the setting "{key}" is missing'
    return f'{file}: the setting "{key}" cannot be used: {fault["msg"][0].lower()}{fault["msg"][1:]}'


def _chosen_file(file: Path | None, environ: Mapping[str, str]) -> Path:
    named = file or (Path(environ[f"{PREFIX}CONFIG"]) if environ.get(f"{PREFIX}CONFIG") else None)
    if named is not None:
        return named
    return DEFAULT_FILE if DEFAULT_FILE.exists() else SAMPLE_FILE


def _read_toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        msg = f"{file}: there is no such settings file; copy tactful.example.toml to it"
        raise SettingsError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{file}: the settings file is not UTF-8; save it as UTF-8"
        raise SettingsError(msg) from error
    except OSError as error:
        msg = f"{file}: the settings file cannot be read: {error.strerror}"
        raise SettingsError(msg) from error
    except tomllib.TOMLDecodeError as error:
        msg = f"{file}: the settings file is not TOML: {error}"
        raise SettingsError(msg) from error


SECRET_WORDS: Final = ("secret", "password", "token", "webhook", "api_key", "private_key", "bearer")


def is_secret(key: str) -> bool:
    """Whether a key's name says that its value is a secret (sources and doors name their own keys)."""
    return any(word in key for word in SECRET_WORDS) or key == "key"


def _refuse_secrets(tree: Mapping[str, object], file: Path, path: tuple[str, ...] = ()) -> None:
    for key, value in tree.items():
        here = (*path, key)
        if isinstance(value, Mapping):
            _refuse_secrets(value, file, here)
        elif is_secret(key):
            variable = PREFIX + "__".join(part.upper() for part in here)
            msg = f'{file}: "{".".join(here)}" is a secret; keep it out of the file and set {variable} instead'
            raise SettingsError(msg)


def _dotenv(folder: Path) -> Mapping[str, str]:
    return {name: value for name, value in dotenv_values(folder / ".env").items() if value is not None}


def _secrets_folder(folder: Path) -> Mapping[str, str]:
    directory = folder / "secrets"
    if not directory.is_dir():
        return {}
    files = (path for path in directory.iterdir() if path.is_file() and path.name.upper().startswith(PREFIX))
    return {path.name.upper(): path.read_text(encoding="utf-8").strip() for path in files}


def _put(tree: dict[str, object], name: str, value: str) -> None:
    """Set the value that a variable names, making tables on the way; TOML syntax is read where it is some."""
    *tables, key = name[len(PREFIX) :].lower().split("__")
    if not all((*tables, key)):
        msg = f"the variable {name} names no setting; write {PREFIX}SECTION__KEY"
        raise SettingsError(msg)
    if (tables and tables[0] not in Settings.model_fields) or (not tables and key not in Settings.model_fields):
        msg = f'the variable {name} names an unknown setting "{".".join((*tables, key))}"; see tactful.example.toml'
        raise SettingsError(msg)
    here = tree
    for table in tables:
        there = here.setdefault(table, {})
        if not isinstance(there, dict):
            msg = f'the variable {name} goes below "{table}", which is a value and not a table'
            raise SettingsError(msg)
        here = there
    here[key] = value if is_secret(key) else _value(value)


def _value(text: str) -> object:
    """A list, number or boolean in TOML syntax; anything else is the text itself."""
    try:
        value: object = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, list | bool | int | float) else text


def _may_know(name: str, process: Process) -> bool:
    """Whether a process may know a variable; only secrets of sources, doors and alerts are kept from some."""
    *tables, key = name[len(PREFIX) :].lower().split("__")
    if not is_secret(key) or not tables:
        return True
    owner = {"sources": Process.MONITOR, "alerts": Process.MONITOR, "doors": Process.PUBLISHER}.get(tables[0])
    return owner is None or owner == process


def _keep_rights(tree: dict[str, object], process: Process) -> None:
    for name, section in tree.items():
        tables = section.values() if name in ("sources", "doors") and isinstance(section, dict) else (section,)
        for table in tables:
            if not isinstance(table, dict):
                continue
            for key in [key for key in table if not _may_know(f"{PREFIX}{name}__{key}", process)]:
                del table[key]
