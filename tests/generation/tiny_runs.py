"""Runs on the tiny checkpoint, and what became of them."""

from generation.models import Generation, GenerationRun

State = Generation.State
TEXTS = ("a cat on a red sofa", "a dog and a ball", "two apples")


def outcome(run: GenerationRun) -> list[Generation]:
    return list(run.generations.order_by("prompt__position", "seed"))


def finish(run: GenerationRun) -> list[Generation]:
    from generation.execution import execute_batch  # brings torch

    while execute_batch(run):
        pass
    generations = outcome(run)
    assert [generation.error for generation in generations] == [""] * len(generations)
    assert {generation.state for generation in generations} == {State.DONE}
    return generations
