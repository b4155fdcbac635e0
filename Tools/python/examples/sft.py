"""TRL's SFTTrainer on a plan: loss on the assistant's turns only, no packing.

python sft.py --store data/store --plan sweep --out runs/sft
"""

from __future__ import annotations

import argparse

import tiny
from transformers import set_seed
from trl import SFTConfig

import cohort
from cohort.trl import CohortSFTTrainer, GroupLossCallback, latest_checkpoint


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--model", help="a model of the hub; a tiny random one if not given")
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--accumulation", type=int, default=2)
    options = parser.parse_args()

    set_seed(1)
    plan = cohort.open(options.store).plan(options.plan)
    model, tokenizer = tiny.load(options.model, plan)
    args = SFTConfig(
        output_dir=options.out,
        num_train_epochs=options.epochs,
        gradient_accumulation_steps=options.accumulation,
        assistant_only_loss=True,
        max_length=256,
        learning_rate=3e-3,
        logging_steps=5,
        save_steps=5,
        report_to=[],
        use_cpu=True,
    )
    trainer = CohortSFTTrainer(model=model, args=args, processing_class=tokenizer, plan=plan, callbacks=[GroupLossCallback()])
    trainer.train(resume_from_checkpoint=latest_checkpoint(options.out))
    trainer.save_model(options.out)


if __name__ == "__main__":
    main()
