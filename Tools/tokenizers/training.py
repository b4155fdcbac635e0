"""Small tokenizers that differ in every component, trained on the texts they are given."""

import io
import json
import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = GPT4.replace("{1,3}", "")
CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BYTES = pre_tokenizers.ByteLevel.alphabet()


def byte_level(texts, size, pattern=None, normalizer=None, prefix=False, ignore_merges=False, digits=False, special=()):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    steps = [pre_tokenizers.Digits(individual_digits=True)] if digits else []
    if pattern:
        steps.append(pre_tokenizers.Split(Regex(pattern), "isolated"))
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=pattern is None))
    tokenizer.pre_tokenizer = steps[0] if len(steps) == 1 else pre_tokenizers.Sequence(steps)
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=BYTES, special_tokens=["<|endoftext|>", *special], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def llama_like(texts, size, fuse):
    """BPE over whole texts with byte fallback, spaces as U+2581, as SentencePiece's BPE models are converted."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=fuse))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)],
        limit_alphabet=80, show_progress=False, max_token_length=16,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.pre_tokenizer = None
    # Bytes are ordinary tokens of the vocabulary, not added ones.
    file = json.loads(tokenizer.to_str())
    file["added_tokens"] = [token for token in file["added_tokens"] if not token["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(file))


def clip_like(texts, size):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", continuing_subword_prefix=""))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"<\|x\|>|'s|'t|'re|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<unk>"], end_of_word_suffix="</w>", initial_alphabet=BYTES, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def prefixed(texts, size):
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", continuing_subword_prefix="##", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits()])
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["[UNK]"], continuing_subword_prefix="##", limit_alphabet=120, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def word_piece(texts, size, normalizer, pre_tokenizer, prefix="##"):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", continuing_subword_prefix=prefix, max_input_chars_per_word=30))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=["[PAD]", "[UNK]", "[CLS]"], continuing_subword_prefix=prefix,
        limit_alphabet=150, show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def unigram(texts, size, normalizer, pre_tokenizer):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=["<unk>", "<s>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


# A few rules in SentencePiece's format, for a character map that is small: keys and values in hexadecimal.
SMALL_RULES = {
    "\u00e9": "e", "e\u0301": "E", "\u00c5": "A\u030a", "\ufb01": "fi", "\u3000": " ", "\u00a0": " ", "\t": " ", "\r": " ",
    "\u0344": "\u0308\u0301", "\u200b": "", "\uff21": "A", "\u1680": " ", "\U0001f1e9": "D", "\u0915": "ka",
}  # fmt: skip


def sentence_piece(texts, size, rule, split=True, scheme="always", byte_fallback=False, small=False):
    """A unigram model that SentencePiece trained, converted as transformers does it."""
    rules = dict(normalization_rule_name=rule)
    file = tempfile.NamedTemporaryFile("w", suffix=".tsv")
    if small:
        for key, value in SMALL_RULES.items():
            sides = [" ".join(f"{ord(c):X}" for c in side) for side in (key, value)]
            file.write("\t".join(sides) + "\n")
        file.flush()
        rules = dict(normalization_rule_tsv=file.name)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for text in texts for line in text.splitlines() if line.strip()), model_writer=model,
        vocab_size=size, model_type="unigram", byte_fallback=byte_fallback, **rules,
        character_coverage=0.98, hard_vocab_limit=False, minloglevel=2, num_threads=1, input_sentence_size=20000,
    )
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    vocabulary = [(piece.piece, piece.score) for piece in proto.pieces]
    tokenizer = Tokenizer(models.Unigram(vocabulary, proto.trainer_spec.unk_id, byte_fallback))
    steps = [normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)]
    steps.append(normalizers.Replace(Regex(" {2,}"), " " if split else "▁"))
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
    if scheme == "always":
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), tokenizer.pre_tokenizer])
    tokenizer.add_special_tokens(["<s>", "</s>"])
    return tokenizer


def with_added(tokenizer):
    """Adds tokens of every kind."""
    tokenizer.add_tokens(
        [
            AddedToken("<mask>", lstrip=True, normalized=False),
            AddedToken("<end>", rstrip=True, normalized=False),
            AddedToken("hello", single_word=True),
            AddedToken("World", normalized=True),
            AddedToken("tion", single_word=True, lstrip=True, rstrip=True),
            AddedToken("  ", normalized=False),
            AddedToken("caf\u00e9", normalized=True),
        ]
    )
    tokenizer.add_special_tokens([AddedToken("[MASK]", lstrip=True, rstrip=True), "<|im_start|>"])
    return tokenizer


def tokenizers(texts: list[str], size: int, small: bool) -> dict[str, Tokenizer]:
    bert = normalizers.BertNormalizer
    return {
        "bpe-gpt2": byte_level(texts, size),
        "bpe-gpt2-prefix": with_added(byte_level(texts, size, prefix=True, normalizer=normalizers.NFKC())),
        "bpe-llama3": byte_level(texts, size, GPT4, ignore_merges=True),
        "bpe-qwen": with_added(byte_level(texts, size, QWEN, normalizers.NFC())),
        "bpe-cased": byte_level(texts, size, CASED, digits=True),
        "bpe-llama2": llama_like(texts, size, fuse=True),
        "bpe-llama2-unfused": llama_like(texts, size, fuse=False),
        "bpe-clip": clip_like(texts, size),
        "bpe-prefixed": prefixed(texts, size),
        "wordpiece-cased": with_added(
            word_piece(texts, size, bert(lowercase=False, strip_accents=None), pre_tokenizers.BertPreTokenizer())
        ),
        "wordpiece-accents": word_piece(
            texts, size, bert(clean_text=False, handle_chinese_chars=False, lowercase=True, strip_accents=False),
            pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("merged_with_next")]),
        ),
        "wordpiece-plain": word_piece(
            texts, size, normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]),
            pre_tokenizers.Sequence(
                [
                    pre_tokenizers.Split(Regex(r"[\p{P}\p{S}]|\d{2}"), "contiguous"),
                    pre_tokenizers.CharDelimiterSplit(" "),
                    pre_tokenizers.Split("ing", "merged_with_previous"),
                    pre_tokenizers.FixedLength(9),
                ]
            ),
            prefix="_",
        ),
        "unigram-nmt": with_added(
            unigram(
                texts, size,
                normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]),
                pre_tokenizers.Metaspace(),
            )
        ),
        "unigram-first": unigram(texts, size, normalizers.Lowercase(), pre_tokenizers.Metaspace(prepend_scheme="first")),
        "unigram-sentencepiece": sentence_piece(texts, size, "nmt_nfkc", small=small),
        "unigram-sentencepiece-cf": with_added(sentence_piece(texts, size, "nfkc_cf", scheme="first", small=small)),
        "unigram-whole": sentence_piece(
            texts, size, "nmt_nfkc", split=False, scheme="never", byte_fallback=True, small=small
        ),
    }


def save(texts: list[str], size: int, folder: Path, small: bool = False) -> list[Path]:
    """Writes the tokenizers; `small` ones have character maps of a few rules."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, tokenizer in tokenizers(texts, size, small).items():
        path = folder / f"{name}.json"
        tokenizer.save(str(path), pretty=False)
        paths.append(path)
    return paths
