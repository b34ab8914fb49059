"""Train the English parser that comes with the project, or print its scores.

The pipeline (tagger, universal parts of speech, lemmas, dependency parser with Universal Dependencies labels)
learns from the UD English Web Treebank (Silveira et al. 2014; CC BY-SA 4.0). The treebank is needed here
only, never to run the project. The recipe stands in train_parser.cfg.

    python -m generation.demo.train_parser --treebank FOLDER --work FOLDER --output generation/demo/parser
    python -m generation.demo.train_parser --treebank FOLDER --evaluate generation/demo/parser
"""

import argparse
import lzma
import random
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import spacy
import srsly
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.strings import StringStore
from spacy.tokens import Doc, DocBin, Token
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex
from spacy.vocab import Vocab
from thinc.api import NumpyOps, set_current_ops

from generation.demo.caption_grammar import Grammar, Node
from generation.prompts.captions import Caption, read_captions
from generation.prompts.parsing import SHIPPED_PARSER, parsed_words

RECIPE = Path(__file__).with_suffix(".cfg")
CAPTIONS = Path(__file__).with_name("captions.txt")
VERSION = "1.0.0"
PARTS = ("train", "dev", "test")
GRAMMAR_CAPTIONS = 3_000
GRAMMAR_SEED = 20221
# Names of spaCy's scorer; UAS and LAS leave punctuation out.
SCORES = {
    "tokens (accuracy)": "token_acc",
    "tokens (F)": "token_f",
    "UPOS": "pos_acc",
    "tag": "tag_acc",
    "lemma": "lemma_acc",
    "UAS": "dep_uas",
    "LAS": "dep_las",
}
# The ten relations of the paper's Table 2.
TABLE_2 = ("compound", "punct", "conj:and", "det", "case", "acl", "nsubj", "amod", "nmod:of", "obj")


def treebank_file(treebank: Path, part: str) -> Path:
    return treebank / f"en_ewt-ud-{part}.conllu.xz"


def read_treebank(treebank: Path, part: str) -> list[Caption]:
    """The sentences of a part. Raises ValueError where one of them cannot be read."""
    read = read_captions(lzma.decompress(treebank_file(treebank, part).read_bytes()), format="conllu")
    if read.errors:
        raise ValueError(f"{part}, line {read.errors[0].row}: {read.errors[0].reason}")
    return read.captions


def treebank_doc(sentence: Caption, vocab: Vocab) -> Doc:
    """The treebank's analysis as a Doc, without features. spaCy writes the relation `root` as `ROOT`."""
    words = sentence.words or ()
    return Doc(
        vocab,
        words=[word.text for word in words],
        spaces=[*(word.end < following.start for word, following in pairwise(words)), False],
        lemmas=[word.lemma or "_" for word in words],
        pos=[word.part_of_speech for word in words],
        tags=[word.tag for word in words],
        heads=[index if word.head is None else word.head for index, word in enumerate(words)],
        deps=["ROOT" if word.relation == "root" else word.relation for word in words],
    )


def grammar_doc(root: Node, vocab: Vocab) -> Doc:
    """A caption of the grammar, with its analysis."""
    nodes = list(root)
    head = {id(dependent): node for node in nodes for dependent in (*node.before, *node.after)}
    position = {id(node): index for index, node in enumerate(nodes)}
    return Doc(
        vocab,
        words=[node.form for node in nodes],
        spaces=[following.part_of_speech != "PUNCT" for following in nodes[1:]] + [False],
        lemmas=[node.lemma for node in nodes],
        pos=[node.part_of_speech for node in nodes],
        tags=[node.tag for node in nodes],
        heads=[position[id(head.get(id(node), node))] for node in nodes],
        deps=["ROOT" if node.relation == "root" else node.relation for node in nodes],
    )


