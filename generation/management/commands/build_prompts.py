import shlex
from collections import Counter

from django.core.management.base import BaseCommand, CommandError

from daamweb.projects.commands import add_project_argument, find_named, project_to_work_in
from generation.errors import PromptSetError
from generation.models import PromptSet
from generation.prompts.sampling import PUNCTUATION
from generation.services.built_prompt_sets import build_cohyponyms_prompt_set, build_words_prompt_set


class Command(BaseCommand):
    help = "Build a prompt set by a recipe of the paper."

    def add_arguments(self, parser):
        builders = parser.add_subparsers(dest="builder", required=True, metavar="BUILDER")
        words = builders.add_parser(
            "words", help="n words of each common part of speech of an imported set (section 3.2)"
        )
        words.add_argument(
            "--source", required=True, metavar="NAME", help="the parsed prompt set to sample from"
        )
        words.add_argument("--per-part-of-speech", type=int, default=200, metavar="N")
        words.add_argument(
            "--common", type=int, default=14, metavar="N", help="how many parts of speech, most common first"
        )
        words.add_argument(
            "--parts-of-speech",
            metavar="A,B",
            help="exactly these, such as NOUN,ADJ, instead of the common ones",
        )
        words.add_argument(
            "--attention-checks",
            type=int,
            metavar="N",
            help="punctuation to mix in (default: one for every twenty words)",
        )
        cohyponyms = builders.add_parser(
            "cohyponyms", help="'a(n) … and a(n) …', half of them siblings (section 5.1)"
        )
        cohyponyms.add_argument("--count", type=int, default=1000, metavar="N")
        cohyponyms.add_argument("--cohyponym-share", type=float, default=0.5, metavar="SHARE")
        cohyponyms.add_argument("--nouns", metavar="A,B", help="only these nouns of the ontology")
        for builder in (words, cohyponyms):
            builder.add_argument(
                "--prompt-set", required=True, metavar="NAME", help="name of the new prompt set"
            )
            builder.add_argument("--seed", type=int, required=True, metavar="N")
            add_project_argument(builder)

    def handle(self, *, builder: str, **options):
        build = self.build_words if builder == "words" else self.build_cohyponyms
        try:
            prompt_set = build(**options)
        except PromptSetError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{prompt_set.prompts.count()} prompts in {prompt_set.name!r}."))
        if prompt_set.parse_state != PromptSet.ParseState.PARSED:
            self.stdout.write(f"Next: python manage.py parse_prompts {shlex.quote(prompt_set.name)}")

    def build_words(
        self,
        *,
        project,
        prompt_set,
        seed,
        source,
        per_part_of_speech,
        common,
        parts_of_speech,
        attention_checks,
        **_,
    ):
        source_set = find_named(PromptSet.objects.all(), source, project=project)
        built, sample = build_words_prompt_set(
            name=prompt_set,
            source=source_set,
            seed=seed,
            per_part_of_speech=per_part_of_speech,
            common=common,
            attention_checks=attention_checks,
            parts_of_speech=_listed(parts_of_speech),
        )
        drawn = Counter(word.part_of_speech for word in (*sample.targets, *sample.attention_checks))
        for part_of_speech in [*drawn, *(part for part in sample.shortfalls if part not in drawn)]:
            short = sample.shortfalls.get(part_of_speech)
            self.stdout.write(
                f"  {part_of_speech:6} {drawn[part_of_speech]:4} of {sample.counts.get(part_of_speech, 0)}"
                + (f" ({short} fewer than asked for)" if short else "")
                + (" as attention checks" if part_of_speech == PUNCTUATION else "")
            )
        return built

    def build_cohyponyms(self, *, project, prompt_set, seed, count, cohyponym_share, nouns, **_):
        return build_cohyponyms_prompt_set(
            project=project_to_work_in(project),
            name=prompt_set,
            count=count,
            seed=seed,
            cohyponym_share=cohyponym_share,
            nouns=_listed(nouns),
        )


def _listed(text: str | None) -> list[str] | None:
    return [item.strip() for item in text.split(",") if item.strip()] if text else None
