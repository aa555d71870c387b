//! Why an entry looks as it does: where it came from, every copy with the rule that joined it, dates; as text for people and
//! as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::Mill;
use super::named::{self, Named};
use crate::model::entry::{EntryNo, Held, Slug, Story};
use crate::model::verdict::Joined;
use crate::store::StoreError;

/// How often something in a feed's last document was mended, by what it was.
type Flaws = [(String, u32)];

impl Mill {
    /// Says why an entry looks as it does; `None` when there is none of that name.
    pub fn explain(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.named(name)? {
            Named::Withheld(source, by) => {
                let why = named::why_withheld(by);
                Ok(Some(format!("an item of {source}, withheld by {why}\n")))
            }
            Named::Unknown => Ok(None),
            found => {
                let stories = self.stories_named(found)?;
                let texts: Result<Vec<String>, _> =
                    stories.iter().map(|it| self.explained(it)).collect();
                Ok(Some(texts?.join("\n")))
            }
        }
    }

    /// The same as one JSON object.
    pub fn explain_json(&self, name: &str) -> Result<Option<String>, StoreError> {
        let (stories, withheld) = match self.named(name)? {
            Named::Withheld(source, by) => {
                let why = json!({ "source": source.as_str(), "by": named::why_withheld(by) });
                (Vec::new(), why)
            }
            Named::Unknown => return Ok(None),
            found => (self.stories_named(found)?, Value::Null),
        };
        let stories: Result<Vec<Value>, _> =
            stories.iter().map(|it| self.explained_json(it)).collect();
        Ok(Some(format!("{}\n", json!({ "stories": stories?, "withheld": withheld }))))
    }

    fn stories_named(&self, named: Named) -> Result<Vec<std::sync::Arc<Story>>, StoreError> {
        match named {
            Named::Story(story) => Ok(vec![story]),
            Named::Entries(entries) => {
                let mut numbers: Vec<_> = entries.iter().map(|held| held.story).collect();
                numbers.dedup();
                Ok(self.store.stories(&numbers)?.into_iter().flatten().collect())
            }
            Named::Withheld(..) | Named::Unknown => Ok(Vec::new()),
        }
    }

    fn copies(&self, story: &Story) -> Result<Vec<std::sync::Arc<Held>>, StoreError> {
        let numbers: Vec<EntryNo> = story.members.iter().map(|member| member.entry).collect();
        Ok(self.store.entries(&numbers)?.into_iter().flatten().collect())
    }

    fn explained_json(&self, story: &Story) -> Result<Value, StoreError> {
        let mut copies = Vec::new();
        for held in self.copies(story)? {
            let state = crate::poll::state_of(self.store.as_ref(), &held.source)?;
            copies.push(copy_json(&held, held.no == story.representative, &state.flaws));
        }
        Ok(json!({
            "entry": story.public_id,
            "page": format!("/entry/{}", Slug::of(&story.public_id)),
            "date": story.date.to_string(),
            "merged_into": story.merged_into.map(|into| into.0),
            "withdrawn": story.is_withdrawn,
            "expired": story.is_expired,
            "copies": copies,
        }))
    }

    fn explained(&self, story: &Story) -> Result<String, StoreError> {
        let mut text = format!("story {}\n", story.public_id);
        let _ = writeln!(text, "  page: /entry/{}", Slug::of(&story.public_id));
        let _ = writeln!(text, "  date: {} (fixed by the entry that opened it)", story.date);
        if let Some(into) = story.merged_into {
            let _ = writeln!(text, "  merged into story number {}", into.0);
        }
        if story.is_withdrawn {
            text.push_str("  withdrawn\n");
        }
        if story.is_expired {
            text.push_str("  its text is gone: older than [store] retention\n");
        }
        for held in self.copies(story)? {
            explain_copy(&mut text, &held, held.no == story.representative);
            let state = crate::poll::state_of(self.store.as_ref(), &held.source)?;
            explain_flaws(&mut text, &state.flaws);
        }
        Ok(text)
    }
}

fn copy_json(held: &Held, is_representative: bool, flaws: &Flaws) -> Value {
    let entry = &held.entry;
    let flaws: Map<String, Value> =
        flaws.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
    json!({
        "number": held.no.0,
        "source": held.source.as_str(),
        "shown": is_representative,
        "title": entry.title,
        "link": entry.link,
        "guid": entry.guid,
        "published": entry.published.map(|at| at.to_string()),
        "first_seen": held.first_seen.to_string(),
        "filed": held.filed.map(|at| at.to_string()),
        "updated": held.updated.to_string(),
        "credit": held.credit,
        "joined": joined_json(&held.joined),
        "closest": held.closest.as_ref().map(joined_json),
        "flaws": flaws,
    })
}

fn joined_json(joined: &Joined) -> Value {
    let numbers: Map<String, Value> = joined
        .numbers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(rounded(*value))))
        .collect();
    json!({ "rule": joined.rule, "with": joined.with.map(|no| no.0), "numbers": numbers })
}

fn explain_copy(text: &mut String, held: &Held, is_representative: bool) {
    let shown = if is_representative { ", the copy that is shown" } else { "" };
    let _ = writeln!(text, "entry {} of {}{shown}", held.no.0, held.source);
    let _ = writeln!(text, "  title: {}", held.entry.title);
    let link = held.entry.link.as_deref().unwrap_or("none");
    let _ = writeln!(text, "  link: {link}");
    let guid = held.entry.guid.as_deref().unwrap_or("none");
    let _ = writeln!(text, "  guid: {guid}");
    let published = held.entry.published.map_or("not given".to_owned(), |at| at.to_string());
    let _ = writeln!(text, "  published: {published}");
    let _ = writeln!(text, "  first seen: {}", held.first_seen);
    if let Some(filed) = held.filed {
        let _ = writeln!(text, "  filed under: {filed} (no date of its own, or an absurd one)");
    }
    let _ = writeln!(text, "  updated: {}", held.updated);
    if let Some(credit) = &held.credit {
        let _ = writeln!(text, "  credit: {credit}");
    }
    let _ = write!(text, "  joined by rule {}", held.joined.rule);
    if let Some(with) = held.joined.with {
        let _ = write!(text, ", matched entry {}", with.0);
    }
    explain_numbers(text, ", ", &held.joined);
    if let Some(closest) = &held.closest {
        let other = closest.with.map_or(String::new(), |no| format!(": entry {}", no.0));
        let _ = write!(text, "  closest other{other}, turned down by rule {}", closest.rule);
        explain_numbers(text, ": ", closest);
    }
}

/// Ends a line with the figures of a rule, to three decimals.
fn explain_numbers(text: &mut String, before: &str, joined: &Joined) {
    for (index, (name, value)) in joined.numbers.iter().enumerate() {
        let before = if index == 0 { before } else { ", " };
        let _ = write!(text, "{before}{name} {}", rounded(*value));
    }
    text.push('\n');
}

/// Returns a figure to three decimals.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Says what had to be mended in the last document of an entry's source.
fn explain_flaws(text: &mut String, flaws: &Flaws) {
    if flaws.is_empty() {
        return;
    }
    let list: Vec<String> = flaws.iter().map(|(name, count)| format!("{name} × {count}")).collect();
    let _ = writeln!(text, "  mended in its feed's last document: {}", list.join(", "));
}
