//! Sections and choices as another crate declares and uses them.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::json;
use steadfast_config::{
    Bounds, Component, FieldValue as _, JsonPath, Node, Problems, Role, Section, Source, above, choice, object_schema,
    parse, section,
};

section! {
    /// A table with every kind of row.
    ///
    /// The second paragraph is no part of the summary.
    pub struct Everything {
        /// On or off.
        trajectory flag: bool = true;
        /// A small count.
        policy small: u32 = 3, ..=1_000;
        /// A large count.
        horizon large: u64 = u64::MAX;
        /// Widths.
        trajectory widths: Vec<usize> = vec![512, 256], 1..=1_048_576;
        /// An offset.
        trajectory offset: i64 = -5, -10..;
        /// A rate.
        trajectory rate: f64 = 0.1, above(0.0);
        /// A share, or none.
        trajectory share: Option<f64> = None, 0.0..1.0;
        /// Free text.
        policy text: String = "text".to_owned();
        /// A file.
        trajectory file: PathBuf = PathBuf::from("a/b");
        /// A way.
        trajectory way: Way = Way::Up;
        /// More ways.
        trajectory ways: Vec<Option<Way>> = vec![Some(Way::Down), None];
        /// A part.
        trajectory part: Component = Component::named("plain");
        /// A keyword of Rust.
        policy r#type: String = String::new();
        /// Inside.
        trajectory inner: Inner = Inner::default();
        /// Inside, many times.
        trajectory inners: Vec<Inner> = vec![Inner { node: 1, path: 2 }];
    }
}

section! {
    /// Names that the expansion uses itself.
    pub struct Inner {
        /// A number.
        trajectory node: u32 = 0;
        /// Another one.
        policy path: u32 = 0;
    }
}

section! {
    /// At least one key must be given, and the keys must agree.
    struct Range, check = check_range {
        /// First.
        trajectory from: i64;
        /// Last.
        trajectory to: i64, ..=100;
        /// Not needed.
        trajectory step: i64 = 1;
    }
}

choice! {
    /// Which way is up.
    pub enum Way {
        /// Towards the sky.
        Up = "up",
        /// Towards the ground.
        Down = "down",
    }
}

fn check_range(range: &Range, node: &Node, path: &JsonPath, problems: &mut Problems) {
    if range.from > range.to {
        let span = node.get("to").map_or(&node.span, |to| &to.span);
        problems.error(span, "the range is empty").at(&path.key("to"));
    }
}

/// The value and what was complained about, one line for each complaint without its help.
fn read<S: Section>(text: &str) -> (Option<S>, Vec<String>) {
    let mut problems = Problems::new();
    let source = Source::new("t", text);
    let value = parse(&source, &mut problems).and_then(|node| S::read(&node, &JsonPath::root(), &mut problems));
    let report = format!("{:#}", problems.into_report());
    let lines = report.lines().filter(|line| !line.starts_with("  ")).map(str::to_owned);
    (value, lines.collect())
}

#[test]
fn an_empty_object_gives_the_defaults() {
    let (value, complaints) = read::<Everything>("{}");
    assert_eq!(complaints, [""; 0]);
    assert_eq!(value, Some(Everything::default()));
}

#[test]
fn all_problems_of_a_section_are_reported() {
    let text = r#"{
        "flag": "true",
        "small": 1001,
        "widths": [1, 0, "3", 4.5],
        "offset": -11,
        "rate": 0,
        "share": 1.0,
        "file": "",
        "way": "sideways",
        "part": {"kind": 3},
        "inner": {"node": -1, "paht": 1},
        "inners": {},
        "wayz": []
    }"#;
    let (value, complaints) = read::<Everything>(text);
    assert_eq!(value, Some(Everything::default()), "defaults stand in, so that the rest can be looked at");
    insta::assert_snapshot!(complaints.join("\n"), @r#"
    t:2:17: error: flag: expected true or false, found the text "true"
    t:3:18: error: small: must be at most 1000, but is 1001
    t:4:23: error: widths[1]: must be at least 1, but is 0
    t:4:26: error: widths[2]: expected a whole number, found the text "3"
    t:4:31: error: widths[3]: expected a whole number, found the number 4.5
    t:5:19: error: offset: must be at least -10, but is -11
    t:6:17: error: rate: must be more than 0, but is 0
    t:7:18: error: share: must be less than 1, but is 1.0
    t:8:17: error: file: this is not a path
    t:9:16: error: way: expected "up" or "down", found the text "sideways"
    t:10:26: error: part.kind: expected a name in quotes, found the number 3
    t:11:27: error: inner.node: must be at least 0, but is -1
    t:11:31: error: inner.paht: unknown key `paht`
    t:12:19: error: inners: expected a list of objects, found an object
    t:13:9: error: wayz: unknown key `wayz`
    "#);
}

