"""Rows and files for tests, as small as they can be and still real."""

import itertools
import re
import uuid
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from io import BytesIO

import numpy as np
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db.models import F
from django.utils import timezone
from PIL import Image

from annotations.design import ACCESS_FIELDS, DESIGN_FIELDS, LANGUAGE_FIELDS, StudyDesign
from annotations.measured import Measured
from annotations.models import Annotator, Assignment, Participation, Place, Response, Study, Task
from annotations.services.claims import claim_assignment
from annotations.services.openings import open_study
from annotations.services.participations import join_study
from annotations.services.responses import submit_response
from annotations.services.studies import build_study
from daamweb.projects.models import Project, Role
from daamweb.projects.services.memberships import add_member
from generation.daam import GlobalHeatMap
from generation.models import Checkpoint, Generation, GenerationRun, Prompt, PromptSet, Word

_numbers = itertools.count(1)
IMAGE_SIDE = 64
# (text, [(word, part of speech, role)]); the words stand in the text in this order.
DOG = (
    "A dog on a red sofa.",
    [("A", "DET", ""), ("dog", "NOUN", ""), ("red", "ADJ", ""), (".", "PUNCT", "")],
)


def main_project() -> Project:
    """The only one of a site where nobody notices that there are projects."""
    return Project.objects.get_or_create(name="Main")[0]


def make_project(name: str | None = None) -> Project:
    return Project.objects.create(name=name or f"project {next(_numbers)}")


def make_user(username: str | None = None, **fields) -> User:
    """Who is in no project."""
    name = username or f"user {next(_numbers)}"
    return User.objects.create_user(username=name, password="password", **fields)


def make_member(
    role: str = Role.RESEARCHER, project: Project | None = None, username: str | None = None, **fields
) -> User:
    """A user who is in a project, by default the only one."""
    user = make_user(username, **fields)
    add_member(project=project or main_project(), user=user, role=role, by=None)
    return user


def make_prompt_set(
    prompts: Sequence[tuple[str, list]] = (DOG,),
    metadata: Sequence[dict] = (),
    project: Project | None = None,
) -> PromptSet:
    """A parsed set. `prompts`: texts with their words, each as (word, part of speech, role)."""
    prompt_set = PromptSet.objects.create(
        project=project or main_project(),
        name=f"prompts {next(_numbers)}",
        origin="text",
        parse_state=PromptSet.ParseState.PARSED,
    )
    for position, (text, words) in enumerate(prompts):
        prompt = Prompt.objects.create(
            prompt_set=prompt_set,
            position=position,
            external_id=str(position),
            text=text,
            metadata=metadata[position] if metadata else {},
        )
        end = 0
        for place, (word, part_of_speech, role) in enumerate(words):
            start = text.index(word, end)
            end = start + len(word)
            Word.objects.create(
                prompt=prompt, position=place, start=start, end=end, text=word, lemma=word.lower(),
                part_of_speech=part_of_speech, role=role,
            )  # fmt: skip
    return prompt_set


def make_cohyponym_prompt_set(pairs: Sequence[tuple[str, str, bool]] = (("cat", "dog", True),)) -> PromptSet:
    return make_prompt_set(
        [(f"a {first} and a {second}", []) for first, second, _ in pairs],
        [{"nouns": [first, second], "cohyponyms": cohyponyms} for first, second, cohyponyms in pairs],
    )


def make_run(
    prompt_set: PromptSet | None = None,
    seeds: Sequence[int] = (0,),
    *,
    finished: bool = True,
    attended: int | None = None,
) -> GenerationRun:
    """A run with a generation per prompt and seed; see make_generation."""
    number = next(_numbers)
    prompt_set = prompt_set or make_prompt_set()
    checkpoint = Checkpoint.objects.create(name=f"checkpoint {number}", source="tiny")
    run = GenerationRun.objects.create(
        project=prompt_set.project,
        name=f"run {number}",
        prompt_set=prompt_set,
        checkpoint=checkpoint,
        **checkpoint.kept(),
        seeds=list(seeds),
    )
    for prompt in run.prompt_set.prompts.all():
        for seed in seeds:
            make_generation(run, prompt, seed, finished=finished, attended=attended)
    return run


def make_generation(
    run: GenerationRun, prompt: Prompt, seed: int = 0, *, finished: bool = True, attended: int | None = None
) -> Generation:
    """Finished, with files, or queued. `attended`: how many of the prompt's tokens the text encoder saw; by
    default all."""
    generation = Generation(run=run, prompt=prompt, seed=seed)
    if finished:
        image, heat_maps = image_bytes(seed), heat_map_bytes(prompt.text, attended)
        name = uuid.uuid4().hex
        generation.image.save(f"{name}.png", ContentFile(image), save=False)
        generation.heat_maps.save(f"{name}.npz", ContentFile(heat_maps), save=False)
        generation.width = generation.height = IMAGE_SIDE
        generation.image_sha256 = sha256(image).hexdigest()
        generation.heat_maps_sha256 = sha256(heat_maps).hexdigest()
        generation.state = Generation.State.DONE
        generation.finished_at = timezone.now()
        generation.seconds = 1.0
    generation.save()
    return generation


