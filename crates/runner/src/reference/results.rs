//! `docs/reference/results.md`: the files that a run leaves, and what stands in them.

use super::page::table;

/// The files of a run's folder.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("config.json", "the resolved config, complete: every default written out"),
    ("metrics.jsonl", "one JSON object for each epoch"),
    ("result.json", "how the run ended: status, best and last figures, fingerprints"),
    ("timing.json", "every clock, and the peak of memory"),
    ("environment.json", "program version and fingerprint, git state, host, processor, threads"),
    ("attempts.json", "failures so far; only when retries are asked for"),
    ("log.txt", "everything that happened; older parts are `log.txt.1`, `log.txt.2`, ..."),
    ("model_best.safetensors", "the weights of the best epoch, under the names that PyTorch users know"),
    ("model_last.safetensors", "the weights after the last epoch"),
    (
        "checkpoints",
        "a folder: the whole training state, one file `step-<12 digits>.safetensors` for each of the newest",
    ),
    ("tensorboard", "a folder with one event file, where `--tensorboard` or `runner export tensorboard` was given"),
    (".lock", "held by the process that works in the folder; the file stays when nobody does"),
];

/// The keys of `result.json`.
pub(crate) const RESULT: &[(&str, &str)] = &[
    ("name", "the experiment"),
    ("status", "`completed`, `failed` or `interrupted`"),
    ("epochs", "epochs completed"),
    ("steps", "optimizer steps done"),
    ("stopped_early", "whether early stopping ended the run before its last epoch"),
    ("best", "the best epoch by `checkpoint.monitor`: `epoch`, `step` and its figures"),
    ("last", "the last epoch, likewise"),
    (
        "evaluation",
        "every metric of the best epoch's validation by its plain name, and `confusion_matrix` of up to 64 classes",
    ),
    ("parameters", "trainable numbers of the model"),
    (
        "preprocessing",
        "what applying the model takes beside its weights: shapes, classes, what is taken out of inputs and targets",
    ),
    ("config_sha256", "what `sha256sum config.json` prints"),
    ("data_sha256", "fingerprint of the data's content"),
    ("error", "`class` and `message`, when the run failed or was interrupted"),
    ("byte_identical", "`false` if another build or machine continued the run; absent otherwise"),
    ("byte_identical_reason", "why it is `false`"),
    ("lineage", "the runs it was forked from, the eldest first; absent if there are none"),
    ("model_last_sha256", "what `sha256sum model_last.safetensors` prints"),
    ("model_best_sha256", "likewise for `model_best.safetensors`"),
];

/// The keys of `metrics.jsonl` that every run has; names of metrics stand beside them.
pub(crate) const METRICS: &[(&str, &str)] = &[
    ("epoch", "epochs completed, from 1"),
    ("step", "optimizer steps done"),
    ("train_...", "means over the samples of the epoch, while the weights changed"),
    ("val_...", "measured on the validation part after the epoch"),
    ("lr", "learning rate of the epoch's last step"),
];

/// The keys of `timing.json`.
pub(crate) const TIMING: &[(&str, &str)] = &[
    ("starts", "how often the run was started or resumed"),
    ("total_s", "seconds of all starts together"),
    ("prepare_s", "seconds until the first step of the latest start"),
    ("peak_memory_bytes", "largest resident memory of the process"),
    ("epochs", "for each epoch: `train_s`, `validate_s`, `checkpoint_s`, `samples_per_s`"),
];

pub(super) fn page() -> String {
    let part = |title: &str, rows: &[(&str, &str)]| {
        let rows = rows.iter().map(|(key, meaning)| vec![format!("`{key}`"), (*meaning).to_owned()]);
        format!("\n## {title}\n\n{}", table(&["Name", "What it is"], rows))
    };
    let intro = "# Results\n\nA run leaves one folder, `results/<name>/`; `--results` chooses another place.\n\
        All files but `timing.json`, `log.txt`, `environment.json` and event files hold no time, host or path: two runs of one config \
        can be compared byte by byte.\n\nBeside the runs, a batch that is running keeps `.live-<process>.json` for \
        `runner top`; it goes with the batch, and nothing else reads it.\n";
    [
        intro.to_owned(),
        part("Files", FILES),
        part("result.json", RESULT),
        part("metrics.jsonl", METRICS),
        part("timing.json", TIMING),
    ]
    .concat()
}
