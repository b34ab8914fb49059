import pytest

from evaluation.analyses.opinion.analysis import OptionCounts, analyze_opinion
from evaluation.analyses.opinion.attention_checks import AnnotatorChecks
from evaluation.statistics.agreement import krippendorff_alpha
from evaluation.statistics.estimates import Estimate
from evaluation.statistics.intervals import share, student_t
from tests.evaluation.analyses.response_frames import attribution_frame

NOTHING = Estimate(None, None, None, 0, "no_data")

TASKS = [
    ("NOUN", {"ann": 5, "bo": 4, "cy": 4}),  # 4
    ("NOUN", {"ann": 6, "bo": 4, "cy": 5}),  # 4.5
    ("NOUN", {"ann": 2, "bo": 3, "cy": 6}),  # 2.5, which is not fair
    ("NOUN", {"ann": 4, "bo": 7, "cy": 5}),  # too abstract
    ("DET", {"ann": 7, "bo": 7, "cy": 3}),  # too abstract
    ("DET", {"ann": 6, "bo": 6, "cy": 2}),  # too few valid
    ("VERB", {"ann": 3, "bo": 3, "cy": 3}),  # 3
    ("check", {"ann": 7, "bo": 6, "cy": 4}),
    ("check", {"ann": 6, "cy": 7}),
]


@pytest.fixture
def responses():
    return attribution_frame(TASKS)


def test_the_flow_accounts_for_every_response_and_item(responses):
    flow = analyze_opinion(responses).flow
    assert (flow.responses, flow.attention_check_responses, flow.excluded_responses) == (26, 5, 0)
    assert flow.analyzed_responses == 21
    assert (flow.items, flow.too_abstract, flow.too_few_valid, flow.scored) == (7, 2, 1, 4)
    assert flow.excluded_annotators == ()


def test_each_part_of_speech_has_its_row(responses):
    analysis = analyze_opinion(responses)
    assert [row.part_of_speech for row in analysis.rows] == ["DET", "NOUN", "VERB"]
    determiners, nouns, verbs = analysis.rows
    assert (nouns.items, nouns.too_abstract, nouns.too_few_valid, nouns.scored) == (4, 1, 0, 3)
    assert nouns.mean_opinion_score == student_t([4, 4.5, 2.5])
    assert nouns.mean_opinion_score.value == pytest.approx(11 / 3)
    assert nouns.fair_to_excellent_items == share(2, 3)
    assert nouns.fair_to_excellent_ratings == share(6, 7)  # of the seven ratings of scored items, one is 2
    assert (determiners.items, determiners.too_abstract, determiners.too_few_valid) == (2, 1, 1)
    assert determiners.mean_opinion_score == NOTHING
    assert determiners.fair_to_excellent_items == NOTHING
    assert verbs.mean_opinion_score == Estimate(3.0, None, None, 1, "single_value")


def test_the_overall_row_is_over_items_and_not_over_parts_of_speech(responses):
    overall = analyze_opinion(responses).overall
    assert overall.part_of_speech == "all"
    assert overall.mean_opinion_score == student_t([4, 4.5, 2.5, 3])
    assert overall.fair_to_excellent_items == share(3, 4)


def test_response_statistics_count_every_option_of_ordinary_tasks(responses):
    statistics = analyze_opinion(responses).response_statistics
    assert statistics.rows == (
        OptionCounts("DET", (0, 1, 1, 0, 0, 2, 2), 6),
        OptionCounts("NOUN", (0, 1, 1, 4, 3, 2, 1), 12),
        OptionCounts("VERB", (0, 0, 3, 0, 0, 0, 0), 3),
    )
    assert statistics.overall == OptionCounts("all", (0, 2, 5, 4, 3, 4, 3), 21)


def test_cramers_v_of_a_perfect_association():
    frame = attribution_frame([("NOUN", {"ann": 5, "bo": 5}), ("DET", {"ann": 7, "bo": 7})])
    assert analyze_opinion(frame).response_statistics.cramers_v == pytest.approx(1.0)
    alone = attribution_frame([("NOUN", {"ann": 5, "bo": 4})])
    assert analyze_opinion(alone).response_statistics.cramers_v is None