#[test]
fn required_keys_and_rules_between_keys() {
    assert_eq!(read::<Range>(r#"{"from": 1, "to": 2}"#).0, Some(Range { from: 1, to: 2, step: 1 }));
    assert_eq!(
        read::<Range>(r#"{"step": 2}"#).1,
        ["t:1:1: error: from: the key `from` is missing", "t:1:1: error: to: the key `to` is missing"]
    );
    let (value, complaints) = read::<Range>(r#"{"from": 3, "to": 2}"#);
    assert!(value.is_some());
    assert_eq!(complaints, ["t:1:19: error: to: the range is empty"]);
}

#[test]
fn integers_may_be_written_like_floats() {
    let (value, complaints) =
        read::<Everything>(r#"{"small": 1e2, "large": 1.8446744073709551615e19, "widths": [20.0], "offset": -0}"#);
    let value = value.unwrap();
    assert_eq!(complaints, [""; 0]);
    assert_eq!((value.small, value.large, value.widths, value.offset), (100, u64::MAX, vec![20], 0));
}

#[test]
fn null_is_a_value_only_where_it_is_one() {
    assert!(read::<Everything>(r#"{"share": null, "ways": [null]}"#).1.is_empty());
    let mut problems = Problems::new();
    let node = parse(&Source::new("t", r#"{"rate": null}"#), &mut problems).unwrap();
    Everything::read(&node, &JsonPath::root(), &mut problems);
    assert_eq!(
        format!("{:#}", problems.into_report()),
        "t:1:10: error: rate: expected a number, found null\n  help: leave `rate` out to get its default, 0.1"
    );
}

#[test]
fn the_table_knows_everything_about_a_field() {
    assert_eq!(Everything::NAME, "Everything");
    assert_eq!(Everything::summary(), "A table with every kind of row.");
    let fields = Everything::fields();
    let field = |name: &str| fields.iter().find(|field| field.name == name).unwrap().clone();
    let widths = field("widths");
    assert_eq!(widths.doc, "Widths.");
    assert_eq!(widths.words, "a list of whole numbers");
    assert_eq!(widths.bounds.as_deref(), Some("at least 1 and at most 1048576"));
    assert_eq!(widths.default, Some(json!([512, 256])));
    assert_eq!(field("share").words, "a number, or null");
    assert_eq!(field("way").words, r#""up" or "down""#);
    assert_eq!(field("inner").fields.len(), 2);
    assert_eq!(field("type").name, "type");
    assert_eq!((field("small").role, field("large").role), (Role::Policy, Role::Horizon));
    assert!(Range::fields()[0].is_required());
    insta::assert_json_snapshot!(object_schema(&fields));
}

#[test]
fn json_comes_in_the_order_of_declaration() {
    let json = Everything::default().to_json();
    let keys: Vec<_> = json.as_object().unwrap().keys().collect();
    let declared: Vec<_> = Everything::fields().iter().map(|field| field.name).collect();
    assert_eq!(keys, declared);
    assert_eq!(serde_json::to_value(Everything::default()).unwrap(), json);
}

#[test]
fn a_flood_of_mistakes_in_one_value_is_cut_short() {
    let text = format!("{{\"widths\": [{}0]}}", "0,".repeat(90_000));
    assert_eq!(read::<Everything>(&text).1.len(), 20);
    let keys: Vec<_> = (0..60_000).map(|number| format!("\"k{number}\":0")).collect();
    assert_eq!(read::<Everything>(&format!("{{{}}}", keys.join(","))).1.len(), 21);
}

#[test]
fn components_are_names_or_objects() {
    let component = |text: &str| {
        let mut problems = Problems::new();
        let node = parse(&Source::new("t", text), &mut problems).unwrap();
        Component::from_node(&node, &JsonPath::root().key("part"), &Bounds::none(), &mut problems).unwrap()
    };
    let short = component(r#""adam""#);
    let long = component(r#"{"beta1": 0.8, "kind": "adam"}"#);
    assert_eq!((short.kind.as_str(), short.kind_span.column()), ("adam", 1));
    assert_eq!((long.kind.as_str(), long.kind_span.column()), ("adam", 24));
    assert_eq!(long.params.to_json(), json!({"beta1": 0.8}));
    assert_eq!(long.path.to_string(), "part");
    assert_eq!(short, component(r#"{"kind": "adam"}"#));
    assert_ne!(short, long);
}

fn way() -> impl Strategy<Value = Way> {
    prop::sample::select(vec![Way::Up, Way::Down])
}

/// Any valid value of the table.
fn everything() -> impl Strategy<Value = Everything> {
    let numbers = (
        0..=1_000_u32,
        any::<u64>(),
        -10..i64::MAX,
        prop_oneof![f64::MIN_POSITIVE..f64::MAX, Just(5e-324), Just(0.1 + 0.2)],
        prop::option::of(prop_oneof![0.0..1.0, Just(-0.0)]),
    );
    let lists = (
        prop::collection::vec(1..=1_048_576_usize, 0..4),
        prop::collection::vec(prop::option::of(way()), 0..3),
        prop::collection::vec((0..9_u32, 0..9_u32).prop_map(|(node, path)| Inner { node, path }), 0..3),
    );
    (numbers, lists, way(), any::<bool>(), any::<String>()).prop_map(|(numbers, lists, way, flag, text)| {
        let (small, large, offset, rate, share) = numbers;
        let (widths, ways, inners) = lists;
        let r#type = text.clone();
        let rest = Everything::default();
        Everything { flag, small, large, widths, offset, rate, share, text, way, ways, r#type, inners, ..rest }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_bit_by_bit(value in everything()) {
        let text = format!("{:#}", value.to_json());
        let (again, complaints) = read::<Everything>(&text);
        prop_assert!(complaints.is_empty(), "{:?}", complaints);
        let again = again.unwrap();
        prop_assert_eq!(again.rate.to_bits(), value.rate.to_bits());
        prop_assert_eq!(again.share.map(f64::to_bits), value.share.map(f64::to_bits));
        prop_assert_eq!(format!("{:#}", again.to_json()), text);
        prop_assert_eq!(again, value);
    }

    #[test]
    fn no_json_makes_a_section_panic(value in super::json_values::json_value()) {
        read::<Everything>(&value.to_string());
        let as_section = json!({"inner": value, "part": value, "widths": value, "rate": value, "inners": [value]});
        read::<Everything>(&as_section.to_string());
    }
}
