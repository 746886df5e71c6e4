"""What the product has, the documents name: every source, door, setting, command and reply risk."""

import argparse
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from classifiers.types import Category
from monitor.collectors import registry as sources
from monitor.config import HubHeadSettings, Settings
from responders.publishers import registry as doors

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOT_FOR_THE_FILE = {"sample", "file"}  # set by the program itself


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [kind.name for kind in sources.kinds()])
def test_every_source_is_documented_with_its_settings_and_secrets(kind: str) -> None:
    text = page("docs/sources.md")
    module = importlib.import_module(f"monitor.collectors.{sources.SOURCE_KINDS[kind].module}")
    assert f"`{kind}`" in text
    missing = [name for name in module.SETTINGS.model_fields if name not in text.casefold()]
    assert not missing, f"docs/sources.md does not name {missing} of {kind}"


@pytest.mark.parametrize("kind", list(doors.DOOR_KINDS))
def test_every_door_is_documented_with_its_settings_and_secrets(kind: str) -> None:
    text = page("docs/replies.md")
    module = importlib.import_module(f"responders.publishers.{doors.DOOR_KINDS[kind].module}")
    assert f"`{kind}`" in text
    missing = [name for name in module.SETTINGS.model_fields if name not in text.casefold()]
    assert not missing, f"docs/replies.md does not name {missing} of {kind}"


def settings(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if not path and name in NOT_FOR_THE_FILE:
            continue
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings(kind, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(settings(Settings)), ids=".".join)
def test_every_setting_is_in_the_example(path: tuple[str, ...]) -> None:
    text = page("tactful.example.toml")
    section = text if len(path) == 1 else text[text.index(f"[{path[0]}]") :]
    table = re.escape(".".join(path))
    written = rf"^#? ?{path[-1]} = |^\[{path[-1]}[.\]]|^# \[{path[-1]}\.|^# \[{table}\]|__{path[-1].upper()}"
    assert re.search(written, section, re.MULTILINE), f"tactful.example.toml does not show {'.'.join(path)}"


@pytest.mark.parametrize("field", HubHeadSettings.model_fields)
def test_every_setting_of_a_model_of_the_hub_is_documented(field: str) -> None:
    example = page("tactful.example.toml")
    assert re.search(rf"^# {field} = ", example[example.index("[model.hub.sentiment]") :], re.MULTILINE)
    assert f"`{field}`" in page("docs/operations.md")


def test_the_example_is_toml_and_has_no_unknown_setting() -> None:
    tree = tomllib.loads(page("tactful.example.toml"))
    Settings.model_validate(tree)


@pytest.mark.parametrize("category", [category.value for category in Category])
def test_every_risk_is_defined(category: str) -> None:
    assert re.search(rf"[`*]{category}[`*]|^\| {category} ", page("docs/reply-check.md"), re.MULTILINE)


def commands(name: str) -> list[str]:
    parser = importlib.import_module(f"{name}.__main__").parser()
    found = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return list(found.choices)


@pytest.mark.parametrize("package", ["classifiers", "monitor", "responders"])
def test_every_command_is_documented(package: str) -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in PAGES)
    missing = [name for name in commands(package) if not re.search(rf"{package}\b[^\n]*\b{name}\b", text)]
    assert not missing, f"neither README.md nor docs/ name python -m {package} {missing}"


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(file: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", file.read_text(encoding="utf-8"))
    broken = [link for link in links if not (file.parent / link).exists()]
    assert not broken, f"{file.name} links to what is not there: {broken}"


def test_the_readme_is_short() -> None:
    assert len(page("README.md").splitlines()) <= 150
