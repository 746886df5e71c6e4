"""Settings: `tactful.toml`, the environment and a secrets folder, read once into one frozen, typed object.

Order, the later wins: the file, `.env` beside it, `secrets/` beside it (one file a value, named like the variable), the
environment. A variable is `TACTFUL__SECTION__KEY`. Unknown keys are refused by name. A secret is never written in the
file, prints `***`, and reaches only the process that needs it: source secrets the monitor, door secrets the publisher,
neither the console.
"""

import difflib
import os
from collections.abc import Mapping, MutableMapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from classifiers.hub import SURE, HubChoice
from classifiers.label_map import Head, LabelMap
from classifiers.language import TRAINED
from monitor.config_layers import (
    CONFIG_VARIABLE,
    PREFIX,
    Layers,
    SettingsError,
    dotenv,
    has_password,
    is_secret,
    secrets_folder,
)

__all__ = ["PREFIX", "Process", "Section", "Settings", "SettingsError", "explain", "is_secret", "load"]

DEFAULT_FILE: Final = Path("tactful.toml")
SAMPLE_FILE: Final = Path(__file__).parent / "sample" / "tactful.toml"


class Process(StrEnum):
    """The three processes and their three sets of rights; `TOOL` is a command that needs no secret."""

    MONITOR = "monitor"
    CONSOLE = "console"
    PUBLISHER = "publisher"
    TOOL = "tool"


