//! The configuration as an operator meets it: what is accepted, what is refused, and how it is
//! said.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use feedmill::config::{self, Loaded, Problem, Secret, Severity};
use feedmill::model::policy::{Config, DedupMode, Engine, Listen, Network};
use feedmill::model::source::{ContentShare, FilterField, OnAdd, Source};

fn no_env(_: &str) -> Option<String> {
    None
}

/// Parses with the store in the temporary directory, which can be written.
fn parse(text: &str) -> Result<Loaded, Vec<Problem>> {
    config::parse(text, Path::new("/tmp/config.toml"), &no_env)
}

fn config_of(text: &str) -> Config {
    parse(text).unwrap_or_else(|problems| panic!("{}", shown(&problems))).config
}

fn shown(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

/// All problems, whether they stopped the load or not.
fn problems_of(text: &str) -> Vec<Problem> {
    match parse(text) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    }
}

/// Problems as `line:column severity key`.
fn brief(problems: &[Problem]) -> Vec<String> {
    let line = |it: &Problem| {
        let severity = match it.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        format!("{}:{} {severity} {}", it.line, it.column, it.key)
    };
    problems.iter().map(line).collect()
}

fn only_source(keys: &str) -> Source {
    let config = config_of(&format!("[[source]]\nurl = \"https://example.org/f\"\n{keys}"));
    Source::clone(&config.catalog.sources[0])
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn all_mistakes_of_a_file_are_reported_at_once() {
    let text = "\
[site]
timezone = \"Asia/Ho_Chi_Min\"
[poll]
intervall = \"1h\"
  timeout = \"30 parsecs\"
[[source]]
id = \"a\"
url = \"https://example.org/f\"
[[source]]
id = \"a\"
url = \"ftp://example.org/f\"
";
    let problems = parse(text).unwrap_err();
    let expected = [
        "/tmp/config.toml:2:12: error: site.timezone: \"Asia/Ho_Chi_Min\" is no time zone — \
         did you mean \"Asia/Ho_Chi_Minh\"?",
        "/tmp/config.toml:4:1: error: poll.intervall: unknown key — did you mean `interval`?",
        "/tmp/config.toml:5:13: error: poll.timeout: \"30 parsecs\" is no duration — write whole \
         numbers with units w, d, h, m, s or ms, such as \"15m\" or \"1h 30m\"",
        "/tmp/config.toml:10:6: error: source.id: \"a\" is already the id of the source at \
         /tmp/config.toml:7:6 — give each source an id of its own",
        "/tmp/config.toml:11:7: error: source.url: scheme \"ftp\" is not supported — write a URL \
         that starts with https:// or http://",
    ];
    let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected);
}

/// Design §2: "the values shown are the defaults".
#[test]
fn an_empty_file_is_the_defaults_of_the_contract() {
    let loaded = parse("").unwrap();
    assert!(loaded.warnings.is_empty(), "{}", shown(&loaded.warnings));
    assert_defaults(&loaded.config);
    assert!(loaded.config.catalog.sources.is_empty());
}

fn assert_defaults(config: &Config) {
    let site = &config.site;
    assert_eq!(site.base_url, "http://127.0.0.1:8080");
    assert_eq!((site.id_authority.as_deref(), site.images, site.watch), (None, false, true));
    assert_eq!((site.accent.as_str(), site.hub.as_ref()), ("#0a6e4f", None));
    assert_eq!((site.entries_per_feed, site.days_per_feed), (100, 2));
    let server = &config.server;
    assert_eq!(server.listen, [Listen::Tcp("127.0.0.1:8080".parse().unwrap())]);
    assert_eq!((server.connections_max, server.rate_limit_per_s), (4096, Some(50)));
    assert_eq!(server.header_timeout, Duration::from_secs(10));
    assert_eq!((server.idle_timeout, server.status_page), (MINUTE, false));
    let proxies = [("127.0.0.1", 32), ("::1", 128)]
        .map(|(address, prefix)| Network { address: address.parse().unwrap(), prefix });
    assert_eq!(server.trusted_proxies, proxies);
    let store = &config.store;
    assert_eq!((store.engine, store.retention), (Engine::Sled, None));
    assert_eq!((store.url_file.as_ref(), store.reserve_bytes), (None, 1 << 30));
    assert_eq!(server.admin, Listen::Unix(store.path.join("control.sock")));
    let poll = &config.poll;
    assert_eq!(poll.interval, 60 * MINUTE);
    assert_eq!((poll.interval_min, poll.interval_max), (60 * MINUTE, 24 * 60 * MINUTE));
    assert_eq!((poll.concurrency, poll.per_host), (64, 1));
    assert_eq!((poll.host_gap, poll.domain_gap), (MINUTE / 60, MINUTE / 60));
    assert_eq!((poll.contact.as_str(), poll.ca_file.as_ref()), ("", None));
    assert!(poll.allow_networks.is_empty());
    assert_eq!(poll.allow_ports, Some([80, 443].into()));
    assert_eq!((config.dedup.mode, config.dedup.window), (DedupMode::Full, 96 * 60 * MINUTE));
    assert_eq!(config.websub_hub, None);
}

