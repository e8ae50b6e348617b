//! What is wrong with a config, and the collector that every reader reports to.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::path::JsonPath;
use crate::report::ConfigReport;
use crate::source::Span;

/// How many problems are kept; the others are only counted.
const PROBLEM_LIMIT: usize = 1_000;

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The config can be used, but probably does not mean what its author thinks.
    Warning,
    /// The config cannot be used.
    Error,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong, with its place and a way out.
#[derive(Debug, Clone)]
pub struct Problem {
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) file: Option<String>,
    pub(crate) span: Option<Span>,
    pub(crate) label: Option<String>,
    pub(crate) path: JsonPath,
    pub(crate) expected: Option<String>,
    pub(crate) help: Option<String>,
    pub(crate) notes: Vec<Note>,
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// A second place that explains a problem.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) span: Span,
    pub(crate) text: String,
}

impl Problem {
    /// An error at a place.
    pub fn error(span: &Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, Some(span.clone()), message.into())
    }

    /// A warning at a place.
    pub fn warning(span: &Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, Some(span.clone()), message.into())
    }

    /// An error about a file as a whole, such as one that cannot be read.
    pub fn file(path: &Path, message: impl Into<String>) -> Self {
        let mut problem = Self::new(Severity::Error, None, message.into());
        problem.file = Some(path.display().to_string());
        problem
    }

    /// An error that is about no file at all.
    pub fn general(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, None, message.into())
    }

    fn new(severity: Severity, span: Option<Span>, message: String) -> Self {
        Self {
            severity,
            message,
            file: None,
            span,
            label: None,
            path: JsonPath::root(),
            expected: None,
            help: None,
            notes: Vec::new(),
            cause: None,
        }
    }

    /// Says which value of the document it is about.
    pub fn at(&mut self, path: &JsonPath) -> &mut Self {
        self.path = path.clone();
        self
    }

    /// Says what should have stood there, as in `a whole number`.
    pub fn expected(&mut self, what: impl Into<String>) -> &mut Self {
        self.expected = Some(what.into());
        self
    }

    /// Says what to do about it.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do about it, if there is something to say.
    pub fn maybe_help(&mut self, help: Option<impl Into<String>>) -> &mut Self {
        if let Some(help) = help {
            self.help(help);
        }
        self
    }

    /// Words beside the mark in the source, where the message itself is too long for that.
    pub fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(label.into());
        self
    }

    /// Points at a second place, as in "first given here".
    pub fn note(&mut self, span: &Span, text: impl Into<String>) -> &mut Self {
        self.notes.push(Note { span: span.clone(), text: text.into() });
        self
    }

    /// Keeps the error that it came from.
    pub fn cause(&mut self, cause: impl Error + Send + Sync + 'static) -> &mut Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What is wrong: one line, a fragment without a final dot.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it is, unless it is about a file as a whole.
    pub fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }

    /// Which value of the document it is about; the root if it is about the text itself.
    pub fn path(&self) -> &JsonPath {
        &self.path
    }

    /// The name of the text it is about.
    pub fn source_name(&self) -> &str {
        match (&self.file, &self.span) {
            (Some(file), _) => file,
            (None, Some(span)) => span.source().name(),
            (None, None) => "",
        }
    }

    /// Whether it is about a file, and not about an override or a text in memory.
    pub(crate) fn is_in_file(&self) -> bool {
        self.file.is_some() || self.span.as_ref().is_some_and(|span| span.source().path().is_some())
    }

    /// Problems that would print alike are one problem: a file that many configs extend is wrong only once.
    fn identity(&self) -> (String, usize, usize, String) {
        let (start, end) = self.span.as_ref().map_or((0, 0), |span| (span.start(), span.end()));
        (self.source_name().to_owned(), start, end, self.message.clone())
    }
}

/// Collects problems, so that all of them can be reported in one go.
///
/// ```
/// use steadfast_config::{Problems, Source, suggest};
///
/// let source = Source::new("a.json", r#"{"model_type": "RestNet"}"#);
/// let mut problems = Problems::new();
/// problems
///     .error(&source.span(15..24), "unknown model `RestNet`")
///     .maybe_help(suggest("RestNet", ["ResNet", "MLP"]).map(|name| format!("did you mean `{name}`?")));
/// assert!(problems.has_errors());
/// assert_eq!(
///     format!("{:#}", problems.into_report()),
///     "a.json:1:16: error: unknown model `RestNet`\n  help: did you mean `ResNet`?"
/// );
/// ```
#[derive(Debug, Default)]
pub struct Problems {
    kept: Vec<Problem>,
    errors: usize,
    /// Where problems over the limit are written, so that [`Problems::push`] always has one to lend out.
    overflow: Option<Problem>,
    omitted: usize,
    /// Files in the order in which their problems shall be told.
    sources: Vec<String>,
}