@spacy.registry.callbacks("daamweb.treebank_tokenizer.v1")
def treebank_tokenizer() -> Callable[[Language], None]:
    """Let spaCy's English tokenizer cut as the treebank does: runs of one sign stay whole, `and/or` and
    `F-16` do not."""
    runs = [r"[!?]+", r"[=\-_~^#<>+*]{2,}", r"\$+"]

    def change(nlp: Language) -> None:
        defaults, tokenizer = nlp.Defaults, nlp.tokenizer
        tokenizer.prefix_search = compile_prefix_regex([*runs, *defaults.prefixes]).search
        tokenizer.suffix_search = compile_suffix_regex(
            [*runs, *defaults.suffixes, r"(?<=[0-9])(?:AM|PM|am|pm)"]
        ).search
        tokenizer.infix_finditer = compile_infix_regex(
            [*defaults.infixes, r"(?<=[A-Za-z])-(?=[0-9])", r"(?<=[A-Za-z])/(?=[0-9A-Za-z])"]
        ).finditer
        rules = {form: pieces for form, pieces in tokenizer.rules.items() if form != "and/or"}
        rules |= {form: [{"ORTH": form}] for form in ("e-mail", "e-mails", "E-mail", "E-mails", "E-MAIL")}
        tokenizer.rules = rules

    return change


@spacy.registry.augmenters("daamweb.caption_style.v1")
def caption_style(level: float) -> Callable[[Language, Example], Iterator[Example]]:
    """Beside each sentence, for a share `level` of them, the same one written as captions often are: without
    its final period, with a small first letter, or both."""

    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        yield example
        if random.random() >= level:
            return
        original = example.reference
        drop_period = original[-1].text == "." and len(original) > 1 and random.random() < 0.7
        words = [word for word in original if not (drop_period and word.i == len(original) - 1)]
        forms = [word.text for word in words]
        if words[0].pos_ != "PROPN" and forms[0] != "I" and (not drop_period or random.random() < 0.6):
            forms[0] = forms[0].lower()
        spaces = [bool(word.whitespace_) for word in words]
        reference = Doc(
            nlp.vocab,
            words=forms,
            spaces=[*spaces[:-1], False],
            lemmas=[word.lemma_ for word in words],
            pos=[word.pos_ for word in words],
            tags=[word.tag_ for word in words],
            heads=[word.head.i for word in words],
            deps=[word.dep_ for word in words],
        )
        yield Example(nlp.make_doc(reference.text), reference)

    return augment


def train_pipeline(treebank: Path, work: Path, output: Path) -> None:
    """Train by the recipe, and save the weights that did best on the dev part to `output`."""
    work.mkdir(parents=True, exist_ok=True)
    vocab = spacy.blank("en").vocab
    for part in ("train", "dev"):
        docs = [treebank_doc(sentence, vocab) for sentence in read_treebank(treebank, part)]
        if part == "train":
            grammar = Grammar(random.Random(GRAMMAR_SEED))
            docs += [grammar_doc(grammar.caption(), vocab) for _ in range(GRAMMAR_CAPTIONS)]
        DocBin(docs=docs).to_disk(work / f"{part}.spacy")
        print(f"{part}: {len(docs):,} sentences, {sum(map(len, docs)):,} words", flush=True)
    paths = {f"paths.{part}": str(work / f"{part}.spacy") for part in ("train", "dev")}
    config = spacy.util.load_config(RECIPE, overrides=paths)
    # numpy's own matrix product trains nearly twice as fast as BLIS on one core
    set_current_ops(NumpyOps(use_blis=False))
    started = time.monotonic()
    train(init_nlp(config), work, use_gpu=-1, stdout=sys.stdout, stderr=sys.stderr)
    print(f"trained in {(time.monotonic() - started) / 60:.0f} minutes", flush=True)
    save(work / "model-best", output)


def save(trained: Path, output: Path) -> None:
    """Save a trained pipeline under its name and licence, without what only training needs."""
    nlp = spacy.load(trained)
    nlp.meta.update(
        name="daamweb_ewt",
        version=VERSION,
        description="Universal Dependencies parser of the daamweb project",
        license="CC BY-SA 4.0",
        sources=[
            {
                "name": "Universal Dependencies English Web Treebank 2.15",
                "url": "https://universaldependencies.org/treebanks/en_ewt/index.html",
                "license": "CC BY-SA 4.0",
            }
        ],
    )
    config = nlp.config.copy()
    config["paths"] = dict.fromkeys(config["paths"])
    config["corpora"] = {}
    config["initialize"]["before_init"] = None
    nlp.config = config
    nlp.to_disk(output)
    needed_strings(nlp).to_disk(output / "vocab" / "strings.json")


