//! What becomes of a story as its copies come, change and go, over real sockets: its dates, its
//! filters, and who is taken out of it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use blackbox::{Answer, Origin, Place};
use serde_json::Value;

const TEXT: &str = "Sáng nay tàu kéo Hải Âu 07 đã đưa chiếc sà lan chở 1.200 tấn clinker mắc cạn ở cửa Lạch \
    Quèn ra khỏi bãi cát. Thuyền trưởng Phan Văn Lợi cho biết nước lớn lúc 4 giờ 20 giúp con tàu nổi lên sau ba \
    ngày chờ đợi; không ai bị thương và không có dầu tràn ra biển.";

fn rss(items: &[(&str, &str, &str, &str)]) -> String {
    let mut xml = "<rss version=\"2.0\"><channel><title>Báo</title>".to_owned();
    for (guid, title, date, text) in items {
        xml += &format!(
            "<item><guid isPermaLink=\"false\">{guid}</guid><link>https://{guid}.example/</link>\
             <title>{title}</title><pubDate>{date}</pubDate><description>{text}</description></item>"
        );
    }
    xml + "</channel></rss>"
}

/// Sources that serve what they are told to, and what is published of them.
struct Press {
    origin: Origin,
    place: Place,
}

impl Press {
    fn new(sources: &[(&str, &str)]) -> Self {
        let (origin, place) = (Origin::start(), Place::new(""));
        let press = Self { origin, place };
        press.configure(sources);
        press
    }

    fn configure(&self, sources: &[(&str, &str)]) {
        let mut config = String::new();
        for (id, settings) in sources {
            let url = self.origin.url(&format!("/{id}"));
            config += &format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n{settings}\n");
        }
        self.place.configure(&config);
    }

    /// Polls one source that lists these items; returns the verdicts.
    fn poll(&self, source: &str, items: &[(&str, &str, &str, &str)]) -> Vec<String> {
        let body = rss(items);
        self.origin.on(&format!("/{source}"), move |_| Answer::ok(body.as_bytes()));
        let out = self.place.must(&["poll", "--json", source]);
        let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| Some(line["verdict"].as_str()?.to_owned())).collect()
    }

    fn all(&self) -> Value {
        let daemon = self.place.daemon();
        let all = daemon.get("/all.json").text();
        assert!(daemon.terminate().success());
        serde_json::from_str(&all).unwrap()
    }
}

fn when(item: &Value, name: &str) -> jiff::Timestamp {
    item[name].as_str().unwrap().parse().unwrap()
}

#[test]
fn r15_r16_another_representative_moves_updated_forward_and_leaves_published() {
    let preferred = "priority = 5";
    let press = Press::new(&[("a", ""), ("b", preferred)]);
    let opener =
        ("a-1", "Sà lan mắc cạn ở Lạch Quèn được kéo ra", "Tue, 24 Nov 2026 09:00:00 GMT", TEXT);
    assert_eq!(press.poll("a", &[opener]), ["new"]);
    let before = press.all();
    let copy =
        ("b-1", "Giải cứu thành công sà lan chở clinker", "Mon, 23 Nov 2026 09:00:00 GMT", TEXT);
    assert_eq!(press.poll("b", &[copy]), ["duplicate"]);
    let after = press.all();
    let (before, after) = (&before["items"][0], &after["items"][0]);
    assert_eq!(after["title"], copy.1, "the preferred source is shown");
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["date_published"], before["date_published"], "R16");
    assert!(when(after, "date_modified") > when(before, "date_modified"), "R15: {after}");

    press.configure(&[("a", "")]);
    let left = press.all();
    let left = &left["items"][0];
    assert_eq!(left["title"], opener.1, "the copy of the source that is left");
    assert_eq!(left["date_published"], before["date_published"]);
    assert_eq!(left["date_modified"], after["date_modified"], "it never goes back");
}

