"""Private names of other libraries stand in adapters alone, whose tests say what an upgrade broke."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADAPTERS = {
    "darkhar_cli/augment/keras_cv_adapter.py",
    "darkhar_cli/config/hydra_adapter.py",
    "darkhar_cli/data/tfds_adapter.py",
    "darkhar_cli/device.py",
    "darkhar_cli/export/tf2onnx_adapter.py",
    "darkhar_cli/extractors/network/litert_adapter.py",
    "darkhar_cli/launch/search/optuna_adapter.py",
}
PUBLIC = {"os._exit"}  # documented, whatever its name
OURS = ("darkhar_cli", "darkhar_datasets", "tests", "__future__")


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def foreign_imports(node: ast.AST) -> list[str]:
    """Return what a statement imports of other libraries' private modules and names."""
    if isinstance(node, ast.Import):
        names = [one.name for one in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [f"{node.module}.{one.name}" for one in node.names]
    else:
        return []
    foreign = [name for name in names if name.split(".")[0] not in OURS]
    return [name for name in foreign if "tensorflow.python" in name or any(map(private, name.split(".")))]


def foreign_attributes(tree: ast.Module) -> set[str]:
    """Return private attributes of what is not `self` or a class, that no code of the same file defines."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    own |= {node.target.id for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and hasattr(node.target, "id")}
    own |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and of_itself(node)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and private(node.attr)]
    return {ast.unparse(node) for node in found if not of_itself(node) and node.attr not in own}


def of_itself(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def uses(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    imported = {name for node in ast.walk(tree) for name in foreign_imports(node)}
    return (imported | foreign_attributes(tree)) - PUBLIC


def test_private_names_of_other_libraries_stand_in_adapters_alone():
    files = [path for folder in ("darkhar_cli", "datasets") for path in (ROOT / folder).rglob("*.py")]
    found = {str(path.relative_to(ROOT)): names for path in files if (names := uses(path))}
    assert {file: names for file, names in found.items() if file not in ADAPTERS} == {}


def test_private_modules_are_imported_by_no_test():
    files = [path for path in (ROOT / "tests").rglob("*.py") if "adapter" not in path.name]
    statements = [(path, node) for path in files for node in ast.walk(ast.parse(path.read_text()))]
    assert {str(path.relative_to(ROOT)): names for path, node in statements if (names := foreign_imports(node))} == {}