def test_agreement_on_ratings_and_on_interpretability(responses):
    agreement = analyze_opinion(responses).agreement
    ratings = [
        [5, None, 2, 4, None, None, 3],
        [4, 4, 3, None, None, None, 3],
        [4, 5, None, 5, 3, 2, 3],
    ]
    assert agreement.ratings == krippendorff_alpha(ratings, "ordinal")
    # pairs of ratings: 3 of task 1 (one equal), 1 each of tasks 2, 3 and 4, 3 of task 7 (all equal)
    assert agreement.ratings_raw == Estimate(pytest.approx(4 / 9), None, None, 9)
    interpretability = [
        ["yes", "poor", "yes", "yes", "abstract", "poor", "yes"],
        ["yes", "yes", "yes", "abstract", "abstract", "poor", "yes"],
        ["yes", "yes", "poor", "yes", "yes", "yes", "yes"],
    ]
    assert agreement.interpretability.alpha == pytest.approx(
        krippendorff_alpha(interpretability, "nominal").alpha
    )
    assert agreement.interpretability_raw == Estimate(pytest.approx(11 / 21), None, None, 21)


def test_annotators_are_listed_with_their_checks_and_nobody_is_excluded_without_a_plan(responses):
    assert analyze_opinion(responses).annotators == (
        AnnotatorChecks("ann", 7, pytest.approx(1 / 3), 2, 2, share(2, 2), excluded=False),
        AnnotatorChecks("bo", 7, pytest.approx(1 / 3), 1, 1, share(1, 1), excluded=False),
        AnnotatorChecks("cy", 7, pytest.approx(1 / 3), 2, 1, share(1, 2), excluded=False),
    )


def test_the_plan_may_exclude_who_failed_a_check(responses):
    analysis = analyze_opinion(responses, exclude_failed_checks=True)
    assert analysis.flow.excluded_annotators == ("cy",)
    assert (analysis.flow.excluded_responses, analysis.flow.analyzed_responses) == (7, 14)
    assert [annotator.annotator for annotator in analysis.annotators if annotator.excluded] == ["cy"]
    # 5 4 → 4.5; 6 4 and 6 6 → too few; 2 3 → 2.5; 4 7 and 7 7 → too abstract; 3 3 → 3
    assert analysis.items["dropped"].tolist() == [
        None,
        "too_few_valid",
        None,
        "too_abstract",
        "too_abstract",
        "too_few_valid",
        None,
    ]
    assert analysis.overall.mean_opinion_score == student_t([4.5, 2.5, 3])


def test_an_item_whose_annotators_are_all_excluded_is_dropped_and_counted():
    frame = attribution_frame([("NOUN", {"cy": 5}), ("NOUN", {"ann": 5, "bo": 4}), ("check", {"cy": 1})])
    analysis = analyze_opinion(frame, exclude_failed_checks=True)
    assert (analysis.flow.items, analysis.flow.too_few_valid, analysis.flow.scored) == (2, 1, 1)
    assert analysis.items.loc[0, "choices"] == ""


def test_answers_that_do_not_count_do_not_enter(responses):
    # without cy: 5 4 → 4.5, 6 4 → too few, 2 3 → 2.5, 4 7 and 7 7 → too abstract, 6 6 → too few, 3 3 → 3
    rejected = responses.assign(
        dropped=["rejected" if annotator == "cy" else "" for annotator in responses["annotator"]]
    )
    analysis = analyze_opinion(rejected)
    flow = analysis.flow
    assert (flow.responses, flow.not_counting) == (26, (("rejected", 9),))
    assert (flow.attention_check_responses, flow.excluded_responses, flow.analyzed_responses) == (3, 0, 14)
    assert (flow.items, flow.too_abstract, flow.too_few_valid, flow.scored) == (7, 2, 2, 3)
    assert analysis.overall.mean_opinion_score == student_t([4.5, 2.5, 3])
    assert [(each.annotator, each.responses, each.share) for each in analysis.annotators] == [
        ("ann", 7, 0.5),
        ("bo", 7, 0.5),
    ]


