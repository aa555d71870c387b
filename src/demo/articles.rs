//! The texts: read from the files built into the program.
//!
//! A file holds articles parted by `===`. Each has lines `name: value`, a blank line, and its
//! paragraphs. `at: -35` was published 35 minutes before the start, `at: +3` comes out at the third
//! step after it. `wire: lu 1-4` takes the first four paragraphs of the wire story `lu`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Time between two steps, at each of which something is published.
pub const ARTICLE_EVERY: Duration = Duration::from_secs(4);

/// When an article is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Minutes before the start.
    Before(u32),
    /// Steps after it.
    After(u32),
}

impl Moment {
    /// Returns the instant, by that of the start.
    pub(super) fn after(self, start: Timestamp) -> Timestamp {
        match self {
            Self::Before(minutes) => start - SignedDuration::from_mins(minutes.into()),
            Self::After(steps) => start + ARTICLE_EVERY * steps,
        }
    }
}

/// One article, without markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Article {
    pub(super) title: &'static str,
    pub(super) slug: &'static str,
    pub(super) moment: Moment,
    pub(super) section: &'static str,
    pub(super) author: Option<&'static str>,
    /// The line that says where the text is from.
    pub(super) credit: Option<&'static str>,
    /// Running time of an episode.
    pub(super) minutes: Option<u32>,
    pub(super) paragraphs: Vec<&'static str>,
}

/// Paragraphs of the wire stories, by name.
pub(super) type Wires = BTreeMap<&'static str, Vec<&'static str>>;

/// Reads the wire stories.
pub(super) fn wires() -> Result<Wires, String> {
    let story = |block| {
        let (head, paragraphs) = split(block);
        Ok((field(&head, "name").ok_or("a wire story without a name")?, paragraphs))
    };
    include_str!("articles/wires.txt").split("\n===\n").map(story).collect()
}

/// Reads the articles of one file.
pub(super) fn read(text: &'static str, wires: &Wires) -> Result<Vec<Article>, String> {
    text.split("\n===\n").map(|block| article(block, wires)).collect()
}

fn article(block: &'static str, wires: &Wires) -> Result<Article, String> {
    let (head, mut paragraphs) = split(block);
    let needed = |name| field(&head, name).ok_or_else(|| format!("no {name} in {block:.60?}"));
    if let Some(wire) = field(&head, "wire") {
        paragraphs = cut(wire, wires).ok_or_else(|| format!("no such wire story: {wire}"))?;
    }
    let number = |text: &str| text.parse::<u32>().map_err(|error| format!("{text}: {error}"));
    let at = needed("at")?;
    let moment = match at.strip_prefix('-') {
        Some(minutes) => Moment::Before(number(minutes)?),
        None => Moment::After(number(at.trim_start_matches('+'))?),
    };
    Ok(Article {
        title: needed("title")?,
        slug: needed("slug")?,
        moment,
        section: needed("section")?,
        author: field(&head, "author"),
        credit: field(&head, "credit"),
        minutes: field(&head, "minutes").map(number).transpose()?,
        paragraphs,
    })
}

/// Splits an article into its lines `name: value` and its paragraphs.
fn split(block: &'static str) -> (Vec<(&'static str, &'static str)>, Vec<&'static str>) {
    let mut parts = block.trim().split("\n\n");
    let head = parts.next().unwrap_or_default();
    (head.lines().filter_map(|line| line.split_once(": ")).collect(), parts.collect())
}

fn field(head: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    head.iter().find(|(named, _)| *named == name).map(|(_, value)| *value)
}

/// Returns the paragraphs that `lu 1-4` names.
fn cut(wire: &str, wires: &Wires) -> Option<Vec<&'static str>> {
    let (name, range) = wire.split_once(' ')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse::<usize>().ok()?, last.parse::<usize>().ok()?);
    Some(wires.get(name)?.get(first.checked_sub(1)?..last)?.to_vec())
}
