"""Code that a run was made with and that does not come with this program: given again by its user, or refused."""

from hashlib import sha256
from pathlib import Path

from darkhar_cli import plugins
from darkhar_cli.config import own_parts
from darkhar_cli.errors import BadRequest
from darkhar_cli.runs.run_folder import Run


def refuse_lost_parts(run: Run) -> None:
    """Refuse a run whose own parts are not given: code that a run folder names is not run by itself.

    Raises:
        BadRequest: names the files.
    """
    given = plugins.files()
    hashes = {sha256(file.read_bytes()).hexdigest()[:16] for file in given}
    code = {name: mark for name, mark in run.facts().get("code", {}).items() if Path(name).is_absolute()}
    lost = [name for name, mark in code.items() if Path(name) not in given and mark not in hashes]
    if lost:
        raise BadRequest(
            f"{run.folder} was made with parts of {', '.join(lost)}, which a run folder does not run by itself; "
            f"if you trust them give {own_parts.word_of(lost)}, or the same files from another place"
        )
