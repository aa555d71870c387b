//! What subscribers rely on, through the whole program over HTTP: archives that can be walked
//! (R66–R73), a hub that is told (R100), secrets that stay in.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use std::collections::{BTreeMap, BTreeSet};

use blackbox::{Answer, Daemon, Origin, Place, text, unix_get};
use serde_json::Value;

const BASE: &str = "https://mill.example";

/// A feed of entries `from..=to`, an hour apart from the start of 2024, the newest first.
fn feed(name: &str, from: u32, to: u32) -> String {
    let mut xml = format!(
        "<rss version=\"2.0\"><channel><title>{name}</title><link>https://{name}.example/</link>"
    );
    for n in (from..=to).rev() {
        let at: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let at = at + jiff::SignedDuration::from_hours(i64::from(n));
        let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT");
        // Words of its own for each, so that no two are taken for one story.
        let words: Vec<String> =
            (0..40).map(|w| format!("{name}{:x}", n * 7_919 + w * 104_729)).collect();
        xml.push_str(&format!(
            "<item><guid isPermaLink=\"false\">{name}-{n}</guid><title>{name} {n} {}</title>\
             <link>https://{name}.example/{n}</link><pubDate>{date}</pubDate>\
             <description>{}</description></item>",
            words[0],
            words.join(" ")
        ));
    }
    xml.push_str("</channel></rss>");
    xml
}

fn configuration(origin: &Origin, categories: [&str; 2]) -> String {
    let [one, two] = categories;
    format!(
        "[[source]]\nid = \"mot\"\nurl = \"{}\"\ncategories = [{one}]\n\
         [[source]]\nid = \"hai\"\nurl = \"{}\"\ncategories = [{two}]\n",
        origin.url("/mot.xml"),
        origin.url("/hai.xml")
    )
}

/// The page behind a document, and the keys of what it holds.
struct Page {
    keys: BTreeSet<String>,
    previous: Option<String>,
    has_archive_mark: bool,
}

fn between<'a>(body: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    body.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect()
}

/// The link of a relation, attributes in whatever order.
fn link(body: &str, rel: &str) -> Option<String> {
    let tags = between(body, "link ", ">");
    let tag = tags.into_iter().find(|tag| tag.contains(&format!("rel=\"{rel}\"")))?;
    between(tag, "href=\"", "\"").first().map(|href| (*href).to_owned())
}

fn page(daemon: &Daemon, path: &str) -> Page {
    let reply = daemon.get(path);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    let body = reply.text();

    if path.ends_with(".json") {
        let value: Value = serde_json::from_str(&body).unwrap();
        let keys = value["items"].as_array().unwrap().iter();
        return Page {
            keys: keys.map(|item| item["url"].as_str().unwrap().to_owned()).collect(),
            previous: value["next_url"].as_str().map(str::to_owned),
            has_archive_mark: false,
        };
    }
    let keys: BTreeSet<String> = if path.ends_with(".atom") {
        let entries = between(&body, "<entry", "</entry>");
        entries.iter().map(|entry| link(entry, "alternate").unwrap()).collect()
    } else {
        let items = between(&body, "<item>", "</item>");
        items.iter().map(|item| between(item, "<link>", "</link>")[0].to_owned()).collect()
    };
    let head = body.split("<entry").next().unwrap().split("<item>").next().unwrap();
    Page {
        keys,
        previous: link(head, "prev-archive"),
        has_archive_mark: head.contains("fh:archive"),
    }
}

fn local(url: &str) -> String {
    url.strip_prefix(BASE).unwrap_or_else(|| panic!("{url} is not of this site")).to_owned()
}

/// Walks back from the subscription document; what is on an archive page must be on no other.
fn walk(daemon: &Daemon, scope: &str, extension: &str) -> (BTreeSet<String>, usize) {
    let first = page(daemon, &format!("{scope}.{extension}"));
    assert!(!first.has_archive_mark, "the subscription document is no archive");
    let mut seen = first.keys;
    let mut archived = BTreeSet::new();
    let (mut next, mut pages) = (first.previous, 0);
    while let Some(url) = next {
        let path = local(&url);
        assert!(path.ends_with(extension), "R73: a link stays in its format: {path}");
        let page = page(daemon, &path);
        assert_eq!(page.has_archive_mark, extension != "json", "R67 {path}");
        for key in &page.keys {
            assert!(archived.insert(key.clone()), "R70: {key} is on two archive pages");
        }
        seen.extend(page.keys);
        next = page.previous;
        pages += 1;
        assert!(pages < 100, "the walk ends");
    }
    (seen, pages)
}

