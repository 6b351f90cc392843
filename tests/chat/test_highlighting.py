import time

from chat.highlighting import Allowance, highlighted


def test_known_languages_are_named_and_coloured() -> None:
    assert highlighted("x = 1\n", "Py title='a'", Allowance()) == (
        '<span class="hl-n">x</span> <span class="hl-o">=</span> <span class="hl-mi">1</span>\n',
        "Python",
    )


def test_other_languages_are_named_as_written() -> None:
    assert highlighted("a < b", "nosuch x", Allowance()) == ("a &lt; b", "nosuch")
    assert highlighted("a < b", "", Allowance()) == ("a &lt; b", "")
    assert highlighted("a", "x" * 100, Allowance()) == ("a", "x" * 40)
    # One whose patterns take too long on hostile code.
    assert highlighted("a < b", "matlab", Allowance()) == ("a &lt; b", "matlab")


def test_very_long_code_is_left_plain() -> None:
    assert highlighted("x\n" * 10_001, "python", Allowance()) == ("x\n" * 10_001, "Python")


def test_what_the_allowance_does_not_cover_is_left_plain_and_whole() -> None:
    code = "x = '<'\n" * 100
    html, _ = highlighted(code, "python", Allowance(seconds=1e-9))
    assert html == '<span class="hl-n">x</span>' + ("x = '&lt;'\n" * 100)[1:]
    used_up = Allowance(seconds=0)
    assert highlighted("x < 1", "python", used_up) == ("x &lt; 1", "Python")


def test_hostile_code_cannot_use_more_than_the_allowance() -> None:
    """20,000 line ends need ten seconds in Pygments' C."""
    allowance = Allowance(seconds=0.1)
    began = time.thread_time()
    for _ in range(20):
        html, _ = highlighted("\n" * 20_000, "c", allowance)
        assert html.count("\n") == 20_000
    assert time.thread_time() - began < 1
    assert allowance.is_used_up
