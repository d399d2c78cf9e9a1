"""Walks docs/tour.md in a shell: its blocks run as they are written, and every request must end with the status that the page shows.
`tests/e2e/tour.rs` compares the whole output, on the local cloud."""

import pathlib
import re
import shlex
import subprocess
import tempfile

from service import Failed
from target import ROOT

# From here on, the page is about the local cloud's own commands.
END = "## Watch"
STATUS = re.compile(r"(?:^ ?|\} )(\d{3})$")

PRELUDE = """
# `cargo -q local token` asks this test's issuer.
cargo() {{ shift 3; {token} "$@"; }}
# Effects take longer than on a quiet machine.
sleep() {{ command sleep $(( $1 * {sleep} )); }}
# The page shows headers as HTTP/1.1 writes them.
curl() {{ command curl --http1.1 "$@"; }}
"""


def blocks(page):
    text, found, _ = page.partition(END)
    if not found:
        raise Failed(f"the tour has no section `{END}`")
    return re.findall(r"^```(sh|text)\n(.*?)^```$", text, re.S | re.M)


def statuses(lines):
    return [match[1] for match in map(STATUS.search, lines.splitlines()) if match]


def walk(service):
    """Every block of the tour, up to the local cloud's commands."""
    target = service.target
    expected = []
    with tempfile.TemporaryDirectory() as folder:
        token = shlex.join(map(str, target.token_command(folder)))
        script = [PRELUDE.format(token=token, sleep=15 if target.is_aws else 5)]
        for kind, text in blocks((ROOT / "docs/tour.md").read_text()):
            if kind == "sh":
                script.append(re.sub(r"^API=.*$", f"API={target.api}", text, flags=re.M))
            else:
                expected += statuses(text)
        file = pathlib.Path(folder, "tour.sh")
        file.write_text("\n".join(script))
        done = subprocess.run(["bash", file], capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        raise Failed(f"the tour ended with {done.returncode}: {done.stderr[-1000:]}")
    found = statuses(done.stdout)
    if found != expected:
        raise Failed(f"statuses {found}, not {expected}:\n{done.stdout[-4000:]}\n{done.stderr[-1000:]}")
