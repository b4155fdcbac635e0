"""Real instruction data with its vectors, and what a probe can be asked to tell from them.

Rows without a prompt or an answer are left out, and all but the first of equal rows, as a store does.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixtures import unit

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
MODEL = ROOT / "Sources" / "CBundledModel" / "minilm-l6-256"
END = "<|endoftext|>"

# Datasets of P3 with more than one word in their names, where the name alone does not tell where the template begins.
P3_DATASETS = re.compile(
    r"adversarial_qa_[a-z]+|duorc_[A-Za-z]+|ag_news|amazon_polarity|app_reviews|cnn_dailymail|common_gen|commonsense_qa|"
    r"cosmos_qa|dbpedia_14|glue_[a-z]+|kilt_tasks|multi_news|paws|rotten_tomatoes|social_i_qa|trec|wiki_bio|wiki_hop|wiki_qa|"
    r"yelp_review|[a-z]+"
)
# What a request for code is about: the first of these that its text names.
LANGUAGES = ("javascript", "c++", "c#", "html", "css", "sql", "python", "ruby", "php", "swift", "bash", "java", "regular exp")


@dataclass
class RealSet:
    """`vectors` are of length 1. `labels` are classes, `values` are columns of numbers: one row each."""

    name: str
    vectors: np.ndarray
    labels: dict[str, np.ndarray]
    values: dict[str, np.ndarray]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def p3(data: Path, embeddings: Path):
    prompts, answers, tasks = [], [], []
    for name, count in json.loads((embeddings / "p3.manifest.json").read_text()):
        found = lines(data / "p3" / name)
        if len(found) != count:
            raise SystemExit(f"{name} has {len(found)} rows, its vectors are for {count}")
        prompts += [row["prompt"] for row in found]
        answers += [row["completion"].removesuffix(END) for row in found]
        tasks += [name.removesuffix(".jsonl")] * count
    datasets = [P3_DATASETS.match(task)[0] for task in tasks]
    return prompts, answers, np.load(embeddings / "p3.npy"), {"task": tasks, "dataset": datasets}


def codealpaca(data: Path, embeddings: Path):
    prompts, answers, files, halves = [], [], [], []
    for name in ("code_alpaca_2k", "new_codealpaca"):
        rows = json.loads((data / "codealpaca" / f"{name}.json").read_text())
        prompts += [row["instruction"] + ("\n" + row["input"] if row["input"] else "") for row in rows]
        answers += [row.get("output") or row.get("response") or "" for row in rows]
        files += [name] * len(rows)
        halves.append(np.load(embeddings / f"codealpaca.{name}.npy"))
    named = [next((name for name in LANGUAGES if name in prompt.lower()), "") for prompt in prompts]
    return prompts, answers, np.concatenate(halves), {"file": files, "language": named}


def gsm8k(data: Path, embeddings: Path):
    rows = lines(data / "gsm8k" / "train.jsonl")
    answers = [row["answer"] for row in rows]
    # Calculations are marked <<…>>; few answers have more than seven.
    steps = [min(answer.count("<<"), 7) for answer in answers]
    return [row["question"] for row in rows], answers, np.load(embeddings / "gsm8k.train.npy"), {"steps": steps}


def maths_and_code(data: Path, embeddings: Path):
    maths, code = gsm8k(data, embeddings), codealpaca(data, embeddings)
    files = ["gsm8k"] * len(maths[0]) + code[3]["file"]
    return maths[0] + code[0], maths[1] + code[1], np.concatenate([maths[2], code[2]]), {"file": files}


def apibench(data: Path, embeddings: Path):
    """Vectors come from the bundled model through model2vec, which the encoder of Cohort agrees with."""
    from model2vec import StaticModel

    rows, libraries = [], []
    for name in ("huggingface_eval", "tensorflow_eval", "torchhub_eval", "torchhub_train"):
        rows += lines(data / "apibench" / f"{name}.jsonl")
        libraries += [name.split("_")[0]] * (len(rows) - len(libraries))
    # Two spellings: "###Instruction: …\n###Output: …" and "{'Instruction': …, 'Output': …".
    asked = [re.search(r"Instruction'?\W*:(.*?)(?:#+\s*Output|,\s*'Output'|$)", row["code"], re.S) for row in rows]
    prompts = [match[1].strip() if match else row["code"] for match, row in zip(asked, rows)]
    labels = {"domain": [row["api_data"].get("domain", "") for row in rows], "library": libraries}
    vectors = StaticModel.from_pretrained(str(MODEL)).encode(prompts)
    return prompts, [row["api_call"] for row in rows], vectors, labels


READERS = {"p3": p3, "maths_and_code": maths_and_code, "codealpaca": codealpaca, "gsm8k": gsm8k, "apibench": apibench}


def read(name: str, data: Path, embeddings: Path) -> RealSet:
    """Labels are numbered. Values: `words`, 32 principal directions of the answers' words, and `length`, the logarithm of their
    characters; both have mean 0 and a variance of 1 in all."""
    prompts, answers, vectors, labels = READERS[name](data, embeddings)
    norms = np.linalg.norm(np.asarray(vectors, np.float32), axis=1)
    first: dict[tuple[str, str], int] = {}
    for i, pair in enumerate(zip(prompts, answers)):
        if pair[0].strip() and pair[1].strip() and norms[i] > 0:
            first.setdefault(pair, i)
    kept = np.array(list(first.values()))
    answers = [answers[i] for i in kept]
    return RealSet(
        name, unit(np.asarray(vectors, np.float32)[kept]),
        {key: np.unique(np.array(label)[kept], return_inverse=True)[1] for key, label in labels.items()},
        {"words": words(answers), "length": scaled(np.log1p([[len(answer)] for answer in answers]))},
    )


def words(texts: list[str]) -> np.ndarray:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    counts = TfidfVectorizer(min_df=3, max_features=30_000, sublinear_tf=True).fit_transform(texts)
    return scaled(TruncatedSVD(32, random_state=0).fit_transform(counts))


def scaled(values: np.ndarray) -> np.ndarray:
    values = values - values.mean(0)
    return values / np.sqrt((values**2).sum(1).mean())
