//! Holds the architecture: which module may name which, and which module may name which engine.
//!
//! A file that no row covers fails the test, so that a new module is placed on purpose.
#![expect(clippy::expect_used, reason = "a source that cannot be read must stop the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// Module → what of this crate it may name (besides itself).
const MAY_NAME: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("schedule", &["model"]),
    ("redirect", &["model"]),
    ("freshness", &["model"]),
    ("parse", &["model"]),
    ("normalize", &["model"]),
    ("dedup", &["model"]),
    ("render", &["model"]),
    ("config", &["model"]),
    ("clock", &["model"]),
    ("machine", &[]),
    ("fetch", &["model", "freshness"]),
    ("store", &["model"]),
    ("serve", &["model", "render", "store", "telemetry"]),
    ("systemd", &["model"]),
    ("telemetry", &["model"]),
    ("poll", &["model", "store", "parse", "normalize", "dedup", "redirect", "ingest", "telemetry"]),
    ("ingest", &["model", "store", "dedup", "schedule", "redirect", "poll", "telemetry", "clock"]),
    ("websub", &["model", "serve"]),
    ("probe", &["model", "parse"]),
    ("control", &["model", "store", "dedup", "schedule", "ingest", "poll", "telemetry", "machine"]),
    ("daemon", ANY),
    ("demo", ANY),
    ("cli", ANY),
    ("main", ANY),
    ("lib", ANY),
];

const ANY: &[&str] = &["*"];

/// Engine → the modules that may name it.
const ENGINES: &[(&str, &[&str])] = &[
    ("feed_rs", &["parse"]),
    ("quick_xml", &["parse", "render"]),
    ("hyper_rustls", &["fetch"]),
    ("rustls", &["fetch"]),
    ("sled", &["store/sled"]),
    ("rss", &["render/rss"]),
    ("ammonia", &["normalize/html"]),
    ("toml", &["config"]),
    ("toml_edit", &["config"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("sd_notify", &["systemd"]),
    ("clap", &["cli"]),
    ("comfy_table", &["cli"]),
    ("indicatif", &["cli"]),
    ("askama", &["render/html"]),
    ("prometheus_client", &["telemetry"]),
    ("tracing_subscriber", &["telemetry"]),
    ("postcard", &["store"]),
    ("zstd", &["store"]),
];

/// What the pure modules may not name.
const IMPURE: &[&str] = &["tokio::", "tracing::", "std::fs", "std::net::Tcp", "std::env"];
const PURE: &[&str] =
    &["model", "schedule", "redirect", "freshness", "parse", "normalize", "dedup", "render"];

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(&folder).expect("src is readable") {
            let path = item.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                let code = code_of(&text);
                found.push((path.strip_prefix(&root).expect("below src").to_owned(), code));
            }
        }
    }
    found.sort();
    found
}

/// Returns the code before the unit tests, without comments.
fn code_of(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn module_of(path: &Path) -> String {
    let first = path.components().next().expect("a path has a part");
    let name = first.as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_name_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let module = module_of(&path);
        let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{} has no row in MAY_NAME", path.display()));
            continue;
        };
        if allowed == &ANY {
            continue;
        }
        for (other, _) in MAY_NAME {
            let named = code.contains(&format!("crate::{other}::"))
                || code.contains(&format!("crate::{other};"))
                || code.contains(&format!("crate::{{{other}"));
            if named && *other != module && !allowed.contains(other) {
                wrong.push(format!("{} names crate::{other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn engines_are_named_in_one_module_each() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let place = path.to_string_lossy().replace('\\', "/");
        for (engine, homes) in ENGINES {
            let is_home = homes.iter().any(|home| {
                place.starts_with(&format!("{home}/")) || place == format!("{home}.rs")
            });
            if !is_home && names_crate(&code, engine) {
                wrong.push(format!("{place} names {engine}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Our modules that are called as the crate they wrap: there only an absolute path or a `use` means the crate.
const NAMESAKES: &[&str] = &["rss", "sled"];

/// Tells whether `name::` occurs as a crate, not as a part of a longer name or of one of our paths.
fn names_crate(code: &str, name: &str) -> bool {
    let is_ident = |c: char| c.is_alphanumeric() || c == '_';
    let absolute = format!("::{name}::");
    let is_absolute = code
        .match_indices(&absolute)
        .any(|(at, _)| !code[..at].chars().next_back().is_some_and(is_ident));
    let used = code.lines().any(|line| line.trim_start().starts_with(&format!("use {name}::")));
    if is_absolute || used || NAMESAKES.contains(&name) {
        return is_absolute || used;
    }
    code.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| is_ident(c) || c == ':')
    })
}

#[test]
fn pure_modules_do_no_io() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let module = module_of(&path);
        if !PURE.contains(&module.as_str()) {
            continue;
        }
        for name in IMPURE {
            if code.contains(name) {
                wrong.push(format!("{} names {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_hold_one_idea() {
    const LINES_MAX: usize = 400;
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(path, code)| (path, code.lines().filter(|line| !line.trim().is_empty()).count()))
        .filter(|(path, lines)| *lines > LINES_MAX && !path.ends_with("tests.rs"))
        .map(|(path, lines)| format!("{}: {lines} lines of code", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
