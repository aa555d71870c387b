//! One story of several papers, from the polls to every place where it is shown.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use blackbox::{Answer, Daemon, Origin, Place, rss, text};
use serde_json::Value;

const LEAD: &str = "Sáng 18/11, hồ chứa nước Sông Than ở huyện Ninh Sơn tích đủ 85 triệu mét khối, bảo đảm tưới \
    cho 4.500 hecta ruộng nho và táo của ba xã vùng khô hạn nhất tỉnh, theo Ban quản lý dự án thuỷ lợi.";
const SECOND: &str = "Ông Phạm Quang Vinh, trưởng trạm điều tiết, cho biết cửa xả số 2 vừa thay xong hệ thống \
    thuỷ lực do kỹ sư Lê Thị Hạnh thiết kế, đóng mở trong 90 giây thay vì 12 phút như trước đây.";
const REST: &str = "Đàn dê của bà Katơr Thị Mai không còn phải lùa 7 cây số đi tìm nước. Người Raglai ở thôn Tà \
    Nôi bắt đầu dựng lại vườn ươm bỏ hoang từ năm 2016, còn trường tiểu học xin đào thêm một giếng bơm tay.";

/// What is published, read by a daemon that runs as long as that takes.
fn shown<T>(place: &Place, look: impl FnOnce(&Daemon) -> T) -> T {
    let daemon = place.daemon();
    let seen = look(&daemon);
    assert!(daemon.terminate().success());
    seen
}

fn items(daemon: &Daemon, path: &str) -> Vec<Value> {
    let feed: Value = serde_json::from_str(&daemon.get(path).text()).unwrap();
    feed["items"].as_array().unwrap().clone()
}

fn ids(place: &Place) -> Vec<String> {
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    shown(place, |daemon| items(daemon, "/all.json").iter().map(id).collect())
}

fn told(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The path of the page of an entry.
fn page_of(place: &Place, entry: &str) -> String {
    let explained = place.must(&["explain", entry]);
    explained.split("page: ").nth(1).unwrap().lines().next().unwrap().to_owned()
}

struct Papers {
    origin: Origin,
    config: String,
}

impl Papers {
    fn new() -> Self {
        Self { origin: Origin::start(), config: String::new() }
    }

    fn add(&mut self, id: &str, name: &str, more: &str) {
        let url = self.origin.url(&format!("/{id}"));
        let source =
            format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ntitle = \"{name}\"\n{more}\n");
        self.config.push_str(&source);
    }

    /// Has a paper carry one article and nothing else.
    fn print(&self, id: &str, title: &str, html: &str) {
        let site = format!("https://{id}.example/");
        let (guid, link) = (format!("guid-{id}"), format!("{site}1.html"));
        let html = html.replace('<', "&lt;");
        let feed = rss(id, &site, &[(&guid, title, &link, "Mon, 18 Nov 2024 06:00:00 GMT", &html)]);
        self.origin.on(&format!("/{id}"), move |_| Answer::ok(feed.as_bytes()));
    }
}

/// Two papers with a paragraph each, then an agency with the whole text, which credits the second.
fn joined_late() -> (Papers, Place) {
    let mut papers = Papers::new();
    papers.add("a", "Báo Ninh Sơn", "categories = [\"nuoc\"]");
    papers.add("b", "Báo Miền Khô", "categories = [\"dat\"]");
    papers.add("c", "Hãng tin", "categories = [\"tin\"]\npriority = 5");
    papers.add("d", "Báo Đến Sau", "categories = [\"muon\"]");
    papers.print("a", "Hồ Sông Than đầy nước sau mùa mưa", &format!("<p>{LEAD}</p>"));
    papers.print("b", "Cửa xả mới đóng mở trong chín mươi giây", &format!("<p>{SECOND}</p>"));
    let whole = format!("<p>{LEAD}</p><p>{SECOND}</p><p>{REST}</p>");
    papers.print("c", "Nước về trên vùng khô hạn", &format!("{whole}<p>Theo: Báo Miền Khô</p>"));
    papers.print("d", "Người Raglai dựng lại vườn ươm", &format!("{whole}<p>{REST}</p>"));
    let place = Place::new(&papers.config);
    (papers, place)
}

