"""What is installed: the package list, the declared dependencies and the wheel."""

import ast
import configparser
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def setup_cfg() -> configparser.RawConfigParser:
    """The parsed setup.cfg."""
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def package_dirs() -> dict[str, Path]:
    """The mapped folders by the package each holds; the empty name is the source root."""
    lines = setup_cfg()["options"]["package_dir"].split("\n")
    pairs = [line.split("=") for line in lines if line]
    return {name.strip(): ROOT / folder.strip() for name, folder in pairs}


def packages_on_disk() -> Iterator[str]:
    """Every folder below the mapped ones that holds an __init__.py, as a package name."""
    for name, folder in package_dirs().items():
        for init in folder.rglob("__init__.py"):
            below = init.parent.relative_to(folder).parts
            yield ".".join((name, *below) if name else below)


def test_package_list_equals_the_folders() -> None:
    """setup.cfg lists every package there is, and no other."""
    listed = setup_cfg()["options"]["packages"].split()

    assert sorted(listed) == sorted(packages_on_disk())


def test_code_lives_in_packages() -> None:
    """Every folder of the source root that holds modules is a package, so none is left out."""
    modules = (ROOT / "model" / "ratification").rglob("*.py")
    bare = {path.parent for path in modules if not path.with_name("__init__.py").exists()}

    assert bare == set()


@pytest.mark.parametrize("folder", ["data", "reports"])
def test_mapped_folders_hold_no_code(folder: str) -> None:
    """data/ and reports/ hold one __init__.py with a docstring and no other Python."""
    python = [path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder).rglob("*.py")]
    body = ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8")).body

    assert python == ["__init__.py"]
    assert len(body) == 1
    assert ast.get_docstring(ast.Module(body=body, type_ignores=[])) is not None


def imported_packages() -> dict[str, str]:
    """Top-level packages that ratification imports, each with one module that does."""
    found = {}
    for path in sorted((ROOT / "model" / "ratification").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names = [node.module]
            for name in names:
                found[name.split(".")[0]] = path.relative_to(ROOT).as_posix()
    return found


def canonical(name: str) -> str:
    """A distribution's name in one spelling."""
    return name.lower().replace("_", "-")


def test_every_import_is_declared() -> None:
    """What the code imports is in install_requires, so that a clean install can run it.

    What only notebooks need is in the extra of that name.
    """
    lines = setup_cfg()["options"]["install_requires"].split("\n")
    lines += setup_cfg()["options.extras_require"]["notebooks"].split("\n")
    declared = {canonical(re.split(r"[\[<>=!~; ]", line)[0]) for line in lines}
    providers = metadata.packages_distributions()
    undeclared = {
        name: module
        for name, module in imported_packages().items()
        if name not in sys.stdlib_module_names | {"ratification"}
        and not declared & {canonical(provider) for provider in providers.get(name, [name])}
    }

    assert undeclared == {}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all files of a wheel built from a copy of the tree."""
    # A copy, since a build writes into the tree and packs what an earlier build left there.
    tree = tmp_path_factory.mktemp("tree")
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, tree)
    leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info", "out")
    for folder in package_dirs().values():
        shutil.copytree(folder, tree / folder.name, ignore=leftovers)

    # Without isolation: a test needs no network. The dev extra brings setuptools.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    built = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr

    [wheel] = (tree / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def visible_files(folder: Path) -> Iterator[str]:
    """Files below a folder, relative to it, without hidden files and byte code."""
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in relative.parts)
        if path.is_file() and not hidden:
            yield relative.as_posix()


@pytest.mark.slow
def test_wheel_carries_the_cases(wheel_names: set[str]) -> None:
    """The wheel holds every file of every shipped case."""
    shipped = {f"ratification/data/{name}" for name in visible_files(ROOT / "data")}

    assert shipped - wheel_names == set()


@pytest.mark.slow
def test_wheel_carries_the_report_templates(wheel_names: set[str]) -> None:
    """The wheel holds every template and style, and none of the reports made from them."""
    files = [name for name in visible_files(ROOT / "reports") if not name.startswith("out/")]
    shipped = {f"ratification/reports/{name}" for name in files}

    assert shipped - wheel_names == set()
    assert not any("/out/" in name for name in wheel_names)


@pytest.mark.slow
def test_wheel_carries_the_code_and_the_licence(wheel_names: set[str]) -> None:
    """The wheel holds every module, the licence, and no tests, notebooks or documents."""
    package = ROOT / "model" / "ratification"
    modules = {f"ratification/{name}" for name in visible_files(package) if name.endswith(".py")}
    tops = {re.split("[-/]", name)[0] for name in wheel_names}

    assert modules - wheel_names == set()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_names)
    assert tops == {"ratification"}
