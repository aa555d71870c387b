//! A reader that people use: newsboat subscribes to a running daemon.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and says what it skips"
)]

mod blackbox;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use blackbox::{Daemon, Origin, Place, text, unix_get};

/// One newsboat with one subscription and a cache of its own.
struct Reader {
    home: tempfile::TempDir,
}

impl Reader {
    fn of(url: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("urls"), format!("{url}\n")).unwrap();
        std::fs::write(home.path().join("config"), "").unwrap();
        Self { home }
    }

    fn run(&self, command: &str) -> String {
        let file = |name: &str| -> PathBuf { self.home.path().join(name) };
        let output = Command::new("newsboat")
            .env("HOME", self.home.path())
            .args([
                "-u".into(),
                file("urls"),
                "-c".into(),
                file("cache.db"),
                "-C".into(),
                file("config"),
            ])
            .args(["-x", command])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "newsboat {command}: {out}{err}");
        out
    }

    /// Reloads, and returns the number of articles it holds: none is ever read.
    fn reload(&self) -> u32 {
        self.run("reload");
        let said = self.run("print-unread");
        said.split(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{said}"))
    }
}

/// How many feeds were answered with a status so far.
fn answered(place: &Place, status: u16) -> u64 {
    let metrics = unix_get(&place.socket(), "/metrics");
    let labels = format!("http_requests_total{{route=\"feed\",status=\"{status}\"}} ");
    let line = metrics.lines().find_map(|line| line.split_once(labels.as_str()));
    line.map_or(0, |(_, count)| count.parse().unwrap())
}

fn document(items: u32) -> String {
    let words =
        |n: u32| (0..30).map(|w| format!("từ{:x} ", n * 7_919 + w * 104_729)).collect::<String>();
    let items: String = (1..=items)
        .rev()
        .map(|n| {
            format!(
                "<item><guid isPermaLink=\"false\">{n}</guid><title>Tin {n} {}</title>\
                 <link>https://bao.example/{n}</link>\
                 <pubDate>Fri, 22 Nov 2024 {:02}:00:00 +0700</pubDate>\
                 <description>{}</description></item>",
                words(n),
                n % 24,
                words(n)
            )
        })
        .collect();
    format!(
        "<rss version=\"2.0\"><channel><title>Báo</title><link>https://bao.example/</link>\
         <description>x</description>{items}</channel></rss>"
    )
}

fn start(origin: &Origin) -> (Place, Daemon) {
    let source = |id: &str, categories: &str| {
        let url = origin.url(&format!("/{id}.xml"));
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ncategories = [{categories}]\n")
    };
    let place = Place::new(&format!("{}{}", source("bao", "\"tin\""), source("khac", "")));
    place.must(&["poll"]);
    let daemon = place.daemon();
    (place, daemon)
}

#[test]
fn newsboat_counts_articles_gets_304s_and_sees_one_new_entry() {
    if Command::new("newsboat").arg("-v").output().is_err() {
        eprintln!("skipped: newsboat is not installed (Debian: apt-get install newsboat)");
        return;
    }
    let origin = Origin::start();
    let modified = "Fri, 22 Nov 2024 00:00:00 GMT";
    origin.feed("/bao.xml", "\"1\"", modified, &document(12));
    let khac = document(12).replace("Tin ", "Khac ").replace("bao.example", "khac.example");
    let khac = khac
        .replace("từ", "chu")
        .replace("<guid isPermaLink=\"false\">", "<guid isPermaLink=\"false\">k");
    origin.feed("/khac.xml", "\"1\"", modified, &khac);
    let (place, daemon) = start(&origin);
    let expected = [("/all.atom", 24), ("/all.rss", 24), ("/category/tin.atom", 12)];
    let readers = expected.map(|(path, _)| Reader::of(&format!("http://{}{path}", daemon.address)));
    for (reader, (path, count)) in readers.iter().zip(expected) {
        assert_eq!(reader.reload(), count, "{path}");
    }
    // The second one sends no validators, by newsboat's own custom; the third does.
    for reader in &readers {
        reader.reload();
    }
    let (full, known) = (answered(&place, 200), answered(&place, 304));
    for (reader, (path, count)) in readers.iter().zip(expected) {
        assert_eq!(reader.reload(), count, "{path}: nothing came twice");
    }
    assert_eq!((answered(&place, 200), answered(&place, 304)), (full, known + 3), "R86, R89");

    // libcurl drops a body whose Last-Modified is the second it knows, whatever the ETag says.
    let known = daemon.get("/all.atom").header("last-modified").to_owned();
    let known = httpdate::parse_http_date(&known).unwrap();
    while known.elapsed().is_ok_and(|age| age < Duration::from_secs(1)) {
        std::thread::sleep(Duration::from_millis(20));
    }
    origin.feed("/bao.xml", "\"2\"", "Sat, 23 Nov 2024 00:00:00 GMT", &document(13));
    place.must(&["poll", "bao"]);
    daemon.wait_for("/all.atom", |body| body.contains("https://bao.example/13\""));
    for (reader, (path, count)) in readers.iter().zip(expected) {
        assert_eq!(reader.reload(), count + 1, "{path}: one new article");
    }
}
