"""Writes tests/tokenizer/golden/golden.json with the `tokenizers` library: a small corpus, the merges its trainer finds there, and
texts with their ids under tests/tokenizer/golden/tokenizer.json. That file is r1's: what train_bpe writes for the corpus (the test
SameMergesAsTheTokenizersLibrary holds both to it); this script loads it, which also shows that the library reads r1's files.

Run in the repository's root: python tools/golden/tokenizer.py   (needs: tokenizers)
"""

import json
import os
import random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

FOLDER = "tests/tokenizer/golden"
VOCAB_SIZE = 560
SPECIAL = ["<|bos|>", "<|eos|>", "<|pad|>"]
SENTENCES = [
    "A ball is thrown upward at 20 m/s; after 2.5 seconds it has risen {0} metres.",
    "小明有{0}个苹果，给了小红{1}个，还剩多少个？",
    "def add(x, y):\n\treturn x + y  # {0}\n",
    "If 3x + {0} = {1}, then x = ({1} - {0}) / 3.",
    "<think>{0}+{1}: first the ones, then the tens</think>\n\n<answer>{1}</answer>",
    "カタカナとひらがな、{0}円です。",
    "Don't panic: we're fine, they'll see it's {0}%!!\r\n",
    "Σ αβγ — naïve café, Привет мир {0} ½ ٣",
]
WORDS = [w for s in SENTENCES for w in s.split(" ")]
ALPHABETS = ["abcdefgh ", "0123456789", "你好世界苹果小明", "ひらがなカタカナー", "\U0001f600\U0001f680\u200d\ufe0f❤", "éüñßæ",
             "e\u0301\u0327\u0300", " \t\n\r\u000b\u000c", "\u0085\u00a0\u1680\u180e\u2003\u2028\u2029\u3000\u200b", "\u0000\u0001\u001f\u007f",
             "!?.,:;'\"()[]{}<>|\\/^_`~@#$%&*-+=", "٠١٢Ⅷ½²〇", "가나다", "\ue000\U00010400\U0010ffff", "<|bos|>eo"]


def corpus():
    rng = random.Random(1)
    return ["\n".join(rng.choice(SENTENCES).format(rng.randrange(100), rng.randrange(1000)) for _ in range(12)) for _ in range(12)]


def train(documents, patterns):
    tokenizer = Tokenizer(models.BPE())
    splits = [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splits + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB_SIZE, min_frequency=2, special_tokens=SPECIAL, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(documents, trainer)
    return json.loads(tokenizer.to_str())["model"]["merges"]


def random_text(rng):
    parts = []
    for _ in range(rng.randrange(1, 6)):
        kind = rng.random()
        if kind < 0.4:
            parts.append(rng.choice(WORDS) + rng.choice(["", " ", "  ", "\n"]))
        elif kind < 0.5:
            parts.append(rng.choice(SPECIAL + ["<|bo", "<|<|eos|>|>"]))
        else:
            alphabet = rng.choice(ALPHABETS)
            parts.append("".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 10))))
    return "".join(parts)


def main():
    with open(os.path.join(FOLDER, "tokenizer.json"), encoding="utf-8") as file:
        steps = json.load(file)["pre_tokenizer"]["pretokenizers"]
    tokenizer = Tokenizer.from_file(os.path.join(FOLDER, "tokenizer.json"))
    rng = random.Random(2)
    texts = ["", "a" * 70, "ab" * 40, " " * 50, "小明" * 30] + [random_text(rng) for _ in range(395)]
    documents = corpus()
    golden = {
        "vocab_size": VOCAB_SIZE,
        "corpus": documents,
        "merges": train(documents, [s["pattern"]["Regex"] for s in steps if s["type"] == "Split"]),
        "cases": [[t, tokenizer.encode(t, add_special_tokens=False).ids] for t in texts],
    }
    with open(os.path.join(FOLDER, "golden.json"), "w", encoding="utf-8") as file:
        rows = ",\n".join(json.dumps(c, separators=(",", ":")) for c in golden.pop("cases"))
        file.write(json.dumps(golden, separators=(",", ":"))[:-1] + ',\n"cases":[\n' + rows + "\n]}\n")


if __name__ == "__main__":
    main()
