internal import CohortCore

/// Files that describe data, models or programs, and lie among data under names that could be data, too.
enum MetadataFile {
  /// What a file is, by its name; nil for all others.
  static func kind(of name: String) -> String? {
    switch name {
    case "dataset_infos.json", "dataset_dict.json", "state.json", "croissant.json": "the description of a data set"
    case "package.json", "package-lock.json", "tsconfig.json", "composer.json": "the description of a program"
    case "config.json", "generation_config.json", "adapter_config.json", "preprocessor_config.json",
      "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
      "model.safetensors.index.json", "pytorch_model.bin.index.json", "modules.json", "sentence_bert_config.json":
      "the description of a model"
    case "trainer_state.json", "training_args.json", "all_results.json", "train_results.json", "eval_results.json":
      "the record of a training run"
    default: nil
    }
  }
}