#[test]
fn the_site_has_its_defaults_too() {
    let site = config_of("").site;
    assert_eq!((site.title.as_str(), site.language.as_str()), ("Feedmill", "en"));
    assert_eq!(site.timezone.iana_name(), Some("UTC"));
    assert_eq!(config_of("").store.path, Path::new("/tmp/data"));
}

#[test]
fn a_source_needs_only_its_url() {
    let source = only_source("");
    assert_eq!(source.id.as_str(), "example-org");
    assert_eq!((source.title, source.categories.len(), source.interval), (None, 0, None));
    assert_eq!((source.timeout, source.body_bytes_max), (MINUTE / 2, 10 << 20));
    assert_eq!((source.proxy, source.priority, source.aliases.len()), (None, 0, 0));
    assert_eq!((source.on_add, source.content), (OnAdd::All, ContentShare::Full));
    assert_eq!((source.dedup, source.publish), (DedupMode::Full, true));
    assert!(source.include.is_empty() && source.exclude.is_empty());
    assert_eq!((source.encoding, source.user_agent, source.secret_file), (None, None, None));
    assert!(source.headers.is_empty());
}

#[test]
fn a_source_takes_over_the_defaults_before_it() {
    let text = "[site]\ntimezone = \"Asia/Ho_Chi_Minh\"\n[dedup]\nmode = \"identity\"\n\
                [poll]\ntimeout = \"5s\"\nmax_body = \"1 MiB\"\n\
                [[source]]\nurl = \"https://a.example/\"\n\
                [[source]]\nurl = \"https://b.example/\"\ntimeout = \"9s\"\nmax_body = \"2 MiB\"\n\
                dedup = \"off\"\ntimezone = \"Europe/Paris\"\ninterval = \"5m\"\n";
    let config = config_of(text);
    let [first, second] = [&config.catalog.sources[0], &config.catalog.sources[1]];
    assert_eq!((first.timeout, first.body_bytes_max), (Duration::from_secs(5), 1 << 20));
    assert_eq!((first.dedup, first.interval), (DedupMode::Identity, None));
    assert_eq!(first.timezone.iana_name(), Some("Asia/Ho_Chi_Minh"));
    assert_eq!((second.timeout, second.body_bytes_max), (Duration::from_secs(9), 2 << 20));
    assert_eq!((second.dedup, second.interval), (DedupMode::Off, Some(5 * MINUTE)));
    assert_eq!(second.timezone.iana_name(), Some("Europe/Paris"));
}

#[test]
fn the_example_of_the_contract_is_read_whole() {
    let source = only_source(
        "id = \"nhandan\"\ntitle = \"Báo Nhân Dân\"\ncategories = [\"thoi-su\"]\n\
         interval = \"30m\"\npriority = 10\naliases = [\"TTXVN\"]\non_add = \"newest:20\"\n\
         content = \"full\"\ndedup = \"full\"\ninclude = [\"title: (?i)bão\", \"a|b\"]\n\
         exclude = [\"url:/video/\"]\ntimezone = \"Asia/Ho_Chi_Minh\"\nencoding = \"\"\n\
         headers = { \"Accept-Language\" = \"vi\" }\nuser_agent = \"x/1\"\npublish = false\n",
    );
    assert_eq!(source.id.as_str(), "nhandan");
    assert_eq!(source.title.as_deref(), Some("Báo Nhân Dân"));
    assert_eq!(source.interval, Some(30 * MINUTE));
    assert_eq!((source.priority, source.on_add), (10, OnAdd::Newest(20)));
    assert_eq!(source.aliases, ["TTXVN"]);
    let rules: Vec<_> = source
        .include
        .iter()
        .chain(&source.exclude)
        .map(|rule| (rule.field, rule.pattern.as_str()))
        .collect();
    let expected =
        [(FilterField::Title, "(?i)bão"), (FilterField::Any, "a|b"), (FilterField::Url, "/video/")];
    assert_eq!(rules, expected);
    assert_eq!(source.headers, [("accept-language".to_owned(), "vi".to_owned())]);
    assert_eq!(source.user_agent.as_deref(), Some("x/1"));
    assert!(!source.publish);
}

