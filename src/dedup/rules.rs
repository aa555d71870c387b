//! The rules that say whether two entries are one article. Numbered as in the measured method, §4.

use std::time::Duration;

use jiff::Timestamp;

use super::constants::CONSTANTS as K;
use super::features::Features;
use super::measures::{Measures, measure};
use crate::model::verdict::Joined;

/// One of the two entries.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What it says.
    pub features: &'a Features,
    /// When it was published, capped at first seen + 1 h.
    pub published: Timestamp,
    /// The registrable domain of its source's site.
    pub outlet: &'a str,
    /// Its number; an item that has none is later than all that have one.
    pub order: u64,
}

/// What is known of the two together.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Copies further apart are other stories.
    pub window: Duration,
    /// Both are entries of one source, and one document listed both.
    pub are_together: bool,
    /// The headline of one of them recurs in its outlet.
    pub is_recurring: bool,
}

/// How surely two entries are one article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// They are not.
    No,
    /// They are.
    Match,
    /// They are, surely enough to join stories.
    Strong,
}

impl Strength {
    /// Returns 0, 1 or 2.
    pub fn weight(self) -> f64 {
        match self {
            Self::No => 0.0,
            Self::Match => 1.0,
            Self::Strong => 2.0,
        }
    }
}

/// What was found of a pair, and by which rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// How surely.
    pub strength: Strength,
    /// The rule that decided: `1` … `10`, `7a` ….
    pub rule: &'static str,
    /// The figures it decided by.
    pub measures: Measures,
}

impl Match {
    /// Returns the reason as it is kept, with the entry that was matched.
    pub fn joined(&self, with: crate::model::entry::EntryNo) -> Joined {
        Joined { rule: self.rule.to_owned(), with: Some(with), numbers: self.measures.numbers() }
    }
}

/// Decides about a pair. Symmetric: `decide(a, b)` and `decide(b, a)` are the same.
pub fn decide(a: Side<'_>, b: Side<'_>, pair: Pair) -> Match {
    let measures = measure(a.features, b.features, a.order > b.order);
    judge(a, b, pair, &measures)
}

/// Decides about a pair that was measured before, `a` first.
pub(super) fn judge(a: Side<'_>, b: Side<'_>, pair: Pair, measures: &Measures) -> Match {
    let (s, l) = if measures.short_is_first { (a, b) } else { (b, a) };
    let case = Case {
        m: measures,
        s: s.features,
        l: l.features,
        same_outlet: s.outlet == l.outlet,
        seconds: seconds_between(a.published, b.published),
        pair,
    };
    let (strength, rule) = case.decide();
    Match { strength, rule, measures: *measures }
}

fn seconds_between(a: Timestamp, b: Timestamp) -> u64 {
    a.as_second().abs_diff(b.as_second())
}

/// A pair under judgement.
struct Case<'a> {
    m: &'a Measures,
    s: &'a Features,
    l: &'a Features,
    same_outlet: bool,
    seconds: u64,
    pair: Pair,
}

