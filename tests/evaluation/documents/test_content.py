import pytest

from evaluation.documents.content import NamedFigure, ReportContent, Section
from evaluation.documents.drawing import message_figure
from evaluation.documents.tables import Table


def table(name: str) -> Section:
    return Section("A section", tables=(Table(name, name, (), ()),))


def figure(name: str) -> Section:
    return Section("A section", figures=(NamedFigure(name, name, message_figure("a", "b")),))


@pytest.mark.parametrize("section", [table, figure])
def test_a_name_that_comes_twice_is_refused(section):
    with pytest.raises(ValueError, match="scores is the name of several"):
        ReportContent((section("scores"), section("scores")))
    ReportContent((table("scores"), figure("scores")))  # a figure and the table of its numbers


@pytest.mark.parametrize("section", [table, figure])
@pytest.mark.parametrize("name", ["Figure 3", "../up", "a/b", "", "größe"])
def test_a_name_that_can_be_no_file_and_no_address_is_refused(section, name):
    with pytest.raises(ValueError, match="cannot be the name of a table or figure"):
        ReportContent((section(name),))


@pytest.mark.parametrize("name", ["tables", "responses", "codebook"])
def test_a_name_of_another_file_is_refused(name):
    with pytest.raises(ValueError, match="a file of every report is"):
        ReportContent((table(name),))
