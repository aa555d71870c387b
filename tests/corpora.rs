//! Real feeds, as sources of one daemon: every document of the test corpora is served and polled.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, says what it skips, and waits by the real clock"
)]

mod blackbox;
#[path = "support/feed_rules.rs"]
mod feed_rules;
#[path = "render/readers.rs"]
#[expect(dead_code, reason = "shared with the suites of the writers")]
mod readers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use blackbox::{Answer, Origin, Place, text};
use serde_json::Value;

/// Of the documents that hold a usable entry, so many must appear.
const SHOWN_MIN: f64 = 0.95;

struct Case {
    id: String,
    file: PathBuf,
    headers: Vec<(String, String)>,
    is_bare: bool,
}

fn cases() -> Option<Vec<Case>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let mut cases = Vec::new();
    for folder in ["feedparser", "gofeed"] {
        let list = fs::read_to_string(root.join(folder).join("cases.jsonl")).ok()?;
        for (n, line) in list.lines().enumerate() {
            let case: Value = serde_json::from_str(line).unwrap();
            let headers = case["headers"].as_object().map(|headers| {
                let pair = |(name, value): (&String, &Value)| {
                    Some((name.clone(), value.as_str()?.to_owned()))
                };
                headers.iter().filter_map(pair).collect()
            });
            cases.push(Case {
                id: format!("{folder}-{n}"),
                file: root.join(folder).join(case["file"].as_str().unwrap()),
                headers: headers.unwrap_or_default(),
                is_bare: case["bare"].as_bool().unwrap_or(false)
                    || case["checks"].as_array().is_some_and(|checks| {
                        checks.iter().all(|check| {
                            check["path"].as_str().is_some_and(|path| path.starts_with("feed."))
                        })
                    }),
            });
        }
    }
    Some(cases)
}

fn is_well_formed(xml: &[u8]) -> bool {
    let mut reader = quick_xml::Reader::from_reader(xml);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// Validates against the RELAX NG schema of RFC 4287, where schema and xmllint are there.
fn assert_valid_atom(name: &str, xml: &[u8]) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/atom.rng");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("feed.atom");
    fs::write(&file, xml).unwrap();
    let mut lint = Command::new("xmllint");
    let lint = lint.arg("--noout").arg("--relaxng").arg(&schema).arg(&file).output();
    match (schema.exists(), lint) {
        (true, Ok(output)) => {
            if !output.status.success() {
                fs::copy(&file, Path::new(env!("CARGO_TARGET_TMPDIR")).join("invalid.atom"))
                    .unwrap();
            }
            assert!(
                output.status.success(),
                "{name} (kept in target/tmp/invalid.atom): {}",
                text(&output.stderr)
            );
        }
        _ => eprintln!("skipped: {name} is not validated, atom.rng or xmllint is not here"),
    }
}

#[test]
fn every_document_of_the_corpora_is_polled_and_republished() {
    let Some(cases) = cases() else {
        eprintln!("skipped: the corpora are not at ../shared/corpora");
        return;
    };
    let origin = Origin::start();
    let mut config = String::from("[dedup]\nmode = \"identity\"\n");
    for case in &cases {
        let (body, headers) = (fs::read(&case.file).unwrap(), case.headers.clone());
        origin.on(&format!("/{}", case.id), move |_| {
            let answer = Answer::ok(body.as_slice());
            headers.iter().fold(answer, |answer, (name, value)| answer.header(name, value))
        });
        config += &format!(
            "[[source]]\nid = \"{0}\"\nurl = \"{1}\"\ncategories = [\"c\"]\n",
            case.id,
            origin.url(&format!("/{}", case.id))
        );
    }
    let place = Place::new(&config);
    let output = place.run(&["poll", "--json"]);
    let out = text(&output.stdout);
    let totals: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    eprintln!("{totals}");
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    assert_eq!(totals["polled"], cases.len());

    let daemon = place.daemon();
    let usable: Vec<&Case> = cases.iter().filter(|case| !case.is_bare).collect();
    let mut missing = Vec::new();
    for case in &cases {
        let path = format!("/source/{}.atom", case.id);
        let reply = daemon.get(&path);
        assert_eq!(reply.status, 200, "{path}");
        if !case.is_bare && !reply.text().contains("<entry") {
            missing.push(case.file.display().to_string());
        }
    }
    let shown = usable.len() - missing.len();
    eprintln!(
        "{shown} of {} documents with a usable entry are shown; not: {missing:#?}",
        usable.len()
    );
    let share =
        f64::from(u32::try_from(shown).unwrap()) / f64::from(u32::try_from(usable.len()).unwrap());
    assert!(share >= SHOWN_MIN, "missing: {missing:#?}");

    let atom = daemon.get("/all.atom").body;
    assert!(is_well_formed(&atom) && is_well_formed(&daemon.get("/all.rss").body));
    let json: Value = serde_json::from_slice(&daemon.get("/all.json").body).unwrap();
    assert!(!json["items"].as_array().unwrap().is_empty());
    assert_valid_atom("/all.atom", &atom);
    for case in &cases {
        let scope = format!("/source/{}", case.id);
        let path = format!("{scope}.atom");
        assert_valid_atom(&path, &daemon.get(&path).body);
        let rss = daemon.get(&format!("{scope}.rss")).body;
        let json = daemon.get(&format!("{scope}.json")).body;
        let name = case.file.display();
        assert_eq!(feed_rules::breaches_of_rss(&rss), [""; 0], "{scope}.rss of {name}");
        assert_eq!(feed_rules::breaches_of_json(&json), [""; 0], "{scope}.json of {name}");
    }
    assert!(daemon.terminate().success());
}
