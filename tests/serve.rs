//! The public service as a reader meets it: over real sockets, from a store in memory.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    unreachable_pub,
    reason = "tests stop at the first thing that is not as it should be"
)]

#[path = "serve/fake.rs"]
mod fake;
#[path = "serve/selecting.rs"]
mod selecting;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fake::{FakeStore, Standing, at, entry_path, held, settings, story, world};
use feedmill::model::change::Change;
use feedmill::model::policy::Listen;
use feedmill::model::source::SourceId;
use feedmill::serve::listener::{Bound, Limits, run};
use feedmill::serve::{Readiness, Settings, Site};
use feedmill::store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const NOW: &str = "2024-11-23T00:00:00Z";

/// A server on a port of its own, stopped when dropped.
struct Server {
    address: SocketAddr,
    site: Arc<Site>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(store: Option<Arc<dyn Store>>, settings: Settings) -> Self {
        let limits = Limits::from(&settings.server);
        let clock = Arc::new(Standing(at(NOW)));
        let site = Site::new(store, settings, clock, Box::new(|_, _, _| {}));
        let bound = Bound::bind(&Listen::Tcp("127.0.0.1:0".parse().unwrap()), 0).await.unwrap();
        let address = bound.address().unwrap();
        let (stop, stopped) = oneshot::channel();
        let service = Arc::clone(&site);
        let respond = move |request: http::Request<hyper::body::Incoming>, peer| {
            let site = Arc::clone(&service);
            async move { site.respond(&request, peer).await }
        };
        let shutdown = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(run(vec![bound], respond, limits, shutdown));
        Self { address, site, stop: Some(stop), task }
    }

    async fn world() -> Self {
        Self::start(Some(Arc::new(world())), settings()).await
    }

