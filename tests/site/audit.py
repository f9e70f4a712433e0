"""Scores of Lighthouse for four pages of the built site, and axe-core on every page.

Its exit code is 1 where a score is below the least one or axe-core finds anything.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import accessible
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
HTML, WORK = ROOT / "_build" / "html", ROOT / "_build" / "audit"
LIGHTHOUSE = WORK / "node_modules" / "lighthouse" / "cli" / "index.js"
PAGES = ("book/index.html", "notebooks/knee-osteoarthritis/index.html",
         "trials/sadri-2023.html", "notebooks/claims-ledger.html")
LEAST = {"accessibility": 100, "best-practices": 95, "seo": 100, "performance": 95}
MOBILE = {**LEAST, "performance": 90}  # a slow telephone on a slow net
RUNS = 3  # of which the middle score counts
FLAGS = "--headless=new --no-sandbox --disable-gpu"


class _Host(http.server.SimpleHTTPRequestHandler):
    """A host as sites of files have it: it compresses text and keeps connections."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args) -> None:
        """Say nothing of every request."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        body, kind = path.read_bytes(), self.guess_type(str(path))
        packed = kind.startswith(("text/", "application/j", "image/svg"))
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if packed else kind)
        if packed:
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def served(html: Path) -> str:
    """Address of a folder, served on this machine only as long as the process runs."""
    handler = functools.partial(_Host, directory=str(html))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def scores(address: str, *options: str) -> tuple[dict[str, int], dict[str, list[str]]]:
    """The scores of a page, and what costs points in each category."""
    node = compute_driver_executable()[0]  # the Node that Playwright brings along
    done = subprocess.run(
        [node, str(LIGHTHOUSE), address, "--output=json", "--quiet", f"--chrome-flags={FLAGS}",
         f"--only-categories={','.join(LEAST)}", *options], capture_output=True, text=True,
        check=True, env={**os.environ, "CHROME_PATH": os.environ["CHROMIUM"]})
    report = json.loads(done.stdout)
    found, lost = {}, {}
    for name, category in report["categories"].items():
        found[name] = round(100 * category["score"])
        audits = (report["audits"][ref["id"]] for ref in category["auditRefs"] if ref["weight"])
        lost[name] = [f"{a['id']} {a.get('displayValue', '')}".strip() for a in audits
                      if a["score"] is not None and a["score"] < 0.9]
    return found, lost


def lighthouse(address: str) -> bool:
    """Print the scores of the pages; whether all are high enough."""
    good = True
    print("page", "device", *LEAST, sep="\t")
    for name in PAGES:
        for device, least, options in (("desktop", LEAST, ["--preset=desktop"]),
                                       ("mobile", MOBILE, [])):
            runs = [scores(f"{address}/{name}", *options) for _ in range(RUNS)]
            middle = {key: statistics.median_low(found[key] for found, _ in runs) for key in LEAST}
            print(name, device, *middle.values(), sep="\t", flush=True)
            for key in LEAST:
                if middle[key] < least[key]:
                    good = False
                    print(f"  {key} is below {least[key]}: {'; '.join(runs[-1][1][key])}")
    return good


def _swept(names: list[str]) -> list[str]:
    address = served(HTML)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"],
                                              args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page()
        found = [fault for name in names for fault in
                 accessible.faults(page, address, name, whole=True)]
        chromium.close()
    return found


def sweep() -> bool:
    """Look at every page with axe-core; whether it finds nothing."""
    names, begun = accessible.pages(HTML), time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        parts = [names[i::40] for i in range(40)]
        faults = [fault for found in processes.map(_swept, parts) for fault in found]
    print(f"axe-core: {len(names)} pages, {len(faults)} faults, "
          f"{time.monotonic() - begun:.0f} s", *faults, sep="\n")
    return not faults


def main() -> int:
    """Audit the built site; what is named after the command is done alone."""
    parts = {"lighthouse": lambda: lighthouse(served(HTML)), "axe": sweep}
    return 0 if all([parts[name]() for name in sys.argv[1:] or parts]) else 1


if __name__ == "__main__":
    sys.exit(main())
