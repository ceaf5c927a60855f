"""Writes tests/tokenizer/golden/families/: small tokenizer files of the kinds that published models have, and the ids that the
library each belongs to gives for some texts. NAME.json is made and read by `tokenizers`, ranks.tiktoken by `tiktoken`; cases.json has
the texts and, by file, the ids of each.

  gpt2     ByteLevel alone                                llama3   one Split; every cut of a token as a merge; ignore_merges, and
  smollm2  Digits one by one, then ByteLevel; some bytes           words that no merge makes
           have no token                                  qwen2    NFC, one Split with single digits, tokens added behind

Run in the repository's root: python tools/golden/tokenizer_families.py   (needs: tokenizers, tiktoken)
"""

import base64
import json
import os
import random

import tiktoken
from tokenizer import corpus, random_text
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

FOLDER = "tests/tokenizer/golden/families"
SPECIAL = ["<|bos|>", "<|eos|>", "<|pad|>"]  # what random_text writes
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3, QWEN2 = WORDS % "{1,3}", WORDS % ""
WHOLE = [" thrown", " they", " metres", "苹果"]  # tokens that no merge makes
TEXTS = ["It'S he'LL don'T we'Re I'M o'ſ x'\u212a", "1234567 ١٢٣٤ Ⅻ½ 3.14 a1b22c333", "e\u0301 \u0065\u0323\u0301 \u212b\u2126\u0958\u0344",
         "\u1112\u1161\u11ab\u1100\u1161 한글", "\u0301\u0323a\u0323\u0301", "\u304b\u3099 \u30cf\u309a", "a\x04b\x06 \x14\x1d",
         "  \n\n  x\t\ty \r\n\r\n", "苹果\n苹果 苹果苹果 thrown they metres thrownthey", "<|eos|>e\u0301<|user|>\u212b<|bos|>",
         "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f", "x" * 100, "1" * 50, " " * 40]


def trained(documents, pre_tokenizer, vocab_size, alphabet=None):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, min_frequency=2, show_progress=False,
                                  initial_alphabet=alphabet or pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(documents, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(m) for m in model["merges"]]


def split(pattern):
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), byte_level])


def finished(model, pre_tokenizer, normalizer=None, added=()):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in SPECIAL])
    tokenizer.add_tokens([AddedToken(s, normalized=False) for s in added])
    return tokenizer


def every_cut(vocab):
    """Merges of transformers' conversion of rank files: each token's cuts by the ids of their halves."""
    merges = []
    for token, _ in sorted(vocab.items(), key=lambda item: item[1]):
        cuts = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in vocab and token[i:] in vocab]
        merges += sorted(cuts, key=lambda cut: (vocab[cut[0]], vocab[cut[1]]))
    return merges


def families(documents):
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    vocab, merges = trained(documents, byte_level, 420)
    yield "gpt2", finished(models.BPE(vocab=vocab, merges=merges), byte_level)
    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    vocab, merges = trained(documents, digits, 380, alphabet=["Ġ"])  # the bytes that occur
    yield "smollm2", finished(models.BPE(vocab=vocab, merges=merges), digits)
    vocab, merges = trained(documents, split(LLAMA3), 420)
    for word in WHOLE:
        vocab.setdefault("".join(map(printable, word.encode())), len(vocab))
    yield "llama3", finished(models.BPE(vocab=vocab, merges=every_cut(vocab), ignore_merges=True), split(LLAMA3))
    vocab, merges = trained(documents, split(QWEN2), 420)
    yield "qwen2", finished(models.BPE(vocab=vocab, merges=merges), split(QWEN2), normalizers.NFC(), ["<|user|>"])


def ranks_of(vocab):
    byte_of = {printable(b): b for b in range(256)}
    return {bytes(byte_of[c] for c in token): id for token, id in vocab.items()}


def printable(byte):
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return chr(byte) if byte in plain else chr(256 + [b for b in range(256) if b not in plain].index(byte))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    rng = random.Random(3)
    texts = [""] + TEXTS + [random_text(rng) for _ in range(120)]
    cases = {}
    for name, tokenizer in families(corpus()):
        tokenizer.save(os.path.join(FOLDER, name + ".json"), pretty=False)
        cases[name] = [tokenizer.encode(t, add_special_tokens=False).ids for t in texts]
        if name != "llama3":
            continue
        ranks = ranks_of({t: i for t, i in tokenizer.get_vocab(with_added_tokens=False).items()})
        special = {s: tokenizer.token_to_id(s) for s in SPECIAL}
        encoding = tiktoken.Encoding("ranks", pat_str=LLAMA3, mergeable_ranks=ranks, special_tokens=special)
        cases["tiktoken"] = [encoding.encode(t, allowed_special="all") for t in texts]
        with open(os.path.join(FOLDER, "ranks.tiktoken"), "wb") as file:
            for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
                file.write(base64.b64encode(token) + f" {rank}\n".encode())
        with open(os.path.join(FOLDER, "special_tokens.json"), "w", encoding="utf-8") as file:
            json.dump(special, file)
    with open(os.path.join(FOLDER, "cases.json"), "w", encoding="utf-8") as file:
        rows = [f"{json.dumps(name)}:{json.dumps(rows, separators=(',', ':'))}" for name, rows in [("texts", texts), *cases.items()]]
        file.write("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