class Section(BaseModel):
    """A table of settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Brand(Section):
    """One brand to listen for: `[brands.<key>]`."""

    name: str = Field(min_length=1)
    query: str = ""  # empty: the name and its spellings
    exclude: tuple[str, ...] = ()  # phrases of look-alikes
    spellings: tuple[str, ...] = ()  # other ways people write it; transliterations are found without
    domains: tuple[str, ...] = ()  # where our links may point
    handles: tuple[str, ...] = ()  # our own accounts, so that our posts are not mentions
    channel: str = "DM"  # what the private way to us is called in templates
    timezone: str = "UTC"  # where the brand's clock stands: "tomorrow by 18:00" in a reply is read there

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            msg = f'"{name}" is no time zone such as Europe/Kyiv'
            raise ValueError(msg) from error
        return name


class DatabaseSettings(Section):
    """Where rows are kept."""

    url: str = Field(default="sqlite:///var/tactful.db", repr=False)  # may hold a password


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
    console_url: str | None = None  # where links in alerts lead; None: where the console listens on this machine


class ReplySettings(Section):
    """How replies are checked and sent."""

    policy: Path | None = None  # None: the shipped policy
    templates: Path | None = None  # None: the sample templates
    faq: Path | None = None  # None: the sample brand's answers, and none for other brands
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


def _known_languages(codes: tuple[str, ...]) -> tuple[str, ...]:
    for code in codes:
        if not (len(code) == 2 and code.isascii() and code.islower()):  # noqa: PLR2004 - ISO 639-1 has two letters
            msg = f'"{code}" is not a language code such as ru, uk, ar or en'
            raise ValueError(msg)
    return codes


LanguageCodes = Annotated[tuple[str, ...], AfterValidator(_known_languages)]


class HubHeadSettings(Section):
    """A text classifier of the Hugging Face hub that answers one head: `[model.hub.<head>]`, extra `hub`."""

    name: str = Field(min_length=1)  # on the hub, or a folder
    revision: str = ""  # the commit, or the folder's checksum; without one the model is not used, and doctor says why
    labels: Mapping[str, str] = Field(min_length=1)  # the model's own labels, each with ours that it means
    sure: float = Field(default=SURE, gt=0, le=1)
    languages: LanguageCodes = TRAINED  # texts in others keep our own answer


class HubSettings(Section):
    """Which heads another model answers; each label map leads to labels of ours."""

    sentiment: HubHeadSettings | None = None
    toxicity: HubHeadSettings | None = None
    intent: HubHeadSettings | None = None

    @property
    def choices(self) -> tuple[HubChoice, ...]:
        """The models that were chosen."""
        chosen = {Head.SENTIMENT: self.sentiment, Head.TOXICITY: self.toxicity, Head.INTENT: self.intent}
        return tuple(
            HubChoice(
                name=own.name,
                revision=own.revision,
                labels=LabelMap.of(head, own.labels),
                languages=frozenset(own.languages),
                sure=own.sure,
            )
            for head, own in chosen.items()
            if own is not None
        )

    @field_validator("sentiment", "toxicity", "intent")
    @classmethod
    def _labels_are_ours(cls, own: HubHeadSettings | None, info: ValidationInfo) -> HubHeadSettings | None:
        if own is not None:
            LabelMap.of(Head(str(info.field_name)), own.labels)
        return own


class ModelSettings(Section):
    """Which weights judge; None is the shipped model."""

    folder: Path | None = None
    hub: HubSettings = HubSettings()


class AuditSettings(Section):
    """The key of the audit chain; without one, a key file is made beside the database at the first start."""

    key: SecretStr | None = None
    key_file: Path = Path("var/audit.key")


class Settings(Section):
    """Everything a process may know. `sources` and `doors` are checked by the adapter of their `kind`."""

    languages: LanguageCodes = ("ru", "uk", "ar", "en")
    brands: Mapping[str, Brand] = Field(default_factory=dict)
    sources: Mapping[str, Mapping[str, object]] = Field(default_factory=dict, repr=False)  # may hold secrets
    doors: Mapping[str, Mapping[str, object]] = Field(default_factory=dict, repr=False)
    database: DatabaseSettings = DatabaseSettings()
    sla: Sla = Sla()
    alerts: AlertSettings = AlertSettings()
    replies: ReplySettings = ReplySettings()
    network: NetworkSettings = NetworkSettings()
    console: ConsoleSettings = ConsoleSettings()
    model: ModelSettings = ModelSettings()
    audit: AuditSettings = AuditSettings()
    # Set by `load`, never by a file:
    sample: bool = False  # no settings file was found, so the sample brand is shown
    file: Path = DEFAULT_FILE  # where relative paths of sources start, beside which secrets are kept

    @property
    def console_url(self) -> str:
        """Where people reach the console."""
        return self.alerts.console_url or f"http://{self.console.address}:{self.console.port}"

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
    layers = Layers(chosen)
    # The sample's own folder is part of the program: secrets are looked for where a settings file would be.
    beside = DEFAULT_FILE.parent if chosen == SAMPLE_FILE else chosen.parent
    layers.lay(dotenv(beside), f"{beside / '.env'}, {{name}}")
    layers.lay(secrets_folder(beside), f"{beside / 'secrets'}/{{name}}")
    layers.lay(environ, "the environment variable {name}")
    _forget_others(layers.tree, environ, process)
    for ours in ("sample", "file"):
        if ours in layers.tree:
            raise SettingsError(_unknown(layers.origin((ours,)), (ours,)))
    try:
        return Settings.model_validate({**layers.tree, "sample": chosen == SAMPLE_FILE, "file": chosen})
    except ValidationError as error:
        location = tuple(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise SettingsError(explain(error, layers.origin(location))) from error


def explain(error: ValidationError, place: Path | str, prefix: str = "") -> str:
    """The first fault of a validation as one sentence that names the place and the key; never shows the value."""
    fault = error.errors(include_input=False, include_url=False)[0]
    path = (*([prefix] if prefix else []), *(str(part) for part in fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return _unknown(place, path)
    key = ".".join(path)
    if fault["type"] == "missing":
        return f'{place}: the setting "{key}" is missing'
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] in ("tuple_type", "list_type"):
        message = 'it must be a list, such as ["a", "b"]'
    elif fault["type"] in ("model_type", "mapping_type", "dict_type"):
        message = f"it must be a table, [{key}], not a value"
    return f'{place}: the setting "{key}" cannot be used: {message[0].lower()}{message[1:]}'


def _unknown(place: Path | str, path: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(path[-1], _keys_below(path[:-1]), n=1)
    hint = f"did you mean {near[0]}?" if near else "see tactful.example.toml for the settings there are"
    return f'{place}: unknown setting "{".".join(path)}"; {hint}'


def _keys_below(path: tuple[str, ...]) -> list[str]:
    """The keys that a table of ours may have; none where an adapter knows them."""
    if path[:1] == ("brands",):
        return list(Brand.model_fields)
    if not path:
        return [name for name in Settings.model_fields if name not in ("sample", "file")]
    section = Settings.model_fields.get(path[0])
    kind = section.annotation if section is not None else None
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, Section) else []


def _chosen_file(file: Path | None, environ: Mapping[str, str]) -> Path:
    named = file or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if named is not None:
        return named
    return DEFAULT_FILE if DEFAULT_FILE.exists() else SAMPLE_FILE


OWNERS: Final = {"sources": Process.MONITOR, "alerts": Process.MONITOR, "doors": Process.PUBLISHER}
"""Whose the secrets of a section are; those of any other section are for every process."""


def _may_know(section: str, process: Process) -> bool:
    return OWNERS.get(section, process) == process


def _forget_others(tree: dict[str, object], environ: MutableMapping[str, str], process: Process) -> None:
    """Remove what `process` may not know from the settings and from its environment."""
    for name in [name for name in environ if name.startswith(PREFIX)]:
        section, *path = name[len(PREFIX) :].lower().split("__")
        if path and not _may_know(section, process) and (is_secret(path[-1]) or has_password(environ[name])):
            del environ[name]
    for section, below in tree.items():
        if not _may_know(section, process):
            _drop_secrets(below)


def _drop_secrets(value: object) -> None:
    if not isinstance(value, dict):
        return
    for key in list(value):
        if not isinstance(value[key], dict) and (is_secret(key) or has_password(value[key])):
            del value[key]
        else:
            _drop_secrets(value[key])