#[test]
fn a_late_text_joins_two_stories_and_the_earlier_id_lives() {
    let (_papers, place) = joined_late();
    place.must(&["poll", "--at", "2024-11-18T07:00:00Z", "a", "b"]);
    let two = ids(&place);
    assert_eq!(two.len(), 2, "{two:?}");
    let pages = [page_of(&place, "guid-a"), page_of(&place, "guid-b")];
    let lines = told(&place.must(&["poll", "--json", "--at", "2024-11-18T07:10:00Z", "c"]));
    let copy = lines.iter().find(|line| line["verdict"] == "duplicate").unwrap();
    let merged = lines.iter().find(|line| line["merged"].is_string()).unwrap();
    let (old, into) = (merged["merged"].as_str().unwrap(), merged["into"].as_str().unwrap());
    assert_eq!(copy["entry"], into);
    assert!(two.iter().any(|id| id == old) && two.iter().any(|id| id == into), "{merged}");
    shown(&place, |daemon| {
        let all = items(daemon, "/all.json");
        assert_eq!(all.len(), 1, "the other is published no more");
        assert_eq!(all[0]["id"], into, "the story opened first lives on");
        let first = daemon.get(&pages[0]);
        assert_eq!(first.status, 200, "a was polled first");
        let alias = daemon.get(&pages[1]);
        assert_eq!(alias.status, 301);
        assert!(alias.header("location").ends_with(&pages[0]), "{}", alias.header("location"));
        // The union of the categories of all copies.
        for category in ["nuoc", "dat", "tin"] {
            let found = items(daemon, &format!("/category/{category}.json"));
            assert_eq!(found.len(), 1, "{category}");
            assert_eq!(found[0]["id"], into, "{category}");
        }
    });
}

#[test]
fn a_copy_adds_to_a_story_and_announces_nothing() {
    let (_papers, place) = joined_late();
    place.must(&["poll", "--at", "2024-11-18T07:00:00Z", "a", "b"]);
    place.must(&["poll", "--at", "2024-11-18T07:10:00Z", "c"]);
    let before = shown(&place, |daemon| items(daemon, "/all.json"));
    // Longer, but nothing that counts for more than what is shown has come.
    place.must(&["poll", "--at", "2024-11-18T12:00:00Z", "d"]);
    let after = shown(&place, |daemon| items(daemon, "/all.json"));
    assert_eq!((before.len(), after.len()), (1, 1));
    let carried = |item: &Value| item["_feedmill"]["copies"].as_array().unwrap().len();
    assert_eq!((carried(&before[0]), carried(&after[0])), (2, 3));
    for same in ["id", "url", "title", "date_published", "date_modified", "content_html"] {
        assert_eq!(before[0][same], after[0][same], "{same}");
    }
    assert_eq!(after[0]["url"], "https://c.example/1.html", "the source of the highest priority");
    shown(&place, |daemon| {
        assert_eq!(items(daemon, "/category/muon.json").len(), 1, "it is in the new category too");
    });
}

