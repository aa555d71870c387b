//! What the operator's requests ask for, read from their queries. Pure.
//!
//! A parameter that is not known, or has no value, is refused: a script with a typing error, or with an empty variable, is
//! not to have everything polled or a takedown made where it wanted one undone.

use super::{ActionError, invalid};
use crate::model::outcome::Detail;

/// An entry to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainQuery {
    /// A public id, a URL or a guid.
    pub entry: String,
    /// For whom.
    pub form: ExplainForm,
}

/// How an explanation is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplainForm {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// What the operator orders about stories and sources, as named in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderQuery {
    /// Take a copy out of its story.
    Split(String),
    /// Make one story of two.
    Merge(String, String),
    /// Take a story out of all outputs.
    Withdraw(String),
    /// Put it back.
    Restore(String),
    /// Drop state and entries of a source.
    Forget(String),
}

/// What is to be polled, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollQuery {
    /// Ids of sources, in the order named; none: all.
    pub sources: Vec<String>,
    /// Which of them.
    pub choice: PollChoice,
    /// Whether anything is written.
    pub effect: PollEffect,
    /// How much is told: the last line with the counts, or one for each entry before it.
    pub detail: Detail,
    /// When.
    pub telling: PollTelling,
}

/// Which sources are polled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PollChoice {
    /// Due or not.
    #[default]
    Every,
    /// Those that are due.
    Due,
}

/// Whether a poll changes anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PollEffect {
    /// It is committed.
    #[default]
    Commit,
    /// It only says what would be new.
    DryRun,
}

/// When what comes of a poll is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PollTelling {
    /// All at once.
    #[default]
    AtTheEnd,
    /// Source by source, with how far it is.
    AsItGoes,
}

fn pairs(query: &str, known: &[&str]) -> Result<Vec<(String, String)>, ActionError> {
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    match pairs.iter().find(|(key, value)| !known.contains(&key.as_str()) || value.is_empty()) {
        None => Ok(pairs),
        Some((key, _)) if known.contains(&key.as_str()) => {
            Err(invalid(&format!("`{key}` has no value")))
        }
        Some((key, _)) => {
            let known = known.join(", ");
            Err(invalid(&format!("unknown parameter `{key}`; known here: {known}")))
        }
    }
}

fn is_on(key: &str, value: &str) -> Result<bool, ActionError> {
    match value {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(invalid(&format!("`{key}` is 1 or 0, not `{value}`"))),
    }
}

/// Reads what `/explain` is asked.
pub(super) fn read_explain(query: &str) -> Result<ExplainQuery, ActionError> {
    let mut entries = Vec::new();
    let mut form = ExplainForm::Text;
    for (key, value) in pairs(query, &["entry", "json"])? {
        match &*key {
            "json" if is_on(&key, &value)? => form = ExplainForm::Json,
            "json" => form = ExplainForm::Text,
            _ => entries.push(value),
        }
    }
    match <[String; 1]>::try_from(entries) {
        Ok([entry]) => Ok(ExplainQuery { entry, form }),
        Err(_) => Err(invalid("name one entry: /explain?entry=…")),
    }
}

/// Reads an order about stories and sources.
pub(super) fn read_order(path: &str, query: &str) -> Result<OrderQuery, ActionError> {
    let known: &[&str] = match path {
        "/withdraw" => &["entry", "undo"],
        "/forget" => &["source"],
        _ => &["entry"],
    };
    let mut names = Vec::new();
    let mut is_undone = false;
    for (key, value) in pairs(query, known)? {
        match &*key {
            "undo" => is_undone = is_on(&key, &value)?,
            _ => names.push(value),
        }
    }
    match (path, names.as_slice()) {
        ("/split", [entry]) => Ok(OrderQuery::Split(entry.clone())),
        ("/merge", [one, two]) => Ok(OrderQuery::Merge(one.clone(), two.clone())),
        ("/withdraw", [entry]) if is_undone => Ok(OrderQuery::Restore(entry.clone())),
        ("/withdraw", [entry]) => Ok(OrderQuery::Withdraw(entry.clone())),
        ("/forget", [source]) => Ok(OrderQuery::Forget(source.clone())),
        ("/merge", _) => Err(invalid("name two entries: /merge?entry=…&entry=…")),
        ("/forget", _) => Err(invalid("name one source: /forget?source=…")),
        _ => Err(invalid(&format!("name one entry: {path}?entry=…"))),
    }
}

/// Reads what is to be polled.
pub(super) fn read_poll(query: &str) -> Result<PollQuery, ActionError> {
    let mut poll = PollQuery::default();
    for (key, value) in pairs(query, &["source", "due", "dry_run", "lines", "progress"])? {
        if key == "source" {
            let before = poll.sources.len();
            poll.sources.extend(value.split(',').filter(|id| !id.is_empty()).map(str::to_owned));
            if poll.sources.len() == before {
                return Err(invalid("`source` names none"));
            }
            continue;
        }
        match (&*key, is_on(&key, &value)?) {
            ("due", true) => poll.choice = PollChoice::Due,
            ("dry_run", true) => poll.effect = PollEffect::DryRun,
            ("lines", true) => poll.detail = Detail::Lines,
            ("progress", true) => poll.telling = PollTelling::AsItGoes,
            (_, true | false) => {}
        }
    }
    Ok(poll)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_is_read_from_its_query() {
        let query = read_poll("source=a&source=b,c&due=1&dry_run=1&lines=1&progress=1").unwrap();
        assert_eq!(
            query,
            PollQuery {
                sources: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
                choice: PollChoice::Due,
                effect: PollEffect::DryRun,
                detail: Detail::Lines,
                telling: PollTelling::AsItGoes,
            }
        );
        assert_eq!(read_poll("due=0&lines=0&progress=0").unwrap(), PollQuery::default());
    }

    #[test]
    fn what_is_refused_says_why() {
        let refused = |result: Result<OrderQuery, ActionError>| result.unwrap_err().message;
        let cases = [
            ("/withdraw", "entry=a&undoo=1", "unknown parameter `undoo`; known here: entry, undo"),
            ("/withdraw", "entry=", "`entry` has no value"),
            ("/withdraw", "entry=a&undo=yes", "`undo` is 1 or 0, not `yes`"),
            ("/withdraw", "", "name one entry: /withdraw?entry=…"),
            ("/merge", "entry=a", "name two entries: /merge?entry=…&entry=…"),
            ("/forget", "entry=a", "unknown parameter `entry`; known here: source"),
            ("/forget", "", "name one source: /forget?source=…"),
        ];
        for (path, query, expected) in cases {
            assert_eq!(refused(read_order(path, query)), expected, "{path}?{query}");
        }
    }
}