#[test]
fn filters_decide_again_when_an_entry_is_updated() {
    let press = Press::new(&[("a", "exclude = [\"title: Casino\"]"), ("b", "")]);
    let date = "Tue, 24 Nov 2026 09:00:00 GMT";
    let harmless = ("a-1", "Sà lan mắc cạn ở Lạch Quèn được kéo ra", date, TEXT);
    let excluded = ("a-1", "Casino bonus today", date, "Register now and win 300 dollars at once.");
    assert_eq!(press.poll("a", &[harmless]), ["new"]);
    let id = press.all()["items"][0]["id"].clone();
    assert_eq!(press.poll("a", &[excluded]), ["withheld"]);
    assert_eq!(press.all()["items"].as_array().unwrap().len(), 0, "it has left all outputs");
    assert_eq!(press.poll("a", &[excluded]), ["withheld"], "and stays so");
    assert_eq!(press.poll("a", &[harmless]), ["new"], "until it passes again");

    let copy = ("b-1", "Giải cứu thành công sà lan chở clinker", date, TEXT);
    assert_eq!(press.poll("b", &[copy]), ["duplicate"]);
    assert_eq!(press.poll("a", &[excluded]), ["withheld"]);
    let all = press.all();
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "the copy of the other source stays");
    assert_eq!(all["items"][0]["title"], copy.1);
    assert_ne!(all["items"][0]["id"], id, "the id of a story that is gone is never another's");
}

#[test]
fn the_copy_that_opened_a_story_is_taken_out_too() {
    let press = Press::new(&[("a", ""), ("b", ""), ("c", "")]);
    let date = "Tue, 24 Nov 2026 09:00:00 GMT";
    for (source, guid, verdict) in
        [("a", "a-1", "new"), ("b", "b-1", "duplicate"), ("c", "c-1", "duplicate")]
    {
        let item = (guid, "Sà lan mắc cạn ở Lạch Quèn được kéo ra", date, TEXT);
        assert_eq!(press.poll(source, &[item]), [verdict]);
    }
    let id = press.all()["items"][0]["id"].clone();
    let told: Value =
        serde_json::from_str(press.place.must(&["split", "a-1", "--json"]).trim()).unwrap();
    let others = told["entry"].clone();
    assert_ne!(others, id);
    let said = format!(
        "the copy keeps `{}`: the others are `{}` now",
        id.as_str().unwrap(),
        others.as_str().unwrap()
    );
    assert!(told["message"].as_str().unwrap().starts_with(&said), "{told}");
    let all = press.all();
    let sources = |id: &Value| -> Vec<String> {
        let item = all["items"].as_array().unwrap().iter().find(|item| item["id"] == *id).unwrap();
        let shown = item["_feedmill"]["source"]["id"].as_str();
        let copies = item["_feedmill"]["copies"].as_array().into_iter().flatten();
        shown
            .into_iter()
            .chain(copies.map(|copy| copy["source"].as_str().unwrap()))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        (sources(&id), sources(&others)),
        (vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()])
    );
    let again = press.place.must(&["split", "a-1"]);
    assert!(again.contains("a story of its own already"), "{again}");
    let item = ("a-1", "Sà lan mắc cạn ở Lạch Quèn được kéo ra", date, TEXT);
    assert_eq!(press.poll("a", &[item]), ["unchanged"], "it is never decided again");
}

#[test]
fn a_guid_that_several_sources_use_is_not_guessed_at() {
    let press = Press::new(&[("a", ""), ("b", "exclude = [\"Casino\"]")]);
    let date = "Tue, 24 Nov 2026 09:00:00 GMT";
    assert_eq!(press.poll("a", &[("12345", "Sà lan mắc cạn được kéo ra", date, TEXT)]), ["new"]);
    let other = (
        "12345",
        "Chợ hoa xuân mở sớm",
        date,
        "Ban quản lý chợ cho tiểu thương dọn hàng từ thứ bảy.",
    );
    let excluded = ("b-2", "Casino", date, "Register now.");
    assert_eq!(press.poll("b", &[other, excluded]), ["withheld", "new"]);
    let refused = press.place.run(&["withdraw", "12345"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(65), "{said}");
    assert!(said.contains("name one of a:12345, b:12345"), "{said}");
    let both = press.place.must(&["explain", "12345"]);
    assert_eq!(both.matches("\nentry ").count(), 2, "{both}");
    press.place.must(&["withdraw", "b:12345"]);
    let all = press.all();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    assert_eq!(all["items"][0]["title"], "Sà lan mắc cạn được kéo ra");
    let withheld = press.place.must(&["explain", "b-2"]);
    assert!(withheld.contains("withheld by `include` or `exclude`"), "{withheld}");
}
