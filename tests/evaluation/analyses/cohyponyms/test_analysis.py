import pytest

from evaluation.analyses.cohyponyms.analysis import GroupAccuracy, ObjectCounts, analyze_presence
from evaluation.statistics.comparisons import compare_proportions
from evaluation.statistics.estimates import Estimate
from evaluation.statistics.intervals import share
from tests.evaluation.analyses.response_frames import presence_frame

IMAGES = [
    # both by all
    (("giraffe", "zebra"), True, [["giraffe", "zebra"], ["zebra", "giraffe"], ["giraffe", "zebra"]]),
    # zebra by all, giraffe by two
    (("giraffe", "zebra"), True, [["zebra"], ["zebra", "giraffe"], ["giraffe", "zebra"]]),
    # zebra by all, horse and giraffe tie at one: the horse was submitted earlier
    (("giraffe", "zebra"), True, [["zebra", "horse"], ["zebra", "giraffe"], ["zebra"]]),
    # the same tie the other way round: correct by the paper's rule, with one vote for the giraffe
    (("giraffe", "zebra"), True, [["zebra", "giraffe"], ["zebra", "horse"], ["zebra"]]),
    (("cake", "bus"), False, [["cake", "bus"], ["bus", "cake"], ["cake", "bus"]]),
    (("cake", "dog"), False, [["cake", "dog"], ["dog"], ["dog", "cake"]]),
    # two submissions of three
    (("cake", "dog"), False, [["cake", "dog"], ["dog"]]),
    # in no ontology
    (("robot", "cloud"), None, [[], [], []]),
]


@pytest.fixture
def responses():
    return presence_frame(IMAGES)


@pytest.fixture
def analysis(responses):
    return analyze_presence(responses, replicas=3)


def test_images_with_fewer_submissions_than_replicas_are_excluded_and_counted(analysis):
    flow = analysis.flow
    assert (flow.responses, flow.attention_check_responses) == (23, 0)
    assert (flow.images, flow.incomplete, flow.unsuitable_prompt, flow.scored) == (8, 1, 0, 7)


def test_accuracy_of_cohyponyms_and_others(analysis):
    accuracy = analysis.accuracy
    assert accuracy.rule == "most_picked"
    assert accuracy.cohyponyms == GroupAccuracy("cohyponyms", 4, 1, 3, share(3, 4))
    assert accuracy.others == GroupAccuracy("others", 2, 2, 2, share(2, 2))
    assert accuracy.comparison == compare_proportions(3, 4, 2, 2)


def test_images_of_unknown_status_count_overall_alone(analysis):
    assert analysis.accuracy.unknown == GroupAccuracy("unknown", 1, 1, 0, share(0, 1))
    assert analysis.accuracy.overall == GroupAccuracy("all", 7, 4, 5, share(5, 7))


def test_stricter_rules_stand_beside_the_papers(analysis):
    two_votes, unanimous = analysis.sensitivity
    assert (two_votes.rule, two_votes.cohyponyms.correct, two_votes.others.correct) == ("two_votes", 2, 2)
    assert (unanimous.rule, unanimous.cohyponyms.correct, unanimous.others.correct) == ("unanimous", 1, 1)
    assert unanimous.comparison == compare_proportions(1, 4, 1, 2)


def test_two_votes_are_no_rule_where_there_is_one_annotator_per_image():
    frame = presence_frame([(("cake", "bus"), False, [["cake", "bus"]])])
    analysis = analyze_presence(frame, replicas=1)
    assert analysis.accuracy.others.accuracy.value == 1.0
    assert [rule.rule for rule in analysis.sensitivity] == ["unanimous"]


def test_objects_are_counted_over_scored_images(analysis):
    assert analysis.objects == (
        ObjectCounts("bus", 1, 1, 1, 0),
        ObjectCounts("cake", 2, 2, 2, 0),
        ObjectCounts("cloud", 1, 0, 0, 0),
        ObjectCounts("dog", 1, 1, 1, 0),
        ObjectCounts("giraffe", 4, 3, 3, 0),
        ObjectCounts("horse", 0, 1, 0, 1),
        ObjectCounts("robot", 1, 0, 0, 0),
        ObjectCounts("zebra", 4, 4, 4, 0),
    )


