//! What somebody meant who wrote a key that does not exist here.

use super::field::Field;
use crate::suggest::{normal, suggest};
use crate::wording::name;

/// Names that other programs give to the same thing, each group in normal form (no case, no `-` or `_`).
const SYNONYMS: [&[&str]; 15] = [
    &["lr", "learningrate", "stepsize"],
    &["epochs", "numepochs", "nepochs", "maxepochs", "numtrainepochs"],
    &["batchsize", "bs", "trainbatchsize", "perdevicetrainbatchsize"],
    &["weightdecay", "wd", "l2"],
    &["gradclipnorm", "clipgradnorm", "maxgradnorm", "gradientclipval", "gradientclipping"],
    &["accumulatesteps", "gradientaccumulationsteps", "accumulategradbatches"],
    &["warmupsteps", "numwarmupsteps", "warmup"],
    &["optimizer", "optimiser", "optim"],
    &["scheduler", "lrscheduler", "schedule"],
    &["seed", "randomseed", "randomstate", "manualseed"],
    &["modeltype", "modelname", "architecture", "arch", "network"],
    &["datasetpath", "dataset", "datapath", "datadir", "dataroot"],
    &["hyperparams", "hparams", "hyperparameters", "training", "train"],
    &["device", "accelerator", "gpu"],
    &["dropout", "droprate", "dropoutrate", "pdrop"],
];

/// What to do about `key`, given the keys that exist here and the table they come from.
pub(super) fn unknown_key_help(key: &str, known: &[&'static str], fields: &[Field]) -> String {
    let same = |candidate: &str| normal(candidate) == normal(key);
    let synonym = |candidate: &str| is_synonym(key, candidate);
    let near = |candidate: &str| suggest(key, [candidate]).is_some();
    if let Some(field) = known.iter().find(|field| same(field) || synonym(field)) {
        return format!("did you mean {}?", name(field));
    }
    let inside = |wanted: &dyn Fn(&str) -> bool| {
        fields.iter().find_map(|outer| {
            let inner = outer.fields.iter().find(|inner| wanted(inner.name))?;
            Some((inner.name, outer.name))
        })
    };
    if let Some((inner, outer)) = inside(&same).or_else(|| inside(&synonym)) {
        return format!("did you mean {}? It belongs inside {}", name(inner), name(outer));
    }
    if let Some(field) = suggest(key, known.iter().copied()) {
        return format!("did you mean {}?", name(&field));
    }
    if let Some((inner, outer)) = inside(&near) {
        return format!("did you mean {}? It belongs inside {}", name(inner), name(outer));
    }
    match known {
        [] => "this object has no keys at all".to_owned(),
        known => format!("known keys: {}", known.join(", ")),
    }
}

fn is_synonym(key: &str, candidate: &str) -> bool {
    let (key, candidate) = (normal(key), normal(candidate));
    SYNONYMS.iter().any(|group| group.contains(&key.as_str()) && group.contains(&candidate.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::ExperimentConfig;
    use crate::section::Section as _;

    fn help(key: &str) -> String {
        let fields = ExperimentConfig::fields();
        let known: Vec<_> = fields.iter().map(|field| field.name).collect();
        unknown_key_help(key, &known, &fields)
    }

    #[test]
    fn keys_are_found_here_inside_and_under_other_names() {
        assert_eq!(help("sed"), "did you mean `seed`?");
        assert_eq!(help("Dataset-Path"), "did you mean `dataset_path`?");
        assert_eq!(help("arch"), "did you mean `model_type`?");
        assert_eq!(help("lr"), "did you mean `lr`? It belongs inside `hyperparams`");
        assert_eq!(help("learning_rate"), "did you mean `lr`? It belongs inside `hyperparams`");
        assert_eq!(help("monitr"), "did you mean `monitor`? It belongs inside `checkpoint`");
        assert!(help("zebra").starts_with("known keys: name, description, tags"));
    }
}
