//! What a publisher asks of pollers and republishers (standards P29–P33, R80).

use std::time::Duration;

use super::super::names::Ns;
use super::super::node::Node;
use crate::model::source::PublisherWish;

/// The name `podcast:block` may address us by.
const SERVICE_ID: &str = "feedmill";
/// Longest wish that is believed: a year.
const WISH_MAX: Duration = Duration::from_secs(366 * 24 * 3_600);

/// Reads how often the publisher wishes to be polled.
pub(super) fn wish(channel: &Node) -> PublisherWish {
    PublisherWish {
        ttl: channel.element(Ns::Core, "ttl").and_then(Node::text).and_then(|text| ttl(&text)),
        update_period: update_period(channel),
        skip_hours: skip_hours(channel),
        skip_days: skip_days(channel),
        is_complete: is_complete(channel),
    }
}

fn ttl(text: &str) -> Option<Duration> {
    let minutes: u64 = text.parse().ok()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)).min(WISH_MAX))
}

/// Divides `sy:updatePeriod` by `sy:updateFrequency`; an unknown word or a zero is no wish (P32).
fn update_period(channel: &Node) -> Option<Duration> {
    let text = |name| channel.element(Ns::Syndication, name).and_then(Node::text);
    let period = text("updatePeriod");
    let frequency = text("updateFrequency");
    if period.is_none() && frequency.is_none() {
        return None;
    }
    let hours: u64 = match period.as_deref().unwrap_or("daily").to_ascii_lowercase().as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 24 * 7,
        "monthly" => 24 * 30,
        "yearly" => 24 * 365,
        _ => return None,
    };
    let frequency: u64 = frequency.map_or(Ok(1), |text| text.parse()).ok()?;
    let seconds = (hours * 3_600).checked_div(frequency)?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

fn skip_hours(channel: &Node) -> Vec<u8> {
    let mut hours: Vec<u8> = listed(channel, "skiphours", "hour")
        .iter()
        .filter_map(|text| text.parse::<u8>().ok())
        .filter(|hour| *hour <= 24)
        .map(|hour| hour % 24)
        .collect();
    hours.sort_unstable();
    hours.dedup();
    if hours.len() >= 24 { Vec::new() } else { hours }
}

fn skip_days(channel: &Node) -> Vec<u8> {
    const DAYS: [(&str, u8); 7] =
        [("mon", 1), ("tue", 2), ("wed", 3), ("thu", 4), ("fri", 5), ("sat", 6), ("sun", 7)];
    let day = |text: &String| {
        let lower = text.to_ascii_lowercase();
        DAYS.iter().find(|(start, _)| lower.starts_with(start)).map(|(_, number)| *number)
    };
    let mut days: Vec<u8> = listed(channel, "skipdays", "day").iter().filter_map(day).collect();
    days.sort_unstable();
    days.dedup();
    if days.len() >= 7 { Vec::new() } else { days }
}

fn listed(channel: &Node, list: &str, name: &str) -> Vec<String> {
    let list = channel.element(Ns::Core, list);
    let items = list.into_iter().flat_map(Node::elements);
    items.filter(|item| item.is(Ns::Core, name)).filter_map(Node::string).collect()
}

fn is_complete(channel: &Node) -> bool {
    let is_yes = |text: &str| matches!(text.trim().to_ascii_lowercase().as_str(), "yes" | "true");
    let podcast = channel.element(Ns::Podcast, "updateFrequency");
    let itunes = channel.element(Ns::Itunes, "complete").and_then(Node::text);
    channel.element(Ns::History, "complete").is_some()
        || podcast.and_then(|node| node.attribute("complete")).is_some_and(is_yes)
        || itunes.as_deref().is_some_and(is_yes)
}

/// Tells whether the publisher forbids republishing: what is said to us by name wins over what is
/// said to all.
pub(super) fn is_blocked(channel: &Node) -> bool {
    let says = |node: &Node| node.text().map(|text| text.eq_ignore_ascii_case("yes"));
    let blocks = || channel.elements().filter(|node| node.is(Ns::Podcast, "block"));
    let to_us = blocks()
        .filter(|node| node.attribute("id").is_some_and(|id| id.eq_ignore_ascii_case(SERVICE_ID)))
        .find_map(says);
    let to_all = blocks().filter(|node| node.attribute("id").is_none()).find_map(says);
    let itunes = channel.element(Ns::Itunes, "block").and_then(says);
    to_us.unwrap_or_else(|| to_all == Some(true) || itunes == Some(true))
}
