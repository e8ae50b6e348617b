//! One problem as a [`miette::Diagnostic`].

use std::error::Error;
use std::fmt;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::excerpt::Excerpt;
use crate::problem::{Note, Problem, Severity};
use crate::wording::escape;

/// A problem with the lines it is about.
#[derive(Debug, Clone)]
pub(super) struct Marked {
    pub(super) problem: Problem,
    excerpt: Option<Excerpt>,
    labels: Vec<Option<String>>,
    /// Places in other texts that explain the problem.
    elsewhere: Vec<Elsewhere>,
}

/// A place in another text that explains a problem.
#[derive(Debug, Clone)]
struct Elsewhere {
    text: String,
    excerpt: Option<Excerpt>,
}

impl Marked {
    pub(super) fn new(problem: Problem) -> Self {
        let Some(span) = problem.span.clone() else {
            return Self { problem, excerpt: None, labels: Vec::new(), elsewhere: Vec::new() };
        };
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            problem.notes.iter().partition(|note: &&Note| note.span.source() == span.source());
        let places: Vec<_> = std::iter::once(&span).chain(here.iter().map(|note| &note.span)).collect();
        let excerpt = Excerpt::around(&places);
        let own = problem.label.as_deref().map(escape).or_else(|| Some("here".to_owned()));
        let labels = std::iter::once(own).chain(here.iter().map(|note| Some(escape(&note.text)))).collect();
        let elsewhere = elsewhere
            .iter()
            .map(|note| Elsewhere { text: escape(&note.text), excerpt: Excerpt::around(&[&note.span]) })
            .collect();
        Self { problem, excerpt, labels, elsewhere }
    }

    /// What to do about it, with the hint that the source itself gives.
    pub(super) fn advice(problem: &Problem) -> Option<String> {
        let hint = problem.span.as_ref().and_then(|span| span.source().hint());
        let parts: Vec<_> = problem.help.as_deref().into_iter().chain(hint).map(escape).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// Where in the document, and what is wrong.
impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.excerpt.is_none() && !self.problem.source_name().is_empty() {
            write!(f, "{}: ", escape(self.problem.source_name()))?;
        }
        if !self.problem.path.is_root() {
            write!(f, "{}: ", self.problem.path)?;
        }
        f.write_str(&escape(&self.problem.message))
    }
}

impl Error for Marked {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl Diagnostic for Marked {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.problem.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Self::advice(&self.problem).map(|advice| Box::new(advice) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let marks = self.excerpt.as_ref()?.marks();
        Some(Box::new(marks.iter().zip(&self.labels).enumerate().map(|(number, (mark, label))| {
            let span = (mark.range.start, mark.range.len());
            match number {
                0 => LabeledSpan::new_primary_with_span(label.clone(), span),
                _ => LabeledSpan::new_with_span(label.clone(), span),
            }
        })))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        Some(Box::new(self.elsewhere.iter().map(|place| place as &dyn Diagnostic)))
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Elsewhere {}

impl Diagnostic for Elsewhere {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let mark = self.excerpt.as_ref()?.marks().first()?;
        let span = (mark.range.start, mark.range.len());
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(Some("here".to_owned()), span))))
    }
}
