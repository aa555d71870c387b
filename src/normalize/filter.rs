//! Which entries of a source are published: its `include` and `exclude` rules, compiled once.

use std::cell::OnceCell;

use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;

use super::html;
use crate::model::entry::Entry;
use crate::model::source::{FilterField, FilterRule, Source};

/// The compiled rules of a source.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    include: Vec<Rule>,
    exclude: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    field: FilterField,
    /// `None`: the pattern does not compile and matches nothing. The configuration refuses such
    /// ones.
    pattern: Option<Regex>,
}

impl Filter {
    /// Compiles the rules of `source`.
    pub fn new(source: &Source) -> Self {
        Self { include: compile(&source.include), exclude: compile(&source.exclude) }
    }

    /// Tells whether `entry` may be published: it matches one of `include` (if there are any) and
    /// none of `exclude`.
    pub fn admits(&self, entry: &Entry) -> bool {
        if self.include.is_empty() && self.exclude.is_empty() {
            return true;
        }
        let subject = Subject { entry, text: OnceCell::new() };
        let is_included =
            self.include.is_empty() || self.include.iter().any(|rule| subject.matches(rule));
        is_included && !self.exclude.iter().any(|rule| subject.matches(rule))
    }
}

fn compile(rules: &[FilterRule]) -> Vec<Rule> {
    // Entries are NFC, so a pattern typed in decomposed letters must be too.
    let pattern = |rule: &FilterRule| Regex::new(&rule.pattern.nfc().collect::<String>()).ok();
    rules.iter().map(|rule| Rule { field: rule.field, pattern: pattern(rule) }).collect()
}

struct Subject<'a> {
    entry: &'a Entry,
    /// Plain text of summary and content, read when first asked for.
    text: OnceCell<String>,
}

impl Subject<'_> {
    fn matches(&self, rule: &Rule) -> bool {
        rule.pattern.as_ref().is_some_and(|pattern| self.has(rule.field, pattern))
    }

    fn has(&self, field: FilterField, pattern: &Regex) -> bool {
        let entry = self.entry;
        match field {
            FilterField::Any => [
                FilterField::Title,
                FilterField::Url,
                FilterField::Author,
                FilterField::Category,
                FilterField::Text,
            ]
            .into_iter()
            .any(|field| self.has(field, pattern)),
            FilterField::Title => pattern.is_match(&entry.title),
            FilterField::Text => pattern.is_match(self.text.get_or_init(|| text_of(entry))),
            FilterField::Author => {
                entry.authors.iter().any(|author| pattern.is_match(&author.name))
            }
            FilterField::Category => entry.categories.iter().any(|category| {
                pattern.is_match(&category.term)
                    || category.label.as_deref().is_some_and(|label| pattern.is_match(label))
            }),
            FilterField::Url => entry.link.as_deref().is_some_and(|url| pattern.is_match(url)),
        }
    }
}

fn text_of(entry: &Entry) -> String {
    let parts = [entry.summary.as_deref(), entry.content.as_deref()];
    let parts: Vec<String> = parts.into_iter().flatten().map(html::plain).collect();
    parts.join("\n")
}
