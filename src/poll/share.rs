//! Sources that one request feeds: those polled at one URL with one way of asking (P38, P58).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use crate::model::source::{Source, SourceState, Validators};
use crate::redirect;

/// What makes two requests the same: sources with one key share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShareKey {
    url: Url,
    headers: Vec<(String, String)>,
    user_agent: Option<String>,
    secret_file: Option<PathBuf>,
    proxy: Option<Url>,
}

impl ShareKey {
    /// Returns the key of the next request for a source.
    pub fn of(source: &Source, state: &SourceState) -> Self {
        let mut url = redirect::start(source, state);
        url.set_fragment(None);
        Self {
            url,
            headers: source.headers.clone(),
            user_agent: source.user_agent.clone(),
            secret_file: source.secret_file.clone(),
            proxy: source.proxy.clone(),
        }
    }
}

/// A source with our memory of it.
pub type Remembered = (Arc<Source>, Arc<SourceState>);

/// Sorts sources into groups of one request each: in the order of their first members, members in order.
pub fn groups(sources: Vec<Remembered>) -> Vec<Vec<Remembered>> {
    let mut places: BTreeMap<ShareKey, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<Remembered>> = Vec::new();
    for (source, state) in sources {
        let next = groups.len();
        let place = *places.entry(ShareKey::of(&source, &state)).or_insert(next);
        match groups.get_mut(place) {
            Some(group) => group.push((source, state)),
            None => groups.push(vec![(source, state)]),
        }
    }
    groups
}

/// Returns when a group is due, from each member's last attempt and next poll; `None`: as soon as possible.
///
/// The members polled last decide: they know what the publisher has asked for. One that was added since waits for them,
/// so that it brings no request before its time (P15).
pub fn due(
    members: impl Iterator<Item = (Option<Timestamp>, Option<Timestamp>)>,
) -> Option<Timestamp> {
    let mut latest = (None, None);
    for (attempt, next) in members {
        latest = match attempt.cmp(&latest.0) {
            std::cmp::Ordering::Less => latest,
            std::cmp::Ordering::Greater => (attempt, next),
            // Of members polled together the earliest brings them all.
            std::cmp::Ordering::Equal => (attempt, earlier(latest.1, next)),
        };
    }
    latest.1
}

fn earlier(left: Option<Timestamp>, right: Option<Timestamp>) -> Option<Timestamp> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (one, other) => one.or(other),
    }
}

/// Returns the validators that a group may send: those that every member holds, for a 304 brings no document.
pub(super) fn validators(group: &[Remembered]) -> Option<Validators> {
    let held = |(source, state): &Remembered| {
        state.validators.clone().filter(|_| state.url == source.url.as_str())
    };
    let mut all = group.iter().map(held);
    let first = all.next()??;
    all.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://a.example/feed";

    fn remembered(id: &str, url: &str, etag: Option<&str>) -> Remembered {
        let validators = etag.map(|etag| Validators {
            etag: Some(etag.to_owned()),
            last_modified: None,
            url: url.to_owned(),
        });
        let source = Source::plain(id, url.parse().unwrap());
        let state = SourceState { url: url.to_owned(), validators, ..SourceState::default() };
        (Arc::new(source), Arc::new(state))
    }

    fn ids(groups: &[Vec<Remembered>]) -> Vec<Vec<String>> {
        let id = |(source, _): &Remembered| source.id.to_string();
        groups.iter().map(|group| group.iter().map(id).collect()).collect()
    }

    #[test]
    fn p38_one_url_is_one_group() {
        let mut other_headers = Source::plain("d", URL.parse().unwrap());
        other_headers.headers = vec![("accept-language".to_owned(), "vi".to_owned())];
        let sources = vec![
            remembered("a", URL, None),
            remembered("b", "https://b.example/", None),
            remembered("c", &format!("{URL}#part"), None),
            (Arc::new(other_headers), Arc::default()),
        ];
        assert_eq!(ids(&groups(sources)), [vec!["a", "c"], vec!["b"], vec!["d"]]);
    }

    #[test]
    fn p58_an_adopted_redirect_joins_those_already_there() {
        let (source, state) = remembered("a", "https://old.example/", None);
        let moved = SourceState { adopted_url: Some(URL.to_owned()), ..SourceState::clone(&state) };
        let sources = vec![(source, Arc::new(moved)), remembered("b", URL, None)];
        assert_eq!(ids(&groups(sources)), [vec!["a", "b"]]);
    }

    #[test]
    fn only_validators_that_all_hold_are_sent() {
        let one = || remembered("a", URL, Some("\"1\""));
        let cases = [
            ("alone", vec![one()], true),
            ("the same", vec![one(), remembered("b", URL, Some("\"1\""))], true),
            ("another", vec![one(), remembered("b", URL, Some("\"2\""))], false),
            ("one without", vec![one(), remembered("b", URL, None)], false),
            ("none", vec![remembered("b", URL, None)], false),
        ];
        for (name, group, expected) in cases {
            assert_eq!(validators(&group).is_some(), expected, "{name}");
        }
    }

    #[test]
    fn the_members_polled_last_say_when() {
        let at = |seconds: i64| Some(Timestamp::from_second(seconds).unwrap());
        let cases = [
            ("never polled", vec![(None, None)], None),
            ("polled together", vec![(at(5), at(90)), (at(5), at(80))], at(80)),
            ("a new one waits", vec![(at(5), at(90)), (None, None)], at(90)),
            ("the later answer counts", vec![(at(5), at(60)), (at(9), at(90))], at(90)),
            ("never polled, but told to wait", vec![(None, at(40)), (None, None)], at(40)),
        ];
        for (name, members, expected) in cases {
            assert_eq!(due(members.into_iter()), expected, "{name}");
        }
    }
}
