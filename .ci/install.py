"""Builds `.venv` from the locked requirements; runs on the bare system Python, so standard library only.

Usage: install.py REQUIREMENTS_FILE. Does nothing when that file is installed already. A build that was interrupted
starts over; of two builds at once the second waits for the first.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

# For later ones the locked WordLlama has not been compiled.
if not (3, 11) <= sys.version_info < (3, 14):
    sys.exit(
        f"MemoryOS needs Python 3.11 to 3.13, and this is {sys.version.split()[0]}: install one of those, or name one "
        "with `make ... PYTHON=/path/to/python3.13`."
    )

import fcntl
import venv

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / ".unfinished"


def main() -> None:
    """Install the requirements file named on the command line."""
    requirements = ROOT / sys.argv[1]
    with open(ROOT / ".venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = fingerprint(requirements)
        stamp = VENV / f".installed-{requirements.stem}"
        if stamp.exists() and stamp.read_text() == wanted and PYTHON.exists() and not UNFINISHED.exists():
            return
        print(f"Installing {requirements.name} into .venv (once; about a minute) ...", flush=True)
        build(requirements)
        stamp.write_text(wanted)


def fingerprint(requirements: Path) -> str:
    """Return what the installed state depends on: the locked versions and this Python."""
    content = requirements.read_bytes() + sys.version.encode() + sys.base_prefix.encode()
    return hashlib.sha256(content).hexdigest()


def build(requirements: Path) -> None:
    """Make or update `.venv`; the marker file stays behind when this is interrupted."""
    usable = PYTHON.exists() and not UNFINISHED.exists() and same_python()
    if not usable:
        try:
            venv.create(VENV, clear=True, with_pip=True, symlinks=True)
        except subprocess.CalledProcessError:
            sys.exit(
                "Python cannot make a virtual environment here: install its venv module "
                "(on Debian and Ubuntu `apt-get install python3-venv`) and try again."
            )
    UNFINISHED.touch()
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The lock names everything. Left to resolve, an older pip takes the newest release of whatever has an extra.
    command += ["--no-deps", "--require-hashes", "--requirement", str(requirements)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        sys.exit("The libraries could not be installed; the reason is above. Run the same command to try again.")
    # Once here instead of at the first start, which people wait for.
    subprocess.run([str(PYTHON), "-m", "compileall", "-q", "chat", "memory", "memoryos_site"], cwd=ROOT, check=False)
    UNFINISHED.unlink()


def same_python() -> bool:
    """Tell whether `.venv` belongs to the Python that runs this."""
    asked = subprocess.run(
        [str(PYTHON), "-c", "import sys; print(sys.version, sys.base_prefix, sys.prefix)"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() == f"{sys.version} {sys.base_prefix} {VENV}"


if __name__ == "__main__":
    main()
