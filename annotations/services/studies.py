"""Build studies: a draft of a run's finished images.

Files are read before a transaction begins, never inside one: storage may be slow and far away.
"""

import math
from collections import Counter
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from annotations.design import DESIGN_FIELDS, StudyDesign
from annotations.errors import StudyError
from annotations.kinds.cleaning import clean_options
from annotations.kinds.interface import TaskDraft, Tell, Texts, image_name, unwatched
from annotations.kinds.registry import get_kind
from annotations.models import Place, Study, StudyText, Task
from annotations.services.locks import lock_study
from annotations.services.plans import task_sha256
from annotations.services.readers import as_read, ask_for_reader
from annotations.texts import kinds_text, spoken_by, wordings_in
from daamweb.languages import english_name_of
from daamweb.names import name_problem
from daamweb.projects.errors import EditRefusedError, NotEditableError
from daamweb.projects.models import Action
from daamweb.projects.selectors import is_archived
from daamweb.projects.services.editing import store_edit
from daamweb.projects.services.events import Actor, record
from daamweb.projects.services.rows import delete_row
from daamweb.projects.shown import Shown
from generation.errors import PromptSetError, RunError
from generation.models import Generation, PromptSet
from generation.services.runs import hold_run
from generation.services.words import check_whole, hold_words

# A draft's tasks are written so many at once.
STORED_AT_ONCE = 500


def build_study(*, design: StudyDesign, progress: Tell = unwatched, by: Actor = None) -> Study:
    """Make a draft study of a run's finished images; tasks are shuffled by the design's seed. Raises
    StudyError.

    Images that failed or are not made yet are left out, and listed, only if `allow_unfinished`. `progress` is
    told after every image whose heat maps were read.
    """
    kind = get_kind(design.kind)
    if design.seed < 0:
        raise StudyError(f"The seed of the tasks' order must not be negative, but is {design.seed}.")
    run = design.run
    study = Study(
        project=run.project,
        kind=kind.key,
        run=run,
        **{name: getattr(design, name) for name in DESIGN_FIELDS},
        options=clean_options(kind, design.options),
        recipe={"seed": design.seed, "allow_unfinished": design.allow_unfinished},
    )
    spoken = spoken_by(kind, design.language)
    study.title = design.title or spoken.texts.title
    study.consent = design.consent or spoken.texts.consent
    study.instructions = design.instructions or spoken.texts.instructions
    if Texts(study.title, study.consent, study.instructions) == spoken.texts:
        study.reviewed_by = design.reviewed_by or spoken.reviewed_by
    study.wordings = wordings_in(kind, study.options, design.language)
    _check_design(study)
    translations = [kinds_text(study, language) for language in dict.fromkeys(design.languages)]
    _check_words(run.prompt_set)
    generations = list(
        run.generations.select_related("prompt")
        .prefetch_related("prompt__words")
        .order_by("prompt__position", "seed")
    )
    finished = [each for each in generations if each.state == Generation.State.DONE]
    unfinished = [_unfinished_line(each) for each in generations if each.state != Generation.State.DONE]
    if unfinished and not design.allow_unfinished:
        raise StudyError(
            f"{len(unfinished)} of {len(generations)} images of {run.name!r} are not finished. Wait for "
            "them or retry the failed ones; or allow a study without them."
        )
    drafts = kind.draft_tasks(finished, study.options, progress)
    study.left_out = [*unfinished, *drafts.left_out]
    order = np.random.default_rng(design.seed).permutation(len(drafts))
    try:
        _store(study, [drafts[index] for index in order], translations, by)
    except (PromptSetError, RunError) as error:
        raise StudyError(str(error)) from error
    except IntegrityError as error:
        if Study.objects.filter(project=run.project, name=design.name).exists():
            raise StudyError(_taken(design.name)) from error
        raise StudyError(
            f"The images or words of {run.name!r} were changed while the study was built; build it again."
        ) from error
    return study


def _check_words(prompt_set: PromptSet) -> None:
    try:
        check_whole(prompt_set)
    except PromptSetError as error:
        raise StudyError(str(error)) from error


def _store(study: Study, drafts: list[TaskDraft], translations: list[StudyText], by: Actor) -> None:
    """In slices, each a transaction of its own: nobody who rates waits for a large study that is built."""
    ranks: Counter[str] = Counter()
    tasks = []
    for position, draft in enumerate(drafts):
        task = Task(
            study=study,
            position=position,
            rank=ranks[draft.role],
            role=draft.role,
            variant=draft.variant,
            generation=draft.generation,
            word=draft.word,
            payload=draft.payload,
        )
        task.sha256 = task_sha256(_record(task))
        tasks.append(task)
        ranks[draft.role] += 1
    study.items, study.controls = ranks[Task.Role.ITEM], ranks[Task.Role.CONTROL]
    study.checks, study.practices = ranks[Task.Role.CHECK], ranks[Task.Role.PRACTICE]
    counts = {"items": study.items, "controls": study.controls, "checks": study.checks}
    # Until its tasks are counted a study cannot be opened.
    study.items = study.controls = study.checks = 0
    with transaction.atomic():
        hold_run(study.run)
        # Once a word has a task, it is not parsed anew.
        hold_words(study.run.prompt_set)
        study.save()
        StudyText.objects.bulk_create(translations)
        Task.objects.bulk_create(tasks[:STORED_AT_ONCE])
    try:
        for first in range(STORED_AT_ONCE, len(tasks), STORED_AT_ONCE):
            Task.objects.bulk_create(tasks[first : first + STORED_AT_ONCE])
    except IntegrityError:
        _delete_tasks(study).delete()
        raise
    for name, count in counts.items():
        setattr(study, name, count)
    with transaction.atomic():
        study.save(update_fields=list(counts))
        details = {"kind": study.kind, "run": study.run.name, "tasks": len(tasks)}
        record(Action.MADE, subject=study, project=study.project, by=by, details=details)


