//! All problems of all files as one error value.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

use miette::Diagnostic;
use serde_json::{Value, json};

use super::marked::Marked;
use crate::problem::{Problem, Severity};
use crate::wording::escape;

/// Every problem that was found, in all files.
///
/// Printed with `{:#}`, it has one line per problem (`file:line:column: error: key: what is wrong`) and its help below.
/// As a [`miette::Diagnostic`] it carries the problems as related ones, each with its own marked source lines.
/// [`ConfigReport::to_json`] is for programs.
/// In all three forms, control characters and their like are escaped.
#[derive(Clone, Default)]
pub struct ConfigReport {
    problems: Vec<Marked>,
    omitted: usize,
}

impl ConfigReport {
    pub(crate) fn new(problems: Vec<Problem>, omitted: usize) -> Self {
        Self { problems: problems.into_iter().map(Marked::new).collect(), omitted }
    }

    /// The problems, file by file and in each from top to bottom.
    pub fn problems(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.problems.iter().map(|marked| &marked.problem)
    }

    /// Whether there is nothing to report.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether there is at least one error and not only warnings.
    pub fn has_errors(&self) -> bool {
        self.problems().any(|problem| problem.severity() == Severity::Error)
    }

    /// How many problems there are, those that were too many to keep included.
    pub fn count(&self) -> usize {
        self.problems.len() + self.omitted
    }

    /// A list of objects: `file`, `line`, `column`, `path`, `severity`, `message`, `expected`, `help`.
    ///
    /// Line and column count from 1, columns in characters; what is not known is `null`.
    /// If there were too many problems to keep, a last entry without a file says how many.
    pub fn to_json(&self) -> Value {
        let mut list: Vec<_> = self.problems().map(problem_json).collect();
        if self.omitted > 0 {
            list.push(problem_json(&Problem::general(omission(self.omitted))));
        }
        list.into()
    }

    fn file_count(&self) -> usize {
        let files = self.problems().filter(|problem| problem.is_in_file());
        files.map(Problem::source_name).collect::<BTreeSet<_>>().len()
    }
}

fn problem_json(problem: &Problem) -> Value {
    let file = Some(escape(problem.source_name())).filter(|name| !name.is_empty());
    json!({
        "file": file,
        "line": problem.span().map(crate::Span::line),
        "column": problem.span().map(crate::Span::column),
        "path": problem.path().to_string(),
        "severity": problem.severity().as_str(),
        "message": escape(problem.message()),
        "expected": problem.expected.as_deref().map(escape),
        "help": Marked::advice(problem),
    })
}

fn omission(count: usize) -> String {
    format!("and {count} more problems")
}

/// `{}` says how many problems there are in how many files; `{:#}` lists them, each with its help below.
impl fmt::Display for ConfigReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return fmt::Debug::fmt(self, f);
        }
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (problems, files) = (self.count(), self.file_count());
        write!(f, "{problems} problem{}", plural(problems))?;
        match files {
            0 => Ok(()),
            _ => write!(f, " in {files} file{}", plural(files)),
        }
    }
}

/// The list, so that a report which nobody expected still says everything.
impl fmt::Debug for ConfigReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        if self.omitted > 0 {
            write!(f, "\n{}", omission(self.omitted))?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.source_name().is_empty() {
            write!(f, "{}", escape(self.source_name()))?;
            if let Some(span) = self.span() {
                write!(f, ":{}:{}", span.line(), span.column())?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}: ", self.severity)?;
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&escape(&self.message))?;
        if let Some(advice) = Marked::advice(self) {
            write!(f, "\n  help: {advice}")?;
        }
        Ok(())
    }
}

impl Error for ConfigReport {}

impl Diagnostic for ConfigReport {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}
