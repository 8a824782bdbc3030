"""The log of a run."""

from distillation.sr import runlog


def test_records_come_back_in_order(tmp_path):
    log = tmp_path / "log.jsonl"
    for step in (1, 2):
        runlog.append(log, {"step": step})
    assert runlog.read(log) == [{"step": 1}, {"step": 2}]


def test_a_missing_log_is_empty(tmp_path):
    assert runlog.read(tmp_path / "log.jsonl") == []


def test_a_torn_last_line_is_left_out(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"step": 1}\n{"step": 2, "lo')
    assert runlog.read(log) == [{"step": 1}]


def test_a_torn_line_does_not_spoil_the_next(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"step": 1}\n{"st')
    runlog.append(log, {"step": 2})
    assert runlog.read(log) == [{"step": 1}, {"step": 2}]