def test_the_images_come_as_a_table(analysis):
    images = analysis.images
    third, incomplete = images.iloc[2], images.iloc[6]
    assert third.to_dict() == {
        "task": 3,
        "generation": 103,
        "prompt": "a giraffe and a zebra",
        "prompt_objects": "giraffe|zebra",
        "pair": "giraffe|zebra",
        "cohyponyms": True,
        "submissions": 3,
        "votes": "zebra=3|horse=1|giraffe=1",
        "present": "zebra|horse",
        "status": "scored",
        "most_picked": False,
        "two_votes": False,
        "unanimous": False,
    }
    assert (incomplete["status"], incomplete["submissions"], incomplete["present"]) == ("incomplete", 2, "")
    assert images["most_picked"].isna().tolist() == [False] * 6 + [True, False]
    assert images["cohyponyms"].isna().tolist() == [False] * 7 + [True]


def test_the_order_of_the_rows_does_not_matter(responses, analysis):
    assert analyze_presence(responses.iloc[::-1], replicas=3) == analysis


def test_attention_checks_do_not_enter(responses, analysis):
    marked = responses.assign(role=["check" if task == 1 else "item" for task in responses["task"]])
    flow = analyze_presence(marked, replicas=3).flow
    assert (flow.attention_check_responses, flow.images) == (3, 7)


def test_answers_that_do_not_count_do_not_enter(responses):
    # the horse of the third image was ticked by ann: without her the giraffe is there, but two are not three
    anns = (responses["task"] == 3) & (responses["annotator"] == "ann")
    dropped = responses.assign(dropped=["late" if is_hers else "" for is_hers in anns])
    analysis = analyze_presence(dropped, replicas=3)
    assert (analysis.flow.responses, analysis.flow.not_counting) == (23, (("late", 1),))
    assert (analysis.flow.images, analysis.flow.incomplete, analysis.flow.scored) == (8, 2, 6)
    third = analysis.images.iloc[2]
    assert (third["votes"], third["status"]) == ("zebra=2|giraffe=1", "incomplete")
    assert analyze_presence(dropped, replicas=2).images.iloc[2]["most_picked"]


def test_an_image_without_answers_that_count_is_none(responses):
    dropped = responses.assign(dropped=["excluded" if task == 1 else "" for task in responses["task"]])
    flow = analyze_presence(dropped, replicas=3).flow
    assert (flow.not_counting, flow.images, flow.scored) == ((("excluded", 3),), 7, 6)


def test_prompts_that_cannot_be_judged_are_counted():
    frame = presence_frame(
        [
            ((), None, [["dog"]]),
            (("cake", "dog", "bus"), None, [["cake", "dog", "bus"]]),
            (("dog",), None, [["dog", "cat"]]),
        ]
    )
    analysis = analyze_presence(frame, replicas=1)
    assert (analysis.flow.unsuitable_prompt, analysis.flow.scored) == (2, 1)
    assert analysis.accuracy.overall.accuracy.value == 1.0
    assert analyze_presence(frame, replicas=1, k=3).flow.unsuitable_prompt == 1


def test_without_responses_everything_is_undefined():
    analysis = analyze_presence(presence_frame([]), replicas=3)
    assert (analysis.flow.images, analysis.objects, len(analysis.images)) == (0, (), 0)
    assert analysis.accuracy.overall.accuracy == Estimate(None, None, None, 0, "no_data")
    assert analysis.accuracy.comparison.flag == "no_data"


def test_without_cohyponyms_there_is_no_comparison():
    frame = presence_frame([(("cake", "bus"), False, [["cake", "bus"]] * 3)])
    analysis = analyze_presence(frame, replicas=3)
    assert analysis.accuracy.comparison.flag == "no_data"
    assert analysis.accuracy.overall.accuracy.value == 1.0


def test_rows_that_contradict_each_other_are_refused(responses):
    contradicting = responses.assign(cohyponyms=[False, *responses["cohyponyms"].tolist()[1:]])
    with pytest.raises(ValueError, match="task 1: its rows differ"):
        analyze_presence(contradicting, replicas=3)


def test_objects_that_are_no_list_are_refused(responses):
    with pytest.raises(ValueError, match="task 1: objects must be a list of names, not 'giraffe'"):
        analyze_presence(responses.assign(objects="giraffe"), replicas=3)


@pytest.mark.parametrize(("replicas", "k"), [(0, 2), (3, 0), (2.5, 2)])
def test_replicas_and_k_are_positive_counts(responses, replicas, k):
    with pytest.raises(ValueError, match="replicas"):
        analyze_presence(responses, replicas=replicas, k=k)
