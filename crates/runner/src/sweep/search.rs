//! From the words of a sweep file to the search that they mean.

use steadfast_config::{Component, JsonPath, Problems, Section, suggest};
use steadfast_sweep::{Axis, Halving, Median, Parameter, Point, Sampler, Stopping, TpeSettings};

use super::file::{
    HalvingConfig, MedianConfig, PRUNERS, RandomConfig, SEARCHES, SobolConfig, SweepConfig, TpeConfig, Way,
};
use super::keyed::{Any, Keyed};

/// Where the points come from, and the seed of everything that is drawn.
pub(super) fn sampler(config: &SweepConfig, problems: &mut Problems) -> Option<(Sampler, u64)> {
    let component = &config.search;
    if config.space.is_empty() {
        return Some((Sampler::Listed(axes(config)), 0));
    }
    match known(component, "search", &SEARCHES, problems)? {
        "random" => read::<RandomConfig>(component, "search", problems).map(|own| (Sampler::Random, own.seed)),
        "sobol" => read::<SobolConfig>(component, "search", problems).map(|own| (Sampler::Sobol, own.seed)),
        _ => read::<TpeConfig>(component, "search", problems).map(|own| {
            let settings = TpeSettings { startup: own.startup, candidates: own.candidates, ..TpeSettings::default() };
            (Sampler::Tpe(settings), own.seed)
        }),
    }
}

/// Which trials are stopped early, when a whole run has so many epochs.
pub(super) fn stopping(config: &SweepConfig, epochs: u64, problems: &mut Problems) -> Option<Stopping> {
    let Some(component) = &config.prune else { return Some(Stopping::Never) };
    if known(component, "prune", &PRUNERS, problems)? == "halving" {
        let own: HalvingConfig = read(component, "prune", problems)?;
        let halving = Halving::new(own.first, own.factor, epochs);
        if halving.rungs.is_empty() {
            let message = format!("there is nothing to halve: the first rung, {}, is not before the end", own.first);
            problems
                .error(&component.kind_span, message)
                .at(&component.path)
                .help(format!("a run has {epochs} epochs: lower `first`, or give the base more epochs"));
        }
        return Some(Stopping::Halving(halving));
    }
    let own: MedianConfig = read(component, "prune", problems)?;
    if config.seeds.len() > 1 {
        problems
            .error(&component.kind_span, "the median rule looks at one run of each trial, but there are several seeds")
            .at(&component.path)
            .help("give one seed, or prune by `halving`, which compares means over seeds");
    }
    let MedianConfig { warmup_trials, warmup_epochs, every } = own;
    Some(Stopping::Median(Median { warmup_trials, warmup_epochs, every, epochs }))
}

/// What is drawn.
pub(super) fn parameters(config: &SweepConfig) -> Vec<Parameter> {
    let parameter = |entry: &super::keyed::Entry<super::file::Drawn>| Parameter {
        key: entry.key.clone(),
        distribution: entry.value.distribution.clone(),
    };
    config.space.entries.iter().map(parameter).collect()
}

/// What is written out: the keys of `grid`, then `zip`, then `list`.
pub(super) fn axes(config: &SweepConfig) -> Vec<Axis> {
    let values = |values: &[Any]| values.iter().map(|value| value.0.to_json()).collect::<Vec<_>>();
    let mut axes: Vec<Axis> =
        config.grid.entries.iter().map(|entry| Axis::grid(&entry.key, &values(&entry.value))).collect();
    if !config.zip.is_empty() {
        let keys = config.zip.entries.iter().map(|entry| (entry.key.clone(), values(&entry.value)));
        axes.push(Axis::zip(&keys.collect::<Vec<_>>()));
    }
    if !config.list.is_empty() {
        axes.push(Axis::list(config.list.iter().map(point).collect()));
    }
    axes
}

/// Keys and values as a point.
pub(super) fn point(keyed: &Keyed<Any>) -> Point {
    keyed.entries.iter().fold(Point::new(), |point, entry| point.with(entry.key.clone(), entry.value.0.to_json()))
}

/// The name of a component, if there is one like it.
fn known(component: &Component, what: &str, ways: &[Way], problems: &mut Problems) -> Option<&'static str> {
    let found = ways.iter().map(|(name, ..)| *name).find(|name| component.kind.eq_ignore_ascii_case(name));
    if found.is_none() {
        let names: Vec<&str> = ways.iter().map(|(name, ..)| *name).collect();
        let help = suggest(&component.kind, names.iter().copied())
            .map_or_else(|| format!("there is: {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        problems
            .error(&component.kind_span, format!("there is no {what} `{}`", component.kind))
            .at(&JsonPath::root().key(what))
            .help(help);
    }
    found
}

fn read<T: Section>(component: &Component, key: &str, problems: &mut Problems) -> Option<T> {
    let errors = problems.error_count();
    let section = T::read(&component.params, &JsonPath::root().key(key), problems)?;
    (problems.error_count() == errors).then_some(section)
}
