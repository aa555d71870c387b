//! Identity in the wild (P84–P94, D28–D32): documents polled one after the other, over real
//! sockets, and what `poll --json` says of each entry.
#![expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use blackbox::{Answer, Origin, Place};
use serde_json::Value;

/// One item, as its publisher writes it; an empty part is left out.
#[derive(Clone, Copy, Default)]
struct Item<'a> {
    guid: &'a str,
    link: &'a str,
    title: &'a str,
    date: &'a str,
    text: &'a str,
}

const MONDAY: &str = "Mon, 18 Nov 2024 08:00:00 +0700";
const TUESDAY: &str = "Tue, 19 Nov 2024 08:00:00 +0700";

fn rss(items: &[Item<'_>]) -> String {
    let mut xml = String::from(
        "<rss version=\"2.0\"><channel><title>Báo</title><link>https://bao.example/</link>",
    );
    let part = |name: &str, value: &str, more: &str| {
        if value.is_empty() { String::new() } else { format!("<{name}{more}>{value}</{name}>") }
    };
    for item in items {
        let opaque = " isPermaLink=\"false\"";
        xml += "<item>";
        xml += &part("guid", item.guid, if item.guid.starts_with("http") { "" } else { opaque });
        xml += &part("title", item.title, "");
        xml += &part("link", item.link, "");
        xml += &part("pubDate", item.date, "");
        xml += &part("description", item.text, "");
        xml += "</item>";
    }
    xml + "</channel></rss>"
}

/// Polls documents one after the other; each is `-- verdict, verdict …` in the order of the
/// document, with the rule where there is one.
struct Reader {
    origin: Origin,
    place: Place,
}

impl Reader {
    fn new(settings: &str) -> Self {
        let origin = Origin::start();
        let url = origin.url("/feed");
        let place = Place::new(&format!("[[source]]\nid = \"s\"\nurl = \"{url}\"\n{settings}\n"));
        Self { origin, place }
    }

    fn poll(&self, document: &str) -> Vec<Value> {
        let body = document.to_owned();
        self.origin.on("/feed", move |_| Answer::ok(body.as_bytes()));
        let out = self.place.must(&["poll", "--json"]);
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the verdicts in the order of the document: items are decided from the last.
    fn verdicts(&self, document: &str) -> Vec<String> {
        let lines = self.poll(document);
        let verdicts = lines.iter().filter_map(|line| line["verdict"].as_str());
        let mut verdicts: Vec<String> = verdicts.map(str::to_owned).collect();
        verdicts.reverse();
        verdicts
    }

    fn status(&self) -> Value {
        let status: Value = serde_json::from_str(&self.place.must(&["status", "--json"])).unwrap();
        status["sources"][0].clone()
    }

    fn flaws(&self) -> String {
        self.status()["flaws"].to_string()
    }

    /// Returns the titles of `/source/s.json`, newest first.
    fn titles(&self) -> Vec<String> {
        let daemon = self.place.daemon();
        let feed: Value = serde_json::from_slice(&daemon.get("/source/s.json").body).unwrap();
        let titles = feed["items"].as_array().unwrap().iter();
        titles.map(|item| item["title"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn item<'a>(guid: &'a str, link: &'a str, title: &'a str) -> Item<'a> {
    Item { guid, link, title, date: MONDAY, text: "" }
}

const A: &str = "https://bao.example/a";
const B: &str = "https://bao.example/b";

#[test]
fn an_entry_is_known_again_or_it_is_not() {
    let one = || item("1", A, "Bão vào bờ");
    let cases = [
        (
            "P84: guids differ in case, and so do links",
            "full",
            vec![one()],
            vec![item("x", A, "Bão vào bờ"), item("X", B, "Giá vàng")],
            vec!["unchanged", "new"],
        ),
        (
            "P84: white space around a guid",
            "full",
            vec![one()],
            vec![item(" 1\n", A, "Bão vào bờ")],
            vec!["unchanged"],
        ),
        (
            "P86: one guid for all items",
            "full",
            vec![item("0", A, "Bão vào bờ"), item("0", B, "Giá vàng")],
            vec![item("0", B, "Giá vàng"), item("0", A, "Bão vào bờ")],
            vec!["unchanged", "unchanged"],
        ),
        (
            "P86: one guid and link twice",
            "full",
            vec![one(), one()],
            vec![one()],
            vec!["unchanged"],
        ),
        (
            "P89: http becomes https",
            "full",
            vec![item("http://bao.example/a", "http://bao.example/a", "Bão vào bờ")],
            vec![item("https://www.bao.example/a", "https://www.bao.example/a", "Bão vào bờ")],
            vec!["unchanged"],
        ),
        (
            "P89: without dedup too",
            "off",
            vec![item("http://bao.example/a", "http://bao.example/a", "Bão vào bờ")],
            vec![item("https://www.bao.example/a", "https://www.bao.example/a", "Bão vào bờ")],
            vec!["unchanged"],
        ),
        (
            "a relative guid",
            "full",
            vec![item("tin/1", A, "Bão vào bờ")],
            vec![item("tin/1", A, "Bão vào bờ"), item("tin/2", B, "Giá vàng")],
            vec!["unchanged", "new"],
        ),
        (
            "P90: the date alone",
            "full",
            vec![one()],
            vec![Item { date: TUESDAY, ..one() }],
            vec!["unchanged"],
        ),
        ("P91: the title", "full", vec![one()], vec![item("1", A, "Bão đã tan")], vec!["updated"]),
        ("P91: the link", "full", vec![one()], vec![item("1", B, "Bão vào bờ")], vec!["updated"]),
        (
            "P85: no guid",
            "full",
            vec![item("", A, "Bão vào bờ")],
            vec![item("", A, "Bão vào bờ")],
            vec!["unchanged"],
        ),
        (
            "P85: neither guid nor link",
            "full",
            vec![item("", "", "Bão vào bờ")],
            vec![item("", "", "Bão vào bờ"), item("", "", "Giá vàng")],
            vec!["unchanged", "new"],
        ),
    ];
    for (name, dedup, first, second, expected) in cases {
        let reader = Reader::new(&format!("dedup = \"{dedup}\""));
        let met = reader.verdicts(&rss(&first));
        assert!(met.iter().all(|verdict| verdict == "new"), "{name}: {met:?}");
        assert_eq!(reader.verdicts(&rss(&second)), expected, "{name}");
    }
}

#[test]
fn p85_items_that_only_text_and_date_tell_apart_are_all_kept() {
    let reader = Reader::new("");
    let entry = |text, date| Item { title: "Cập nhật", text, date, ..Item::default() };
    let items = [
        entry("Trò chơi thứ nhất chạy được", MONDAY),
        entry("Trò chơi thứ hai bị chặn", MONDAY),
        entry("Trò chơi thứ nhất chạy được", TUESDAY),
    ];
    assert_eq!(reader.verdicts(&rss(&items)).len(), 3);
    assert_eq!(reader.verdicts(&rss(&items)), ["unchanged"; 3]);
}

#[test]
fn p92_an_entry_that_left_and_came_back_is_not_new() {
    let reader = Reader::new("");
    let (a, b) = (item("1", A, "Bão vào bờ"), item("2", B, "Giá vàng"));
    assert_eq!(reader.verdicts(&rss(&[a, b])), ["new", "new"]);
    assert_eq!(reader.verdicts(&rss(&[b])), ["unchanged"]);
    assert_eq!(reader.verdicts(&rss(&[a, b])), ["unchanged", "unchanged"]);
    assert_eq!(reader.titles().len(), 2);
}

#[test]
fn p93_json_ids_that_are_numbers_are_texts_and_blank_ones_are_none() {
    let reader = Reader::new("");
    let feed = |id: &str| {
        format!(
            "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"T\",\"items\":[\
             {{\"id\":{id},\"content_text\":\"Bão vào bờ\"}},\
             {{\"id\":\" \",\"content_text\":\"x\"}},{{\"content_text\":\"y\"}}]}}"
        )
    };
    assert_eq!(reader.verdicts(&feed("17")), ["new"]);
    assert_eq!(reader.verdicts(&feed("\"17\"")), ["unchanged"]);
    assert_eq!(reader.status()["entries"], 1);
}

#[test]
fn another_address_alone_moves_no_updated() {
    let text = "<p>Bão số 9 vào bờ tối qua, gió giật cấp 12 làm đổ nhiều cây xanh.</p>";
    let first = Item { text, ..item("1", A, "Bão vào bờ") };
    let cases = [
        ("P91: the link", Item { text, ..item("1", B, "Bão vào bờ") }, "updated"),
        ("id and link", Item { text, ..item("2", B, "Bão vào bờ") }, "unchanged"),
    ];
    for (name, second, verdict) in cases {
        let reader = Reader::new("dedup = \"full\"");
        assert_eq!(reader.verdicts(&rss(std::slice::from_ref(&first))), ["new"], "{name}");
        assert_eq!(reader.verdicts(&rss(&[second])), [verdict], "{name}");
        let daemon = reader.place.daemon();
        let feed: Value = serde_json::from_slice(&daemon.get("/source/s.json").body).unwrap();
        let shown = &feed["items"][0];
        assert_eq!(shown["url"], B, "{name}");
        assert_eq!(shown["date_modified"], shown["date_published"], "{name}");
    }
}

const NEWS: [&str; 4] =
    ["Bão số 9 vào bờ", "Giá vàng hôm nay tăng", "Đội tuyển thắng lớn", "Khánh thành cầu mới"];

fn window(base: &str, guids: &str, dates: &[&str]) -> String {
    let texts: Vec<(String, String)> =
        (0..NEWS.len()).map(|n| (format!("{guids}{n}"), format!("{base}{n}"))).collect();
    let items: Vec<Item<'_>> = texts
        .iter()
        .zip(NEWS)
        .enumerate()
        .map(|(n, ((guid, link), title))| Item {
            date: dates.get(n).copied().unwrap_or(MONDAY),
            ..item(guid, link, title)
        })
        .collect();
    rss(&items)
}

#[test]
fn a_window_that_comes_back_under_new_ids_is_not_published_again() {
    let moved = ["Tue, 19 Nov 2024 09:00:00 GMT"; 4];
    let cases = [
        ("new guids", window("https://bao.example/tin-", "cms2-", &[])),
        ("new guids and dates", window("https://bao.example/tin-", "cms2-", &moved)),
        ("new links too", window("https://bao.example/?p=9", "cms2-", &[])),
        ("new links and dates too", window("https://moi.example/?p=9", "cms2-", &moved)),
    ];
    for (name, second) in cases {
        for dedup in ["full", "identity", "off"] {
            let reader = Reader::new(&format!("dedup = \"{dedup}\""));
            let first = window("https://bao.example/tin-", "cms1-", &[]);
            assert_eq!(reader.verdicts(&first), ["new"; 4], "{name}, {dedup}");
            let again = reader.verdicts(&second);
            assert!(!again.iter().any(|it| it == "new"), "{name}, {dedup}: {again:?}");
            assert_eq!(reader.status()["entries"], 4, "{name}, {dedup}");
            assert!(reader.flaws().contains("returned under new ids\":4"), "{}", reader.flaws());
            let again = reader.verdicts(&second);
            assert!(!again.iter().any(|it| it == "new"), "{name}, {dedup}, again: {again:?}");
        }
    }
}

#[test]
fn new_guids_at_each_fetch_bring_nothing_new_but_news() {
    let reader = Reader::new("dedup = \"identity\"");
    for fetch in 0..4 {
        let document = window("https://bao.example/tin-", &format!("f{fetch}-"), &[]);
        let expected = if fetch == 0 { "new" } else { "unchanged" };
        assert_eq!(reader.verdicts(&document), [expected; 4], "fetch {fetch}");
    }
    let mut document = window("https://bao.example/tin-", "f9-", &[]);
    let news = "<item><guid>f9-new</guid><title>Tin mới nhất</title><link>https://bao.example/moi</link></item>";
    document = document.replacen("<item>", &format!("{news}<item>"), 1);
    assert_eq!(reader.verdicts(&document)[0], "new");
}

#[test]
fn what_on_add_kept_back_stays_so_under_a_new_guid() {
    let reader = Reader::new("on_add = \"newest:1\"");
    let first = window("https://bao.example/tin-", "a-", &[TUESDAY]);
    assert_eq!(reader.verdicts(&first), ["new", "withheld", "withheld", "withheld"]);
    let second = window("https://bao.example/tin-", "b-", &[TUESDAY]);
    assert_eq!(reader.verdicts(&second), ["unchanged", "withheld", "withheld", "withheld"]);
}

#[test]
fn a_column_of_one_title_is_new_each_time() {
    let reader = Reader::new("dedup = \"identity\"");
    let column =
        |guid, link, date, text| Item { guid, link, date, text, title: "Điểm tin buổi sáng" };
    let first = column("1", "https://bao.example/dt/1", MONDAY, "Bão số 9 đang vào bờ miền Trung.");
    let second = column("2", "https://bao.example/dt/2", TUESDAY, "Giá vàng trong nước tăng mạnh.");
    assert_eq!(reader.verdicts(&rss(&[first])), ["new"]);
    assert_eq!(reader.verdicts(&rss(&[second])), ["new"]);
}

#[test]
fn p94_undated_entries_of_a_first_fetch_do_not_jump_to_the_top() {
    let undated = |guid, title| Item { guid, title, ..Item::default() };
    let dated = |guid, title, date| Item { guid, title, date, ..Item::default() };
    let reader = Reader::new("dedup = \"off\"");
    let first = [
        dated("1", "Thứ ba", TUESDAY),
        undated("2", "Không ngày"),
        dated("3", "Thứ hai", MONDAY),
        undated("4", "Cũ hơn"),
        undated("5", "Cũ nhất"),
    ];
    reader.poll(&rss(&first));
    assert_eq!(reader.titles(), ["Thứ ba", "Không ngày", "Thứ hai", "Cũ hơn", "Cũ nhất"]);
    let mut second = vec![undated("6", "Mới, không ngày"), undated("7", "Mới nữa")];
    second.extend(first);
    reader.poll(&rss(&second));
    assert_eq!(
        reader.titles(),
        ["Mới, không ngày", "Mới nữa", "Thứ ba", "Không ngày", "Thứ hai", "Cũ hơn", "Cũ nhất"],
        "D28: an undated entry of a later fetch is dated when it is first seen"
    );
}

#[test]
fn d28_a_document_without_dates_keeps_its_order() {
    let titles = ["Một", "Hai", "Ba", "Bốn", "Năm"];
    let items = titles.map(|title| Item { guid: title, title, ..Item::default() });
    let reader = Reader::new("dedup = \"off\"");
    reader.poll(&rss(&items));
    assert_eq!(reader.titles(), titles);
}

#[test]
fn d29_and_d31_future_and_absurd_dates_do_not_sit_on_top_or_in_the_past() {
    let reader = Reader::new("dedup = \"off\"");
    let dated = |title, date| Item { guid: title, title, date, ..Item::default() };
    let old = dated("Thứ hai", MONDAY);
    reader.poll(&rss(&[old]));
    let future = dated("Năm 2031", "Wed, 01 Jan 2031 00:00:00 GMT");
    reader.poll(&rss(&[future, old]));
    let absurd = dated("Năm 1985", "Tue, 01 Jan 1985 00:00:00 GMT");
    reader.poll(&rss(&[absurd, future, old]));
    assert_eq!(reader.titles(), ["Năm 1985", "Năm 2031", "Thứ hai"], "by first sight");
    let atom = reader.place.daemon().get("/source/s.atom").text();
    assert!(atom.contains("<published>2031-01-01T00:00:00Z"), "kept for display: {atom}");
    assert!(atom.contains("<published>1985-01-01T00:00:00Z"), "kept for display: {atom}");
}

#[test]
fn d30_a_probable_error_of_the_time_zone_is_reported() {
    let reader = Reader::new("dedup = \"off\"");
    reader.poll(&rss(&[item("0", A, "Bão vào bờ")]));
    // Local time of +07:00 written without a zone, read as UTC would be seven hours ahead.
    let now = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(7);
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let late = |guid, title| Item { guid, title, date: &date, ..Item::default() };
    reader.poll(&rss(&[late("1", "Một"), late("2", "Hai"), late("3", "Ba")]));
    assert!(reader.flaws().contains("wrong time zone: dates +7 h off"), "{}", reader.flaws());
}

#[test]
fn d29_a_date_some_hours_ahead_is_published_now_and_does_not_sit_on_top() {
    let reader = Reader::new("dedup = \"off\"");
    let ahead = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(7);
    let date = ahead.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    reader.poll(&rss(&[Item { guid: "1", title: "Sớm", date: &date, ..Item::default() }]));
    reader.poll(&rss(&[
        Item { guid: "2", title: "Mới", ..Item::default() },
        Item { guid: "1", title: "Sớm", date: &date, ..Item::default() },
    ]));
    assert_eq!(reader.titles(), ["Mới", "Sớm"], "by first sight");
}

#[test]
fn d32_a_date_that_changes_at_each_poll_is_that_of_the_first() {
    let reader = Reader::new("dedup = \"off\"");
    let at = |date| rss(&[Item { guid: "1", title: "Tin", date, ..Item::default() }]);
    reader.poll(&at(MONDAY));
    for date in [TUESDAY, "Wed, 20 Nov 2024 08:00:00 +0700", ""] {
        assert_eq!(reader.verdicts(&at(date)), ["unchanged"], "{date}");
    }
    let atom = reader.place.daemon().get("/source/s.atom").text();
    assert_eq!(atom.matches("<published>2024-11-18T01:00:00Z</published>").count(), 1, "{atom}");
}

#[test]
fn d33_dates_are_written_anew_in_english_whatever_they_were_written_in() {
    let reader = Reader::new("");
    let wrong_day = "Thứ Ba, 18 Tháng 11 24 08:00:00 +0700";
    reader.poll(&rss(&[Item { guid: "1", title: "Tin", date: wrong_day, ..Item::default() }]));
    let daemon = reader.place.daemon();
    let rss = daemon.get("/source/s.rss").text();
    assert!(rss.contains("<pubDate>Mon, 18 Nov 2024 01:00:00 GMT</pubDate>"), "{rss}");
    let atom = daemon.get("/source/s.atom").text();
    assert!(atom.contains("<published>2024-11-18T01:00:00Z</published>"), "{atom}");
    let json = daemon.get("/source/s.json").text();
    assert!(json.contains("\"date_published\":\"2024-11-18T01:00:00Z\""), "{json}");
}
