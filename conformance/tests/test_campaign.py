"""Campaigns: workers that die, runs that are killed, and a merged report that depends on neither."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from kit_commands import BACKPROOF, ENVIRONMENT, SUBJECTS, run

from backproof.campaign.plan import FAMILIES, read_plan
from backproof.campaign.store import Store
from backproof.errors import UsageError

PLAN = """
subjects = ["numpy", "{subjects}:without_slope"]
families = ["drawn"]
seeds = {{first = 1, count = 3}}
dtypes = ["float64"]
shrink = 40
[drawn]
cases = 4
"""

FRAIL = """
import os
from pathlib import Path
from kit_subjects import right, train
from dataclasses import replace

HERE = Path(__file__).parent

def once(case):
    marker = HERE / "died"
    if not marker.exists():
        marker.write_text("")
        os._exit(7)
    return train(case)

def always(case):
    os._exit(7)

def slow(case):
    import time
    time.sleep(0.4)
    return train(case)

frail = replace(right, name="frail", run=once)
fatal = replace(right, name="fatal", run=always)
slow_net = replace(right, name="slow", run=slow)
"""


def plan(folder, text):
    path = folder / "plan.toml"
    path.write_text(text.format(subjects=SUBJECTS), encoding="utf-8")
    return path


def campaign(path, *words, **options):
    return run("campaign", str(path), *words, **options)


def report(folder):
    return (folder / "report.json").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """The campaign of PLAN, judged by this process alone."""
    folder = tmp_path_factory.mktemp("single")
    done = campaign(plan(folder, PLAN), "--jobs", "1", "--out", str(folder / "out"))
    return folder, done


def test_a_campaign_says_what_deviates_and_where_the_smallest_case_is(single):
    folder, done = single
    assert done.returncode == 1, done.stderr
    data = json.loads(report(folder / "out"))
    assert (data["verdict"], data["cells"], data["missing"]) == ("deviates", 6, 0)
    by_subject = {Path(entry["subject"]).name: entry["verdicts"] for entry in data["subjects"]}
    assert by_subject["numpy"] == {"conforms": 3}
    assert "deviates" in by_subject["kit_subjects.py:without_slope"]
    found = [deviation for cell in data["results"] for deviation in cell["deviations"]]
    assert {deviation["clause"] for deviation in found} >= {"E17"}
    least = next(deviation for deviation in found if deviation["clause"] == "E17")
    assert least["smallest"]["widths"] == [1, 1, 1]
    assert "campaign: deviates - 6 cells, 0 of them were on disk" in done.stdout


def test_a_reproduction_runs_by_itself_and_deviates(single):
    folder, _ = single
    data = json.loads(report(folder / "out"))
    names = [d["reproduction"] for cell in data["results"] for d in cell["deviations"] if d["clause"] == "E17"]
    program = folder / "out" / "reproductions" / names[0]
    done = subprocess.run([sys.executable, program], check=False, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 1
    assert "E17" in done.stdout
    right = program.read_text(encoding="utf-8").replace("without_slope", "right")
    program.with_name("right.py").write_text(right, encoding="utf-8")
    program.with_name("right.json").write_text(
        program.with_suffix(".json").read_text(encoding="utf-8"), encoding="utf-8"
    )
    done = subprocess.run([sys.executable, program.with_name("right.py")], check=False, env=ENVIRONMENT)
    assert done.returncode == 0


def test_several_workers_give_the_same_report_as_this_process_alone(single, tmp_path):
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    folder, _ = single
    done = campaign(folder / "plan.toml", "--jobs", "2", "--out", str(tmp_path / "out"))
    assert done.returncode == 1, done.stderr
    assert report(tmp_path / "out") == report(folder / "out")


def test_what_is_on_disk_is_not_judged_again(single, tmp_path):
    folder, _ = single
    out = tmp_path / "out"
    done = campaign(folder / "plan.toml", "--jobs", "1", "--out", str(out))
    first, times = report(out), {path: path.stat().st_mtime_ns for path in (out / "cells").iterdir()}
    lost, half, *_ = sorted(times)
    lost.unlink()
    half.write_text(half.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    done = campaign(folder / "plan.toml", "--jobs", "1", "--out", str(out))
    assert "6 cells, 4 of them were on disk" in done.stdout
    assert report(out) == first
    assert all(path.stat().st_mtime_ns == times[path] for path in times if path not in (lost, half))


def test_a_killed_worker_loses_nothing(tmp_path):
    """A subject ends its worker once: the cell is judged on another, and the report is that of a run without it."""
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    (tmp_path / "frail.py").write_text(FRAIL, encoding="utf-8")
    path = plan(tmp_path, PLAN.replace('"numpy", "{subjects}:without_slope"', '"frail.py:frail"'))
    done = campaign(path, "--jobs", "2", "--out", str(tmp_path / "two"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "died").exists()
    assert campaign(path, "--jobs", "1", "--out", str(tmp_path / "one")).returncode == 0
    assert report(tmp_path / "two") == report(tmp_path / "one")


@contextmanager
def cluster(folder, workers):
    """A scheduler of Dask and its workers, each a process of its own, without nannies: who dies stays dead."""
    file = folder / "scheduler.json"
    started = [_dask("scheduler", file, folder, "--host", "127.0.0.1", "--port", "0")]
    try:
        wait_until(file.exists)
        started += [_dask("worker", file, folder, "--no-nanny", "--nthreads", "1") for _ in range(workers)]
        yield json.loads(file.read_text(encoding="utf-8"))["address"], started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def _dask(role, file, folder, *words):
    command = [sys.executable, "-m", f"distributed.cli.dask_{role}", "--scheduler-file", str(file), "--no-dashboard"]
    return subprocess.Popen(
        [*command, *words], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def wait_until(condition):
    limit = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_a_scheduler_that_loses_a_worker_half_way_gives_the_report_of_this_process_alone(tmp_path):
    """SIGKILL from outside, in a cluster that the campaign did not start; the other worker finishes."""
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    (tmp_path / "frail.py").write_text(FRAIL, encoding="utf-8")
    text = PLAN.replace('"numpy", "{subjects}:without_slope"', '"frail.py:slow_net"').replace("count = 3", "count = 6")
    path, out = plan(tmp_path, text), tmp_path / "out"
    with cluster(tmp_path, workers=2) as (address, workers):
        command = [*BACKPROOF, "campaign", str(path), "--scheduler", address, "--out", str(out)]
        process = subprocess.Popen(
            command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            wait_until(lambda: list((out / "cells").glob("*.json")) or process.poll() is not None)
            assert process.poll() is None, process.stdout.read()
            workers[0].kill()
            workers[0].wait()
            assert len(list((out / "cells").glob("*.json"))) < 6  # so that it was half way
            told, _ = process.communicate(timeout=300)
        finally:
            process.kill()
    assert process.returncode == 0, told
    assert campaign(path, "--jobs", "1", "--out", str(tmp_path / "one")).returncode == 0
    assert report(out) == report(tmp_path / "one")


def test_a_subject_that_ends_every_worker_is_broken_and_the_others_are_judged(tmp_path):
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    (tmp_path / "frail.py").write_text(FRAIL, encoding="utf-8")
    text = PLAN.replace('"{subjects}:without_slope"', '"frail.py:fatal"').replace("count = 3", "count = 1")
    done = campaign(plan(tmp_path, text), "--jobs", "2", "--out", str(tmp_path / "out"))
    assert done.returncode == 3, done.stderr
    verdicts = {Path(cell["subject"]).name: cell["verdict"] for cell in json.loads(report(tmp_path / "out"))["results"]}
    assert verdicts == {"numpy": "conforms", "frail.py:fatal": "broken"}
    assert "it ended the worker that judged it" in done.stdout


def test_a_killed_run_goes_on_from_disk(tmp_path):
    """SIGKILL half way; the second run judges only what was not finished, and merges to the undisturbed report."""
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    (tmp_path / "frail.py").write_text(FRAIL, encoding="utf-8")
    text = PLAN.replace('"numpy", "{subjects}:without_slope"', '"frail.py:slow_net"').replace("count = 3", "count = 8")
    path, out = plan(tmp_path, text), tmp_path / "out"
    process = subprocess.Popen(
        [*BACKPROOF, "campaign", str(path), "--jobs", "2", "--out", str(out)],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: len(list((out / "cells").glob("*.json"))) >= 2 or process.poll() is not None)
    assert process.poll() is None, "it ended before it was killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = len(list((out / "cells").glob("*.json")))
    assert 2 <= finished < 8
    done = campaign(path, "--jobs", "2", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert f"8 cells, {finished} of them were on disk" in done.stdout
    assert campaign(path, "--jobs", "1", "--out", str(tmp_path / "one")).returncode == 0
    assert report(out) == report(tmp_path / "one")
    assert not list(out.rglob("*.part")) or finished  # a part that was never put in place is no cell


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("subjects = []", "subjects: [] should be non-empty"),
        ("subject = ['numpy']", "'subject' was unexpected"),
        ("families = ['drawn']", "'subjects' is a required property"),
        ("subjects = ['nunpy']", "no subject 'nunpy'"),
        ("subjects = ['gone.py:net']", "no file"),
        ("subjects = ['numpy']\nfamilies = ['drwan']", "families: unknown 'drwan'"),
        ("subjects = ['numpy']\ndtypes = ['float16']", "dtypes.0: 'float16' is not one of"),
        ("subjects = [", "not TOML"),
    ],
)
def test_a_wrong_plan_says_what_is_wrong_with_it(tmp_path, text, message):
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_plan(path)
    assert message in str(error.value)


def test_a_plan_that_is_not_there_is_a_usage_error(tmp_path):
    done = campaign(tmp_path / "gone.toml")
    assert done.returncode == 2
    assert "No such file or directory; expected a TOML file" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--jobs", "0"), "--jobs 0: expected a positive number"),
        (("--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"), "leave one out"),
        (("--scheduler", "tcp://127.0.0.1:1"), "no Dask scheduler answers there"),
    ],
)
def test_wrong_options_are_usage_errors(tmp_path, words, message):
    if "no Dask" in message:
        pytest.importorskip("distributed", reason="dask.distributed is not installed")
    done = campaign(plan(tmp_path, PLAN), *words)
    assert done.returncode == 2
    assert message in done.stderr


def test_without_dask_the_error_says_what_to_install(tmp_path):
    program = "import sys; sys.modules['distributed'] = None; from backproof.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "campaign", str(plan(tmp_path, PLAN)), "--jobs", "2"],
        check=False,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    assert done.returncode == 2
    assert "pip install 'backproof[campaign]'" in done.stderr


def test_a_changed_file_is_other_work(tmp_path):
    (tmp_path / "net.py").write_text(FRAIL, encoding="utf-8")
    path = plan(tmp_path, PLAN.replace('"numpy", "{subjects}:without_slope"', '"net.py:frail"'))
    before = [cell.key for cell in read_plan(path).cells]
    assert [cell.key for cell in read_plan(path).cells] == before
    (tmp_path / "net.py").write_text(FRAIL + "\n# changed\n", encoding="utf-8")
    assert not set(before) & {cell.key for cell in read_plan(path).cells}


def test_every_family_has_cells_and_a_folder_that_cannot_be_is_refused(tmp_path):
    names = ", ".join(f'"{family}"' for family in FAMILIES)
    path = tmp_path / "plan.toml"
    path.write_text(f'subjects = ["numpy"]\nfamilies = [{names}]\nseeds = [3, 4]', encoding="utf-8")
    cells = read_plan(path).cells
    assert {cell.family for cell in cells} == set(FAMILIES)
    assert {cell.seed for cell in cells if cell.family == "drawn"} == {3, 4}
    assert len({cell.key for cell in cells}) == len(cells)
    assert replace(cells[0], shrink=1).key != cells[0].key
    with pytest.raises(UsageError, match="cannot be made a folder"):
        Store(path / "below-a-file")