/// Section, key, value, and whether it is accepted.
const SECTION_VALUES: &[(&str, &str, &str, bool)] = &[
    ("site", "title", "\"x\"", true),
    ("site", "title", "\"\"", false),
    ("site", "title", "5", false),
    ("site", "base_url", "\"https://example.org/news/\"", true),
    ("site", "base_url", "\"https://example.org/?a=1\"", false),
    ("site", "base_url", "\"https://example.org/#a\"", false),
    ("site", "base_url", "\"https://u:p@example.org/\"", false),
    ("site", "base_url", "\"example.org\"", false),
    ("site", "language", "\"pt-BR\"", true),
    ("site", "language", "\"zh-Hant-TW\"", true),
    ("site", "language", "\"vi_VN\"", false),
    ("site", "language", "\"\"", false),
    ("site", "id_authority", "\"\"", true),
    ("site", "id_authority", "\"news.example,2026\"", true),
    ("site", "id_authority", "\"me@news.example,2026-02-28\"", true),
    ("site", "id_authority", "\"news.example\"", false),
    ("site", "id_authority", "\"news.example,2026-02-30\"", false),
    ("site", "id_authority", "\"news example,2026\"", false),
    ("site", "accent", "\"#ABC\"", true),
    ("site", "accent", "\"green\"", false),
    ("site", "images", "\"true\"", false),
    ("server", "listen", "[\"[::1]:80\", \"unix:/run/x.sock\"]", true),
    ("server", "listen", "\"127.0.0.1:80\"", false),
    ("server", "admin", "\"127.0.0.1:9180\"", true),
    ("server", "admin", "\"control.sock\"", false),
    ("server", "max_connections", "1", true),
    ("server", "max_connections", "0", false),
    ("server", "rate_limit", "\"off\"", true),
    ("server", "rate_limit", "\"50\"", false),
    ("server", "rate_limit", "\"0/s\"", false),
    ("server", "header_timeout", "\"0s\"", false),
    ("server", "entries_per_feed", "1000", true),
    ("server", "entries_per_feed", "0", false),
    ("server", "entries_per_feed", "99999999999999999999", false),
    ("server", "days_per_feed", "0", true),
    ("server", "days_per_feed", "-1", false),
    ("store", "engine", "\"sled\"", true),
    ("store", "engine", "\"postgres\"", false),
    ("store", "engine", "\"sqlite\"", false),
    ("poll", "interval", "3600", false),
    ("poll", "host_gap", "\"0s\"", true),
    ("poll", "concurrency", "1.5", false),
    ("poll", "max_body", "\"10\"", false),
    ("poll", "max_body", "\"0 B\"", false),
    ("poll", "contact", "\"me@example.org\"", true),
    ("poll", "contact", "\"https://example.org/bot\"", true),
    ("poll", "contact", "\"nobody\"", false),
    ("poll", "contact", "\"me@example.org\\r\\nX: y\"", false),
    ("poll", "allow_ports", "\"any\"", true),
    ("poll", "allow_ports", "[8080]", true),
    ("poll", "allow_ports", "[0]", false),
    ("poll", "allow_ports", "[70000]", false),
    ("poll", "allow_ports", "[]", false),
    ("poll", "allow_ports", "80", false),
    ("poll", "ca_file", "\"/nowhere/ca.pem\"", false),
    ("dedup", "mode", "\"identity\"", true),
    ("dedup", "mode", "\"fuzzy\"", false),
    ("dedup", "window", "\"96\"", false),
];

/// Each value of a key by itself: accepted without a word, or refused at its place.
#[test]
fn values_of_sections() {
    for (section, key, value, is_accepted) in SECTION_VALUES {
        let text = format!("[{section}]\n{key} = {value}\n");
        let problems = problems_of(&text);
        let column = key.len() + 4;
        let expected = [format!("2:{column} error {section}.{key}")];
        let expected: &[String] = if *is_accepted { &[] } else { &expected };
        assert_eq!(brief(&problems), expected, "{text}{}", shown(&problems));
        assert!(problems.iter().all(|problem| !problem.remedy.is_empty()), "{text}");
    }
}