def image_bytes(seed: int = 0) -> bytes:
    """A PNG, different for every seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).resize((IMAGE_SIDE, IMAGE_SIDE)).save(file, format="PNG")
    return file.getvalue()


def heat_map_bytes(text: str, attended: int | None = None) -> bytes:
    """Heat maps with one token per word of the text, each hot in a place of its own."""
    offsets = np.array([match.span() for match in re.finditer(r"\w+|[^\w\s]", text)], dtype=np.int32)
    tokens = len(offsets) if attended is None else attended
    rows, columns = np.mgrid[0:8, 0:8] / 7
    places = np.random.default_rng(0).random((tokens, 2))
    sums = np.exp(-8 * ((rows - places[:, :1, None]) ** 2 + (columns - places[:, 1:, None]) ** 2))
    file = BytesIO()
    GlobalHeatMap(text, (IMAGE_SIDE, IMAGE_SIDE), {(8, 8): sums.astype(np.float32)}, offsets).save(file)
    return file.getvalue()


def make_study(kind: str = "attribution", run: GenerationRun | None = None, **design) -> Study:
    """A draft, built by the service. It is so small that a fifth of its places would be none; so, unlike
    elsewhere, people of one address may hold all."""
    if run is None:
        run = make_run(make_cohyponym_prompt_set() if kind == "object_presence" else None)
    name = design.pop("name", f"study {next(_numbers)}")
    design = {"unanswered_share": 1.0, **design}
    return build_study(design=StudyDesign(kind=kind, name=name, run=run, **design))


def typed_design(study: Study) -> dict:
    """A study's design as a form sends it that changes nothing: what is empty is sent empty, a box that is
    not ticked not at all."""
    values = {name: getattr(study, name) for name in DESIGN_FIELDS}
    return {name: "" if value is None else value for name, value in values.items() if value is not False}


def typed_access() -> dict:
    """What the form for a new study sends of who takes part in which language, if nobody touches it."""
    names = (*ACCESS_FIELDS, *LANGUAGE_FIELDS)
    defaults = {name: Study._meta.get_field(name).get_default() for name in names}
    return {name: value for name, value in defaults.items() if value not in (None, False)}


def make_open_study(kind: str = "attribution", run: GenerationRun | None = None, **design) -> Study:
    return open_study(study=make_study(kind, run, **design))


def make_annotator(project: Project | None = None) -> Annotator:
    return Annotator.objects.create(
        project=project or main_project(), external_id=f"annotator {next(_numbers)}"
    )


def make_participation(study: Study, annotator: Annotator | None = None) -> Participation:
    """Of an open study, by the service; the one that is there if the annotator takes part already."""
    annotator = annotator or make_annotator(study.project)
    found = Participation.objects.filter(study=study, annotator=annotator).first()
    return found or join_study(study=study, annotator=annotator, unit_id=study.slug)


def answer_next(
    study: Study, annotator: Annotator, answer: dict, milliseconds: int | None = 5000
) -> Response | None:
    """Claim the annotator's next task and answer it; None when nothing is left."""
    participation = make_participation(study, annotator)
    turn = claim_assignment(participation=participation).turn
    return None if turn is None else answer_turn(turn, answer, milliseconds)


def answer_turn(
    turn: Assignment, answer: dict, milliseconds: int | None = 5000, *, measured: Measured | None = None
) -> Response:
    """Answer a turn, or correct its last answer; `measured`: all that its page told."""
    turn.refresh_from_db()
    return submit_response(
        assignment=turn,
        participation=turn.participation,
        answer=answer,
        token=uuid.uuid4(),
        base=turn.revision,
        measured=measured or Measured(milliseconds=milliseconds),
    )


def give_turn(task: Task, participation: Participation) -> Assignment:
    """A turn at this very task, at its first open place, past the person's own order."""
    participation.refresh_from_db()
    place = Place.objects.open().filter(task=task).order_by("replica").first()
    assert (place is not None) == (task.role in Task.WITH_PLACES), "no place is open"
    now = timezone.now()
    turn = Assignment.objects.create(
        study=task.study,
        place=place,
        task=task,
        participation=participation,
        visit=participation.visit,
        number=participation.turns + 1,
        # So long ago that what a test says was measured is not cut off.
        claimed_at=now - timedelta(minutes=10),
        lease_expires_at=now + timedelta(minutes=30),
    )
    Place.objects.filter(pk=place and place.pk).update(turn=turn, reserved_for=None, reserved_until=None)
    Participation.objects.filter(pk=participation.pk).update(
        turns=F("turns") + 1,
        places_given=F("places_given") + int(place is not None),
        items_held=F("items_held") + int(task.role == Task.Role.ITEM),
        checks_given=F("checks_given") + int(task.role == Task.Role.CHECK),
    )
    return turn
