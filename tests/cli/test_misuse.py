"""Misuse of every command: one line that says what is wrong, the right exit status, and nothing left behind."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CommandLine = Callable[..., subprocess.CompletedProcess[str]]

MISUSES = """
nonsense
evolv                                   | did you mean 'evolve'?
--nope                                  | No such option
-v
env
env nonsense
env shw shapes/Canvas-v1
recipe
runs
bench
data
cluster
evolve zerosite                         | did you mean 'zerosight'?
evolve a b                              | unexpected extra argument
evolve --nope
evolve --preset                         | requires an argument
evolve --preset 3b                      | unknown preset '3b'
evolve --threads -1
evolve --threads many
evolve --set                            | requires an argument
evolve --set steps                      | write --set key=value
evolve --set =3
evolve --set stepz=3                    | did you mean 'steps'?
evolve --set steps=-1
evolve --set steps=many
evolve --set steps=1.5
evolve --set steps=[
evolve --set learning=3
evolve --set learning.rate=1            | unknown option
evolve --set learning.learning_rate=-1
evolve --set seed=-1
evolve --set sharing=some
evolve --set envs=[shape/Canvas-v1]     | did you mean 'shapes/Canvas-v1'?
evolve --set envs=7
evolve --set envs=[spatial/Rooms-v1@nowhere]
evolve --set model=no/where             | no model at 'no/where'
evolve --set model=empty                | has no config.json
evolve --set device=tpu
evolve --set precision=float8
evolve --set trackers=[wandbb]
evolve --set trackers=[mlflow]          | is not installed
evolve --set paper_compat=[fast]        | unknown paper_compat switch
evolve --set curriculum.kind=hard
evolve --set curriculum.band_low=0.9    | swap them
evolve --set labels.source=votes
evolve --set sandbox.required=[vm]
evolve --set generator.kind=vllm-server | generator.url
evolve --set rewards.solver.short=1     | did you mean
evolve --set rollout.num_answers=0
evolve --set max_off_policy_steps=99
evolve --set keep_checkpoints=0
evolve mm-zero --set rollout.companions=9
evolve missing.yaml                     | no configuration at missing.yaml
evolve text.txt
evolve broken.yaml
evolve --out text.txt
evolve --out full                       | is not empty
evolve --out text.txt/run               | is a file
evolve --resume nowhere                 | is not a run directory
evolve --resume full
evolve --resume text.txt
evolve --resume nowhere --set steps=3   | --resume continues a run as it was configured
evolve --from nowhere
evolve --from full
plan --card k80                         | unknown
plan --gpus 0
plan zerosite
plan --preset 3b
plan --set stepz=3
recipe show
recipe show mm-zro                      | did you mean 'mm-zero'?
recipe show a b
recipe list extra
compare
compare full
compare nowhere no                      | is not a run directory
compare full full
compare full nowhere --out nodir/x.html | there is no folder nodir
compare full nowhere --out .            | is a folder
report
report nowhere
report full
report text.txt
watch
watch nowhere                           | is not a run directory
watch full
watch text.txt
watch nowhere --port 70000
watch nowhere --port x
watch nowhere --seconds -1
runs list nowhere                       | there is no folder nowhere
runs list text.txt
runs status nowhere
runs status full
runs size nowhere
runs clean nowhere
runs clean
runs clean full --yes
env show
env show shape/Canvas-v1                | did you mean 'shapes/Canvas-v1'?
env show a[/b]
env show shapes/Canvas-v9
env schema shapes/Canvas
env list --rate
env new
env new My-World                        | my-world
env new clocks --into text.txt
env sample
env sample shapes/Canvas
env sample shapes/Canvas-v1 --n 0
env sample shapes/Canvas-v1 --n some
env sample shapes/Canvas-v1 --task colors            | did you mean 'colour'?
env sample shapes/Canvas-v1 --difficulty 9           | unknown difficulty 9
env sample shapes/Canvas-v1 --split test             | unknown split 'test'
env sample shapes/Canvas-v1 --seed -1
env sample shapes/Canvas-v1 --out nodir/x.html       | there is no folder nodir
env sample shapes/Canvas-v1 --out full               | is a folder
env sample shapes/Canvas-v1@/nowhere
env sample spatial/Rooms-v1@nowhere                  | is no folder
env check shapes/Canvas
env check shapes/Canvas-v1 --n 0
draw
draw missing.svg                        | cannot be read
draw full
draw bytes.svg
draw good.svg --kind flash              | unknown kind
draw good.svg --size 4
draw good.svg --size 9999
draw good.svg --out nodir/p.png         | there is no folder nodir
draw good.svg --out full
draw good.svg --scene full
export
export nowhere --out new                | is not a run directory
export full --out new
export nowhere --out new --role painter | unknown role 'painter'
export nowhere                          | Missing option
eval
eval embedded --suite vsi               | unknown suite 'vsi'
eval embedded --items 0
eval embedded --shard 3/2
eval embedded --backend tpu
eval embedded --out text.txt            | is a file
eval no/where --suite own
bench export
bench export out --to excel
doctor extra
doctor --jsn
"""
"""A call a line, and after a bar what its message must say."""


def test_misuse_is_one_line_the_right_status_and_leaves_nothing(zerosight: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("hello: [")
    (tmp_path / "broken.yaml").write_text("steps: [")
    (tmp_path / "bytes.svg").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "good.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"/>')
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    before = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    calls = [line.partition("|") for line in MISUSES.strip().splitlines()]
    assert len(calls) >= 120
    problems = []
    for arguments, _, wanted in calls:
        done = zerosight(*arguments.split())
        lines = done.stderr.strip().splitlines()
        # A group without a command shows its help.
        is_help = bool(lines) and lines[0].startswith("Usage: zerosight")
        if done.returncode != 2:
            problems.append(f"{arguments.strip()}: exit status {done.returncode}: {done.stderr[-300:]}")
        elif not is_help and (len(lines) != 1 or not lines[0].startswith("error: ")):
            problems.append(f"{arguments.strip()}: {len(lines)} lines: {done.stderr[-300:]}")
        elif done.stdout or wanted.strip() not in done.stderr or "Traceback" in done.stderr:
            problems.append(f"{arguments.strip()}: {done.stdout[-200:]}{done.stderr}")
        after = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
        if after != before:
            problems.append(f"{arguments.strip()}: left {set(after) ^ set(before)}")
            before = after
    assert not problems, "\n".join(problems)


def test_a_fault_of_the_program_has_its_own_status_and_says_so(
    zerosight: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zerosight.cli import doctor

    def fail() -> None:
        raise ZeroDivisionError("[bold]half\x1b[2J of nothing")

    monkeypatch.setattr(doctor, "diagnose", fail)
    done = zerosight("doctor")
    assert done.returncode == 70 and done.stdout == ""
    last_line = done.stderr.strip().splitlines()[-1]
    assert last_line.startswith("error: this is a fault of zerosight (ZeroDivisionError: [bold]half\\x1b[2J of")


def test_ctrl_c_is_one_line_and_130(zerosight: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    from zerosight.cli import doctor

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "diagnose", interrupt)
    done = zerosight("doctor")
    assert done.returncode == 130 and len(done.stderr.strip().splitlines()) <= 1


def test_version_help_and_completion_load_no_command(zerosight: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    from zerosight import __version__
    from zerosight.cli.lazy import LazyCommand

    def refuse(command: LazyCommand, name: str) -> None:
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr(LazyCommand, "load", refuse)
    assert zerosight("--version").stdout == f"zerosight {__version__}\n"
    listed = zerosight("--help").stdout
    assert "Exit status" in listed and all(f"\n  {name} " in listed for name in ("evolve", "watch", "runs", "doctor"))
    monkeypatch.setenv("_ZEROSIGHT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "zerosight re")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert zerosight().stdout.split() == ["recipe", "report"]
