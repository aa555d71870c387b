use std::collections::BTreeSet;

use super::outlets::Conduct;
use super::server::{Request, answer};
use super::*;
use jiff::SignedDuration;

const START: &str = "2024-11-22T11:11:00Z";

fn start_instant() -> Timestamp {
    START.parse().unwrap()
}

fn press() -> Press {
    Press::new(start_instant()).unwrap()
}

fn outlet(id: &str) -> &'static Outlet {
    OUTLETS.iter().find(|outlet| outlet.id == id).unwrap()
}

fn text(id: &str, now: Timestamp) -> String {
    String::from_utf8(press().document(outlet(id), now)).unwrap()
}

#[test]
fn every_outlet_has_articles_and_addresses_of_its_own() {
    let press = press();
    let mut paths = BTreeSet::new();
    let mut links = BTreeSet::new();
    for (outlet, (_, articles)) in OUTLETS.iter().zip(&press.articles) {
        assert!(paths.insert(outlet.path), "{}", outlet.id);
        let least = if outlet.conduct == Conduct::Failing { 1 } else { 5 };
        assert!((least..=8).contains(&articles.len()), "{}: {}", outlet.id, articles.len());
        for article in articles {
            assert!(links.insert((outlet.host, article.slug)), "{}", article.slug);
            assert!(!article.paragraphs.is_empty(), "{}", article.slug);
        }
    }
}

#[test]
fn a_wire_story_is_in_four_outlets_at_the_start_under_as_many_headlines() {
    let press = press();
    let lead = "Trung tâm Dự báo thủy văn sông Lam cho biết";
    let carriers: Vec<_> = OUTLETS
        .iter()
        .flat_map(|outlet| press.published(outlet, start_instant()))
        .filter(|(_, article)| article.paragraphs[0].starts_with(lead))
        .collect();
    let titles: BTreeSet<_> = carriers.iter().map(|(_, article)| article.title).collect();
    let lengths: BTreeSet<_> =
        carriers.iter().map(|(_, article)| article.paragraphs.len()).collect();
    assert!(titles.len() >= 4 && titles.len() == carriers.len(), "{titles:?}");
    assert!(lengths.len() >= 3, "{lengths:?}");
}

#[test]
fn something_is_published_at_every_step_until_all_is_out() {
    let press = press();
    let count = |now: Timestamp| -> usize {
        OUTLETS.iter().map(|outlet| press.published(outlet, now).len()).sum()
    };
    let mut now = start_instant();
    let mut steps = 0;
    while now < press.complete_at() {
        let next = now + ARTICLE_EVERY;
        assert!(count(next) > count(now), "at {next}");
        assert_eq!(count(next - SignedDuration::from_millis(1)), count(now), "between steps");
        now = next;
        steps += 1;
    }
    assert!(steps >= 20, "{steps}");
    let all: usize = press.articles.iter().map(|(_, articles)| articles.len()).sum();
    assert_eq!(count(now), all);
}

#[test]
fn each_outlet_dates_in_its_own_way() {
    // 11:11 UTC less 55, 70 and so on minutes, by hand.
    let cases = [
        ("song-lam", "<pubDate>22.11.2024 | 17:01 PM</pubDate>"),
        ("mien-bien", "<pubDate>Fri, 22 Nov 2024 17:16:00 GMT+7</pubDate>"),
        ("dat-nuoc", "<pubDate>Fri, 22 Nov 2024 17:29:00 +0700</pubDate>"),
        ("harbour-post", "<pubDate>Fri, 22 Nov 2024 10:11:00 +0000</pubDate>"),
        ("courrier", "<pubDate>Fri, 22 Nov 2024 11:36:00 +0100</pubDate>"),
        ("nhat-ky", "<published>2024-11-22T17:21:00+07:00</published>"),
        ("bon-phuong", "<dc:date>2024-11-22T14:41:00+07:00</dc:date>"),
        ("tech-lantern", r#""date_published":"2024-11-22T09:56:00+00:00""#),
    ];
    for (id, date) in cases {
        assert!(text(id, start_instant()).contains(date), "{id}: {date}");
    }
}

#[test]
fn each_outlet_has_the_fault_it_is_there_for() {
    let now = press().complete_at();
    let gazette = press().document(outlet("gazette"), now);
    assert!(std::str::from_utf8(&gazette).is_err(), "windows-1252 is no UTF-8");
    let has = |bytes: &[u8]| gazette.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(b"Lac\x9Cur") && has(b"Mus\xE9e") && has(b"3 000 \x80"));
    let broken = text("cau-cu", now);
    assert!(broken.contains("Hàng Dây & Hàng Thừng") && !broken.contains("</rss>"));
    assert!(text("nhat-ky", now).contains(r#"<link rel="alternate" href="."/>"#));
    assert!(text("song-lam", now).contains("<p>Theo: datnuoc.example</p>"));
    assert!(text("chuyen-pho", now).contains(r#"length="30720000" type="audio/mpeg""#), "32 min");
}

#[test]
fn requests_are_answered_as_each_server_would() {
    let press = press();
    let cases = [
        ("plain", "GET", "/dat-nuoc/rss/home.rss", None, "HTTP/1.1 200 "),
        ("query is ignored", "GET", "/dat-nuoc/rss/home.rss?x=1", None, "HTTP/1.1 200 "),
        ("unknown", "GET", "/", None, "HTTP/1.1 404 "),
        ("failing", "GET", "/tram-loi/rss", None, "HTTP/1.1 500 "),
        ("other method", "POST", "/tin-nhanh/rss", None, "HTTP/1.1 405 "),
        ("validator held", "GET", "/tin-nhanh/rss", Some("\"tin-nhanh-3\""), "HTTP/1.1 304 "),
        ("validator of old", "GET", "/tin-nhanh/rss", Some("\"tin-nhanh-2\""), "HTTP/1.1 200 "),
    ];
    for (name, method, path, if_none_match, status) in cases {
        let request = Request { method, path, if_none_match };
        let bytes = answer(&press, &request, start_instant()).bytes;
        assert!(bytes.starts_with(status.as_bytes()), "{name}");
    }
    let head = "GET /a?b HTTP/1.1\r\nHost: x\r\nif-none-match: \"e\"\r\n\r\n";
    let expected = Request { method: "GET", path: "/a?b", if_none_match: Some("\"e\"") };
    assert_eq!(Request::read(head), expected);
    let slow = Request { method: "GET", path: outlet("cham").path, if_none_match: None };
    assert_eq!(answer(&press, &slow, start_instant()).delay.as_secs(), 1);
}

#[test]
fn the_public_url_is_one_that_a_browser_can_open() {
    let cases = [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::1]:80", "http://[::1]:80"),
        ("unix:/run/x.sock", "http://localhost"),
    ];
    for (listen, url) in cases {
        assert_eq!(base_url(listen), url);
    }
}