fn urls(name: &str, range: std::ops::RangeInclusive<u32>) -> BTreeSet<String> {
    range.map(|n| format!("https://{name}.example/{n}")).collect()
}

fn start(place: &Place) -> Daemon {
    place.must(&["poll"]);
    place.daemon()
}

#[test]
fn walking_prev_archive_yields_every_story_once_in_every_format_r66_r73() {
    let origin = Origin::start();
    origin.feed("/mot.xml", "\"m1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("mot", 1, 250));
    origin.feed("/hai.xml", "\"h1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("hai", 1, 120));
    let place = Place::new(&configuration(&origin, ["\"tin\"", "\"tin\", \"khac\""]));
    let daemon = start(&place);
    let both: BTreeSet<String> =
        urls("mot", 1..=250).into_iter().chain(urls("hai", 1..=120)).collect();
    let expected = BTreeMap::from([
        ("/all", (both.clone(), 3)),
        ("/category/tin", (both, 3)),
        ("/category/khac", (urls("hai", 1..=120), 1)),
        ("/source/mot", (urls("mot", 1..=250), 2)),
    ]);
    for (scope, expected) in &expected {
        for extension in ["atom", "rss", "json"] {
            assert_eq!(&walk(&daemon, scope, extension), expected, "R70 {scope}.{extension}");
        }
    }
    // R66, R67: the links of the first, a middle and the last page.
    let body = |n: u32| daemon.get(&format!("/category/tin/archive/{n}.atom")).text();
    let at = |n: u32| Some(format!("{BASE}/category/tin/archive/{n}.atom"));
    assert_eq!(link(&body(0), "prev-archive"), None, "R66: none is earlier");
    assert_eq!(link(&body(0), "next-archive"), at(1), "R67");
    assert_eq!(link(&body(1), "prev-archive"), at(0), "R66");
    assert_eq!(link(&body(2), "next-archive"), None, "R67: none is later");
    assert_eq!(link(&body(2), "current"), Some(format!("{BASE}/category/tin.atom")), "R67");
    assert_eq!(daemon.get("/category/tin/archive/3.atom").status, 404, "not full yet");
    assert!(!body(0).contains("fh:complete"), "R69");
}

#[test]
fn full_pages_stay_while_entries_come_and_categories_change_r68_r71() {
    let origin = Origin::start();
    origin.feed("/mot.xml", "\"m1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("mot", 1, 150));
    origin.feed("/hai.xml", "\"h1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("hai", 1, 30));
    let place = Place::new(&configuration(&origin, ["\"tin\"", "\"khac\""]));
    let archive = |daemon: &Daemon, scope: &str, n: u32| {
        page(daemon, &format!("{scope}/archive/{n}.atom")).keys
    };
    let daemon = start(&place);
    let (all, tin) = (archive(&daemon, "/all", 0), archive(&daemon, "/category/tin", 0));
    assert_eq!(tin, urls("mot", 1..=100));
    drop(daemon);

    // Older and newer ones come; the other source moves into the category.
    origin.feed("/mot.xml", "\"m2\"", "Fri, 2 Jan 2020 00:00:00 GMT", &feed("mot", 100, 260));
    place.configure(&configuration(&origin, ["\"tin\"", "\"khac\", \"tin\""]));
    let daemon = start(&place);
    assert_eq!(archive(&daemon, "/all", 0), all, "R68");
    assert_eq!(archive(&daemon, "/category/tin", 0), tin, "R68");
    let second = archive(&daemon, "/category/tin", 1);
    let moved: BTreeSet<_> =
        urls("mot", 101..=150).into_iter().chain(urls("hai", 1..=30)).collect();
    assert!(second.is_superset(&moved), "what moved in is numbered behind what was there");
    let everything: BTreeSet<_> =
        urls("mot", 1..=260).into_iter().chain(urls("hai", 1..=30)).collect();
    assert_eq!(walk(&daemon, "/category/tin", "json").0, everything, "R71");
    drop(daemon);

    // It moves out again: holes, and nothing else changes.
    place.configure(&configuration(&origin, ["\"tin\"", "\"khac\""]));
    let daemon = place.daemon();
    let remaining: BTreeSet<_> = second.difference(&urls("hai", 1..=30)).cloned().collect();
    assert_eq!(archive(&daemon, "/category/tin", 1), remaining, "R68: holes");
    assert_eq!(archive(&daemon, "/category/tin", 0), tin);
    drop(daemon);

    // The category is renamed: its pages move with it. Another is removed: 410.
    let renamed = "[category.moi]\nformer = [\"tin\"]\n";
    place.configure(&format!("{renamed}{}", configuration(&origin, ["\"moi\"", ""])));
    let daemon = place.daemon();
    // The writer numbers what the configuration moved before it does anything else.
    daemon.wait_for("/category/moi/archive/0.atom", |body| body.contains("<entry"));
    assert_eq!(archive(&daemon, "/category/moi", 0), tin, "the numbers go with the name");
    let reply = daemon.get("/category/tin/archive/0.rss");
    assert_eq!(reply.status, 301, "R95");
    assert_eq!(reply.header("location"), format!("{BASE}/category/moi/archive/0.rss"));
    for path in ["/category/khac.atom", "/category/khac", "/category/khac/archive/0.json"] {
        assert_eq!(daemon.get(path).status, 410, "R95: it was here: {path}");
    }
    assert_eq!(daemon.get("/category/chua-co.atom").status, 404, "R95: it never was");
}

#[test]
fn a_revision_of_an_archived_entry_is_in_the_feed_too_r72() {
    let origin = Origin::start();
    origin.feed("/mot.xml", "\"m1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("mot", 1, 100));
    origin.feed("/hai.xml", "\"h1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("hai", 1, 1));
    let place = Place::new(&configuration(&origin, ["", ""]));
    let changed = feed("mot", 1, 100).replace("mot 99 ", "mot 99 sửa lại cho đúng ");
    drop(start(&place));
    origin.feed("/mot.xml", "\"m2\"", "Fri, 2 Jan 2020 00:00:00 GMT", &changed);
    let daemon = start(&place);
    let title = "sửa lại cho đúng";
    assert!(daemon.get("/source/mot/archive/0.atom").text().contains(title));
    assert!(daemon.get("/source/mot.atom").text().contains(title), "R72");
}

#[test]
fn the_hub_is_told_when_the_new_bytes_are_served_r100() {
    let origin = Origin::start();
    origin.feed("/mot.xml", "\"m1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("mot", 1, 3));
    origin.feed("/hai.xml", "\"h1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("hai", 1, 3));
    origin.on("/hub", |_| Answer::status(202));
    let hub = format!("[websub]\nhub = \"{}\"\n", origin.url("/hub"));
    let place = Place::new(&format!("{hub}{}", configuration(&origin, ["\"tin\"", ""])));
    let daemon = place.daemon();
    let told = |topic: &str| {
        let topic = topic.replace(':', "%3A").replace('/', "%2F");
        let form = format!("hub.mode=publish&hub.url={topic}");
        origin.seen("/hub").iter().any(|seen| seen.body == form.as_bytes())
    };
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    for path in ["/all.atom", "/category/tin.rss", "/source/hai.json"] {
        while !told(&format!("{BASE}{path}")) {
            assert!(std::time::Instant::now() < end, "{path}: {:?}", daemon.log());
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
    let links = daemon.get("/all.atom").header("link").to_owned();
    assert!(links.contains(&format!("<{}>; rel=\"hub\"", origin.url("/hub"))), "{links}");
    let json: Value = serde_json::from_str(&daemon.get("/all.json").text()).unwrap();
    assert_eq!(json["hubs"][0]["type"], "WebSub", "R58");
}

#[test]
fn the_secrets_of_a_source_are_seen_nowhere() {
    const SECRETS: [&str; 2] = ["t0kenvalue", "passw0rd"];
    let origin = Origin::start();
    let own = format!("http://user:passw0rd@{}/private.xml?token=t0kenvalue", origin.address);
    let body = format!(
        "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel>\
         <title>Riêng t0kenvalue</title><link>https://rieng.example/?token=t0kenvalue</link>\
         <description>passw0rd</description>\
         <atom:link rel=\"self\" href=\"{own}\"/><atom:link rel=\"hub\" href=\"{own}\"/>\
         <item><guid>https://rieng.example/1?key=t0kenvalue</guid><title>Một t0kenvalue</title>\
         <link>https://rieng.example/1?token=t0kenvalue</link>\
         <pubDate>Fri, 22 Nov 2024 18:11:00 +0700</pubDate>\
         <description>Đọc tại &lt;a href=\"{own}\"&gt;đây&lt;/a&gt;.</description>\
         <enclosure url=\"https://rieng.example/1.mp3?token=t0kenvalue\" length=\"1\" \
         type=\"audio/mpeg\"/></item></channel></rss>"
    );
    let moved = origin.url("/moved.xml?token=t0kenvalue");
    origin.on("/private.xml?token=t0kenvalue", move |_| {
        Answer::status(301).header("Location", &moved)
    });
    origin.on("/moved.xml?token=t0kenvalue", move |_| {
        Answer::ok(body.as_bytes()).header("Content-Type", "application/rss+xml")
    });
    let place = Place::new(&format!(
        "[[source]]\nid = \"rieng\"\nurl = \"{own}\"\ncategories = [\"tin\"]\n"
    ));
    let polled = place.run(&["poll", "--json"]);
    let daemon = place.daemon();
    let all = daemon.wait_for("/all.atom", |body| body.contains("<entry"));
    let entry = all.text().split("/entry/").nth(1).map(|rest| rest[..16].to_owned()).unwrap();
    let mut paths = vec![format!("/entry/{entry}")];
    for scope in ["/all", "/category/tin", "/source/rieng", "/date/2024-11-22"] {
        let page = if scope == "/all" { "/" } else { scope };
        paths.push(page.to_owned());
        paths.extend(["atom", "rss", "json"].map(|format| format!("{scope}.{format}")));
    }
    paths.extend(["/sources", "/sources.opml", "/feeds.opml", "/dates"].map(str::to_owned));
    let socket = place.dir.path().join("data/control.sock");
    let mut seen = vec![
        ("status".to_owned(), unix_get(&socket, "/status.json")),
        ("metrics".to_owned(), unix_get(&socket, "/metrics")),
        ("log".to_owned(), daemon.log().join("\n")),
        ("poll".to_owned(), text(&polled.stderr)),
    ];
    for path in paths {
        let reply = daemon.get(&path);
        assert_eq!(reply.status, 200, "{path}");
        seen.push((path, format!("{:?}\n{}", reply.headers, reply.text())));
    }
    for (place, text) in seen {
        for secret in SECRETS {
            let found = text.find(secret).map(|at| &text[at.saturating_sub(80)..at]);
            assert_eq!(found, None, "{secret} in {place}");
        }
    }
    assert!(!daemon.get("/sources.opml").text().contains("private.xml"), "left out");
    assert!(daemon.get("/all.atom").text().contains("https://rieng.example/1?token=***"));
}

/// A feed that says what it was asked with, wherever a feed can say something.
fn telling(secret: &str, written: &str) -> String {
    format!(
        "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>Riêng {secret}</title>\
         <link>https://rieng.example/{written}/</link><description>{secret}</description>\
         <atom:link rel=\"self\" href=\"https://rieng.example/f/{written}\"/>\
         <item><guid>https://rieng.example/1/{written}</guid><title>Một {secret}</title>\
         <link>https://rieng.example/1?x={written}</link><dc:creator>An {secret}</dc:creator>\
         <category>{secret}</category><pubDate>Fri, 22 Nov 2024 18:11:00 +0700</pubDate>\
         <description>Đọc với {secret}, hay \
         &lt;a href=\"https://rieng.example/{written}\"&gt;đây&lt;/a&gt;.</description>\
         <enclosure url=\"https://rieng.example/1.mp3?k={written}\" length=\"1\" \
         type=\"audio/mpeg\"/></item></channel></rss>"
    )
}

#[test]
fn the_value_of_a_secret_file_is_seen_nowhere() {
    // (what the file holds, its secret as a text of XML, as part of a URL)
    let cases = [
        ("Bearer b3arer-t0ken\n", "b3arer-t0ken", "b3arer-t0ken"),
        ("ai:mật khẩu dài", "mật khẩu dài", "m%E1%BA%ADt%20kh%E1%BA%A9u%20d%C3%A0i"),
        ("a-long-user-name:pa55w0rd", "pa55w0rd", "a-long-user-name"),
    ];
    for (file, secret, written) in cases {
        let origin = Origin::start();
        let body = telling(secret, written);
        origin.on("/private.xml", move |seen| match seen.headers.get("authorization") {
            Some(_) => Answer::ok(body.as_bytes()).header("Content-Type", "application/rss+xml"),
            None => Answer::status(401),
        });
        let place = Place::new(&format!(
            "[[source]]\nid = \"rieng\"\nurl = \"{}\"\ncategories = [\"tin\"]\n\
             secret_file = \"rieng.secret\"\n",
            origin.url("/private.xml")
        ));
        std::fs::write(place.dir.path().join("rieng.secret"), file).unwrap();
        let daemon = start(&place);
        let all = daemon.wait_for("/all.atom", |body| body.contains("<entry"));
        let entry = all.text().split("/entry/").nth(1).map(|rest| rest[..16].to_owned()).unwrap();
        let mut paths = vec![format!("/entry/{entry}"), "/".to_owned(), "/sources".to_owned()];
        paths.extend(["/sources.opml", "/feeds.opml", "/source/rieng"].map(str::to_owned));
        for scope in ["/all", "/category/tin", "/source/rieng", "/date/2024-11-22"] {
            paths.extend(["atom", "rss", "json"].map(|format| format!("{scope}.{format}")));
        }
        for path in paths {
            let reply = daemon.get(&path);
            assert_eq!(reply.status, 200, "{path}");
            let seen = format!("{:?}\n{}", reply.headers, reply.text());
            for hidden in [secret, written] {
                let found = seen.find(hidden).map(|at| {
                    let from = seen.floor_char_boundary(at.saturating_sub(80));
                    seen[from..at].to_owned()
                });
                assert_eq!(found, None, "{hidden} in {path}");
            }
        }
        assert!(daemon.get("/all.rss").text().contains("Một ***"), "the rest stays");
    }
}

#[test]
fn a_feed_of_ours_read_by_us_adds_nothing_r64() {
    let origin = Origin::start();
    origin.feed("/mot.xml", "\"m1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("mot", 1, 40));
    origin.feed("/hai.xml", "\"h1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &feed("hai", 1, 20));
    let place = Place::new(&configuration(&origin, ["\"tin\"", ""]));
    let daemon = start(&place);
    let before = walk(&daemon, "/all", "atom").0;
    let mut own = String::new();
    for extension in ["atom", "rss", "json"] {
        let reply = daemon.get(&format!("/all.{extension}"));
        let (path, body) = (format!("/own.{extension}"), reply.body);
        let kind = reply.headers["content-type"].clone();
        origin.on(&path, move |_| Answer::ok(body.as_slice()).header("Content-Type", &kind));
        let url = origin.url(&path);
        own += &format!("[[source]]\nid = \"own-{extension}\"\nurl = \"{url}\"\n");
    }
    drop(daemon);
    place.configure(&format!("{}{own}", configuration(&origin, ["\"tin\"", ""])));
    let polled = place.must(&["poll", "own-atom", "own-rss", "own-json", "--json"]);
    let last: Value = serde_json::from_str(polled.lines().last().unwrap()).unwrap();
    assert_eq!((&last["new"], &last["duplicate"]), (&Value::from(0), &Value::from(180)), "{last}");
    let daemon = place.daemon();
    assert_eq!(walk(&daemon, "/all", "atom").0, before);
}

#[test]
fn an_import_fetches_no_list_that_it_names_r108() {
    let origin = Origin::start();
    let list = "<opml version=\"2.0\"><body><outline text=\"a\" xmlUrl=\"https://a.example/f\"/></body></opml>";
    origin.on("/o.opml", move |_| Answer::ok(list.as_bytes()));
    let place = Place::new("");
    let file = place.dir.path().join("list.opml");
    let outline = |kind: &str, name: &str| {
        let url = origin.url("/o.opml");
        format!(
            "<outline type=\"{kind}\" text=\"{name}\" {}=\"{url}\"/>",
            if kind == "link" { "xmlUrl" } else { "url" }
        )
    };
    let named = outline("include", "Gồm") + &outline("link", "Dẫn");
    std::fs::write(&file, format!("<opml version=\"2.0\"><body>{named}</body></opml>")).unwrap();
    place.run(&["import", file.to_str().unwrap(), "--add"]);
    assert!(origin.seen("/o.opml").is_empty());
    let config = std::fs::read_to_string(place.config()).unwrap();
    assert!(!config.contains("[[source]]"), "{config}");
}
