//! One slip of a finger in a known key is recognized.

use steadfast_config::{ExperimentConfig, Section as _, suggest};

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz_";

/// Every text that one deletion, insertion, replacement or swap of neighbors away from `word`.
fn slips(word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    let mut slips = Vec::new();
    let mut add = |parts: [&[char]; 3]| slips.push(parts.concat().into_iter().collect::<String>());
    for at in 0..=chars.len() {
        let (before, after) = chars.split_at(at);
        for letter in ALPHABET.chars() {
            add([before, &[letter], after]);
            if at < chars.len() {
                add([before, &[letter], &after[1..]]);
            }
        }
        if at < chars.len() {
            add([before, &[], &after[1..]]);
        }
        if at + 1 < chars.len() {
            add([before, &[after[1], after[0]], &after[2..]]);
        }
    }
    slips.retain(|slip| slip != word && !slip.is_empty());
    slips
}

/// The share of slips in `keys` for which the key itself is suggested.
fn share_found(keys: &[&str]) -> f64 {
    let (mut all, mut found) = (0, 0);
    for key in keys {
        for slip in slips(key).iter().filter(|slip| !keys.contains(&slip.as_str())) {
            all += 1;
            found += u32::from(suggest(slip, keys.iter().copied()).as_deref() == Some(key));
        }
    }
    f64::from(found) / f64::from(all)
}

#[test]
fn nine_of_ten_slips_lead_to_the_right_key() {
    let fields = ExperimentConfig::fields();
    let tables = std::iter::once(fields.clone()).chain(fields.into_iter().map(|field| field.fields));
    for table in tables.filter(|table| !table.is_empty()) {
        let keys: Vec<_> = table.iter().map(|field| field.name).collect();
        let share = share_found(&keys);
        assert!(share >= 0.9, "{share} of the slips in {keys:?}");
    }
}