#[test]
fn values_of_arrays_are_refused_where_they_stand() {
    let cases = [
        (
            "[poll]\nallow_networks = [\"10.0.0.0/8\", \"10.0.0.0/40\"]",
            "2:33 error poll.allow_networks",
        ),
        ("[server]\ntrusted_proxies = [\"x\"]", "2:20 error server.trusted_proxies"),
        (
            "[server]\nlisten = [\n  \"127.0.0.1:80\",\n  \"localhost:80\",\n]",
            "4:3 error server.listen",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(brief(&problems_of(text)), [expected], "{text}");
    }
}

/// Each value of a key of a source: accepted without a word, or refused at line 3.
#[test]
fn values_of_sources() {
    let cases = [
        ("id = \"tin_tuc-24h\"", None),
        ("id = \"Báo Mới\"", Some("3:6 error source.id")),
        ("id = \"a/b\"", Some("3:6 error source.id")),
        ("id = \"\"", Some("3:6 error source.id")),
        ("categories = [\"the gioi\"]", Some("3:15 error source.categories")),
        ("categories = \"the-gioi\"", Some("3:14 error source.categories")),
        ("interval = \"5m\"", None),
        ("interval = \"0s\"", Some("3:12 error source.interval")),
        ("priority = -5", None),
        ("priority = \"high\"", Some("3:12 error source.priority")),
        ("aliases = [\"TTXVN\", \"\"]", Some("3:21 error source.aliases")),
        ("aliases = [\"Báo\", \"\"]", Some("3:19 error source.aliases")),
        ("on_add = \"since-now\"", None),
        ("on_add = \"newest\"", Some("3:10 error source.on_add")),
        ("on_add = \"newest:-1\"", Some("3:10 error source.on_add")),
        ("content = \"title\"", None),
        ("content = \"half\"", Some("3:11 error source.content")),
        ("dedup = \"off\"", None),
        ("include = ['category:^Thể thao$', 'https://x']", None),
        ("include = ['title: (']", Some("3:12 error source.include")),
        ("exclude = ['a{1000}{1000}{1000}']", Some("3:12 error source.exclude")),
        ("exclude = ['title: ']", Some("3:12 error source.exclude")),
        ("timezone = \"Asia/Saigon\"", None),
        ("timezone = \"ICT\"", Some("3:12 error source.timezone")),
        ("encoding = \"windows-1258\"", None),
        ("encoding = \"viscii\"", Some("3:12 error source.encoding")),
        ("encoding = \"hz-gb-2312\"", Some("3:12 error source.encoding")),
        ("headers = { Accept = \"*/*\" }", None),
        ("headers = { Host = \"x\" }", Some("3:13 error source.headers.Host")),
        ("headers = { cookie = \"a=b\" }", Some("3:13 error source.headers.cookie")),
        ("headers = { Content-Length = \"1\" }", Some("3:13 error source.headers.Content-Length")),
        ("headers = { \"A B\" = \"1\" }", Some("3:13 error source.headers.A B")),
        ("headers = { A = \"1\\r\\nB: 2\" }", Some("3:13 error source.headers.A")),
        ("headers = [\"A: 1\"]", Some("3:11 error source.headers")),
        ("user_agent = \"tên\"", Some("3:14 error source.user_agent")),
        ("publish = 1", Some("3:11 error source.publish")),
        ("secret_file = \"/nowhere/secret\"", Some("3:15 warning source.secret_file")),
        ("catgories = []", Some("3:1 error source.catgories")),
    ];
    for (line, expected) in cases {
        let text = format!("[[source]]\nurl = \"https://example.org/f\"\n{line}\n");
        let problems = problems_of(&text);
        let expected: Vec<String> = expected.map(str::to_owned).into_iter().collect();
        assert_eq!(brief(&problems), expected, "{line}\n{}", shown(&problems));
        assert!(problems.iter().all(|problem| !problem.remedy.is_empty()), "{line}");
    }
}

#[test]
fn urls_of_sources() {
    let cases = [
        ("https://example.org/f", true),
        ("http://user:pw@example.org/f?token=1", true),
        ("https://báo.example/f", true),
        ("feed://example.org/f", false),
        ("file:///etc/passwd", false),
        ("example.org/f", false),
        ("https://", false),
        ("", false),
    ];
    for (url, is_accepted) in cases {
        let problems = problems_of(&format!("[[source]]\nurl = \"{url}\"\n"));
        let expected: &[&str] = if is_accepted { &[] } else { &["2:7 error source.url"] };
        assert_eq!(brief(&problems), expected, "{url}");
    }
}

#[test]
fn a_bad_url_is_shown_without_its_secrets() {
    let problems = problems_of("[[source]]\nurl = \"//u:hunter2@e.org/?token=hunter2\"\n");
    assert_eq!(problems.len(), 1);
    assert!(!shown(&problems).contains("hunter2"), "{}", shown(&problems));
}

#[test]
fn shapes_and_relations() {
    let cases = [
        ("no url", "\n[[source]]\nid = \"a\"\n", vec!["2:1 error source.url"]),
        ("one bracket", "[source]\nurl = \"x\"\n", vec!["1:2 error source"]),
        ("unknown section", "[sites]\n", vec!["1:2 error sites"]),
        ("key outside its section", "interval = \"1h\"\n", vec!["1:1 error interval"]),
        ("section as a value", "poll = 5\n", vec!["1:8 error poll"]),
        ("bad slug of a category", "[category.\"Thời sự\"]\n", vec!["1:11 error category.Thời sự"]),
        ("category without a source", "[category.a]\n", vec!["1:11 warning category.a"]),
        (
            "same URL twice",
            "[[source]]\nid = \"a\"\nurl = \"https://e.org\"\n\
             [[source]]\nid = \"b\"\nurl = \"https://e.org/\"\n",
            vec!["6:7 warning source.url"],
        ),
        (
            "closed port",
            "[[source]]\nurl = \"https://e.org:8443/f\"\n",
            vec!["2:7 warning source.url"],
        ),
        (
            "smallest above largest",
            "[poll]\nmin_interval = \"2d\"\n",
            vec!["2:16 error poll.min_interval"],
        ),
        ("base below smallest", "[poll]\ninterval = \"5m\"\n", vec!["2:12 warning poll.interval"]),
        ("base above largest", "[poll]\ninterval = \"2d\"\n", vec!["2:12 warning poll.interval"]),
        (
            "said once, however many sources",
            "[poll]\ntimeout = \"x\"\n[[source]]\nurl = \"https://a.example\"\n\
             [[source]]\nurl = \"https://b.example\"\n",
            vec!["2:11 error poll.timeout"],
        ),
        ("bad proxy", "[poll]\nproxy = \"ftp://x\"\n", vec!["2:9 error poll.proxy"]),
        ("nothing listens", "[server]\nlisten = []\n", vec!["2:10 warning server.listen"]),
        (
            "over a thousand",
            "[server]\nentries_per_feed = 1001\n",
            vec!["2:20 warning server.entries_per_feed"],
        ),
    ];
    for (name, text, expected) in cases {
        let problems = problems_of(text);
        assert_eq!(brief(&problems), expected, "{name}\n{}", shown(&problems));
        assert!(problems.iter().all(|problem| !problem.remedy.is_empty()), "{name}");
    }
}

#[test]
fn keys_without_effect_are_named() {
    let cases = [
        ("[site]\nwatch = true", 0),
        ("[site]\nwatch = false", 0),
        ("[server]\nstatus_page = true", 0),
        ("[server]\nstatus_page = false", 0),
        ("[store]\nretention = \"400d\"", 0),
        ("[store]\nretention = \"forever\"", 0),
        ("[store]\nreserve = \"2 GiB\"", 0),
        ("[store]\nurl_file = \"x\"", 1),
        ("[store]\nurl_file = \"\"", 0),
        ("[poll]\nproxy = \"socks5://127.0.0.1:9050\"", 0),
        ("[websub]\nhub = \"https://hub.example/\"", 0),
        ("[[source]]\nurl = \"https://e.org\"\nproxy = \"http://127.0.0.1:3128\"", 0),
    ];
    for (text, expected) in cases {
        let loaded = parse(text).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
        assert_eq!(loaded.warnings.len(), expected, "{text}\n{}", shown(&loaded.warnings));
        let says = |it: &Problem| it.message == "accepted, has no effect in this version";
        assert!(loaded.warnings.iter().all(says), "{}", shown(&loaded.warnings));
    }
}

#[test]
fn syntax_errors_have_a_place() {
    let cases =
        [("[site\ntitle = \"x\"", 1), ("[site]\ntitle = \"x", 2), ("[site]\n\ntitle = ", 3)];
    for (text, line) in cases {
        let problems = parse(text).unwrap_err();
        assert_eq!(problems.len(), 1, "{text}\n{}", shown(&problems));
        assert_eq!(problems[0].line, line, "{text}\n{}", shown(&problems));
    }
}

#[test]
fn a_key_twice_does_not_hide_other_mistakes() {
    let text = "[site]\ntitle = \"a\"\ntitle = \"b\"\n[poll]\ntimeout = \"x\"\n";
    let problems = parse(text).unwrap_err();
    assert_eq!(brief(&problems), ["3:1 error title", "5:11 error poll.timeout"]);
}

#[test]
fn made_ids_are_unique_and_leave_written_ones_alone() {
    let urls = [
        "https://www.bbc.co.uk/a",
        "https://bbc.co.uk/b",
        "https://bbc.co.uk/c",
        "http://127.0.0.1:8080/d",
        "https://xn--bo-kja.example/e",
    ];
    let blocks: String = urls.iter().map(|url| format!("[[source]]\nurl = \"{url}\"\n")).collect();
    let written = "[[source]]\nid = \"bbc-co-uk-2\"\nurl = \"https://other.example\"\n";
    let text = format!("[poll]\nallow_ports = \"any\"\n{blocks}{written}");
    let loaded = parse(&text).unwrap();
    let ids: Vec<_> =
        loaded.config.catalog.sources.iter().map(|source| source.id.to_string()).collect();
    let expected = [
        "bbc-co-uk",
        "bbc-co-uk-3",
        "bbc-co-uk-4",
        "127-0-0-1",
        "xn-bo-kja-example",
        "bbc-co-uk-2",
    ];
    assert_eq!(ids, expected);
    assert_eq!(brief(&loaded.warnings), ["5:1 warning source.id", "7:1 warning source.id"]);
}

#[test]
fn categories_are_those_with_a_section_then_those_that_are_named() {
    let text = "[category.the-gioi]\n[category.am-nhac]\ntitle = \"Âm nhạc\"\nformer = [\"nhac\"]\n\
                [[source]]\nurl = \"https://a.example\"\n\
                categories = [\"zzz\", \"am-nhac\", \"zzz\"]\n\
                [[source]]\nurl = \"https://b.example\"\ncategories = [\"bao\", \"the-gioi\"]\n";
    let loaded = parse(text).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", shown(&loaded.warnings));
    let catalog = &loaded.config.catalog;
    let seen: Vec<_> = catalog
        .categories
        .iter()
        .map(|it| (it.slug.as_str(), it.title.as_str(), it.former.len()))
        .collect();
    let expected = [
        ("the-gioi", "the-gioi", 0),
        ("am-nhac", "Âm nhạc", 1),
        ("zzz", "zzz", 0),
        ("bao", "bao", 0),
    ];
    assert_eq!(seen, expected);
    assert_eq!(catalog.sources[0].categories.len(), 2, "named twice, once in it");
}

#[test]
fn an_old_slug_in_use_is_a_clash() {
    let text = "[category.a]\nformer = [\"b\", \"old\"]\n[category.b]\nformer = [\"old\"]\n\
                [[source]]\nurl = \"https://a.example\"\ncategories = [\"a\", \"b\"]\n";
    let loaded = parse(text).unwrap();
    assert_eq!(
        brief(&loaded.warnings),
        ["2:10 warning category.a.former", "4:10 warning category.b.former"]
    );
    let former = |slug| loaded.config.catalog.category(slug).unwrap().former.len();
    assert_eq!((former("a"), former("b")), (1, 0));
}

#[test]
fn some_values_are_put_into_their_one_form() {
    let site =
        config_of("[site]\nbase_url = \"HTTPS://Example.org:443/news/\"\naccent = \"#ABC\"\n").site;
    assert_eq!(site.base_url, "https://example.org/news");
    assert_eq!(site.accent, "#aabbcc");
    assert_eq!(only_source("encoding = \"latin1\"").encoding.as_deref(), Some("windows-1252"));
    let config = config_of("[[source]]\nurl = \" https://example.org/f#top \"\n");
    assert_eq!(config.catalog.sources[0].url.as_str(), "https://example.org/f");
    let config = config_of("[server]\nentries_per_feed = 5000\n");
    assert_eq!(config.site.entries_per_feed, 1000);
}

fn env_of(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
    let map: BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    move |name| map.get(name).cloned()
}

#[test]
fn paths_start_at_the_configuration_or_where_systemd_says() {
    let systemd = [("STATE_DIRECTORY", "/tmp/s:/tmp/t"), ("RUNTIME_DIRECTORY", "/tmp/r")];
    let systemd = systemd.as_slice();
    let cases = [
        ("", [].as_slice(), "/tmp/data", "/tmp/data/control.sock"),
        ("[store]\npath = \"x/y\"", &[][..], "/tmp/x/y", "/tmp/x/y/control.sock"),
        ("", systemd, "/tmp/s", "/tmp/r/control.sock"),
        ("[store]\npath = \"x\"", systemd, "/tmp/x", "/tmp/r/control.sock"),
        ("[server]\nadmin = \"unix:a.sock\"", &[][..], "/tmp/data", "/tmp/data/a.sock"),
        ("[server]\nadmin = \"unix:a.sock\"", systemd, "/tmp/s", "/tmp/r/a.sock"),
        ("[server]\nadmin = \"unix:/run/a.sock\"", systemd, "/tmp/s", "/run/a.sock"),
    ];
    for (text, env, store, admin) in cases {
        let loaded = config::parse(text, Path::new("/tmp/config.toml"), &env_of(env)).unwrap();
        assert_eq!(loaded.config.store.path, Path::new(store), "{text} {env:?}");
        assert_eq!(
            loaded.config.server.admin,
            Listen::Unix(PathBuf::from(admin)),
            "{text} {env:?}"
        );
    }
}

#[test]
fn a_socket_path_too_long_for_the_kernel_is_refused() {
    let long = "d".repeat(120);
    let problems = problems_of(&format!("[store]\npath = \"/tmp/{long}\"\n"));
    assert_eq!(brief(&problems), ["0:0 error server.admin"]);
}

#[test]
fn a_state_directory_that_cannot_be_is_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.join("below"), file] {
        let text = format!("[store]\npath = \"{}\"\n", path.display());
        let loaded = parse(&text).unwrap();
        assert_eq!(brief(&loaded.warnings), ["2:8 warning store.path"], "{}", path.display());
    }
}