def test_a_failed_check_that_does_not_count_excludes_nobody(responses):
    failed = (responses["role"] == "check") & (responses["choice"] == 4)
    late = responses.assign(dropped=["late" if is_failed else "" for is_failed in failed])
    assert analyze_opinion(late, exclude_failed_checks=True).flow.excluded_annotators == ()


def test_an_annotator_without_checks_has_no_pass_rate_and_stays():
    frame = attribution_frame([("NOUN", {"ann": 5, "bo": 4}), ("check", {"bo": 3})])
    ann, bo = analyze_opinion(frame, exclude_failed_checks=True).annotators
    assert (ann.pass_rate, ann.excluded) == (NOTHING, False)
    assert (bo.pass_rate.value, bo.excluded) == (0.0, True)


def test_the_items_come_as_a_table(responses):
    items = analyze_opinion(responses).items
    assert items.columns.tolist() == [
        "task",
        "generation",
        "prompt",
        "word",
        "part_of_speech",
        "choices",
        "ratings",
        "score",
        "dropped",
    ]
    assert items.iloc[1].tolist() == [2, 102, "prompt 2", "word2", "NOUN", "6 4 5", 2, 4.5, None]
    assert items["score"].isna().tolist() == [False, False, False, True, True, True, False]


def test_a_young_study_with_single_raters_shows_items_but_scores_none():
    frame = attribution_frame([("NOUN", {"ann": 5}), ("VERB", {"ann": 4}), ("NOUN", {"ann": 6})])
    analysis = analyze_opinion(frame)
    assert (analysis.flow.items, analysis.flow.too_few_valid, analysis.flow.scored) == (3, 3, 0)
    assert analysis.overall.mean_opinion_score == NOTHING
    assert analysis.agreement.ratings.flag == "no_data"
    assert analyze_opinion(frame, min_valid=1).overall.mean_opinion_score.value == 4.5


def test_words_without_part_of_speech_come_last_as_unknown():
    frame = attribution_frame([(None, {"ann": 5, "bo": 5}), ("VERB", {"ann": 4, "bo": 4})])
    assert [row.part_of_speech for row in analyze_opinion(frame).rows] == ["VERB", "unknown"]


def test_without_responses_everything_is_undefined():
    analysis = analyze_opinion(attribution_frame([]))
    assert (analysis.flow.responses, analysis.flow.items, analysis.rows, analysis.annotators) == (
        0,
        0,
        (),
        (),
    )
    assert analysis.overall.mean_opinion_score == NOTHING
    assert analysis.response_statistics.cramers_v is None
    assert analysis.agreement.interpretability.flag == "no_data"
    assert len(analysis.items) == 0


def test_attention_checks_alone_give_no_items():
    analysis = analyze_opinion(attribution_frame([("check", {"ann": 7})]))
    assert (analysis.flow.attention_check_responses, analysis.flow.items) == (1, 0)
    assert (analysis.annotators[0].share, analysis.annotators[0].pass_rate.value) == (None, 1.0)


def test_answers_to_maps_drawn_in_several_ways_are_not_analysed_together(responses):
    assert analyze_opinion(responses).display == "veil"
    assert analyze_opinion(attribution_frame([])).display is None
    mixed = responses.assign(display=["rainbow"] + ["veil"] * (len(responses) - 1))
    with pytest.raises(ValueError, match=r"drawn in several ways \(rainbow, veil\)"):
        analyze_opinion(mixed)


@pytest.mark.parametrize("choice", [0, 8, 4.5])
def test_a_choice_off_the_scale_is_refused(choice):
    with pytest.raises(ValueError, match="from 1 to 7"):
        analyze_opinion(attribution_frame([("NOUN", {"ann": 4, "bo": choice})]))
