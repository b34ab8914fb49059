import io
import sys

from daamweb.progress import progress_bar


def draw() -> None:
    with progress_bar(total=3, unit="images") as bar:
        bar.update(2)
        bar.refresh()


def test_bar_is_silent_in_logs_and_pipes(capsys):
    draw()
    assert capsys.readouterr() == ("", "")


def test_bar_is_drawn_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    draw()
    assert "2/3" in terminal.getvalue()
    assert "images" in terminal.getvalue()