#[test]
fn credentials_come_before_files_beside_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let credentials = directory.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let path = directory.path().join("config.toml");
    let text = "[[source]]\nurl = \"https://e.org\"\nsecret_file = \"s\"\n";
    let env = env_of(&[("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap())]);
    let secret_file = || {
        let loaded = config::parse(text, &path, &env).unwrap();
        (loaded.config.catalog.sources[0].secret_file.clone().unwrap(), loaded.warnings.len())
    };
    assert_eq!(secret_file(), (directory.path().join("s"), 1), "missing everywhere");
    std::fs::write(directory.path().join("s"), "a:b").unwrap();
    assert_eq!(secret_file(), (directory.path().join("s"), 0));
    std::fs::write(credentials.join("s"), "Bearer t\n").unwrap();
    let (file, warnings) = secret_file();
    assert_eq!((&file, warnings), (&credentials.join("s"), 0));
    assert_eq!(config::read_secret(&file).unwrap(), Secret::Bearer { token: "t".to_owned() });
    assert!(config::read_secret(&directory.path().join("none")).is_err());
}

#[test]
fn further_files_add_up_in_name_order() {
    let directory = tempfile::tempdir().unwrap();
    let main = directory.path().join("config.toml");
    let further = directory.path().join("config.d");
    std::fs::create_dir(&further).unwrap();
    std::fs::write(&main, "[site]\ntitle = \"T\"\n[[source]]\nurl = \"https://a.example\"\n")
        .unwrap();
    let b = "[[source]]\nurl = \"https://c.example\"\n[category.x]\ntitle = \"X\"\n";
    std::fs::write(further.join("b.toml"), b).unwrap();
    let a = "[site]\nlanguage = \"vi\"\n\
             [[source]]\nurl = \"https://b.example\"\ncategories = [\"x\"]\n";
    std::fs::write(further.join("a.toml"), a).unwrap();
    std::fs::write(further.join("notes.txt"), "not = [toml").unwrap();
    let loaded = config::load(&main, &no_env).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", shown(&loaded.warnings));
    let config = loaded.config;
    assert_eq!((config.site.title.as_str(), config.site.language.as_str()), ("T", "vi"));
    let ids: Vec<_> = config.catalog.all().iter().map(ToString::to_string).collect();
    assert_eq!(ids, ["a-example", "b-example", "c-example"]);
    assert_eq!(config.catalog.category("x").unwrap().title, "X");
    assert_eq!(
        config::files(&main),
        [main.clone(), further.join("a.toml"), further.join("b.toml")]
    );
}

#[test]
fn a_key_set_in_two_files_is_an_error_that_names_both_places() {
    let directory = tempfile::tempdir().unwrap();
    let main = directory.path().join("config.toml");
    let further = directory.path().join("config.d");
    std::fs::create_dir(&further).unwrap();
    std::fs::write(&main, "[site]\ntitle = \"T\"\n").unwrap();
    let second = further.join("second.toml");
    std::fs::write(&second, "\n[site]\ntitle = \"U\"\n[poll]\ntimeout = \"x\"\n").unwrap();
    let problems = config::load(&main, &no_env).unwrap_err();
    assert_eq!(brief(&problems), ["3:1 error site.title", "5:11 error poll.timeout"]);
    assert!(problems.iter().all(|problem| problem.file == second));
    let message = format!("is already set at {}:2:1", main.display());
    assert_eq!(problems[0].message, message);
}

#[test]
fn a_file_that_cannot_be_read_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let main = directory.path().join("config.toml");
    let problems = config::load(&main, &no_env).unwrap_err();
    assert_eq!((problems.len(), problems[0].line), (1, 0));
    assert!(problems[0].remedy.contains("feedmill demo"), "{}", problems[0]);
    std::fs::write(&main, b"[site]\ntitle = \"b\xe3o\"\n").unwrap();
    let problems = config::load(&main, &no_env).unwrap_err();
    assert_eq!(brief(&problems), ["2:11 error "]);
}

#[test]
fn the_main_file_is_found_by_name_then_by_variable() {
    let env = env_of(&[("FEEDMILL_CONFIG", "/x/y.toml")]);
    let named = config::find(Some(Path::new("a.toml")), &env).unwrap();
    assert_eq!(named, Path::new("a.toml"));
    assert_eq!(config::find(None, &env).unwrap(), Path::new("/x/y.toml"));
    let message = config::NotFound.to_string();
    for word in ["./config.toml", "/etc/feedmill/config.toml", "--config", "feedmill demo"] {
        assert!(message.contains(word), "{message}");
    }
}

fn example() -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

#[test]
fn the_example_works_as_it_is() {
    let (path, text) = example();
    let loaded =
        config::load(&path, &no_env).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    let others: Vec<_> =
        loaded.warnings.into_iter().filter(|problem| problem.key != "store.path").collect();
    assert!(others.is_empty(), "{}", shown(&others));
    let catalog = &loaded.config.catalog;
    assert_eq!((catalog.sources.len(), catalog.categories.len()), (12, 5));
    assert!(text.lines().all(|line| line.chars().count() <= 110), "lines fit a screen");
}

/// A key that is commented out shows its default: with all of them written, nothing changes.
#[test]
fn the_example_shows_the_defaults() {
    let (path, text) = example();
    let uncommented = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)) => {
            format!("{rest}\n")
        }
        _ => format!("{line}\n"),
    };
    let written: String = text.lines().map(uncommented).collect();
    let loaded = config::parse(&written, &path, &no_env)
        .unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    assert_defaults(&loaded.config);
    for key in
        config::keys::KEYS.iter().filter(|key| !["category", "source"].contains(&key.section))
    {
        let line = format!("{} = ", key.name);
        assert!(written.lines().any(|written| written.starts_with(&line)), "{}", key.name);
    }
}

