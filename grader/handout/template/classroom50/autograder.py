"""Grades the app in the student's checkout, which is the current folder. Written by `grade ci classroom50`.

Classroom 50 runs this once for each submission, and takes ./result.json. It ends with 0 when the app was graded,
whatever its points are; anything else is a failure of the grading itself.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KATA = "@KATA@"
PLACES = ("@FOLDER@/@ENTRY@", "@ENTRY@")
BUNDLE = Path(os.environ.get("CLASSROOM50_BUNDLE_DIR") or Path(__file__).resolve().parent)


def submitted_at() -> str:
    """When the submission was made: the same at each regrade."""
    command = ["git", "log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%cd"]
    done = subprocess.run(command, env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True)
    return done.stdout.strip()


def install(folder: Path) -> None:
    """The grader and the katas, with the libraries that they were tried with."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
    wheels = sorted(map(str, BUNDLE.glob("*.whl")))
    subprocess.run([*pip, "--constraint", str(BUNDLE / "constraints.txt"), *wheels], check=True)


def allow_the_strongest_jail() -> None:
    """Ubuntu 24.04 forbids user namespaces, of which it is made. Where this fails, the app gets tier C."""
    if shutil.which("sudo"):
        setting = "kernel.apparmor_restrict_unprivileged_userns=0"
        subprocess.run(["sudo", "-n", "sysctl", "-w", setting], capture_output=True)


def main() -> int:
    app = next((place for place in PLACES if Path(place).exists()), PLACES[0])
    allow_the_strongest_jail()
    with tempfile.TemporaryDirectory(prefix="stream-katas-") as folder:
        library = Path(folder) / "site-packages"  # the jail lets an app read a folder of libraries by this name
        install(library)
        environment = {**os.environ, "PYTHONPATH": str(library)}
        environment.setdefault("SUBMITTED_AT", submitted_at())
        if not environment.get("REVIEW_URL"):  # there is none before a first pull request
            environment["REVIEW_URL"] = environment.get("COMMIT_URL", "")
        command = [sys.executable, "-P", "-m", "grader", KATA, "--submission", "--feedback", "@FEEDBACK@", "--app", app]
        done = subprocess.run([*command, "--to", "classroom50:result.json", "--color", "never"], env=environment)
    return 0 if done.returncode == 1 else done.returncode


if __name__ == "__main__":
    sys.exit(main())