def needed_strings(nlp: Language) -> StringStore:
    """The strings that the pipeline looks up: those of the language, its labels, and the pieces of words that
    the lemmatizer puts in. The treebank's words, the names and addresses in them included, stay out."""
    trees = srsly.msgpack_loads(nlp.get_pipe("trainable_lemmatizer").trees.to_bytes())["trees"]
    pieces = {tree[key] for tree in trees for key in ("orig", "subst") if tree.get(key)}
    labels = (label for labels in nlp.pipe_labels.values() for label in labels)
    language = spacy.blank(nlp.lang).vocab.strings
    return StringStore(
        sorted({*language, *map(str, labels), *(nlp.vocab.strings[piece] for piece in pieces)})
    )


def evaluate(treebank: Path, folder: Path) -> None:
    """Print the scores of a saved pipeline on the test part, from raw text."""
    nlp = spacy.load(folder)
    sentences = read_treebank(treebank, "test")
    started = time.monotonic()
    parsed = list(nlp.pipe(sentence.text for sentence in sentences))
    seconds = time.monotonic() - started
    examples = [
        Example(doc, treebank_doc(sentence, nlp.vocab))
        for doc, sentence in zip(parsed, sentences, strict=True)
    ]
    scores = Scorer(nlp).score(examples)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{len(examples):,} sentences, {sum(len(e.reference) for e in examples):,} words; {seconds:.0f} s")
    print(f"size of the folder: {size / 1e6:.1f} MB")
    for label, name in SCORES.items():
        print(f"{label:<28}{100 * scores[name]:6.2f} %")
    with_punctuation = Scorer.score_deps(examples, attr="dep", getter=lambda token, _: token.dep_)
    print(f"{'LAS with punctuation':<28}{100 * with_punctuation['dep_las']:6.2f} %")

    print("\nrelations of the paper's Table 2 (label and head right): precision, recall, F, number")
    Token.set_extension("enhanced", default="", force=True)
    for example in examples:
        label_enhanced(example.predicted)
        label_enhanced(example.reference)
    enhanced = Scorer.score_deps(examples, attr="enhanced", getter=lambda token, name: token._.get(name))
    for relation in TABLE_2:
        score = enhanced["enhanced_las_per_type"][relation]
        number = sum(token._.enhanced == relation for e in examples for token in e.reference)
        p, r, f = (100 * score[name] for name in "prf")
        print(f"{relation:<12}{p:7.1f}{r:7.1f}{f:7.1f}{number:7d}")


def show_parses(folder: Path, captions: Path) -> None:
    """Print the parses of ten captions, spread evenly over a caption file."""
    nlp = spacy.load(folder)
    texts = [c.text for c in read_captions(captions.read_bytes(), file_name=captions.name).captions]
    for text in texts[:: max(1, len(texts) // 10)][:10]:
        words = parsed_words(nlp(text))
        print(f"\n{text}")
        for word in words:
            head = "-" if word.head is None else words[word.head].text
            columns = f"{word.text:<14}{word.part_of_speech:<7}{word.lemma:<14}{word.enhanced_relation:<14}"
            print(f"    {columns}{head}")


def label_enhanced(doc: Doc) -> None:
    tokens = [token for token in doc if not token.is_space]
    for token, word in zip(tokens, parsed_words(doc), strict=True):
        token._.enhanced = word.enhanced_relation


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--treebank", type=Path, required=True, help="folder of en_ewt-ud-*.conllu.xz")
    parser.add_argument("--work", type=Path, default="var/parser", help="folder for what training leaves")
    parser.add_argument("--output", type=Path, default=SHIPPED_PARSER, help="folder for the weights")
    parser.add_argument("--evaluate", type=Path, metavar="FOLDER", help="train nothing; score this pipeline")
    parser.add_argument("--captions", type=Path, default=CAPTIONS, help="a caption file to show parses of")
    arguments = parser.parse_args()
    missing = [p for p in PARTS if not treebank_file(arguments.treebank, p).is_file()]
    if missing:
        parser.error(f"there is no {treebank_file(arguments.treebank, missing[0])}")
    if not arguments.evaluate:
        train_pipeline(arguments.treebank, arguments.work, arguments.output)
    folder = arguments.evaluate or arguments.output
    evaluate(arguments.treebank, folder)
    show_parses(folder, arguments.captions)


if __name__ == "__main__":
    main()
