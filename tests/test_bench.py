"""The benchmark runs: how fast things are is nothing for a test, that the rows measure something is."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_an_hour_of_a_few_receivers_of_every_temper_keeps_what_is_promised() -> None:
    command = [sys.executable, "-m", "bench.simulate", "--receivers", "200", "--hours", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| 1/s by the clock " in done.stdout


def test_rows_of_the_benchmark_print_a_table() -> None:
    environ = os.environ | {"DATABASE_URL": os.environ.get("TEST_DATABASE_URL", "")}
    command = [sys.executable, "-m", "bench", "--quick", "template", "month", "claim"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    table = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert table[0].startswith("| figure"), done.stderr
    assert len(table) == 5
