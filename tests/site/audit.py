"""Scores of Lighthouse for four pages of the built site, and axe-core on every page.

Its exit code is 1 where a score is below the least one or axe-core finds anything.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from multiprocessing import Process, Queue
from pathlib import Path

import accessible
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Error, sync_playwright

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


def _digests(names: list[str]) -> dict[str, str]:
    """What each page is, with the styles and scripts of the site."""
    static = hashlib.sha256(accessible.AXE.encode())
    for file in sorted((HTML / "_static").rglob("*")):
        if file.suffix in (".css", ".js"):
            static.update(file.read_bytes())
    return {name: hashlib.sha256(static.digest() + (HTML / name).read_bytes()).hexdigest()
            for name in names}


def _swept(names: list[str], told) -> None:
    """Look at pages one after the other; each is told with its faults when it is done."""
    address = served(HTML)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"],
                                              args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page()
        page.set_default_timeout(300_000)
        for name in names:
            try:
                found = list(accessible.all_faults(page, address, name))
            except Error as error:
                found = [f"{name} could not be looked at: {error.message.splitlines()[0]}"]
            told.put((name, found))
        chromium.close()


def sweep() -> bool:
    """Look at every page with axe-core; whether it finds nothing.

    Those of which a few have all parts come first. A page that had no fault is not looked at again
    until it, or the styles or scripts of the site, change.
    """
    few = accessible.sample(HTML)
    names = [*few, *sorted(set(accessible.pages(HTML)) - set(few))]
    is_now, clean, begun, faults = _digests(names), WORK / "clean.txt", time.monotonic(), []
    was = set(clean.read_text().split()) if clean.is_file() else set()
    left = [name for name in names if is_now[name] not in was]
    print(f"axe-core: {len(names)} pages, {len(left)} of them to look at", flush=True)
    WORK.mkdir(parents=True, exist_ok=True)
    told, workers = Queue(), os.cpu_count() or 1
    processes = [Process(target=_swept, args=(left[i::workers], told), daemon=True)
                 for i in range(workers)]
    for one in processes:
        one.start()
    with clean.open("a") as done:
        for number in range(1, len(left) + 1):
            name, found = told.get()
            if not found:
                print(is_now[name], file=done, flush=True)
            faults += found
            print(f"{number}/{len(left)} {time.monotonic() - begun:.0f} s {name}", *found,
                  sep="\n  ", flush=True)
    for one in processes:
        one.join()
    print(f"axe-core: {len(names)} pages, {len(faults)} faults")
    return not faults


def main() -> int:
    """Audit the built site; what is named after the command is done alone."""
    parts = {"lighthouse": lambda: lighthouse(served(HTML)), "axe": sweep}
    return 0 if all([parts[name]() for name in sys.argv[1:] or parts]) else 1


if __name__ == "__main__":
    sys.exit(main())
