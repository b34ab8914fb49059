"""Cohyponym entanglement: how often both objects of a prompt are in its image (paper, section 5.1)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import pandas as pd

from evaluation.analyses.responses import check_responses, split_counting
from evaluation.statistics.comparisons import ProportionComparison, compare_proportions
from evaluation.statistics.estimates import Estimate
from evaluation.statistics.intervals import check_count, share
from evaluation.statistics.presence import Submission, count_votes, is_correct, present_objects

COLUMNS = (
    "task",
    "generation",
    "prompt",
    "role",
    "dropped",
    "annotator",
    "assignment",
    "submitted_at",
    "objects",
    "prompt_objects",
    "cohyponyms",
    "pair",
)


@dataclass(frozen=True)
class PresenceFlow:
    """What became of the responses and of the images (one image: one generation, a task).

    images = incomplete + unsuitable_prompt + scored. `incomplete`: fewer submissions than replicas.
    `unsuitable_prompt`: the prompt names no object, or more than the k that can be present.
    """

    responses: int
    not_counting: tuple[tuple[str, int], ...]
    attention_check_responses: int
    images: int
    incomplete: int
    unsuitable_prompt: int
    scored: int


@dataclass(frozen=True)
class GroupAccuracy:
    """The scored images of "cohyponyms", "others", "unknown" or "all"; `pairs` counts distinct noun pairs."""

    group: str
    images: int
    pairs: int
    correct: int
    accuracy: Estimate


@dataclass(frozen=True)
class RuleAccuracy:
    """Accuracy under one rule of correctness, and cohyponyms (a) against others (b).

    `rule` is "most_picked" (the paper's: both objects are among the k most picked), "two_votes" (both were
    picked by at least two annotators) or "unanimous" (both were picked by all). `unknown` has the images
    without cohyponym status, which count in `overall` alone.
    """

    rule: str
    cohyponyms: GroupAccuracy
    others: GroupAccuracy
    unknown: GroupAccuracy
    overall: GroupAccuracy
    comparison: ProportionComparison


@dataclass(frozen=True)
class ObjectCounts:
    """One object over the scored images: how many prompts name it, how many images show it, and both."""

    object: str
    prompted: int
    present: int
    prompted_and_present: int
    present_unprompted: int


@dataclass(frozen=True)
class PresenceAnalysis:
    """`accuracy` is the paper's rule, `sensitivity` the others. `images` has one row per image:

    task, generation, prompt, prompt_objects, pair, cohyponyms, submissions, votes, present, status ("scored",
    "incomplete" or "unsuitable_prompt"), and the verdicts most_picked, two_votes and unanimous (None unless
    scored). Names are joined by "|", votes written as "giraffe=3".
    """

    replicas: int
    k: int
    confidence: float
    flow: PresenceFlow
    accuracy: RuleAccuracy
    sensitivity: tuple[RuleAccuracy, ...]
    objects: tuple[ObjectCounts, ...]
    images: pd.DataFrame = field(compare=False, repr=False)


@dataclass(frozen=True)
class _Image:
    task: int
    generation: int
    prompt: str
    prompt_objects: tuple[str, ...]
    pair: str | None
    cohyponyms: bool | None
    submissions: int
    votes: Mapping[str, int]
    present: tuple[str, ...]
    status: str
    verdicts: Mapping[str, bool]  # empty unless scored


def analyze_presence(
    responses: pd.DataFrame, *, replicas: int, k: int = 2, confidence: float = 0.95
) -> PresenceAnalysis:
    """Accuracy of a study of object presence, from its final responses (`evaluation.frames`).

    `replicas` is the number of annotators per image, `k` how many objects can be present. With hundreds of
    images per group the exact tests take seconds. A frame without rows gives undefined numbers. Raises
    ValueError for a frame that is none of final responses, rows of one image that contradict each other, and
    counts below 1.
    """
    if check_count(replicas, "replicas") < 1 or check_count(k, "k") < 1:
        raise ValueError(f"replicas and k must be at least 1, but are {replicas} and {k}")
    check_responses(responses, COLUMNS)
    counting = split_counting(responses)
    ordinary, checks = counting.items, counting.checks
    images = [_image(rows, replicas, k) for _, rows in ordinary.groupby("task", sort=True)]
    scored = [image for image in images if image.status == "scored"]
    # One annotator per image can never give an object two votes
    rules = ("most_picked", "two_votes", "unanimous") if replicas > 1 else ("most_picked", "unanimous")
    accuracy, *sensitivity = (_rule_accuracy(rule, scored, confidence) for rule in rules)
    return PresenceAnalysis(
        replicas=replicas,
        k=k,
        confidence=confidence,
        flow=PresenceFlow(
            responses=len(responses),
            not_counting=counting.not_counting,
            attention_check_responses=len(checks),
            images=len(images),
            incomplete=sum(image.status == "incomplete" for image in images),
            unsuitable_prompt=sum(image.status == "unsuitable_prompt" for image in images),
            scored=len(scored),
        ),
        accuracy=accuracy,
        sensitivity=tuple(sensitivity),
        objects=_object_counts(scored),
        images=_image_table(images, rules),
    )


def _image(rows: pd.DataFrame, replicas: int, k: int) -> _Image:
    first = rows.iloc[0]
    for column in ("prompt_objects", "objects"):
        for names in rows[column]:
            if not isinstance(names, list | tuple):
                raise ValueError(f"task {first['task']}: {column} must be a list of names, not {names!r}")
    facts = {
        (tuple(prompt_objects), _known(cohyponyms), _known(pair))
        for prompt_objects, cohyponyms, pair in zip(
            rows["prompt_objects"], rows["cohyponyms"], rows["pair"], strict=True
        )
    }
    if len(facts) > 1:
        raise ValueError(f"task {first['task']}: its rows differ in prompt_objects, cohyponyms or pair")
    prompt_objects, cohyponyms, pair = facts.pop()
    submissions = [
        Submission(annotator, submitted_at, objects)
        for annotator, submitted_at, objects in zip(
            rows["annotator"], rows["submitted_at"], rows["objects"], strict=True
        )
    ]
    votes = count_votes(submissions)
    if not 1 <= len(set(prompt_objects)) <= k:
        status = "unsuitable_prompt"
    elif len(submissions) < replicas:
        status = "incomplete"
    else:
        status = "scored"
    present = present_objects(submissions, k) if status == "scored" else []
    return _Image(
        task=int(first["task"]),
        generation=int(first["generation"]),
        prompt=first["prompt"],
        prompt_objects=prompt_objects,
        pair=None if pair is None else str(pair),
        cohyponyms=None if cohyponyms is None else bool(cohyponyms),
        submissions=len(submissions),
        votes=votes,
        present=tuple(present),
        status=status,
        verdicts=_verdicts(prompt_objects, present, votes, len(submissions)) if status == "scored" else {},
    )


def _verdicts(
    prompt_objects: Collection[str], present: Collection[str], votes: Mapping[str, int], submissions: int
) -> dict[str, bool]:
    least = min(votes.get(name, 0) for name in prompt_objects)
    return {
        "most_picked": is_correct(prompt_objects, present),
        "two_votes": least >= 2,
        "unanimous": least == submissions,
    }


def _known(value: object) -> object:
    """None for every way in which a frame says that there is no value."""
    return None if pd.isna(value) else value


def _rule_accuracy(rule: str, images: Sequence[_Image], confidence: float) -> RuleAccuracy:
    def group(name: str, belongs: Callable[[_Image], bool]) -> GroupAccuracy:
        members = [image for image in images if belongs(image)]
        correct = sum(image.verdicts[rule] for image in members)
        return GroupAccuracy(
            group=name,
            images=len(members),
            pairs=len({image.pair for image in members} - {None}),
            correct=correct,
            accuracy=share(correct, len(members), confidence),
        )

    cohyponyms = group("cohyponyms", lambda image: image.cohyponyms is True)
    others = group("others", lambda image: image.cohyponyms is False)
    return RuleAccuracy(
        rule=rule,
        cohyponyms=cohyponyms,
        others=others,
        unknown=group("unknown", lambda image: image.cohyponyms is None),
        overall=group("all", lambda image: True),
        comparison=compare_proportions(
            cohyponyms.correct, cohyponyms.images, others.correct, others.images, confidence
        ),
    )


def _object_counts(images: Sequence[_Image]) -> tuple[ObjectCounts, ...]:
    names = set(chain.from_iterable((*image.prompt_objects, *image.present) for image in images))
    return tuple(
        ObjectCounts(
            object=name,
            prompted=sum(name in image.prompt_objects for image in images),
            present=sum(name in image.present for image in images),
            prompted_and_present=sum(
                name in image.prompt_objects and name in image.present for image in images
            ),
            present_unprompted=sum(
                name in image.present and name not in image.prompt_objects for image in images
            ),
        )
        for name in sorted(names)
    )


def _image_table(images: Sequence[_Image], rules: Sequence[str]) -> pd.DataFrame:
    columns: dict[str, object] = {
        "task": [image.task for image in images],
        "generation": [image.generation for image in images],
        "prompt": [image.prompt for image in images],
        "prompt_objects": ["|".join(image.prompt_objects) for image in images],
        "pair": pd.Series(
            [image.pair for image in images], dtype=object
        ),  # keeps None, which "str" makes NaN
        "cohyponyms": pd.array([image.cohyponyms for image in images], dtype="boolean"),
        "submissions": [image.submissions for image in images],
        "votes": ["|".join(f"{name}={count}" for name, count in image.votes.items()) for image in images],
        "present": ["|".join(image.present) for image in images],
        "status": [image.status for image in images],
    }
    for rule in rules:
        columns[rule] = pd.array([image.verdicts.get(rule) for image in images], dtype="boolean")
    return pd.DataFrame(columns)
