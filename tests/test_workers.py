"""Units of work give the same wherever they run, and survive a worker that dies."""

from __future__ import annotations

import gc
import json
import os
import shutil
import threading
from pathlib import Path

import pytest
import small_book
import units
from click.testing import CliRunner, Result
from made_up import KNEE, World

from livingreview.__main__ import main
from livingreview.data import reads
from livingreview.data.dataset import load
from livingreview.data.parcel import ChangedError, Parcel
from livingreview.review import dumps, review, whole
from livingreview.site import notebooks, workers
from livingreview.site.workers import Workers, WorkersError

pytestmark = [pytest.mark.usefixtures("nothing_kept"),
              pytest.mark.xdist_group("workers")]  # they share a cluster


@pytest.fixture(scope="module")
def cluster():
    """A dask cluster of two processes on this machine, of two threads each."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=2, processes=True, host="127.0.0.1",
                      protocol="tcp://", dashboard_address="127.0.0.1:0", silence_logs=50) as made:
        yield made.scheduler_address


@pytest.fixture(params=["processes", "cluster"])
def elsewhere(request) -> Workers:
    """Two processes beside this one."""
    if request.param == "processes":
        return Workers(jobs=2)
    return Workers(scheduler=request.getfixturevalue("cluster"))


def _world(folder: Path, shift: float = 0) -> World:
    world = World(folder)
    for i, name in enumerate(("one-2020", "two-2021", "three-2022", "four-2023")):
        world.trial(name).pair(name, 30 + 3.7 * i + shift, 41.3)
    return world.analysis().analysis(analysis_id="late", window_to=12).analysis(
        analysis_id="any", comparison="any")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return _world(tmp_path_factory.mktemp("world")).data()


def _results(data, there: Workers) -> str:
    return dumps(review(data, run=there.run, with_files=there.remote).document)


def test_results_are_the_same_wherever_they_are_computed(data, elsewhere, monkeypatch):
    monkeypatch.setattr(whole, "CHUNK", 1)  # a unit for each analysis
    here = _results(data, Workers(jobs=1))
    assert json.loads(here)["analyses"]["made-up"]["k"] == 4
    assert _results(data, elsewhere) == here


# --- workers that die -------------------------------------------------------------------------


def test_a_unit_whose_worker_dies_is_done_by_another(elsewhere, tmp_path):
    found = dict(elsewhere.run(units.dies_at_first, [(i, str(tmp_path)) for i in range(6)]))
    assert (tmp_path / "died").exists()
    assert {i: square for i, (square, _) in found.items()} == {i: i ** 2 for i in range(6)}
    assert os.getpid() not in {process for _, process in found.values()}


def test_a_unit_that_always_kills_its_worker_does_not_take_others_with_it(elsewhere):
    done = {}
    with pytest.raises(WorkersError, match="^1 unit of work could not be done"):
        for position, result in elsewhere.run(units.always_dies, [(i,) for i in range(4)]):
            done[position] = result
    assert done == {0: 0, 2: 2, 3: 3}


def test_a_result_is_not_kept_after_it_was_taken(elsewhere):
    taken = elsewhere.run(units.large, [(i,) for i in range(20)])
    assert sorted(next(taken)[0] for _ in range(20)) == list(range(20))
    gc.collect()
    assert len(units.Result.alive) <= 1  # the last one, with which the generator stands still
    taken.close()


def test_an_error_of_a_unit_is_raised_here(elsewhere):
    with pytest.raises(ArithmeticError, match="this unit is wrong"):
        list(elsewhere.run(units.raises, [(0,), (1,)]))


# --- clusters ---------------------------------------------------------------------------------


def test_a_cluster_that_is_not_there_is_an_error_of_one_line(monkeypatch):
    monkeypatch.setattr(workers, "WAIT", 1)
    with pytest.raises(WorkersError, match="^no dask scheduler answers at tcp://127.0.0.1:9$"):
        list(Workers(scheduler="tcp://127.0.0.1:9").run(units.raises, [(0,)]))


def test_a_cluster_without_workers_is_an_error(monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr(workers, "WAIT", 1)
    with (LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None) as empty,
          pytest.raises(WorkersError, match="has no worker$")):
        list(Workers(scheduler=empty.scheduler_address).run(units.raises, [(0,)]))


def test_workers_of_another_version_are_refused(cluster, monkeypatch):
    monkeypatch.setattr(workers, "identity", lambda: "livingreview 99")
    with pytest.raises(WorkersError, match=r"has livingreview .*; here is livingreview 99"):
        list(Workers(scheduler=cluster).run(units.raises, [(0,)]))


def _found(parcel: Parcel) -> tuple[str, int]:
    data = parcel.data()
    return str(data.folder), len(data.records("studies", KNEE))


def test_data_are_sent_where_their_folder_cannot_be_seen(data, cluster, tmp_path):
    gone = Path(shutil.copytree(data.folder, tmp_path / "gone"))
    parcel = Parcel.unread(gone, with_files=True)
    shutil.rmtree(gone)
    ((_, (folder, studies)),) = Workers(scheduler=cluster).run(_found, [(parcel,)])
    assert studies == len(data.records("studies", KNEE)) and folder != str(gone)
    assert not Path(folder).exists()  # nothing of it stays there


def test_data_that_changed_on_their_way_are_refused(tmp_path):
    sent = load(_world(tmp_path / "world").write())
    parcel = Parcel.of(sent)
    (sent.folder / KNEE / "arms.csv").write_text("")
    with pytest.raises(ChangedError):
        parcel.examined()


READER = '''---
kernelspec: {display_name: Python 3, language: python, name: python3}
---

```{code-cell} ipython3
import os
from livingreview.data.dataset import load
data = load()
print(len(data.records("studies", "knee-osteoarthritis")), os.environ["LIVINGREVIEW_STORE"])
```
'''


def test_notebooks_are_executed_where_the_data_cannot_be_seen(data, cluster, tmp_path):
    import nbformat

    gone = Path(shutil.copytree(data.folder, tmp_path / "gone"))
    parcel = Parcel.unread(gone, with_files=True)
    shutil.rmtree(gone)
    page = tmp_path / "page.md"
    text = nbformat.writes(notebooks.read(page, READER))
    unit = (str(page), text, parcel, str(tmp_path / "no-store"))
    ((_, done),) = Workers(scheduler=cluster).run(notebooks.execute, [unit])
    (cell,) = (c for c in nbformat.reads(done.text, 4).cells if c.cell_type == "code")
    assert "".join(o["text"] for o in cell.outputs) == "4 \n"
    assert f"{KNEE}/studies.csv" in done.reads


def test_a_book_built_on_a_cluster_is_the_same_to_the_byte(cluster, tmp_path, monkeypatch):
    sites = []
    for name, variable, value in (("here", workers.JOBS, "1"),
                                  ("there", workers.SCHEDULER, cluster)):
        book = small_book.make(tmp_path / name)
        monkeypatch.setenv(variable, value)
        assert small_book.build(book).count("executed") >= len(small_book.PAGES) - 1
        monkeypatch.delenv(variable)
        sites.append(small_book.site(book))
    assert sites[0] == sites[1] and "knee.html" in sites[0]


# --- reads ------------------------------------------------------------------------------------


def test_threads_collect_their_own_reads():
    both, found = threading.Barrier(2), {}

    def work(name: str) -> None:
        with reads.apart() as read:
            both.wait()
            reads.note(name)
            with reads.unnoted():
                both.wait()
                reads.note("not this")
        found[name] = read

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"one": {"one"}, "two": {"two"}}
    assert {"one", "two"} <= set(reads.seen()) and "not this" not in reads.seen()


# --- the command line -------------------------------------------------------------------------


def _run(*arguments, **env) -> Result:
    return CliRunner(env=env).invoke(main, list(map(str, arguments)))


@pytest.mark.parametrize("arguments", [
    ("--jobs", "0"), ("--jobs", "two"), ("--scheduler", "nonsense"),
    ("--scheduler", "tcp://host"), ("--scheduler", "http://127.0.0.1:8786"),
    ("--scheduler", "tcp://127.0.0.1:99999"), ("--jobs", "2", "--scheduler", "tcp://a:1")],
    ids=" ".join)
@pytest.mark.parametrize("command", ["results", "build"])
def test_wrong_values_are_refused(command, arguments):
    done = _run(command, *arguments)
    assert done.exit_code == 2


def test_wrong_variables_are_refused():
    assert _run("results", LIVINGREVIEW_JOBS="many").exit_code == 2
    with pytest.MonkeyPatch.context() as patch, pytest.raises(WorkersError):
        patch.setenv(workers.JOBS, "-1")
        Workers.chosen()


def test_many_data_folders_are_units(tmp_path, cluster):
    first, second, broken = (_world(tmp_path / name, shift).write()
                             for name, shift in (("first", 0), ("second", 5), ("broken", 0)))
    out = tmp_path / "out"
    done = _run("results", "--data", first, "--data", second, "--out", out, "--jobs", 2)
    assert done.exit_code == 0, done.stderr
    assert "2 to compute" in done.stdout
    for folder in (first, second):
        alone = tmp_path / "alone.json"
        assert _run("results", "--data", folder, "--out", alone).exit_code == 0
        assert (out / f"{folder.name}.json").read_bytes() == alone.read_bytes()

    # one is missing, one has errors, one is there
    (out / "first.json").unlink()
    (broken / KNEE / "arms.csv").write_text("nonsense\n")
    done = _run("results", "--data", first, "--data", second, "--data", broken, "--out", out,
                "--scheduler", cluster)
    assert done.exit_code == 1 and "2 to compute" in done.stdout
    assert f"{broken}: {KNEE}/arms.csv" in done.stderr
    assert (out / "first.json").is_file() and not (out / "broken.json").exists()


def test_data_folders_of_one_name_are_refused(tmp_path):
    folders = [_world(tmp_path / place / "same").write() for place in ("a", "b")]
    done = _run("results", "--data", folders[0], "--data", folders[1], "--out", tmp_path / "out")
    assert done.exit_code == 2 and "called same" in done.stderr


def test_a_scheduler_that_does_not_answer_ends_with_one_line(data, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "WAIT", 1)
    out = tmp_path / "results.json"
    done = _run("results", "--data", data.folder, "--out", out, "--scheduler",
                "tcp://127.0.0.1:9")
    assert done.exit_code == 1 and not out.exists()
    assert done.stderr.splitlines()[-1] == "no dask scheduler answers at tcp://127.0.0.1:9"
