"""CoNLL-U: sentences with their gold words (https://universaldependencies.org/format.html)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from reprlib import repr as short

from generation.prompts.formats import Caption, RowError, numbered_lines
from generation.prompts.words import ParsedWord, enhance

COLUMNS = 10
# A sentence is stored in one transaction, heads first: a chain of so many words takes a quarter of a second.
MAX_WORDS = 600
ID, FORM, LEMMA, UPOS, XPOS, _FEATS, HEAD, DEPREL, DEPS, MISC = range(COLUMNS)


class _Malformed(ValueError):
    """A sentence that breaks the format, with the line at fault."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.error = RowError(line, reason)


@dataclass(frozen=True)
class _Row:
    line: int
    columns: list[str]


@dataclass(frozen=True)
class _Surface:
    """What is written in one piece: a word, or a multiword token with the words in it."""

    form: str
    words: list[_Row]
    space_after: bool


def read_conllu(text: str) -> Iterator[Caption | RowError]:
    """Sentences as captions, with gold words and their character offsets.

    The text is that of the comment `text`, or put together from the words; the id is that of the comment
    `sent_id`. A malformed sentence gives one error, that of its first line at fault.
    """
    for block in _blocks(text):
        try:
            yield _sentence(block)
        except _Malformed as malformed:
            yield malformed.error


def _blocks(text: str) -> Iterator[list[tuple[int, str]]]:
    """Lines with their numbers, parted where lines are missing from the count: at the blank ones."""
    block: list[tuple[int, str]] = []
    for number, line in numbered_lines(text):
        if block and number > block[-1][0] + 1:
            yield block
            block = []
        block.append((number, line))
    if block:
        yield block


def _sentence(block: Sequence[tuple[int, str]]) -> Caption:
    first_line = block[0][0]
    comments: dict[str, str] = {}
    rows = []
    for number, line in block:
        if line.startswith("#"):
            key, separator, value = line.removeprefix("#").partition("=")
            if separator:
                comments[key.strip()] = value.strip()
            continue
        columns = line.split("\t")
        if len(columns) != COLUMNS:
            raise _Malformed(number, f"{len(columns)} columns separated by tabs; CoNLL-U has {COLUMNS}")
        rows.append(_Row(number, columns))
    surfaces = _surfaces(rows)
    word_rows = [row for surface in surfaces for row in surface.words]
    if not word_rows:
        raise _Malformed(first_line, "a sentence without words")
    if len(word_rows) > MAX_WORDS:
        raise _Malformed(first_line, f"a sentence of {len(word_rows):,} words; the limit is {MAX_WORDS:,}")
    text = comments.pop("text", "") or _assembled(surfaces)
    spans = _spans(text, surfaces)
    heads = _heads(word_rows)
    identifier = comments.pop("sent_id", "") or str(first_line)
    words = enhance([_word(row, span, head) for row, span, head in zip(word_rows, spans, heads, strict=True)])
    return Caption(
        row=first_line,
        external_id=identifier,
        text=text,
        metadata=comments,
        words=tuple(_with_own_enhancement(word, row) for word, row in zip(words, word_rows, strict=True)),
    )


def _surfaces(rows: Sequence[_Row]) -> list[_Surface]:
    """Words under their multiword tokens. Empty nodes (`8.1`) belong to the enhanced graph only."""
    surfaces: list[_Surface] = []
    next_word, range_end = 1, 0
    for row in rows:
        identifier, form = row.columns[ID], row.columns[FORM]
        space_after = "SpaceAfter=No" not in row.columns[MISC].split("|")
        first, dash, last = identifier.partition("-")
        if dash:
            end = _number(last)
            if _number(first) != next_word or end is None or end < next_word or next_word <= range_end:
                raise _Malformed(
                    row.line, f"the range {short(identifier)} does not start at word {next_word}"
                )
            range_end = end
            surfaces.append(_Surface(form, [], space_after))
        elif "." not in identifier:
            if _number(identifier) != next_word:
                raise _Malformed(row.line, f"word {short(identifier)} where word {next_word} is due")
            if next_word > range_end:
                surfaces.append(_Surface(form, [], space_after))
            surfaces[-1].words.append(row)
            next_word += 1
        elif any(_number(part) is None for part in identifier.split(".", 1)):
            raise _Malformed(row.line, f"{short(identifier)} is no id of a word, a range or an empty node")
    if range_end >= next_word:
        raise _Malformed(rows[-1].line, f"the range up to word {range_end} ends after word {next_word - 1}")
    return surfaces


def _assembled(surfaces: Sequence[_Surface]) -> str:
    return "".join(surface.form + " " * surface.space_after for surface in surfaces).strip()


def _spans(text: str, surfaces: Sequence[_Surface]) -> Iterator[tuple[int, int]]:
    """Character offsets of every word; of the whole token where its words are not its letters in order."""
    position = 0
    for surface in surfaces:
        while position < len(text) and text[position].isspace():
            position += 1
        end = position + len(surface.form)
        if text[position:end] != surface.form:
            raise _Malformed(
                surface.words[0].line,
                f"{short(surface.form)} does not stand at character {position} of the text {short(text)}",
            )
        forms = [row.columns[FORM] for row in surface.words]
        if "".join(forms) == surface.form:
            for form in forms:
                yield position, position + len(form)
                position += len(form)
        else:
            yield from ((position, end) for _ in forms)
            position = end


def _heads(rows: Sequence[_Row]) -> list[int | None]:
    """Indices of the heads, None for a root. Every word has to hang, by its heads, on a root."""
    heads: list[int | None] = []
    for row in rows:
        head = _number(row.columns[HEAD])
        if head is None or head > len(rows):
            reason = f"the head {short(row.columns[HEAD])} is none of the {len(rows)} words of the sentence"
            raise _Malformed(row.line, reason)
        heads.append(head - 1 if head else None)
    for index, row in enumerate(rows):
        above, steps = heads[index], 0
        while above is not None:
            above, steps = heads[above], steps + 1
            if steps > len(rows):
                raise _Malformed(row.line, f"the heads above word {index + 1} run in a circle")
    return heads


def _word(row: _Row, span: tuple[int, int], head: int | None) -> ParsedWord:
    lemma, part_of_speech, tag, relation = (
        _value(row.columns[column]) for column in (LEMMA, UPOS, XPOS, DEPREL)
    )
    if row.columns[FORM] == "_" and not lemma:
        lemma = "_"
    if not row.columns[FORM].strip():
        raise _Malformed(row.line, "a word without a form (FORM)")
    if not part_of_speech:
        raise _Malformed(row.line, "a word without a part of speech (UPOS)")
    if not relation:
        raise _Malformed(row.line, "a word without a relation (DEPREL)")
    return ParsedWord(
        start=span[0],
        end=span[1],
        text=row.columns[FORM],
        lemma=lemma,
        part_of_speech=part_of_speech,
        tag=tag,
        head=head,
        relation=relation,
    )


def _with_own_enhancement(word: ParsedWord, row: _Row) -> ParsedWord:
    """The label that the file's own enhanced graph has for the basic head, where it has one."""
    for dependency in row.columns[DEPS].split("|"):
        head, _, relation = dependency.partition(":")
        if head == row.columns[HEAD] and relation:
            return replace(word, enhanced_relation=relation)
    return word


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else None


def _value(column: str) -> str:
    return "" if column == "_" else column