def _record(task: Task) -> dict[str, Any]:
    """As `plans.task_records` reads it from the database."""
    generation = task.generation
    return {
        "position": task.position,
        "rank": task.rank,
        "role": task.role,
        "variant": task.variant,
        "payload": task.payload,
        "prompt": generation.prompt.text,
        "word_start": task.word and task.word.start,
        "word_end": task.word and task.word.end,
        "seed": generation.seed,
        "image_sha256": generation.image_sha256,
        "heat_maps_sha256": generation.heat_maps_sha256,
        "checkpoint_revision": generation.checkpoint_revision,
    }


def _taken(name: str) -> str:
    return f"There is a study named {name!r} already; choose another name."


def _unfinished_line(generation: Generation) -> str:
    reason = generation.error.strip().partition("\n")[0]
    state = generation.get_state_display()
    return f"{image_name(generation)}: the image is {state}" + (f": {reason}" if reason else "")


def _check_design(study: Study) -> None:
    for name in ("share_cap", "min_seconds", "join_per_second", "unanswered_share"):
        value = getattr(study, name)
        if value is not None and not math.isfinite(value):
            # Validators only compare, and nothing compares with "not a number".
            raise StudyError(f"{name}: {value} is not a number that can be compared; give a finite one.")
    if problem := name_problem(study.name):
        raise StudyError(f"The study’s name: {problem}")
    if is_archived(study.project):
        raise StudyError(f"The project “{study.project}” is archived; restore it first.")
    if Study.objects.filter(project=study.project, name=study.name).exists():
        raise StudyError(_taken(study.name))
    try:
        # the validators say the same as the constraints, in better words
        study.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise StudyError(
            "; ".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
        ) from error


@transaction.atomic
def edit_draft(*, study: Study, typed: dict[str, Any], shown: Shown | None = None, by: Actor = None) -> bool:
    """Store a draft's design as it was typed; see `editing.edit_row`. What its kind says follows the
    language, and who read it is asked for again. Raises NotEditableError where it is not a draft any more,
    EditRefusedError, EditConflictError.
    """
    try:
        locked = lock_study(study.pk)
    except Study.DoesNotExist as error:
        raise NotEditableError(f"“{study.name}” was deleted meanwhile.") from error
    if locked.state != Study.State.DRAFT:
        raise NotEditableError(f"“{locked.name}” is {locked.get_state_display()}, and not a draft any more.")
    before = as_read(locked)
    is_stored = store_edit(locked=locked, typed=typed, shown=shown, by=by)
    if locked.language != before["language"]:
        _speak_anew(locked, before["language"], by)
    ask_for_reader(locked=locked, before=before, by=by)
    if not locked.pay:
        _promise_nothing(locked, by)
    return is_stored


def _promise_nothing(study: Study, by: Actor) -> None:
    """A study that does not pay says so in no language."""
    for row in study.translations.exclude(pay=""):
        store_edit(locked=row, typed={"pay": ""}, shown=None, by=by)


def _speak_anew(study: Study, before: str, by: Actor) -> None:
    """What the kind brought goes with the language that was; what somebody typed stays."""
    if study.translations.filter(language=study.language).exists():
        raise EditRefusedError(
            "language",
            f"The study has {english_name_of(study.language)} texts beside its own already. Remove them on "
            "its page of languages first.",
        )
    kind = get_kind(study.kind)
    brought = wordings_in(kind, study.options, before)
    typed = {key: said for key, said in study.wordings.items() if said != brought.get(key)}
    wordings = wordings_in(kind, study.options, study.language) | typed
    store_edit(locked=study, typed={"wordings": wordings}, shown=None, by=by)


def delete_draft(*, study: Study, by: Actor = None) -> None:
    """Delete a draft with its tasks, in slices. Raises StudyError where it was opened."""
    delete_row(row=_delete_tasks(study), by=by)


def _delete_tasks(study: Study) -> Study:
    with transaction.atomic():
        locked = lock_study(study.pk)
        if locked.state != Study.State.DRAFT:
            raise StudyError(f"{locked.name!r} is {locked.get_state_display()}; only a draft can be deleted.")
        # Nobody opens it any more.
        Study.objects.filter(pk=locked.pk).update(items=0)
    # Nothing refers to a draft's tasks but places of an opening that was given up.
    for rows in (Place.objects.filter(study=locked), Task.objects.filter(study=locked)):
        while some := list(rows.order_by("pk").values_list("pk", flat=True)[:STORED_AT_ONCE]):
            rows.filter(pk__in=some).delete()
    return locked