fn is_key(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn the_example_documents_every_key_of_a_source() {
    let (_, text) = example();
    for key in config::keys::KEYS.iter().filter(|key| ["category", "source"].contains(&key.section))
    {
        let line = format!("#     {} = ", key.name);
        let is_there = |it: &str| it.starts_with(&line) || it.starts_with(&line["#     ".len()..]);
        assert!(text.lines().any(is_there), "{}.{}", key.section, key.name);
    }
    let block: String = text
        .lines()
        .filter_map(|line| line.strip_prefix("#     "))
        .skip_while(|line| !line.starts_with("[[source]]"))
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| format!("{}\n", line.replace("\"…\"", "\"x/1\"")))
        .collect();
    let loaded = parse(&block).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    assert_eq!(brief(&loaded.warnings), ["21:15 warning source.secret_file"], "{block}");
}

#[test]
fn the_schema_knows_every_key() {
    let schema = config::json_schema();
    for key in config::keys::KEYS {
        let section = &schema["properties"][key.section];
        let table = match key.section {
            "source" => &section["items"],
            "category" => &section["additionalProperties"],
            _ => section,
        };
        assert!(table["properties"][key.name]["description"].is_string(), "{key:?}");
        assert_eq!(table["additionalProperties"], false, "{key:?}");
    }
    assert_eq!(schema["properties"]["poll"]["properties"]["interval"]["default"], "1h");
}

/// Ten thousand sources are read at once, not one against all others.
#[test]
fn many_sources_are_read_in_linear_time() {
    let block = |no: usize| {
        format!("[[source]]\nurl = \"https://s{no}.example/f\"\ncategories = [\"c\"]\n")
    };
    let text: String = (0..10_000).map(block).collect();
    assert_eq!(config_of(&text).catalog.sources.len(), 10_000);
}