impl Problems {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that the problems of this file come next in the report, in whatever order they are found.
    pub(crate) fn announce(&mut self, source_name: impl Into<String>) {
        self.sources.push(source_name.into());
    }

    /// Adds an error at a place; the returned problem can be told more.
    pub fn error(&mut self, span: &Span, message: impl Into<String>) -> &mut Problem {
        self.push(Problem::error(span, message))
    }

    /// Adds a warning at a place; the returned problem can be told more.
    pub fn warning(&mut self, span: &Span, message: impl Into<String>) -> &mut Problem {
        self.push(Problem::warning(span, message))
    }

    /// Adds a problem; the returned problem can be told more.
    pub fn push(&mut self, problem: Problem) -> &mut Problem {
        self.errors += usize::from(problem.severity == Severity::Error);
        if self.kept.len() >= PROBLEM_LIMIT {
            self.omitted += 1;
            return self.overflow.insert(problem);
        }
        self.kept.push(problem);
        let last = self.kept.len() - 1;
        &mut self.kept[last]
    }

    /// Adds all problems of another collection.
    pub fn append(&mut self, other: Self) {
        for problem in other.kept {
            self.push(problem);
        }
        self.omitted += other.omitted;
    }

    /// Whether anything was reported that makes a config unusable.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors were reported so far; compare two counts to learn whether a step went well.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// Whether nothing was reported, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// What was reported so far, in the order of reporting.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.kept.iter()
    }

    /// The report of everything collected: file by file, in each from top to bottom, nothing twice.
    pub fn into_report(self) -> ConfigReport {
        let mut seen = BTreeSet::new();
        let mut problems: Vec<_> = self.kept.into_iter().filter(|problem| seen.insert(problem.identity())).collect();
        let mut order = BTreeMap::new();
        for name in self.sources.iter().map(String::as_str).chain(problems.iter().map(Problem::source_name)) {
            let next = order.len();
            order.entry(name.to_owned()).or_insert(next);
        }
        problems.sort_by_key(|problem| {
            let start = problem.span.as_ref().map_or(0, Span::start);
            (order.get(problem.source_name()).copied(), start)
        });
        ConfigReport::new(problems, self.omitted)
    }

    /// `value`, unless errors were reported.
    pub fn finish<T>(self, value: T) -> Result<T, ConfigReport> {
        if self.has_errors() { Err(self.into_report()) } else { Ok(value) }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn problems_are_sorted_by_file_and_place_and_not_repeated() {
        let (late, early) = (Source::new("b", "0123"), Source::new("a", "0123"));
        let mut problems = Problems::new();
        problems.error(&late.span(2..3), "two");
        problems.error(&early.span(0..1), "three");
        problems.error(&late.span(1..2), "one");
        problems.error(&late.span(2..3), "two");
        let report = problems.into_report();
        let messages: Vec<_> = report.problems().map(Problem::message).collect();
        assert_eq!(messages, ["one", "two", "three"]);
    }

    #[test]
    fn announced_files_come_in_the_order_of_their_announcement() {
        let (late, early) = (Source::new("b", "0123"), Source::new("a", "0123"));
        let mut problems = Problems::new();
        problems.announce("a");
        problems.error(&late.span(0..1), "two");
        problems.error(&early.span(0..1), "one");
        let report = problems.into_report();
        let messages: Vec<_> = report.problems().map(Problem::message).collect();
        assert_eq!(messages, ["one", "two"]);
    }

    #[test]
    fn a_flood_of_problems_is_counted_but_not_kept() {
        let source = Source::new("a", "x".repeat(3_000));
        let mut problems = Problems::new();
        for at in 0..2_500 {
            problems.error(&source.span(at..at + 1), "bad").help("none");
        }
        assert_eq!(problems.error_count(), 2_500);
        let report = problems.into_report();
        assert_eq!(report.problems().count(), PROBLEM_LIMIT);
        assert!(format!("{report:#}").ends_with("and 1500 more problems"));
    }

    #[test]
    fn warnings_do_not_stop_anything() {
        let mut problems = Problems::new();
        problems.warning(&Source::new("a", "x").whole(), "odd");
        assert!(!problems.is_empty());
        assert_eq!(problems.finish(7).unwrap(), 7);
    }
}