#[test]
fn every_format_tells_the_source_the_original_and_the_copies() {
    let (_papers, place) = joined_late();
    place.must(&["poll", "--at", "2024-11-18T07:00:00Z", "a", "b"]);
    place.must(&["poll", "--at", "2024-11-18T07:10:00Z", "c"]);
    let page = page_of(&place, "guid-a");
    shown(&place, |daemon| {
        let atom = daemon.get("/all.atom").text();
        let entry = atom.split("<entry").nth(1).unwrap();
        let source = entry.split("<source>").nth(1).unwrap().split("</source>").next().unwrap();
        assert!(source.contains("Hãng tin"), "{source}");
        let link = |rel: &str, href: &str| {
            let of_rel =
                entry.split("<link ").filter(|link| link.contains(&format!("rel=\"{rel}\"")));
            of_rel.into_iter().any(|link| link.contains(&format!("href=\"{href}\"")))
        };
        assert!(link("alternate", "https://c.example/1.html"), "{entry}");
        assert!(link("via", "https://b.example/1.html"), "the credited original: {entry}");
        assert!(link("related", "https://a.example/1.html"), "{entry}");
        assert!(link("related", "https://b.example/1.html"), "{entry}");

        let rss = daemon.get("/all.rss").text();
        let item = rss.split("<item>").nth(1).unwrap();
        assert!(item.contains("<source url=") && item.contains(">Hãng tin</source>"), "{item}");
        for (rel, href) in
            [("via", "https://b.example/1.html"), ("related", "https://a.example/1.html")]
        {
            let found = item.split("<atom:link ").any(|link| {
                let link = link.split('>').next().unwrap();
                link.contains(&format!("rel=\"{rel}\"")) && link.contains(href)
            });
            assert!(found, "{rel} {href}: {item}");
        }

        let json = &items(daemon, "/all.json")[0]["_feedmill"];
        assert_eq!(json["source"]["id"], "c");
        assert_eq!(json["source"]["title"], "Hãng tin");
        let copies = json["copies"].as_array().unwrap();
        let from: Vec<&str> = copies.iter().map(|copy| copy["source"].as_str().unwrap()).collect();
        assert_eq!(from, ["a", "b"]);
        assert_eq!(copies[0]["url"], "https://a.example/1.html");
        assert_eq!(copies[0]["title"], "Hồ Sông Than đầy nước sau mùa mưa");
        assert_eq!(copies[0]["published"], "2024-11-18T06:00:00Z");

        let html = daemon.get(&page).text();
        let carried =
            html.split("id=\"copies\"").nth(1).unwrap().split("</section>").next().unwrap();
        let rows: Vec<&str> = carried.split("<li>").skip(1).collect();
        assert_eq!(rows.len(), 2, "{carried}");
        assert!(rows[0].contains("Báo Ninh Sơn") && rows[1].contains("Báo Miền Khô"), "{carried}");
        assert!(
            rows.iter().all(|row| row.contains("datetime=\"2024-11-18T06:00:00Z\"")),
            "{carried}"
        );
        assert!(
            !rows[0].contains("the original") && rows[1].contains("(the original)"),
            "{carried}"
        );
        assert!(html.contains("Theo: Báo Miền Khô"), "the credit is shown");
    });
}

#[test]
fn what_an_operator_decided_survives_a_restore_and_is_not_decided_again() {
    let (papers, place) = joined_late();
    place.must(&["poll", "--at", "2024-11-18T07:00:00Z", "a", "b"]);
    place.must(&["poll", "--at", "2024-11-18T07:10:00Z", "c"]);
    place.must(&["poll", "--at", "2024-11-18T12:00:00Z", "d"]);
    place.must(&["split", "guid-d"]);
    let apart = ids(&place);
    assert_eq!(apart.len(), 2, "{apart:?}");
    let gone = page_of(&place, "guid-d");
    place.must(&["withdraw", "guid-d"]);
    let file = place.config().with_file_name("store.backup");
    place.must(&["backup", file.to_str().unwrap()]);
    let other = Place::new(&papers.config);
    other.must(&["restore", file.to_str().unwrap()]);
    for (round, place) in [&place, &other].into_iter().enumerate() {
        // Every text changes, so that everything is looked at anew.
        let whole =
            format!("<p>{LEAD}</p><p>{SECOND}</p><p>{REST}</p><p>Tin thêm lần {round}.</p>");
        for id in ["a", "b", "c", "d"] {
            papers.print(id, "Nước về trên vùng khô hạn Ninh Sơn", &whole);
        }
        place.must(&["poll", "--at", "2024-11-18T14:00:00Z"]);
        let left = ids(place);
        assert_eq!(left.len(), 1, "round {round}: {left:?}");
        assert!(apart.contains(&left[0]), "round {round}");
        shown(place, |daemon| {
            assert_eq!(daemon.get(&gone).status, 410, "round {round}");
            let copies = &items(daemon, "/all.json")[0]["_feedmill"]["copies"];
            assert_eq!(copies.as_array().unwrap().len(), 2, "round {round}: d is not among them");
        });
        place.must(&["withdraw", "--undo", "guid-d"]);
        assert_eq!(ids(place).len(), 2, "round {round}");
        place.must(&["merge", "guid-a", "guid-d"]);
        assert_eq!(ids(place), left, "round {round}: the story opened first lives on");
    }
    assert!(text(&other.run(&["verify"]).stdout).contains("the store is whole"));
}
