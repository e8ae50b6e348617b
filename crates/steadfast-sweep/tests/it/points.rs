//! Which points a search has.

use proptest::prelude::*;
use serde_json::json;
use steadfast_sweep::{Axis, Distribution, Parameter, Point, Sampler, Search, Stopping, Study};

use crate::toy::{finish, space, study, tpe};

fn choices(count: i64) -> Vec<Parameter> {
    vec![Parameter { key: "k".to_owned(), distribution: Distribution::Int { min: 1, max: count } }]
}

#[test]
fn a_listed_search_is_its_list_without_what_comes_twice() {
    let axes = vec![
        Axis::grid("a", &[json!(1), json!(2), json!(1)]),
        Axis::list(vec![Point::new(), Point::new().with("b", 3)]),
    ];
    let study = Study {
        exclude: vec![Point::new().with("b", 3).with("a", 2)],
        ..study(Sampler::Listed(axes), Stopping::Never, 0, 0)
    };
    let search = Search::new(study);
    let expected = [Point::new().with("a", 1), Point::new().with("a", 1).with("b", 3), Point::new().with("a", 2)];
    assert_eq!(search.points(), expected);
}

#[test]
fn a_space_that_is_used_up_ends_the_search() {
    for sampler in [Sampler::Random, Sampler::Sobol, tpe()] {
        let space = choices(4);
        let point = |k: i64| Point::new().with("k", k);
        let mut search =
            Search::new(Study { space, exclude: vec![point(2)], ..study(sampler, Stopping::Never, 20, 0) });
        while let Some(task) = search.next_task() {
            let value = search.points()[task.trial].get("k").and_then(serde_json::Value::as_f64).unwrap();
            let curves = vec![steadfast_sweep::Curve::new([(1, value)])];
            search.tell(task.trial, steadfast_sweep::Outcome { curves, end: steadfast_sweep::End::Complete });
        }
        let mut points = search.points().to_vec();
        points.sort_by_key(|point| point.get("k").and_then(serde_json::Value::as_i64));
        assert_eq!(points, [point(1), point(3), point(4)]);
    }
}

proptest! {
    #[test]
    fn a_larger_n_adds_points_and_changes_none(seed: u64, few in 1_usize..20, more in 0_usize..20) {
        for sampler in [Sampler::Random, Sampler::Sobol, tpe()] {
            let points = |n| {
                let mut search = Search::new(study(sampler.clone(), Stopping::Never, n, seed));
                finish(&mut search);
                search.points().to_vec()
            };
            let (short, long) = (points(few), points(few + more));
            prop_assert_eq!(short.len(), few);
            prop_assert_eq!(&long[..few], &short[..]);
        }
    }

    #[test]
    fn every_value_lies_in_the_space(seed: u64) {
        for sampler in [Sampler::Random, Sampler::Sobol, tpe()] {
            let mut search = Search::new(study(sampler, Stopping::Never, 15, seed));
            finish(&mut search);
            for point in search.points() {
                for parameter in space() {
                    let value = point.get(&parameter.key).unwrap();
                    let place = parameter.distribution.place_of(value).unwrap();
                    prop_assert_eq!(&parameter.distribution.at(place), value);
                }
            }
        }
    }
}
