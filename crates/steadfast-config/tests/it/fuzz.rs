//! Random damage to real configs: whatever comes in, the answer is a config or a report, quickly, and nothing else.
//!
//! A fraction of a second by default; `STEADFAST_FUZZ_SECONDS` asks for more, and a text that is too much is shown.

use std::time::{Duration, Instant};

use steadfast_config::{ConfigManager, ExperimentConfig, JsonPath, Problems, Section as _, Source, parse};

/// Longest answer to one text.
const PATIENCE: Duration = Duration::from_secs(1);

/// Pieces that configs are made of, and some that they are not.
const PIECES: [&str; 34] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d",
    "null",
    "true",
    "-",
    "1e999",
    "0x1",
    "NaN",
    "'",
    "//",
    "/*",
    "#",
    "\n",
    "\r\n",
    "\t",
    "\u{feff}",
    "\u{202e}",
    "\u{1b}[2J",
    "\u{0}",
    "é",
    "\"name\"",
    "\"model\"",
    "\"extends\"",
    "\"hyperparams\"",
    "\"optimizer\"",
    "18446744073709551616",
];

/// A generator that needs no crate: xorshift64*, Vigna 2016.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % limit.max(1) as u64).unwrap()
    }
}

/// Every config of the fixtures, good and bad.
fn corpus() -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    for folder in ["tests/fixtures/good", "tests/fixtures/bad"] {
        let mut files: Vec<_> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        texts.extend(files.iter().filter(|path| path.is_file()).map(|path| fs_err::read(path).unwrap()));
    }
    assert!(texts.len() > 100);
    texts
}

/// One change to a text: a piece put in, cut out, doubled, or taken from another text.
fn change(text: &mut Vec<u8>, corpus: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(text.len() + 1);
    let end = (at + dice.below(24)).min(text.len());
    match dice.below(7) {
        0 => drop(text.splice(at..at, PIECES[dice.below(PIECES.len())].bytes())),
        1 => drop(text.drain(at..end)),
        2 => {
            let part = text[at..end].to_vec();
            drop(text.splice(at..at, part));
        }
        3 => {
            let other = &corpus[dice.below(corpus.len())];
            let start = dice.below(other.len() + 1);
            let stop = (start + dice.below(200)).min(other.len());
            drop(text.splice(at..end, other[start..stop].iter().copied()));
        }
        4 if at < text.len() => text[at] ^= 1 << dice.below(8),
        5 => {
            let open = [&b"["[..], b"{\"a\":", b"\""][dice.below(3)].repeat(dice.below(300));
            drop(text.splice(at..at, open));
        }
        _ => text.truncate(at),
    }
}

/// Everything that must hold for any text at all.
fn judge(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let begun = Instant::now();
    let source = Source::new("fuzz.json", text.as_ref());
    let mut problems = Problems::new();
    let node = parse(&source, &mut problems);
    assert!(node.is_some() || problems.has_errors(), "refused without a word");
    let config = node.as_ref().and_then(|node| ExperimentConfig::read(node, &JsonPath::root(), &mut problems));
    let accepted = config.filter(|_| !problems.has_errors());
    for problem in problems.iter() {
        let span = problem.span().expect("a problem of a text has a place");
        assert!(span.end() <= source.text().len() && span.line() >= 1 && span.column() >= 1);
    }
    let report = problems.into_report();
    for printed in [format!("{report:#}"), report.to_json().to_string()] {
        assert!(!printed.chars().any(|letter| letter.is_control() && letter != '\n'), "{printed}");
    }
    if let Some(config) = accepted {
        let again = ConfigManager::from_text("again", &config.to_json().to_string()).expect("it was accepted before");
        assert_eq!(again.to_json(), config.to_json(), "a config is what it says");
    }
    let _ = ConfigManager::from_text("fuzz.json", &text);
    assert!(begun.elapsed() < PATIENCE, "took {:?}", begun.elapsed());
}

/// Shows the text that was too much.
struct Witness(Vec<u8>);

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the text was {}", self.0.escape_ascii());
        }
    }
}

#[test]
fn no_damage_confuses_the_reader() {
    let seconds: f64 = std::env::var("STEADFAST_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0.3);
    let mut corpus = corpus();
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let mut seed = 0x5eed_u64;
    while Instant::now() < until {
        seed += 1;
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut text = corpus[dice.below(corpus.len())].clone();
        for _ in 0..=dice.below(6) {
            change(&mut text, &corpus, &mut dice);
        }
        let witness = Witness(text.clone());
        judge(&text);
        // What was changed is changed again, so that damage adds up.
        if dice.below(16) == 0 && text.len() < 20_000 {
            let place = 100 + dice.below(200);
            if place < corpus.len() {
                corpus[place] = text;
            } else {
                corpus.push(text);
            }
        }
        drop(witness);
    }
    println!("{} damaged configs in {seconds} s", seed - 0x5eed);
    assert!(seed > 0x5eed + 50);
}