type Ruling = (Strength, &'static str);

const fn no(rule: &'static str) -> Option<Ruling> {
    Some((Strength::No, rule))
}

impl Case<'_> {
    fn decide(&self) -> Ruling {
        let found = self.guards().or_else(|| {
            if self.m.n_s < K.body_n {
                return Some(self.bare());
            }
            self.body_guards().or_else(|| self.body()).or_else(|| self.titled())
        });
        found.unwrap_or_else(|| self.rewritten())
    }

    fn hours(&self) -> f64 {
        f64::from(u32::try_from(self.seconds).unwrap_or(u32::MAX)) / 3_600.0
    }

    /// Rules 1 to 6: what forbids a match whatever the texts say.
    fn guards(&self) -> Option<Ruling> {
        let m = self.m;
        if self.seconds > self.pair.window.as_secs() {
            return no("1");
        }
        if self.s.title.markers != self.l.title.markers {
            return no("2");
        }
        let (c, r) = K.together;
        if self.pair.are_together && !(m.teq && m.c >= c && m.r >= r) {
            return no("3");
        }
        if self.l.title.is_roundup && !self.s.title.is_roundup && m.r < K.round_r {
            return no("4");
        }
        if m.tnum2 && m.tj >= K.numbers_tj {
            return no("5");
        }
        // One pattern as well, and what it says is said of something else.
        if m.slots > 0 {
            return no("5b");
        }
        let parts_differ = self.s.title.parts != self.l.title.parts;
        if (parts_differ || m.tnum2) && !self.outweighs_parts() {
            return no("6");
        }
        None
    }

    fn outweighs_parts(&self) -> bool {
        let m = self.m;
        let (n, c, cl) = K.sure;
        let is_sure = m.n_s >= n && m.c >= c && m.cl >= cl && m.al.m == 0;
        let (c, n, names) = K.part;
        let by_names = m.is_clean() && m.c >= c && m.n_s >= n && m.h.n >= names && m.tb.m == 0;
        !self.same_outlet && (is_sure || by_names)
    }

    /// Rules 7a to 7c.
    fn body_guards(&self) -> Option<Ruling> {
        let m = self.m;
        let exceeds =
            |part: u32, share: f64, whole: u32| f64::from(part) > share * f64::from(whole);
        let (share, long) = K.hard_miss;
        let (few, few_long) = K.few_hard;
        if (m.al.m >= 2 && exceeds(m.al.m, K.number_miss, m.al.n))
            || (m.h.m >= 2 && exceeds(m.h.m, share, m.h.n) && m.cl < long)
            || (m.al.m + m.h.m >= 1 && m.h.n <= few && m.cl < few_long)
        {
            return no("7a");
        }
        let (r, c) = K.same_outlet;
        let (hours, tokens, shingles) = K.same_outlet_late;
        let is_alike = m.r >= r || (m.c >= c && m.tsim());
        let is_late = self.hours() > hours && !(m.tmin >= tokens && m.n_s >= shingles);
        if self.same_outlet && (!is_alike || is_late) {
            return no("7b");
        }
        let (r, p0, c) = K.external;
        let opens = m.p0.is_some_and(|at| at <= p0) && m.c >= c;
        if self.l.is_external && !(m.r >= r || opens) {
            return no("7c");
        }
        None
    }

    /// Rule 7d: enough of S is in L, near its beginning or under a like headline.
    fn body(&self) -> Option<Ruling> {
        let m = self.m;
        if !(m.tsim() || self.is_near()) {
            return None;
        }
        let is_evident = m.is_evident();
        if m.n_s >= K.full_n {
            let (c, cl, strong) = K.full;
            if m.c >= c && m.cl >= cl {
                let strength = if m.c >= strong { Strength::Strong } else { Strength::Match };
                return Some((strength, "7d"));
            }
            let (c, cl) = K.full_evident;
            return (is_evident && m.c >= c && m.cl >= cl).then_some((Strength::Match, "7d"));
        }
        let (c, cl) = K.short;
        if m.c >= c && (m.cl >= cl || is_evident) {
            let strength = if m.tsim() { Strength::Strong } else { Strength::Match };
            return Some((strength, "7d"));
        }
        let (n, c) = K.short_evident;
        (m.n_s >= n && is_evident && m.c >= c).then_some((Strength::Match, "7d"))
    }

    fn is_near(&self) -> bool {
        let (near, near_long, long) = K.near;
        let within = |end: u32| self.m.p0.is_some_and(|at| at <= end);
        if self.m.n_s < long { within(near) } else { within(near_long) || self.m.c >= K.full.2 }
    }

    /// Rule 7e: one headline, and a third of the text in the lead.
    fn titled(&self) -> Option<Ruling> {
        let m = self.m;
        let (c, lead, hours) = K.titled;
        let holds = (m.teq || m.tcont())
            && m.c >= c
            && m.is_clean()
            && m.lead >= lead
            && self.hours() <= hours;
        holds.then_some((Strength::Match, "7e"))
    }

    /// Rules 8 and 9: a summary written anew under the same headline.
    fn rewritten(&self) -> Ruling {
        let m = self.m;
        let (letters, tokens, hours, shingles, c) = K.rewritten;
        let holds = m.teq
            && m.twt >= letters
            && m.tmin >= tokens
            && self.hours() <= hours
            && !self.same_outlet
            && m.n_s <= shingles
            && !self.pair.is_recurring
            && !self.l.is_external
            && (m.c <= c || m.is_clean());
        if !holds {
            return (Strength::No, "9");
        }
        let has_names = m.sh.n < 2 || f64::from(m.sh.m) <= K.rewritten_miss * f64::from(m.sh.n);
        if has_names { (Strength::Match, "8") } else { (Strength::No, "9") }
    }

    /// Rule 10: there is no text, so the headlines decide.
    fn bare(&self) -> Ruling {
        let m = self.m;
        if self.same_outlet || self.pair.is_recurring {
            return (Strength::No, "10");
        }
        let (letters, tokens, hours) = K.bare;
        let are_equal = m.teq && m.twt >= letters && m.tmin >= tokens && self.hours() <= hours;
        let (to, tj, tokens, hours) = K.alike;
        let are_alike =
            m.to >= to && m.tj >= tj && m.tmin >= tokens && self.hours() <= hours && m.tb.m == 0;
        if are_equal || are_alike { (Strength::Match, "10") } else { (Strength::No, "10") }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{OTHER, STORY, features_of};
    use super::*;

    const TITLE: &str = "Thủ tướng thăm nhà máy thép Hòa Phát";

    /// How the second entry of a pair differs.
    struct Given {
        title: &'static str,
        html: String,
        hours: i64,
        outlet: &'static str,
        are_together: bool,
        is_recurring: bool,
    }

    fn given(title: &'static str, html: &str) -> Given {
        Given {
            title,
            html: html.to_owned(),
            hours: 2,
            outlet: "other.example",
            are_together: false,
            is_recurring: false,
        }
    }

    fn found(first: (&str, &str), second: &Given) -> (Strength, &'static str) {
        let (a, b) = (features_of(first.0, first.1), features_of(second.title, &second.html));
        let now: Timestamp = "2024-11-18T09:00:00Z".parse().unwrap();
        let later = now + jiff::SignedDuration::from_hours(second.hours);
        let a = Side { features: &a, published: now, outlet: "paper.example", order: 1 };
        let b = Side { features: &b, published: later, outlet: second.outlet, order: 2 };
        let pair = Pair {
            window: Duration::from_secs(96 * 3_600),
            are_together: second.are_together,
            is_recurring: second.is_recurring,
        };
        let (one, two) = (decide(a, b, pair), decide(b, a, pair));
        assert_eq!((one.strength, one.rule), (two.strength, two.rule), "symmetric");
        assert_eq!(one.measures.numbers(), two.measures.numbers(), "symmetric");
        (one.strength, one.rule)
    }

    fn lead() -> String {
        STORY.split_inclusive("</p>").next().unwrap().to_owned()
    }

    #[test]
    fn copies_are_matched() {
        use Strength::{Match, Strong};
        let unaccented = crate::model::text::fold(STORY);
        let cases = [
            ("whole", given(TITLE, STORY), Strong, "7d"),
            ("other headline", given("Chuyến thăm Quảng Ngãi", STORY), Strong, "7d"),
            ("lead", given(TITLE, &lead()), Strong, "7d"),
            ("lead under another headline", given("Chuyến thăm", &lead()), Strong, "7d"),
            (
                "no accents",
                given("Thu tuong tham nha may thep Hoa Phat", &unaccented),
                Strong,
                "7d",
            ),
            ("tones placed otherwise", given(TITLE, &STORY.replace("Hòa", "Hoà")), Strong, "7d"),
            (
                "local lead before it",
                given("Tỉnh nhà đón khách", &format!("<p>Tin từ văn phòng tỉnh.</p>{STORY}")),
                Strong,
                "7d",
            ),
            ("headline only", given(TITLE, ""), Match, "10"),
            (
                "rewritten summary",
                given(
                    TITLE,
                    "<p>chuyến công tác miền trung bàn về mở rộng sản xuất và môi trường.</p>",
                ),
                Match,
                "8",
            ),
        ];
        for (name, second, strength, rule) in cases {
            assert_eq!(found((TITLE, STORY), &second), (strength, rule), "{name}");
        }
    }

    #[test]
    fn look_alikes_are_kept_apart_by_the_rule_that_says_so() {
        let changed = STORY
            .replace("18/11", "25/12")
            .replace("5,6 triệu", "7,9 triệu")
            .replace("12.000", "34.500");
        let people = STORY
            .replace("Văn An", "Đình Việt")
            .replace("Hòa Phát", "Dung Quất")
            .replace("Quảng Ngãi", "Lạng Sơn");
        let same_outlet = |html: &str| Given { outlet: "paper.example", ..given(TITLE, html) };
        let cases = [
            ("too far apart", Given { hours: 97, ..given(TITLE, STORY) }, "1"),
            ("a correction", given("Đính chính: Thủ tướng thăm nhà máy thép Hòa Phát", STORY), "2"),
            ("listed together", Given { are_together: true, ..same_outlet(&lead()) }, "3"),
            ("figures", given(TITLE, &changed), "7a"),
            ("people and places", given(TITLE, &people), "7a"),
            (
                "one outlet, part of the text",
                Given { outlet: "paper.example", ..given("Chuyến thăm", &lead()) },
                "7b",
            ),
            (
                "one outlet, next day",
                Given {
                    hours: 24, ..Given { outlet: "paper.example", ..given("Tin ảnh", STORY) }
                },
                "7b",
            ),
            ("another story", given("Strike closes harbour", OTHER), "9"),
            (
                "another story, same headline, recurring",
                Given { is_recurring: true, ..given(TITLE, OTHER) },
                "9",
            ),
            ("no text, other headline", given("Giá vàng tăng mạnh", ""), "10"),
            ("no text, recurring", Given { is_recurring: true, ..given(TITLE, "") }, "10"),
            ("no text, one outlet", same_outlet(""), "10"),
        ];
        for (name, second, rule) in cases {
            assert_eq!(found((TITLE, STORY), &second), (Strength::No, rule), "{name}");
        }
    }

    #[test]
    fn numbers_and_parts_in_headlines_keep_series_apart() {
        let cases = [
            ("other day", "Giá vàng ngày 18/11 tăng mạnh", "Giá vàng ngày 19/11 tăng mạnh", "5"),
            (
                "other part",
                "Ký sự sông Mê Kông - Bài một",
                "Ký sự sông Mê Kông - Bài hai phần 2",
                "6",
            ),
        ];
        for (name, first, second, rule) in cases {
            let second = Given { outlet: "paper.example", ..given(second, STORY) };
            assert_eq!(found((first, STORY), &second), (Strength::No, rule), "{name}");
        }
    }

    #[test]
    fn a_roundup_holds_a_story_but_is_not_it() {
        let bulletin = format!("{STORY}{OTHER}{OTHER}");
        let second = given("Bản tin sáng thứ hai", &bulletin);
        let expected = (Strength::No, "4");
        assert_eq!(found(("Thủ tướng thăm nhà máy", &lead()), &second), expected);
    }

    #[test]
    fn a_text_quoted_far_inside_is_no_copy() {
        let before = "<p>Đoạn văn mở đầu nói về một chuyện hoàn toàn khác với những câu dài.</p>";
        let long: String = (1..=6)
            .map(|n| before.replace("khác", &format!("khác thứ {n} trong loạt bài")))
            .collect();
        let first = ("Chuyện bên lề", &*lead());
        let second = given("Nhìn lại một tuần nhiều sự kiện", &format!("{long}{STORY}"));
        assert_eq!(found(first, &second).0, Strength::No);
    }
}
