"""CLIP's byte-level pair encoding, with a vocabulary built offline from a list of words."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

TEXT_LENGTH = 77  # tokens, of CLIP
_WORD_END = "</w>"

# Words that are one token each, among them all of the captions of the demo's scenes; others are several.
_WORDS = """
airplane apple arm baby backpack ball balloon banana beach bear bed bench bicycle bike bird boat book bottle
bowl box boy bread bridge broccoli brush building bus cake camera car carrot cat chair child church city
clock cloud coat coffee computer couch cow cup day desk dog donut door dress eagle elephant eye face farm
fence field fire fish floor flower food fork forest fox frisbee fruit garden giraffe girl glass grass guitar
hair hand hat head hill horse house ice island jacket keyboard kitchen kite knife lake lamp laptop leaf
light lion man map meat microwave mirror monkey moon motorcycle mountain mouse mouth night ocean office
orange oven owl painting paper park people person phone photo photograph picture pizza plane plant plate
player rabbit racket rain refrigerator river road rock room rose sandwich sea sheep ship shirt shoe shop
sign sink skateboard skis sky snow snowboard sofa spoon stone store street suitcase sun surfboard table
teddy television tennis tie tiger toilet tower town toy track traffic train tree truck umbrella vase wall
watch water wave window wine woman wood zebra carry carrying cut eat eating flying hold holding jumping lay
laying looking parked play playing ride riding run running sit sits sitting sleep sleeping stand standing
swimming walk walking wearing beautiful big black blue bright brown clean cold dark empty fresh gold gray
green happy hot large little long metal new old open orange pink purple red round short silver small tall
two three white wooden yellow young a an and are at beside between by for from front her his in inside into
is it near next of on one other outside over some the their there to top under up very while with
above apples backpacks bananas bears below benches bicycles bowls buses cakes carpet cars cats cell chairs
couches cows cups dogs donuts elephants forks four giraffes handbag handbags horses knives laptops leaning
left lying motorcycles oranges ovens phones pizzas refrigerators right sand sandwiches skateboards
snowboards spoons suitcases surfboards toaster toasters trucks tv tvs zebras
"""
WORDS = tuple(_WORDS.split())


def build_tokenizer(words: Sequence[str]) -> CLIPTokenizer:
    """A tokenizer that keeps each of the words whole and spells out all others."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = _merges(words)
    pieces = [
        *letters,
        *(letter + _WORD_END for letter in letters),
        *(left + right for left, right in merges),
    ]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    # vocab and merges themselves: given files' names, CLIPTokenizer silently keeps only three tokens
    vocab = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=TEXT_LENGTH)


def _merges(words: Sequence[str]) -> list[tuple[str, str]]:
    """The most frequent pair of pieces, merged, and so on until each word is one piece.

    The tokenizers library has a trainer for this, but its choice among equally frequent pairs changes from
    run to run.
    """
    spellings = [[*word[:-1], word[-1] + _WORD_END] for word in sorted(set(words))]
    merges = []
    while pairs := Counter(pair for pieces in spellings for pair in pairwise(pieces)):
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for pieces in spellings:
            for index in range(len(pieces) - 2, -1, -1):
                if tuple(pieces[index : index + 2]) == best:
                    pieces[index : index + 2] = ["".join(best)]
    return merges
