"""The same two captions in every format."""

import json

import pytest

TEXTS = ["A dog on a red sofa.", "two cats"]

CONLLU = """\
# sent_id = first
# text = A dog on a red sofa.
1\tA\ta\tDET\tDT\t_\t2\tdet\t_\t_
2\tdog\tdog\tNOUN\tNN\t_\t0\troot\t_\t_
3\ton\ton\tADP\tIN\t_\t6\tcase\t_\t_
4\ta\ta\tDET\tDT\t_\t6\tdet\t_\t_
5\tred\tred\tADJ\tJJ\t_\t6\tamod\t_\t_
6\tsofa\tsofa\tNOUN\tNN\t_\t2\tnmod\t_\tSpaceAfter=No
7\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_

# sent_id = second
# text = two cats
1\ttwo\ttwo\tNUM\tCD\t_\t2\tnummod\t_\t_
2\tcats\tcat\tNOUN\tNNS\t_\t0\troot\t_\t_
"""

_COCO = {"annotations": [{"id": 10 + i, "image_id": i, "caption": text} for i, text in enumerate(TEXTS)]}
_CSV = ["id;caption;photographer", *(f"{text[0]};{text};Ann" for text in TEXTS)]
_JSONL = [json.dumps({"prompt": text}) for text in TEXTS]

# format: (file name, content, ids)
FILES: dict[str, tuple[str, bytes, list[str]]] = {
    "coco": ("captions.json", json.dumps(_COCO).encode(), ["10", "11"]),
    "csv": ("captions.csv", "\n".join(_CSV).encode(), ["A", "t"]),
    "jsonl": ("captions.jsonl", "\n".join(_JSONL).encode(), ["1", "2"]),
    "text": ("captions.txt", b"\xef\xbb\xbf" + "\r\n".join(TEXTS).encode(), ["1", "2"]),
    "conllu": ("captions.conllu", CONLLU.encode(), ["first", "second"]),
}

every_format = pytest.mark.parametrize("format", FILES)