    async fn send(&self, raw: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(raw.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        // A reset after the answer is a close too.
        let _ = stream.read_to_end(&mut all).await;
        all
    }

    async fn ask(&self, method: &str, path: &str, fields: &str) -> Reply {
        let raw = format!(
            "{method} {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n{fields}\r\n"
        );
        Reply::read(&self.send(&raw).await)
    }

    async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "").await
    }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    fn read(raw: &[u8]) -> Self {
        let cut = raw.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
        let head = std::str::from_utf8(&raw[..cut]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self { status, fields: fields.collect(), body: raw[cut + 4..].to_vec() }
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

#[tokio::test]
async fn every_url_of_the_contract_answers_with_its_type_r94_r96_r97_r103() {
    let server = Server::world().await;
    let html = "text/html; charset=utf-8";
    let page = entry_path("https://nhandan.example/1");
    let mut cases = vec![
        ("/dates".to_owned(), html),
        ("/categories".to_owned(), html),
        ("/sources".to_owned(), html),
        ("/feeds.opml".to_owned(), "text/x-opml; charset=utf-8"),
        ("/sources.opml".to_owned(), "text/x-opml; charset=utf-8"),
        ("/robots.txt".to_owned(), "text/plain; charset=utf-8"),
        ("/healthz".to_owned(), "text/plain; charset=utf-8"),
        ("/readyz".to_owned(), "text/plain; charset=utf-8"),
        (page, html),
    ];
    for scope in [
        "/all",
        "/category/thoi-su",
        "/category/trong",
        "/date/2024-11-22",
        "/date/1999-01-01",
        "/category/thoi-su/date/2024-11-22",
        "/source/nhandan",
    ] {
        let twin = if scope == "/all" { "/" } else { scope };
        cases.push((twin.to_owned(), html));
        cases.push((format!("{scope}.atom"), "application/atom+xml; charset=utf-8"));
        cases.push((format!("{scope}.rss"), "application/rss+xml; charset=utf-8"));
        cases.push((format!("{scope}.json"), "application/feed+json"));
    }
    for (path, content_type) in cases {
        let reply = server.get(&path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_eq!(reply.field("content-type"), Some(content_type), "R94 {path}");
        assert_eq!(reply.field("x-content-type-options"), Some("nosniff"), "R97 {path}");
        assert_eq!(reply.field("access-control-allow-origin"), Some("*"), "R96 {path}");
        assert_eq!(reply.field("set-cookie"), None, "R97 {path}");
        assert!(!reply.text().contains("evil.example"), "R103 {path}");
        assert!(!reply.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_here_says_so_r95_and_a_feed_url_never_answers_html_r112() {
    let server = Server::world().await;
    let withdrawn = entry_path("https://nhandan.example/5");
    let left = entry_path("https://left.example/7");
    let cases = [
        ("/nothing", 404),
        ("/category/unknown", 404),
        ("/category/unknown.atom", 404),
        ("/source/unknown.rss", 404),
        ("/source/quiet", 404),
        ("/source/left", 410),
        ("/source/left.atom", 410),
        ("/date/2024-02-30.atom", 404),
        ("/date/2024-11-22/page/2.atom", 404),
        ("/all/archive/0.atom", 404),
        ("/entry/0000000000000000", 404),
        (&withdrawn, 410),
        (&left, 410),
        ("/static/feedmill.0000000000000000.css", 404),
        ("/%2e%2e/etc/passwd", 404),
    ];
    for (path, status) in cases {
        let reply = server.ask("GET", path, "Accept: text/html\r\n").await;
        assert_eq!(reply.status, status, "{path}");
        let is_page = reply.field("content-type").unwrap().starts_with("text/html");
        let is_feed = path.ends_with(".atom") || path.ends_with(".rss");
        assert!(!(is_page && is_feed), "R112 {path}");
    }
}

#[tokio::test]
async fn what_has_another_name_is_moved_under_the_base_url_r95() {
    let server = Server::world().await;
    let merged = entry_path("https://other.example/6");
    let into = format!("https://news.example/n{}", entry_path("https://nhandan.example/1"));
    let cases = [
        ("/category/tin-tuc.atom", "https://news.example/n/category/thoi-su.atom"),
        ("/category/tin-tuc", "https://news.example/n/category/thoi-su"),
        (
            "/category/tin-tuc/date/2024-11-22.json",
            "https://news.example/n/category/thoi-su/date/2024-11-22.json",
        ),
        ("/all", "https://news.example/n/"),
        ("//all.rss/", "https://news.example/n/all.rss"),
        (&merged, &into),
    ];
    for (path, location) in cases {
        let reply = server.get(path).await;
        assert_eq!((reply.status, reply.field("location")), (301, Some(location)), "R95 {path}");
    }
}

#[tokio::test]
async fn other_methods_are_405_r95_and_options_says_what_cors_asks_r96() {
    let server = Server::world().await;
    for method in ["POST", "PUT", "DELETE", "TRACE", "PATCH"] {
        let reply = server.ask(method, "/all.atom", "").await;
        assert_eq!(reply.status, 405, "R95 {method}");
        assert_eq!(reply.field("allow"), Some("GET, HEAD, OPTIONS"), "{method}");
    }
    let reply = server.ask("OPTIONS", "/all.atom", "Origin: https://x.example\r\n").await;
    assert_eq!(reply.status, 204);
    let allowed = reply.field("access-control-allow-headers").unwrap();
    assert!(allowed.contains("If-None-Match") && allowed.contains("If-Modified-Since"), "R96");
    let exposed = reply.field("access-control-expose-headers");
    assert_eq!(exposed, Some("ETag, Last-Modified, Link, Retry-After"), "R96");
}

#[tokio::test]
async fn head_has_the_fields_of_get_and_no_body_r83() {
    let server = Server::world().await;
    for path in ["/", "/all.atom", "/healthz", "/nothing"] {
        for fields in ["", "Accept-Encoding: gzip\r\n"] {
            let (get, head) =
                (server.ask("GET", path, fields).await, server.ask("HEAD", path, fields).await);
            assert!(head.body.is_empty(), "{path}");
            let bare = |reply: &Reply| {
                let fields = reply.fields.iter().filter(|(name, _)| name != "date");
                (reply.status, fields.cloned().collect::<Vec<_>>())
            };
            assert_eq!(bare(&head), bare(&get), "{path} {fields}");
            assert_eq!(get.field("content-length"), Some(&*get.body.len().to_string()), "{path}");
        }
    }
}

#[tokio::test]
async fn a_feed_carries_validators_that_a_second_request_may_use_r84_r91() {
    let server = Server::world().await;
    let first = server.get("/all.atom").await;
    let etag = first.field("etag").unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2, "R84 {etag}");
    // The latest change of the sources that are configured: "left" does not count.
    let modified = first.field("last-modified").unwrap();
    assert_eq!(modified, "Fri, 22 Nov 2024 13:00:00 GMT", "R85");
    let keep = "public, max-age=300, stale-while-revalidate=60, stale-if-error=86400";
    assert_eq!(first.field("cache-control"), Some(keep), "R91");
    let known = format!("If-None-Match: W/{etag}\r\n");
    let again = server.ask("GET", "/all.atom", &known).await;
    assert_eq!((again.status, again.body.len()), (304, 0), "R86, R88");
    for name in ["etag", "cache-control", "vary", "last-modified", "link"] {
        assert_eq!(again.field(name), first.field(name), "R88 {name}");
    }
    assert!(again.field("date").is_some(), "R88");
    let since = format!("If-Modified-Since: {modified}\r\n");
    assert_eq!(server.ask("GET", "/all.atom", &since).await.status, 304, "R89");
    let scope = server.get("/category/thoi-su.atom").await;
    assert_eq!(scope.field("last-modified"), Some("Fri, 22 Nov 2024 12:00:00 GMT"));
    let own = server.get("/source/nhandan.atom").await;
    assert_eq!(own.field("last-modified"), Some("Fri, 22 Nov 2024 12:00:00 GMT"));
}

#[tokio::test]
async fn codings_are_negotiated_and_decode_to_the_same_bytes_r90_r93() {
    let server = Server::world().await;
    let plain = server.get("/").await;
    assert_eq!(plain.field("content-encoding"), None);
    let gzip = server.ask("GET", "/", "Accept-Encoding: gzip\r\n").await;
    let brotli = server.ask("GET", "/", "Accept-Encoding: gzip, br\r\n").await;
    assert_eq!(gzip.field("content-encoding"), Some("gzip"), "R93");
    assert_eq!(brotli.field("content-encoding"), Some("br"), "R93");
    for reply in [&plain, &gzip, &brotli] {
        assert_eq!(reply.field("vary"), Some("Accept-Encoding"), "R90");
    }
    assert_ne!(plain.field("etag"), gzip.field("etag"), "R84");
    assert_ne!(gzip.field("etag"), brotli.field("etag"), "R84");
    let mut decoded = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&*gzip.body);
    std::io::Read::read_to_end(&mut decoder, &mut decoded).unwrap();
    assert_eq!(decoded, plain.body);
    let known =
        format!("Accept-Encoding: gzip\r\nIf-None-Match: {}\r\n", gzip.field("etag").unwrap());
    let again = server.ask("GET", "/", &known).await;
    assert_eq!((again.status, again.field("vary")), (304, Some("Accept-Encoding")), "R90");
    let small = server.ask("GET", "/robots.txt", "Accept-Encoding: gzip\r\n").await;
    assert_eq!(small.field("content-encoding"), None, "R93: under 1 KB");
}

#[tokio::test]
async fn link_fields_carry_self_alternates_and_the_hub_r98_r99_r111() {
    let server = Server::world().await;
    let reply = server.get("/category/thoi-su.rss").await;
    let links: Vec<&str> = reply.field("link").unwrap().split(", ").collect();
    let base = "https://news.example/n/category/thoi-su";
    let own = format!("<{base}.rss>; rel=\"self\"; type=\"application/rss+xml\"");
    assert!(links.contains(&own.as_str()), "R99 {links:?}");
    assert!(links.contains(&"<https://hub.example/>; rel=\"hub\""), "R100 {links:?}");
    let twin = format!("<{base}>; rel=\"alternate\"; type=\"text/html\"");
    assert!(links.contains(&twin.as_str()), "R111 {links:?}");
}

#[tokio::test]
async fn pages_load_nothing_but_their_style_sheet_r97_r117() {
    let server = Server::world().await;
    let page = server.get("/").await;
    let policy = page.field("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "R97 {policy}");
    assert!(policy.contains("img-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert!(!page.text().contains("<script") && !page.text().contains("style=\""), "R117");
    let href = page.text().split("rel=\"stylesheet\" href=\"").nth(1).unwrap();
    let href = href.split('"').next().unwrap();
    let path = href.strip_prefix("/n").expect("under the base URL's path");
    let style = server.get(path).await;
    assert_eq!(style.field("content-type"), Some("text/css; charset=utf-8"));
    let keep = style.field("cache-control").unwrap();
    assert!(keep.contains("immutable") && keep.contains("max-age=31536000"), "{keep}");
    let mut with_images = settings();
    with_images.site.images = true;
    server.site.configure(with_images);
    let page = server.get("/").await;
    assert!(page.field("content-security-policy").unwrap().contains("img-src 'self' https:"));
}

#[tokio::test]
async fn a_page_names_its_feeds_r109_and_is_built_for_everybody_r116_r117() {
    let server = Server::world().await;
    for path in ["/", "/category/thoi-su", "/date/2024-11-22", "/source/nhandan", "/dates"] {
        let page = server.get(path).await;
        let text = page.text();
        let alternates = ["application/atom+xml", "application/rss+xml", "application/feed+json"];
        let places: Vec<usize> = alternates
            .iter()
            .map(|mime| text.find(&format!("<link rel=\"alternate\" type=\"{mime}\"")).expect(mime))
            .collect();
        assert!(places.is_sorted(), "R109: the preferred first, {path}");
        assert_eq!(text.matches("<h1").count(), 1, "R116 {path}");
        assert_eq!(text.matches("<main").count(), 1, "R116 {path}");
        assert!(text.contains("<html lang=\"vi\">"), "R116 {path}");
        assert!(text.contains("class=\"skip\" href=\"#content\""), "R116 {path}");
        assert!(text.contains("Tin &#38; Tức"), "escaped: {path}");
    }
    let home = server.get("/").await;
    // 11:11 UTC is 18:11 in Hà Nội.
    let stamp = "<time datetime=\"2024-11-22T11:11:00Z\">22.11.2024 | 18:11</time>";
    assert!(home.text().contains(stamp), "R117");
    assert!(home.text().contains("<h2 id=\"d2024-11-22\">"), "a river by day");
    let category = server.get("/category/thoi-su").await;
    assert!(category.text().contains("href=\"/n/category/thoi-su/date/2024-11-22\""));
    assert!(home.text().contains("href=\"/n/source/other\""), "a source leads to its page");
}

#[tokio::test]
async fn an_entry_page_credits_and_links_outward_with_care() {
    let server = Server::world().await;
    let page = server.get(&entry_path("https://nhandan.example/1")).await;
    let text = page.text();
    // Shown by the copy of "other", which credits the other paper: the credit leads to its copy.
    let rel = "rel=\"noopener noreferrer nofollow ugc\"";
    let via = format!("<a href=\"https://nhandan.example/1\" {rel}>Theo: Báo Nhân Dân</a>");
    assert!(text.contains(&via), "{text}");
    assert!(text.contains("Cũng đăng tại"));
    assert!(text.contains("Báo Nhân Dân: Bão số 9 &#60;b&#62;"), "{text}");
    assert!(text.contains(&format!("<a href=\"https://x.example/\" {rel}>x</a>")), "R124");
    assert!(text.contains("href=\"/n/category/thoi-su\""), "more of its category");
    assert!(text.contains("href=\"/n/date/2024-11-22\""), "news by date");
    assert!(!text.contains("s3cret"), "the address of a private source");
    for link in text.split("<a ").skip(1) {
        let outward = link.starts_with("href=\"http") && !link.contains("news.example");
        let tag = link.split('>').next().unwrap();
        assert!(!outward || tag.contains(rel), "R124 {tag}");
    }
}

#[tokio::test]
async fn secrets_stay_out_of_the_lists() {
    let server = Server::world().await;
    let polled = server.get("/sources.opml").await;
    assert!(polled.text().contains("https://nhandan.vn/rss/home.rss"));
    assert!(!polled.text().contains("other.example/feed"));
    let published = server.get("/feeds.opml").await;
    assert!(published.text().contains("https://news.example/n/source/nhandan.atom"));
    assert!(!published.text().contains("/source/quiet"));
    assert!(!server.get("/sources").await.text().contains("quiet"));
}

#[tokio::test]
async fn the_same_store_gives_the_same_bytes_after_a_restart_r63() {
    let paths = ["/", "/all.atom", "/category/thoi-su.rss", "/date/2024-11-22.json", "/dates"];
    let (one, other) = (Server::world().await, Server::world().await);
    for path in paths {
        let (one, other) = (one.get(path).await, other.get(path).await);
        assert_eq!(one.body, other.body, "R63 {path}");
        assert_eq!(one.field("etag"), other.field("etag"), "R63 {path}");
    }
}

#[tokio::test]
async fn a_body_is_rendered_once_until_something_changes() {
    let store = Arc::new(world());
    let server = Server::start(Some(Arc::clone(&store) as Arc<dyn Store>), settings()).await;
    let first = server.get("/all.json").await;
    let reads = store.0.lock().unwrap().reads;
    for _ in 0..20 {
        assert_eq!(server.get("/all.json?utm_source=x").await.body, first.body);
    }
    assert_eq!(store.0.lock().unwrap().reads, reads, "R92: no reading, no rendering");
    add_seven(&store);
    server.site.changed(&Change::everywhere());
    server.get("/all.json").await;
    assert!(store.0.lock().unwrap().reads > reads);
    assert!(server.get("/").await.text().contains("Seven"));
}

fn add_seven(store: &FakeStore) {
    let mut shelves = store.0.lock().unwrap();
    let seven = held(8, 7, "nhandan", "2024-11-22T15:00:00Z", "Seven");
    shelves.stories.push(story(7, &[&seven]));
    shelves.entries.push(seven);
}

#[tokio::test]
async fn a_thousand_conditional_requests_cause_no_rendering_r92() {
    let store = Arc::new(world());
    let server = Server::start(Some(Arc::clone(&store) as Arc<dyn Store>), settings()).await;
    let etag = server.get("/all.atom").await.field("etag").unwrap().to_owned();
    let (rendered, reads) = (server.site.rendered(), store.0.lock().unwrap().reads);
    let one = format!("GET /all.atom HTTP/1.1\r\nHost: x\r\nIf-None-Match: {etag}\r\n\r\n");
    let last = one.replace("Host: x", "Host: x\r\nConnection: close");
    let all = server.send(&(one.repeat(999) + &last)).await;
    let text = String::from_utf8_lossy(&all);
    assert_eq!(text.matches("HTTP/1.1 304").count(), 1_000);
    assert_eq!(server.site.rendered(), rendered);
    assert_eq!(store.0.lock().unwrap().reads, reads, "nor a look at the store");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_does_not_wait_for_a_rendering_that_stands_still() {
    let store = Arc::new(world());
    let server = Server::start(Some(Arc::clone(&store) as Arc<dyn Store>), settings()).await;
    let site = Arc::clone(&server.site);
    let reading = tokio::spawn(async move { server.get("/all.atom").await });
    let told = tokio::task::spawn_blocking(move || {
        // The rendering cannot go on while this is held.
        let shelves = store.0.lock().unwrap();
        while site.rendered() == 0 {
            std::thread::yield_now();
        }
        site.changed(&Change::everywhere());
        drop(shelves);
    });
    told.await.unwrap();
    assert_eq!(reading.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_change_concerns_only_the_feeds_of_its_sources_and_its_day() {
    let store = Arc::new(world());
    let server = Server::start(Some(Arc::clone(&store) as Arc<dyn Store>), settings()).await;
    let stale = ["/all.atom", "/category/thoi-su.atom", "/source/nhandan.rss", "/date/2024-11-22"];
    let good = ["/category/the-gioi.atom", "/source/other.rss", "/date/2024-11-21", "/robots.txt"];
    for path in stale.iter().chain(&good) {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    add_seven(&store);
    let change = Change {
        sources: [SourceId::new("nhandan")].into(),
        dates: [at("2024-11-22T15:00:00Z")].into(),
        is_everywhere: false,
    };
    // The first change of all makes a newest day, which may close others.
    server.site.changed(&change);
    for path in stale.iter().chain(&good) {
        server.get(path).await;
    }
    server.site.changed(&change);
    let before = server.site.rendered();
    for path in good {
        server.get(path).await;
    }
    assert_eq!(server.site.rendered(), before, "not concerned");
    for path in stale {
        assert!(server.get(path).await.text().contains("Seven"), "{path}");
    }
    assert_eq!(server.site.rendered(), before + 4);
}

#[tokio::test]
async fn what_was_asked_for_is_rendered_before_it_is_asked_for_again() {
    let store = Arc::new(world());
    let server = Server::start(Some(Arc::clone(&store) as Arc<dyn Store>), settings()).await;
    let warm = Arc::clone(&server.site);
    let warm = tokio::spawn(async move { warm.keep_warm().await });
    server.get("/all.atom").await;
    let before = server.site.rendered();
    add_seven(&store);
    server.site.changed(&Change::everywhere());
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    while server.site.rendered() == before {
        assert!(tokio::time::Instant::now() < end, "never rendered");
        tokio::task::yield_now().await;
    }
    assert!(server.get("/all.atom").await.text().contains("Seven"));
    warm.abort();
    assert_eq!(server.site.rendered(), before + 1, "once, and not for the reader");
}

#[tokio::test]
async fn a_feed_tells_only_what_is_new_to_who_asks_so_rfc_3229() {
    let store = Arc::new(world());
    let server = Server::start(Some(Arc::clone(&store) as Arc<dyn Store>), settings()).await;
    for (path, coding) in [("/all.atom", "identity"), ("/all.rss", "gzip"), ("/all.json", "br")] {
        let accept = format!("Accept-Encoding: {coding}\r\n");
        let first = server.ask("GET", path, &accept).await;
        let etag = first.field("etag").unwrap().to_owned();
        let ask = format!("{accept}A-IM: feed\r\nIf-None-Match: {etag}\r\n");
        assert_eq!(server.ask("GET", path, &ask).await.status, 304, "nothing is new: {path}");
        assert_eq!(server.ask("GET", path, "A-IM: feed\r\n").await.status, 200, "{path}");
        {
            let mut shelves = store.0.lock().unwrap();
            let no = shelves.entries.len() as u64 + 1;
            let new = held(no, no, "nhandan", "2024-11-22T15:00:00Z", &format!("New {no}"));
            shelves.stories.push(story(no, &[&new]));
            shelves.entries.push(new);
        }
        server.site.changed(&Change::everywhere());
        let whole = server.ask("GET", path, &accept).await;
        let delta = server.ask("GET", path, &ask).await;
        assert_eq!((delta.status, delta.field("im")), (226, Some("feed")), "{path}");
        assert_eq!(delta.field("etag"), whole.field("etag"), "of the whole: {path}");
        assert!(delta.field("cache-control").unwrap().contains("no-store"), "{path}");
        assert!(delta.field("vary").unwrap().contains("A-IM"), "{path}");
        let plain = format!("A-IM: gzip, feed;q=0.5\r\nIf-None-Match: W/{etag}\r\n");
        let text = server.ask("GET", path, &plain).await.text().to_owned();
        assert!(text.contains("New ") && !text.contains("Three"), "{path}: {text}");
        let head = server.ask("HEAD", path, &ask).await;
        assert_eq!(head.status, 200, "only of a GET: {path}");
        let unknown = "A-IM: feed\r\nIf-None-Match: \"ffff\"\r\n";
        assert_eq!(server.ask("GET", path, unknown).await.status, 200, "not known: {path}");
    }
}

#[tokio::test]
async fn what_is_over_is_kept_longer_r91() {
    let server = Server::world().await;
    let short = "public, max-age=300, stale-while-revalidate=60, stale-if-error=86400";
    let long = "public, max-age=3600, stale-while-revalidate=600, stale-if-error=86400";
    let cases = [
        ("/date/2024-11-22.rss", short, "<ttl>5</ttl>"),
        ("/date/2024-11-21.rss", short, "<ttl>5</ttl>"),
        ("/date/2024-11-20.rss", long, "<ttl>60</ttl>"),
        ("/category/thoi-su/date/1999-01-01.rss", long, "<ttl>60</ttl>"),
        ("/all.rss", short, "<ttl>5</ttl>"),
    ];
    for (path, keep, ttl) in cases {
        let reply = server.get(path).await;
        assert_eq!(reply.field("cache-control"), Some(keep), "{path}");
        assert!(reply.text().contains(ttl), "R45 {path}");
    }
}

#[tokio::test]
async fn no_store_or_a_broken_one_is_503_and_never_an_empty_feed_r102() {
    let server = Server::start(None, settings()).await;
    for path in ["/all.atom", "/", "/readyz"] {
        let reply = server.get(path).await;
        assert_eq!(reply.status, 503, "{path}");
        assert!(reply.field("retry-after").is_some(), "{path}");
    }
    assert_eq!(server.get("/healthz").await.status, 200, "alive");
    let page = server.get("/category/thoi-su").await;
    assert_eq!((page.status, page.field("cache-control")), (503, Some("no-store")));
    assert!(page.text().contains("<h1>Xin chờ giây lát</h1>"), "people get a page: {page:?}");
    let style =
        page.text().split("href=\"/n").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(server.get(&style).await.status, 200, "and its style sheet: {style}");
    server.site.set_store(Some(Arc::new(world())));
    server.site.set_readiness(Readiness::Ready);
    assert_eq!(server.get("/all.atom").await.status, 200);
    server.site.set_readiness(Readiness::PollingStopped("the disk is full".to_owned()));
    let ready = server.get("/readyz").await;
    assert!(ready.status == 200 && ready.text().contains("the disk is full"), "{ready:?}");
    let broken = FakeStore::default();
    broken.0.lock().unwrap().is_broken = true;
    server.site.set_store(Some(Arc::new(broken)));
    let reply = server.get("/all.atom").await;
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("10")));
    assert!(!reply.text().contains('<'), "R112: a feed URL never answers HTML");
}

#[tokio::test]
async fn the_rate_is_limited_by_client_behind_a_trusted_proxy() {
    let mut settings = settings();
    settings.server.rate_limit_per_s = Some(5);
    let server = Server::start(Some(Arc::new(world())), settings).await;
    let mut admitted = 0;
    // However slow the machine: far more requests than five a second allow.
    for _ in 0..500 {
        let forwarded = "X-Forwarded-For: 198.51.100.7\r\n";
        let reply = server.ask("GET", "/healthz", forwarded).await;
        if reply.status == 429 {
            assert_eq!(reply.field("retry-after"), Some("1"));
            break;
        }
        admitted += 1;
    }
    assert!((5..500).contains(&admitted), "{admitted}");
    let other = server.ask("GET", "/healthz", "X-Forwarded-For: 198.51.100.8\r\n").await;
    assert_eq!(other.status, 200, "each client has its own");
    assert_eq!(
        server.get("/healthz").await.status,
        200,
        "a proxy that names nobody is not limited"
    );
}

fn impatient(connections_max: usize) -> Settings {
    let mut settings = settings();
    settings.server.header_timeout = Duration::from_millis(200);
    settings.server.idle_timeout = Duration::from_millis(400);
    settings.server.connections_max = connections_max;
    settings
}

#[tokio::test]
async fn silent_and_slow_clients_are_closed() {
    let server = Server::start(Some(Arc::new(world())), impatient(64)).await;
    for (name, first, drips) in [
        ("silent", "", ""),
        ("one letter", "G", ""),
        ("half a head", "GET / HTTP/1.1\r\nHost: x\r\nX-a: ", ""),
        ("slowloris", "GET / HTTP/1.1\r\nHost: x\r\nX-a: ", "b"),
        ("idle after an answer", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(first.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        let closed = async {
            let mut buffer = [0; 1_024];
            loop {
                let read =
                    tokio::time::timeout(Duration::from_millis(50), stream.read(&mut buffer));
                match read.await {
                    Ok(Ok(0) | Err(_)) => return,
                    Ok(Ok(n)) => seen.extend_from_slice(&buffer[..n]),
                    Err(_) if drips.is_empty() => {}
                    Err(_) => {
                        let _ = stream.write_all(drips.as_bytes()).await;
                    }
                }
            }
        };
        let closed = tokio::time::timeout(Duration::from_secs(5), closed).await;
        assert!(closed.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_full_server_closes_who_has_been_longest_without_a_request() {
    let mut settings = settings();
    settings.server.connections_max = 4;
    let server = Server::start(Some(Arc::new(world())), settings).await;
    let mut idle = Vec::new();
    for _ in 0..8 {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    let reply = tokio::time::timeout(Duration::from_secs(5), server.get("/healthz")).await;
    assert_eq!(reply.expect("a newcomer is served").status, 200);
    let mut byte = [0; 1];
    let first = tokio::time::timeout(Duration::from_secs(5), idle[0].read(&mut byte)).await;
    assert!(matches!(first, Ok(Ok(0) | Err(_))), "the oldest is closed: {first:?}");
}

#[tokio::test]
async fn pipelined_requests_are_all_answered_in_order() {
    let server = Server::world().await;
    let one = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut raw = one("/healthz").repeat(500);
    raw.push_str(&one("/nothing"));
    raw.push_str("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let all = server.send(&raw).await;
    let text = String::from_utf8_lossy(&all);
    let statuses: Vec<&str> = text.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    assert_eq!(statuses.len(), 502);
    assert_eq!(statuses[500], "404");
    assert!(statuses.iter().enumerate().all(|(n, status)| n == 500 || *status == "200"));
}

#[tokio::test]
async fn malformed_requests_get_4xx_or_a_close_and_never_5xx() {
    let server = Server::world().await;
    let many: String = (0..100).map(|n| format!("X{n}: 1\r\n")).collect();
    let cases = [
        ("many fields", format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), Some("431")),
        (
            "a huge field",
            format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(1 << 20)),
            None,
        ),
        (
            "a field of 64 KiB",
            format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(64 << 10)),
            Some("431"),
        ),
        ("a huge URL", format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "u".repeat(102_400)), None),
        ("no host", "GET / HTTP/1.1\r\n\r\n".to_owned(), Some("400")),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), Some("400")),
        ("version", "GET / HTTP/9.9\r\n\r\n".to_owned(), None),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n".to_owned(), None),
        ("h2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), None),
        (
            "both lengths",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\
             \r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
                .to_owned(),
            None,
        ),
        (
            "a body nobody reads",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\nx".to_owned(),
            Some("405"),
        ),
    ];
    for (name, raw, expected) in cases {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let _ = stream.write_all(raw.as_bytes()).await;
        let mut all = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut all));
        assert!(read.await.is_ok(), "{name}: still open");
        let text = String::from_utf8_lossy(&all);
        let status = text.get(9..12).unwrap_or_default();
        assert!(status.is_empty() || status.starts_with('4'), "{name}: {text}");
        if let Some(expected) = expected {
            assert_eq!(status, expected, "{name}");
        }
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn http_1_0_needs_no_host_and_is_closed_after_its_answer() {
    let server = Server::world().await;
    let reply = Reply::read(&server.send("GET /healthz HTTP/1.0\r\n\r\n").await);
    assert_eq!((reply.status, reply.text()), (200, "ok\n"));
}

#[tokio::test]
async fn a_unix_socket_has_its_mode_and_replaces_a_stale_one() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("control.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listen = Listen::Unix(path.clone());
    let bound = Bound::bind(&listen, 0o660).await.unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let again = Bound::bind(&listen, 0o660).await;
    assert_eq!(again.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    let settings = settings();
    let limits = Limits::from(&settings.server);
    let clock = Arc::new(Standing(at(NOW)));
    let site = Site::new(Some(Arc::new(world())), settings, clock, Box::new(|_, _, _| {}));
    let respond = move |request: http::Request<hyper::body::Incoming>, peer| {
        let site = Arc::clone(&site);
        async move { site.respond(&request, peer).await }
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let task = tokio::spawn(run(vec![bound], respond, limits, shutdown));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let raw = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(raw.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert_eq!(Reply::read(&all).status, 200);
    stop.send(()).unwrap();
    task.await.unwrap();
    assert!(!path.exists(), "the file goes with the server");
}

#[tokio::test]
async fn shutting_down_ends_idle_connections_and_stops_accepting() {
    let mut server = Server::world().await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut buffer = [0; 1_024];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
    server.stop.take().unwrap().send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(5), &mut server.task).await;
    ended.expect("idle connections do not hold the server").unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
    assert_eq!(idle.read(&mut buffer).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_request_on_its_way_when_the_server_is_told_to_stop_is_answered() {
    let mut server = Server::world().await;
    let mut late = TcpStream::connect(server.address).await.unwrap();
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    // Connections are accepted in order: both are by the time that this one has its answer.
    assert_eq!(server.get("/healthz").await.status, 200);
    server.stop.take().unwrap().send(()).unwrap();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    late.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut all = Vec::new();
    late.read_to_end(&mut all).await.unwrap();
    assert_eq!(Reply::read(&all).status, 200);
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap_or(0), 0, "who says nothing is let go");
    let ended = tokio::time::timeout(Duration::from_secs(5), &mut server.task).await;
    ended.expect("a silent connection does not hold the server").unwrap();
}
