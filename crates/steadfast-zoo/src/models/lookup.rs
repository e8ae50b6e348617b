//! Finding a model by one of its names.

use steadfast_config::{JsonPath, Member, Node, Problems, Value, suggest};

use super::{Alias, MODELS, ModelConfig, ModelEntry, Preset};
use crate::registry::{find, report_unknown};

/// A model that a name means.
#[derive(Debug, Clone, Copy)]
pub struct FoundModel {
    /// Its row in the table.
    pub entry: &'static ModelEntry,
    /// The alias by which it was found.
    alias: Option<&'static Alias>,
}

/// The model that `name` means: a model's own name or one of its aliases, equal but for case, `-` and `_`.
pub fn find_model(name: &str) -> Option<FoundModel> {
    if let Some(entry) = find(MODELS, name, |entry| entry.name) {
        return Some(FoundModel { entry, alias: None });
    }
    MODELS.iter().find_map(|entry| {
        let alias = find(entry.aliases, name, |alias| alias.name)?;
        Some(FoundModel { entry, alias: Some(alias) })
    })
}

/// Reports a model that does not exist.
pub fn report_unknown_model(problems: &mut Problems, place: (&steadfast_config::Span, &JsonPath), name: &str) {
    let names: Vec<&str> = MODELS.iter().map(|entry| entry.name).collect();
    let aliases = MODELS.iter().flat_map(|entry| entry.aliases).map(|alias| alias.name);
    let all: Vec<&str> = names.iter().copied().chain(aliases).collect();
    // An alias is suggested where one is near, but a list names the models only.
    let known = if suggest(name, all.iter().copied()).is_some() { all } else { names };
    report_unknown(problems, place, ("model", name), &known);
}

impl FoundModel {
    /// Reads the `model` section; what the alias sets may not be set otherwise there.
    pub fn read(&self, node: &Node, path: &JsonPath, problems: &mut Problems) -> Option<Box<dyn ModelConfig>> {
        let Some(alias) = self.alias else { return (self.entry.read)(node, path, problems) };
        let mut node = node.clone();
        let span = node.span.clone();
        for (key, preset) in alias.sets {
            let value = preset.to_value();
            if let Some(given) = node.get(key) {
                if given.value != value {
                    let message =
                        format!("`{}` stands for {} with {key} {}", alias.name, self.entry.name, preset.written());
                    let help = format!("write `{}` as the model type, or leave `{key}` out", self.entry.name);
                    problems.error(&given.span, message).at(&path.key(key)).help(help);
                }
            } else if let Value::Object(members) = &mut node.value {
                let value = Node { value, span: span.clone() };
                members.push(Member { key: (*key).to_owned(), key_span: span.clone(), value });
            }
        }
        (self.entry.read)(&node, path, problems)
    }
}

impl Preset {
    fn to_value(self) -> Value {
        match self {
            Self::Number(number) => Value::Number(number.to_string()),
            Self::Flag(flag) => Value::Bool(flag),
        }
    }

    fn written(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use steadfast_config::{Source, parse};

    use super::*;

    fn read(name: &str, section: &str) -> Result<serde_json::Value, String> {
        let mut problems = Problems::new();
        let node = parse(&Source::new("config.json", section), &mut problems).unwrap();
        let found = find_model(name).unwrap().read(&node, &JsonPath::root().key("model"), &mut problems);
        match found {
            Some(config) if !problems.has_errors() => Ok(config.to_json()),
            _ => Err(format!("{:#}", problems.into_report())),
        }
    }

    #[test]
    fn an_alias_sets_parameters() {
        assert_eq!(read("resnet-18", "{}").unwrap()["depth"], 18);
        assert_eq!(read("ResNet50", r#"{"width": 8}"#).unwrap()["depth"], 50);
        assert_eq!(read("resnet_20", r#"{"depth": 20}"#).unwrap()["depth"], 20);
        assert!(find_model("resnet19").is_none());
    }

    #[test]
    fn what_an_alias_sets_cannot_be_set_otherwise() {
        insta::assert_snapshot!(read("resnet18", r#"{"depth": 34}"#).unwrap_err(), @r"
        config.json:1:11: error: model.depth: `resnet18` stands for ResNet with depth 18
          help: write `ResNet` as the model type, or leave `depth` out
        ");
    }

    #[test]
    fn a_near_alias_is_suggested() {
        let unknown = |name: &str| {
            let mut problems = Problems::new();
            let node = parse(&Source::new("config.json", "{}"), &mut problems).unwrap();
            report_unknown_model(&mut problems, (&node.span, &JsonPath::root()), name);
            format!("{:#}", problems.into_report())
        };
        assert!(unknown("resnet19").contains("did you mean `resnet1"), "{}", unknown("resnet19"));
        assert!(unknown("perceiver").contains("there is: Linear, MLP"), "{}", unknown("perceiver"));
    }

    #[test]
    fn no_two_models_share_a_name() {
        let names =
            MODELS.iter().flat_map(|entry| std::iter::once(entry.name).chain(entry.aliases.iter().map(|a| a.name)));
        let mut folded: Vec<String> = names.map(|name| name.to_lowercase().replace(['-', '_'], "")).collect();
        let count = folded.len();
        folded.sort_unstable();
        folded.dedup();
        assert_eq!(folded.len(), count);
    }
}
