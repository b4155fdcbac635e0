"""A Transformers Trainer on a plan, with the loss of each group in its logs. Start it again after a crash: it resumes.

python trainer.py --store data/store --plan sweep --out runs/trainer
torchrun --nproc-per-node 2 trainer.py --store data/store --plan sweep --out runs/trainer
"""

from __future__ import annotations

import argparse

import tiny
from transformers import TrainingArguments, set_seed

import cohort
from cohort.transformers import ChatEncoder, CohortTrainer, GroupLossCallback, latest_checkpoint


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--model", help="a model of the hub; a tiny random one if not given")
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--accumulation", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args()

    set_seed(1)
    plan = cohort.open(options.store).plan(options.plan)
    model, tokenizer = tiny.load(options.model, plan)
    args = TrainingArguments(
        output_dir=options.out,
        num_train_epochs=options.epochs,
        gradient_accumulation_steps=options.accumulation,
        dataloader_num_workers=options.workers,
        learning_rate=3e-3,
        logging_steps=5,
        save_steps=5,
        save_total_limit=2,
        report_to=[],
        use_cpu=True,
    )
    trainer = CohortTrainer(
        model=model,
        args=args,
        processing_class=tokenizer,
        plan=plan,
        encode=ChatEncoder(tokenizer, max_length=256),
        callbacks=[GroupLossCallback()],
    )
    trainer.train(resume_from_checkpoint=latest_checkpoint(options.out))
    trainer.save_model(options.out)


if __name__ == "__main__":
    main()
    tiny.leave()
