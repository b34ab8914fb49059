import pytest

from evaluation.analyses.interface import ANY_KIND, Analysis, Needs
from evaluation.analyses.opinion import Opinion
from evaluation.analyses.registry import (
    ANALYSES,
    ANSWERS,
    AnalysisError,
    analyses_of_kind,
    analyses_of_runs,
    get_analysis,
    register,
)


def declared(key: str, needs: Needs) -> Analysis:
    body = {"key": key, "label": key, "needs": needs, "sections": lambda self, inputs: ()}
    return type("Declared", (Analysis,), body)()


@pytest.mark.parametrize("key", ["", "Opinion", "a-b", "../x", "1st", "a b", "a" * 51])
def test_a_key_that_is_no_name_of_a_file_and_an_address_is_refused(key):
    with pytest.raises(AnalysisError, match="goes into addresses and files’ names"):
        register([declared(key, Needs(heat_maps=True))])


def test_two_of_one_key_are_refused():
    with pytest.raises(AnalysisError, match="Two analyses have the key 'opinion'"):
        register([Opinion(), Opinion()])


def test_the_key_of_the_analysis_of_all_kinds_is_taken():
    with pytest.raises(AnalysisError, match="Two analyses have the key 'answers'"):
        register([declared("answers", Needs(heat_maps=True))])


def test_one_that_lacks_what_every_one_has_is_refused():
    for name in ("key", "label", "needs"):
        analysis = declared("maps", Needs(heat_maps=True))
        delattr(type(analysis), name)
        with pytest.raises(AnalysisError, match=f"The analysis Declared has no {name}"):
            register([analysis])


def test_a_forgotten_comma_is_noticed():
    with pytest.raises(AnalysisError, match="with its comma"):
        register([declared("maps", Needs(responses=("attribution")))])


def test_one_that_needs_nothing_is_refused():
    with pytest.raises(AnalysisError, match="needs nothing, so there is nothing to analyse"):
        register([declared("idle", Needs())])


def test_which_analyses_read_a_kinds_answers(monkeypatch):
    assert [analysis.key for analysis in analyses_of_kind("attribution")] == ["opinion"]
    assert analyses_of_kind("beauty") == (ANSWERS,)
    monkeypatch.setitem(ANALYSES, "speed", declared("speed", Needs(responses=(ANY_KIND,))))
    assert [analysis.key for analysis in analyses_of_kind("attribution")] == ["opinion", "speed"]
    assert [analysis.key for analysis in analyses_of_kind("beauty")] == ["speed"]


def test_what_stands_on_a_run_reads_no_answers(monkeypatch):
    monkeypatch.setitem(ANALYSES, "maps", declared("maps", Needs(heat_maps=True)))
    keys = {analysis.key for analysis in analyses_of_runs()}
    assert "maps" in keys
    assert not keys & {"opinion", "cohyponyms", "answers"}


def test_an_unknown_analysis_is_told_the_known_ones():
    with pytest.raises(AnalysisError, match=r"no analysis 'x'; there are opinion, cohyponyms, .*answers"):
        get_analysis("x")
    assert get_analysis("answers") is ANSWERS
