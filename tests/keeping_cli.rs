//! Keeping a store, by the commands and the running daemon.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use std::fs;

use blackbox::{Answer, Daemon, Origin, Place, request, rss, text};

const DATE: &str = "Fri, 22 Nov 2024 18:11:00 +0700";
const DOCUMENTS: [&str; 8] = [
    "/all.atom",
    "/all.rss",
    "/all.json",
    "/",
    "/category/thoi-su.atom",
    "/source/a.atom",
    "/date/2024-11-22.atom",
    "/sources",
];

fn document(count: usize) -> String {
    let items: Vec<[String; 4]> = (0..count)
        .map(|n| {
            [
                format!("a-{n}"),
                format!("Bài số {n} của báo"),
                format!("https://bao.example/{n}"),
                format!("Nội dung của bài số {n}, viết cho bạn đọc trong tỉnh và cả nước."),
            ]
        })
        .collect();
    let items: Vec<_> = items
        .iter()
        .map(|[guid, title, link, body]| (&**guid, &**title, &**link, DATE, &**body))
        .collect();
    rss("Báo", "https://bao.example/", &items)
}

fn source(url: &str) -> String {
    format!("[[source]]\nid = \"a\"\nurl = \"{url}\"\ncategories = [\"thoi-su\"]\n")
}

fn documents(daemon: &Daemon) -> Vec<(u16, Vec<u8>)> {
    DOCUMENTS.iter().map(|path| daemon.get(path)).map(|reply| (reply.status, reply.body)).collect()
}

#[test]
fn a_backup_of_the_running_daemon_restores_the_same_feeds_elsewhere() {
    let origin = Origin::start();
    origin.feed("/a.xml", "\"1\"", DATE, &document(40));
    let url = origin.url("/a.xml?token=geheim");
    origin.on("/a.xml?token=geheim", {
        let body = document(40);
        move |_| Answer::ok(body.as_bytes()).header("ETag", "\"geheim-1\"")
    });
    let place = Place::new(&source(&url));
    place.must(&["poll"]);
    let daemon = place.daemon();
    let before = documents(&daemon);
    let file = place.config().with_file_name("store.backup");
    let file = file.to_str().unwrap();
    place.must(&["backup", file]);
    // The daemon has the store.
    let refused = place.run(&["restore", file]);
    assert_eq!(refused.status.code(), Some(75), "{}", text(&refused.stderr));
    let refused = place.run(&["verify", "--repair"]);
    assert_eq!(refused.status.code(), Some(75), "{}", text(&refused.stderr));
    assert!(text(place.must(&["verify"]).as_bytes()).contains("the store is whole: 40 entries"));
    drop(daemon);
    let plain = zstd::decode_all(fs::File::open(file).unwrap()).unwrap();
    let plain = text(&plain);
    assert!(plain.starts_with("{\"feedmill\":{\"backup\":1,"), "{}", &plain[..200]);
    assert!(!plain.contains("geheim"), "secrets of addresses stay out");
    let other = Place::new(&source(&url));
    other.must(&["restore", file]);
    assert_eq!(documents(&other.daemon()), before);
    let again = other.run(&["restore", file]);
    assert_eq!(again.status.code(), Some(65), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("is not empty"), "{}", text(&again.stderr));
}

#[test]
fn a_category_that_was_removed_is_remembered_by_a_restored_store() {
    let origin = Origin::start();
    origin.feed("/a.xml", "\"1\"", DATE, &document(3));
    let config = source(&origin.url("/a.xml"));
    let place = Place::new(&config);
    place.must(&["poll"]);
    let file = place.config().with_file_name("store.backup");
    place.must(&["backup", file.to_str().unwrap()]);
    let other = Place::new(&config.replace("categories", "aliases"));
    other.must(&["restore", file.to_str().unwrap()]);
    let daemon = other.daemon();
    let asked =
        ["/category/thoi-su.atom", "/category/thoi-su/date/2024-11-22", "/category/the-gioi.atom"];
    assert_eq!(asked.map(|path| daemon.get(path).status), [410, 410, 404]);
}

#[test]
fn a_store_of_a_newer_program_is_refused_with_clear_words() {
    let origin = Origin::start();
    origin.feed("/a.xml", "\"1\"", DATE, &document(3));
    let place = Place::new(&source(&origin.url("/a.xml")));
    place.must(&["poll"]);
    let manifest = place.dir.path().join("data").join("MANIFEST");
    let newer = fs::read_to_string(&manifest).unwrap().replace("format = 1", "format = 2");
    fs::write(&manifest, newer).unwrap();
    for command in [["status"].as_slice(), &["verify"], &["verify", "--repair"], &["poll"]] {
        let refused = place.run(command);
        assert_eq!(refused.status.code(), Some(69), "{command:?}: {}", text(&refused.stderr));
        let words = "the store has format 2, newer than 1, the newest this program reads";
        assert!(text(&refused.stderr).contains(words), "{command:?}: {}", text(&refused.stderr));
    }
}

#[test]
fn a_damaged_store_is_told_and_mended() {
    let origin = Origin::start();
    origin.feed("/a.xml", "\"1\"", DATE, &document(300));
    let place = Place::new(&source(&origin.url("/a.xml")));
    place.must(&["poll"]);
    let log = place.dir.path().join("data").join("gen-0001").join("db");
    let file = fs::File::options().write(true).open(&log).unwrap();
    file.set_len(file.metadata().unwrap().len() / 3).unwrap();
    let told = place.run(&["verify"]);
    assert_eq!(told.status.code(), Some(74), "{}", text(&told.stderr));
    assert!(text(&told.stderr).contains("verify --repair"), "{}", text(&told.stderr));
    let mended = place.must(&["verify", "--repair"]);
    assert!(mended.contains("quarantine"), "{mended}");
    assert!(place.must(&["verify"]).contains("the store is whole"));
    // What was lost is polled again, and whole.
    place.must(&["poll"]);
    let status = place.must(&["status", "--json"]);
    assert!(status.contains("\"entries\":300"), "{status}");
}

#[test]
fn an_entry_whose_text_went_never_comes_back_as_new() {
    let origin = Origin::start();
    origin.feed("/a.xml", "\"1\"", DATE, &document(30));
    let place = Place::new(&source(&origin.url("/a.xml")));
    let config = fs::read_to_string(place.config()).unwrap();
    let config = config.replace("[store]\n", "[store]\nretention = \"1d\"\n");
    fs::write(place.config(), config).unwrap();
    place.must(&["poll", "--at", "2024-11-22T12:00:00Z"]);
    let told = place.must(&["compact"]);
    assert!(told.contains("30 stories are older than store.retention"), "{told}");
    let body = document(31).replace("viết cho bạn đọc", "sửa lại cho bạn đọc");
    origin.on("/a.xml", move |_| Answer::ok(body.as_bytes()));
    let told = place.must(&["poll", "--json"]);
    assert_eq!(told.matches("\"verdict\":\"unchanged\"").count(), 30, "{told}");
    assert_eq!(told.matches("\"verdict\":\"new\"").count(), 1, "{told}");
    let daemon = place.daemon();
    let feed = request(daemon.address, "GET", "/all.atom", &[]);
    let feed = text(&feed.body);
    assert_eq!(feed.matches("<entry").count(), 1, "{feed}");
    assert!(feed.contains("Bài số 30 của báo"), "{feed}");
}
