"""The page on which people screen, over real sockets. All records are made up."""

from __future__ import annotations

import http.client
import re
import threading
import time
from urllib.parse import urlencode

import lxml.html
import pytest
import screened
from made_up import KNEE
from screened import read_table, record, said, world

from livingreview.surveillance import ordering
from livingreview.surveillance.abstracts import Texts
from livingreview.surveillance.desk import Desk
from livingreview.surveillance.ordering import View
from livingreview.surveillance.record import Record
from livingreview.surveillance.screenpage import COOKIE, LANGUAGE, PAGE, Server

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browser:
    """What a browser without scripts does, on one server."""

    def __init__(self, server: Server, name: str = ""):
        self.server = server
        self.cookie = f"{COOKIE}={name}" if name else ""

    def ask(self, method: str, path: str, fields=None, **headers):
        """Status, headers and text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=30)
        sent = {"Cookie": self.cookie} if self.cookie else {}
        body = None if fields is None else urlencode(fields)
        connection.request(method, path, body,
                           sent | (FORM if body is not None else {}) | headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if cookie := answer.headers.get("Set-Cookie"):
            self.cookie = cookie.partition(";")[0]
        connection.close()
        return answer.status, answer.headers, text

    def get(self, path: str = "/"):
        """A page as a tree."""
        return lxml.html.fromstring(self.ask("GET", path)[2])

    def press(self, page, words: str, **changed):
        """Send the form whose button has these words; the page that one comes to, or the answer."""
        button, = [b for b in page.iter("button") if words in b.text_content()]
        form = next(button.iterancestors("form"))
        fields = dict(form.fields) | changed
        if button.get("name"):
            fields[button.get("name")] = button.get("value")
        fields = {k: v for k, v in fields.items() if v is not None}
        status, headers, text = self.ask("POST", form.get("action"), fields)
        if status == 303:
            return self.get(headers["Location"])
        return status, lxml.html.fromstring(text)


@pytest.fixture
def serve():
    """Start servers of made-up folders; they end with the test."""
    servers = []

    def start(desk, **more) -> Server:
        server = Server(desk, 0, **more)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _text(page) -> str:
    return " ".join(page.text_content().split())


def _form(page, action: str = "/decide"):
    """The form of a page that does something."""
    return next(form for form in page.forms if form.action.endswith(action))


def _decisions(made):
    return [(r["record_id"], r["reviewer"], r["decision"], r["reason"])
            for r in read_table(made.folder / "screening.csv")]


def test_a_name_is_asked_once_and_remembered(tmp_path, serve):
    browser = Browser(serve(screened.desk(world(tmp_path), 1)))
    page = browser.get()
    assert "Who screens?" in _text(page)
    status, wrong = browser.press(page, "Begin", name="consensus")
    assert status == 400 and "give your own" in _text(wrong)
    page = browser.press(page, "Begin", name="Zoë O'Hara")
    assert "Zoë O'Hara" in _text(page) and "Who screens?" not in _text(browser.get())


def test_who_is_done_is_told_what_waits_elsewhere(tmp_path, serve):
    made = world(tmp_path, 1)
    record(made, "r2", registrations="NCT00000002", kind="registration", first_author="")
    desk = screened.desk(made)
    for stage in ("title-abstract", "full-text"):
        desk.screening.decide(*(said("r1", who, "include", stage=stage) for who in ("Anna", "Ben")))
    desk.screening.decide(said("r2", "Ben", "include"))
    browser = Browser(serve(desk), "Anna")
    page = browser.press(browser.get(), "no results")
    text = _text(page)
    assert "Kept: exclude: no results, NCT00000002 2026" in text
    assert "What waits elsewhere: disagreements to settle together: 1" in text
    page = browser.get("/disagreements?stage=full-text")
    assert "title and abstract: 1 to settle" in _text(page)
    page = browser.get("/?stage=full-text")
    assert "1 of those that are included is not in the data yet" in _text(page)
    assert page.findtext(".//code").strip().endswith("screen template r1 --out OUT")


def test_a_record_is_shown_with_what_helps_to_decide(tmp_path, serve):
    made = world(tmp_path, 2)
    record(made, "r7", title="<b>A title</b> & markup", registrations="NCT00000001",
           match=f"{KNEE}:doe-2020", match_kind="registration")
    page = Browser(serve(screened.desk(made, 7)), "Anna").get("/?record=r7")
    text = _text(page)
    for part in ("<b>A title</b> & markup", "Author7 (first author) · 2026 · A made-up journal",
                 "Made-up abstract 7", "New report of study Doe 2020: A made-up trial of cells",
                 "Randomized Controlled Trial", "of 3 left", "0 of 3 done", "PubMed",
                 "because of NCT00000001"):
        assert part in text, part
    links = {a.get("href") for a in page.iter("a")}
    assert {"https://doi.org/10.5555/made.7", "https://pubmed.ncbi.nlm.nih.gov/7/",
            "https://clinicaltrials.gov/study/NCT00000001"} <= links


def test_an_abstract_that_is_not_there_is_a_state(tmp_path, serve):
    nothing = Texts({"pubmed:1": Record("pubmed", "1")})
    browser = Browser(serve(Desk(screened.screening(world(tmp_path, 2)), lambda: nothing)), "Anna")
    assert "No abstract: the source gives none." in _text(browser.get("/?record=r1"))
    assert "not in the raw store" in _text(browser.get("/?record=r2"))


def test_decisions_by_plain_forms_become_rows_and_are_taken_back(tmp_path, serve):
    made = world(tmp_path, 3)
    browser = Browser(serve(screened.desk(made)), "Anna")
    page = browser.press(browser.get(), "Include")
    assert "Kept: include, Author1 2026" in _text(page) and "1 of 3 done" in _text(page)
    page = browser.press(page, "a laboratory study")
    page = browser.press(page, "Unsure")
    assert _decisions(made) == [("r1", "Anna", "include", ""), ("r2", "Anna", "exclude",
                                "laboratory"), ("r3", "Anna", "unsure", "")]
    assert "Nothing is left to decide" in _text(page)
    page = browser.press(page, "Take back")
    assert "Report 3" in _text(page) and len(_decisions(made)) == 2
    page = browser.press(browser.get("/?record=r1"), "retracted")
    assert _decisions(made)[-1] == ("r1", "Anna", "exclude", "retracted")
    assert "exclude: retracted" in _text(browser.get("/decided"))
    rows = read_table(made.folder / "screening.csv")
    assert rows[0]["rank"] == "1" and rows[0]["model"]


@pytest.mark.parametrize("fields, expected", [
    ({"record": "r9"}, "expected a record of records.csv"),
    ({"decision": "exclude:dull"}, "expected one of no-msc"),
    ({"decision": "exclude"}, "an exclusion needs a reason"),
    ({"decision": ""}, "expected one of include, exclude, unsure"),
    ({"before": "include"}, "has decided nothing of it meanwhile"),
])
def test_a_wrong_form_is_refused_with_why(tmp_path, serve, fields, expected):
    made = world(tmp_path, 2)
    browser = Browser(serve(screened.desk(made)), "Anna")
    form = dict(_form(browser.get()).fields) | {"decision": "include"} | fields
    status, _, text = browser.ask("POST", "/decide", form)
    assert status == 409 and expected in _text(lxml.html.fromstring(text))
    assert 'role="alert"' in text and not _decisions(made)


def test_two_tabs_of_one_person_do_not_decide_twice(tmp_path, serve):
    made = world(tmp_path, 2)
    browser = Browser(serve(screened.desk(made)), "Anna")
    page = browser.get()
    browser.press(page, "Include")
    status, refused = browser.press(page, "Unsure")
    assert status == 409 and "decided include of it meanwhile" in _text(refused)
    assert _decisions(made) == [("r1", "Anna", "include", "")]


def test_another_page_of_the_browser_can_neither_post_nor_read(tmp_path, serve):
    made = world(tmp_path, 2)
    server = serve(screened.desk(made))
    browser = Browser(server, "Anna")
    form = {"record": "r1", "decision": "include", "before": ""}
    good = form | {"token": server.token}
    for fields, headers in (
            (form, {}), (form | {"token": "x"}, {}), (good, {"Origin": "https://example.org"}),
            (good, {"Origin": "null"}), (good, {"Host": "example.org"}),
            (good, {"Host": f"rebound.example:{server.server_port}"})):
        status, _, _ = browser.ask("POST", "/decide", fields, **headers)
        assert status == 403, (fields, headers)
    status, _, text = browser.ask("GET", "/", Host="example.org")
    assert status == 403 and server.token not in text
    assert not _decisions(made)
    assert browser.ask("POST", "/decide", good, Origin=server.address)[0] == 303
    assert _decisions(made)


def test_forms_and_pages_that_there_are_not(tmp_path, serve):
    server = serve(screened.desk(world(tmp_path, 1)))
    browser = Browser(server, "Anna")
    for path in ("/nothing", "/page", "/../screening.py", "/page.css/../base.html", "/?record=r9"):
        status, _, text = browser.ask("GET", path)
        assert status == 404 and "Traceback" not in text, path
    assert browser.ask("GET", "/?stage=twice")[0] == 400
    assert browser.ask("GET", "/?indication=elbow")[0] == 400
    assert browser.ask("POST", "/nothing", {"token": server.token})[0] == 404
    assert browser.ask("POST", "/decide", {"x": "y" * 70_000})[0] == 413
    assert browser.ask("HEAD", "/")[2] == ""


def test_pages_run_and_load_their_own_files_alone(tmp_path, serve):
    server = serve(screened.desk(world(tmp_path, 1)))
    for path in ("/", "/decided", "/duplicates", "/disagreements", "/name", "/nothing"):
        _, headers, text = Browser(server, "Anna").ask("GET", path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        page = lxml.html.fromstring(text)
        assert not page.xpath("//style | //@style | //script[not(@src)]")
        assert not [a for a in page.xpath("//@*") if a.attrname.startswith("on")]
    assert not re.search(r"\|\s*safe|autoescape", "".join(
        p.read_text(encoding="utf-8") for p in PAGE.glob("*.html")))


def test_two_people_differ_and_settle_it(tmp_path, serve):
    made = world(tmp_path, 2)
    server = serve(screened.desk(made))
    anna, ben = Browser(server, "Anna"), Browser(server, "Ben")
    anna.press(anna.get("/?record=r1"), "Include")
    anna.press(anna.get("/?record=r2"), "Include")
    page = ben.get("/?record=r1")
    assert "Anna" not in _text(page)  # he decides by himself
    ben.press(page, "no results")
    ben.press(ben.get("/?record=r2"), "Include")
    page = anna.get("/disagreements")
    assert "Anna: include" in _text(page) and "Ben: exclude: no results" in _text(page)
    assert "Cohen 1960" in _text(page)
    page = anna.press(page, "no original study")
    assert "Settled: exclude: no original study" in _text(page)
    assert _decisions(made)[-1] == ("r1", "consensus", "exclude", "not-original")
    full = ben.get("/?stage=full-text")
    assert "Report 2" in _text(full) and "1 of 1 left" in _text(full)


def test_pairs_are_judged(tmp_path, serve):
    made = world(tmp_path, 3)
    made.add("duplicates", record_id="r1", other_record_id="r3", score=97, rule="title")
    browser = Browser(serve(screened.desk(made, 1, 3)), "Anna")
    page = browser.get("/duplicates")
    assert "Report 1" in _text(page) and "Made-up abstract 3" in _text(page)
    page = browser.press(page, "the same report")
    assert "No pair waits" in _text(page) and "of 2 left" in _text(browser.get())
    page = browser.press(page, "Take back")
    assert "Report 1" in _text(page) and "of 3 left" in _text(browser.get())


@pytest.mark.parametrize("words", ["different", "another report of the same study"])
def test_two_reports_are_asked_about_once_however_many_records_they_have(tmp_path, serve, words):
    made = world(tmp_path, 2)
    same = {c: made.rows["records"][1][c] for c in ("title", "doi", "pmid", "first_author")}
    record(made, "r3", **same, cluster="r2")
    for other, score in (("r2", 97), ("r3", 99)):
        made.add("duplicates", record_id="r1", other_record_id=other, score=score, rule="title")
    browser = Browser(serve(screened.desk(made, 1, 2)), "Anna")
    page = browser.get("/duplicates")
    assert "1 left" in _text(page) and "alike to 99" in _text(page)
    page = browser.press(page, words)
    assert "No pair waits" in _text(page)
    assert [r["decision"] for r in read_table(made.folder / "duplicates.csv")].count("") == 1
    assert "1 left" in _text(browser.press(page, "Take back"))


def test_nothing_to_screen_is_a_page_that_says_why(tmp_path, serve):
    made = world(tmp_path, 0)
    browser = Browser(serve(screened.desk(made)), "Anna")
    assert "Nothing new" in _text(browser.get())
    assert "two people have included" in _text(browser.get("/?stage=full-text"))
    made.rows["searches"].clear()
    made.write()
    page = _text(browser.get())
    assert "Never searched" in page and "python -m livingreview search" in page


def test_data_that_somebody_breaks_meanwhile_are_named(tmp_path, serve):
    made = world(tmp_path, 1)
    browser = Browser(serve(screened.desk(made)), "Anna")
    (made.folder / "screening.csv").write_text("record_id\nzz\n", encoding="utf-8")
    status, _, text = browser.ask("GET", "/")
    assert status == 409 and "screening.csv" in text and "Traceback" not in text


def test_the_stopping_rule_is_of_first_searches_of_one_indication(tmp_path, serve):
    first = serve(screened.desk(world(tmp_path / "first", 4, None)))
    later = serve(screened.desk(world(tmp_path / "later", 4)))
    said_there = "is enough read?"
    page = _text(Browser(first, "Anna").get(f"/?indication={KNEE}"))
    assert said_there in page and "recall is below 95%" in page and "confidence 95%" in page
    assert said_there not in _text(Browser(first, "Anna").get("/?indication="))
    assert said_there not in _text(Browser(later, "Anna").get(f"/?indication={KNEE}"))


def test_the_order_is_learned_and_says_why(tmp_path, serve):
    made = world(tmp_path, 0)
    for i in range(1, 9):
        record(made, f"r{i}", title=("Marrow concentrate for knees" if i in (1, 8)
                                     else "Exosomes of rodents in dishes") + f", item {i}")
    browser = Browser(serve(screened.desk(made)), "Anna")
    browser.press(browser.get("/?record=r1"), "Include")
    browser.press(browser.get("/?record=r2"), "a laboratory study")
    page = browser.get("/")
    assert "item 8" in _text(page) and "learned from what is decided" in _text(page)
    assert {m.text_content() for m in page.iter("mark")} & {"marrow", "concentrate", "knees",
                                                            "marrow concentrate"}
    browser.press(page, "Include")
    row = read_table(made.folder / "screening.csv")[-1]
    assert row["rank"] == "1" and "linear-svc" in row["model"]


def test_a_name_of_the_command_is_everybodys(tmp_path, serve):
    made = world(tmp_path, 1)
    browser = Browser(serve(screened.desk(made), reviewer="Anna"), "Somebody")
    page = browser.get()
    assert "Anna" in _text(page) and browser.ask("GET", "/name")[0] == 404
    browser.press(page, "Include")
    assert _decisions(made) == [("r1", "Anna", "include", "")]


@pytest.mark.parametrize("header, tag", [
    ("", "en"), ("fr,de;q=0.8", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
    ("fr,zh-TW;q=0.7", "zh-Hans"), ("en-GB,zh;q=0.5", "en")])
def test_the_page_is_in_the_language_that_the_browser_reads(tmp_path, serve, header, tag):
    browser = Browser(serve(screened.desk(world(tmp_path, 1), 1)), "Anna")
    text = browser.ask("GET", "/", **({"Accept-Language": header} if header else {}))[2]
    assert lxml.html.fromstring(text).get("lang") == tag


def test_whoever_chooses_a_language_screens_in_it(tmp_path, serve):
    made = world(tmp_path, 2)
    browser = Browser(serve(screened.desk(made, 1, 2)), "Anna")
    chosen = browser.press(browser.get("/decided"), "简体中文")
    assert chosen.get("lang") == "zh-Hans" and browser.cookie == f"{LANGUAGE}=zh"
    browser.cookie += f"; {COOKIE}=Anna"
    page = browser.get("/?stage=title-abstract")
    assert page.get("lang") == "zh-Hans" and "您的决定" in _text(page)
    page = browser.press(page, "体外研究")
    assert "已保存：排除：体外研究" in _text(page)
    assert _decisions(made) == [("r1", "Anna", "exclude", "laboratory")]
    browser.cookie = f"{COOKIE}=Anna; {LANGUAGE}=klingon"
    assert browser.get().get("lang") == "en"


@pytest.mark.parametrize("path", ["/", "/?stage=full-text", "/decided", "/disagreements",
                                  "/duplicates", "/name", "/nothing"])
def test_no_word_of_the_page_is_english_in_chinese(tmp_path, serve, path):
    made = world(tmp_path, 3, None)
    made.add("duplicates", record_id="r1", other_record_id="r3", score=97, rule="title at page")
    desk = screened.desk(made, 1, 3)
    desk.screening.decide(said("r2", "Anna", "include"), said("r2", "Ben", "exclude", "no-msc"))
    browser = Browser(serve(desk))
    browser.cookie = f"{COOKIE}=Anna; {LANGUAGE}=zh"
    page = browser.get(path)
    for apart in page.xpath("//*[@lang='en'] | //code | //mark | //*[@class='title'] | //title | "
                            "//*[@class='abstract'] | //*[@class='by'] | //*[@class='chips'] | "
                            "//*[@class='facts']/dd | //kbd | //tbody//a"):
        apart.clear(keep_tail=True)
    names = {"English", "DOI", "PubMed", "PMID", "Anna", "Ben", "Author", "Cohen", "CI", "Fleiss",
             "Everitt", "Callaghan", "Müller-Hansen", "doi"}
    found = set(re.findall(r"[A-Za-zü-]{2,}", re.sub(r"doi:\S+|Author\d+", "", _text(page))))
    assert not found - names


def test_browsers_at_once_lose_no_decision(tmp_path, serve):
    made = world(tmp_path, 6)
    server = serve(screened.desk(made))
    found = []

    def work(name):
        browser = Browser(server, name)
        for i in range(1, 7):
            found.append(browser.ask("POST", "/decide", {
                "token": server.token, "record": f"r{i}", "decision": "include",
                "before": ""})[0])

    people = [threading.Thread(target=work, args=(name,)) for name in ("Anna", "Ben", "Cleo")]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert found == [303] * 18 and len(set(_decisions(made))) == 18


def test_what_two_others_decided_is_not_said_to_be_ones_own(tmp_path, serve):
    made = world(tmp_path, 2)
    desk = screened.desk(made)
    desk.screening.decide(said("r1", "Ben", "include"), said("r1", "Cleo", "include"))
    server = serve(desk)
    assert "decided already, not by you" in _text(Browser(server, "Anna").get("/?record=r1"))
    assert "You have decided this one" in _text(Browser(server, "Ben").get("/?record=r1"))


def test_decisions_of_the_other_are_not_in_a_page(tmp_path, serve):
    made = world(tmp_path, 2)
    desk = screened.desk(made)
    desk.screening.decide(said("r1", "Ben", "exclude", "retracted"))
    page = Browser(serve(desk), "Anna").get("/?record=r1")
    assert "Ben" not in _text(page) and "1 of 2" in _text(page)


def test_abstracts_of_a_search_that_ends_meanwhile_are_shown(tmp_path, serve):
    made = world(tmp_path, 0)
    stored = {}
    browser = Browser(serve(Desk(screened.screening(made), lambda: Texts(dict(stored)))), "Anna")
    assert "Nothing new" in _text(browser.get())
    stored["pubmed:1"] = Record("pubmed", "1", abstract="Made up meanwhile.")
    made.rows["searches"][0]["date_run"] = "2026-02-02"
    record(made, "r1").write()
    assert "Made up meanwhile." in _text(browser.get())


def test_the_order_of_many_is_made_anew_beside_what_is_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(ordering, "_FEW", 1)
    monkeypatch.setattr(ordering, "_STEP", 2)
    desk, view = screened.desk(world(tmp_path, 6)), View("Anna")
    for word in ("include", "exclude:no-msc"):
        page = desk.record(view)
        assert not page["placed"].learned
        desk.decide(view, page["shown"].report.record_id, word, "")
    desk.record(view)  # begins what it does not wait for
    until = time.monotonic() + 60
    while not (page := desk.record(view))["placed"].learned and time.monotonic() < until:
        time.sleep(0.05)
    assert page["placed"].learned and page["left"] == 4
    gone = desk.screening.undo("Anna")["record_id"]
    assert gone in {p.report.record_id for p in desk.order.of(
        desk.screening.data(), view, desk.texts)}
