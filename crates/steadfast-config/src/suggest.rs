//! "Did you mean ...?"

/// Longer texts, in bytes, are not taken for a mistyped name.
const LONGEST_NAME: usize = 256;

/// The candidate that `name` was most likely meant to be, if one is near.
///
/// Case, `-`, `_` and spaces do not count. Otherwise a third of the longer name may differ (at least one character),
/// a swap of neighbors counting as one difference; failing that, a candidate that `name` abbreviates is taken.
/// Among equally near candidates the first one wins.
///
/// ```
/// # use steadfast_config::suggest;
/// assert_eq!(suggest("RestNet", ["ResNet", "LSTM"]), Some("ResNet".to_owned()));
/// assert_eq!(suggest("batchsize", ["batch_size"]), Some("batch_size".to_owned()));
/// assert_eq!(suggest("zebra", ["ResNet", "LSTM"]), None);
/// ```
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let wanted = normal(name);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let Some(distance) = distance(&wanted, &normal(candidate)) else { continue };
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.to_owned())
}

/// Letters and digits that decide whether two names are the same one; of a long text, of its beginning.
pub(crate) fn normal(name: &str) -> String {
    name.chars().take(LONGEST_NAME).filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

/// How far two normal names are apart, `None` when too far to suggest.
fn distance(wanted: &str, candidate: &str) -> Option<usize> {
    const ABBREVIATION: usize = usize::MAX;
    let (left, right) = (wanted.chars().count(), candidate.chars().count());
    let limit = (left.max(right) / 3).max(1);
    if left.abs_diff(right) <= limit {
        let distance = strsim::damerau_levenshtein(wanted, candidate);
        // A distance as long as the name means that nothing is shared.
        if distance <= limit && distance < left.max(right) {
            return Some(distance);
        }
    }
    (left >= 3 && candidate.starts_with(wanted)).then_some(ABBREVIATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 5] = ["lr", "batch_size", "weight_decay", "warmup_steps", "epochs"];

    #[test]
    fn near_names_are_found() {
        for (typed, meant) in [
            ("LR", "lr"),
            ("lrr", "lr"),
            ("rl", "lr"),
            ("batchSize", "batch_size"),
            ("batch-size", "batch_size"),
            ("wieght_decay", "weight_decay"),
            ("weight", "weight_decay"),
            ("epoch", "epochs"),
        ] {
            assert_eq!(suggest(typed, KEYS).as_deref(), Some(meant), "{typed}");
        }
    }

    #[test]
    fn far_names_are_not() {
        for typed in ["", "x", "gamma", "zzzzzz"] {
            assert_eq!(suggest(typed, KEYS), None, "{typed}");
        }
    }

    #[test]
    fn a_huge_name_is_cheap() {
        assert_eq!(suggest(&"lr".repeat(500_000), KEYS), None);
    }
}
