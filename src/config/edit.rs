//! Adds sources to a configuration file: comments and order stay, the result is checked before it is written, and the
//! file is replaced in one step.
//!
//! What is to be added is planned first (`Addition`): ids are given, what is configured already is left out. The plan can
//! be shown as TOML or written. It fetches nothing.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};
use url::Url;

use super::surroundings::Env;
use super::values::{slug_text, slugged};
use super::{Problem, Severity};
use crate::model::policy::Config;

/// Behind every table that was read from a file, whose positions count from 0.
const LAST_POSITION: isize = 1 << 30;

/// A source that is wished for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of the feed.
    pub url: String,
    /// Plain.
    pub title: Option<String>,
    /// Names of categories: slugs as they are, anything else becomes one.
    pub categories: Vec<String>,
}

/// What is to be added to a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addition {
    /// Sources, in order.
    pub sources: Vec<NewSource>,
    /// Categories that need a section for their title: (slug, title).
    pub categories: Vec<(String, String)>,
    /// URLs that are configured already.
    pub known: Vec<String>,
}

/// A source to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSource {
    /// A slug that no other source has.
    pub id: String,
    /// Of the feed.
    pub url: String,
    /// Plain.
    pub title: Option<String>,
    /// Slugs.
    pub categories: Vec<String>,
}

/// Why a file was not changed. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It cannot be read or written.
    #[error("failed to {operation} {}", path.display())]
    Io {
        /// As an infinitive.
        operation: &'static str,
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is no TOML, or `source` is no list of tables.
    #[error("{} cannot be added to: {reason}", path.display())]
    Shape {
        /// Which.
        path: PathBuf,
        /// What is in the way.
        reason: String,
    },
    /// The result would have errors.
    #[error("the configuration would not be valid, so nothing was written")]
    Invalid(Vec<Problem>),
}

impl Addition {
    /// Plans what to add to `config`: each URL once, with an id of its own. A category keeps the slug of a configured one
    /// of that slug or title.
    pub fn plan(config: &Config, wanted: Vec<Wanted>) -> Self {
        let catalog = &config.catalog;
        let mut urls: BTreeSet<String> =
            catalog.sources.iter().map(|source| source.url.to_string()).collect();
        let mut ids: BTreeSet<String> =
            catalog.sources.iter().map(|source| source.id.to_string()).collect();
        let mut addition = Self::default();
        for Wanted { url, title, categories } in wanted {
            let Ok(parsed) = Url::parse(&url) else { continue };
            if !urls.insert(parsed.to_string()) {
                addition.known.push(url);
                continue;
            }
            let mut slugs: Vec<String> = Vec::new();
            for name in categories {
                let slug = addition.category(config, &name);
                if !slug.is_empty() && !slugs.contains(&slug) {
                    slugs.push(slug);
                }
            }
            let id = new_id(&parsed, &mut ids);
            addition.sources.push(NewSource { id, url, title, categories: slugs });
        }
        addition
    }

    /// Returns the slug of a category of that name; one that is new gets a section for its title.
    fn category(&mut self, config: &Config, name: &str) -> String {
        if slug_text(name).is_ok() {
            return name.to_owned();
        }
        let configured = config.catalog.categories.iter().find(|known| known.title == name);
        if let Some(known) = configured {
            return known.slug.to_string();
        }
        let slug = slugged(name);
        self.entitle(config, &slug, name);
        slug
    }

    /// Gives a category a title, unless it has one.
    pub fn entitle(&mut self, config: &Config, slug: &str, title: &str) {
        let is_known = config.catalog.category(slug).is_some()
            || self.categories.iter().any(|(known, _)| known == slug);
        if !is_known && !slug.is_empty() && slug != title {
            self.categories.push((slug.to_owned(), title.to_owned()));
        }
    }

    /// Returns it as TOML.
    pub fn to_toml(&self) -> String {
        let mut document = DocumentMut::new();
        // An empty document takes any of it.
        let _ = self.put_into(&mut document);
        document.to_string().trim_start().to_owned()
    }

    fn put_into(&self, document: &mut DocumentMut) -> Result<(), String> {
        if !self.categories.is_empty() {
            let sections = document.entry("category").or_insert_with(|| {
                let mut table = Table::new();
                table.set_implicit(true);
                Item::Table(table)
            });
            let sections = sections.as_table_mut().ok_or("`category` is no table")?;
            for (slug, title) in &self.categories {
                let mut table = Table::new();
                table.insert("title", value(title));
                sections.insert(slug, Item::Table(table));
            }
        }
        let sources =
            document.entry("source").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        match sources {
            Item::ArrayOfTables(list) => {
                self.sources.iter().for_each(|source| list.push(source.table()));
                Ok(())
            }
            Item::Value(inline) => {
                let list = inline.as_array_mut().ok_or("`source` is no list of tables")?;
                for source in &self.sources {
                    list.push(source.table().into_inline_table());
                }
                Ok(())
            }
            Item::None | Item::Table(_) => Err("`source` is no list of tables".to_owned()),
        }
    }

    /// Has the sources added stand behind everything, comments at the end of the file included: a configuration as
    /// packaged ends in examples that are commented out.
    fn put_last(&self, document: &mut DocumentMut) {
        let end = document.trailing().as_str().unwrap_or_default().trim_end().to_owned();
        let Some(Item::ArrayOfTables(list)) = document.get_mut("source") else { return };
        let known = list.len().saturating_sub(self.sources.len());
        for (position, table) in (LAST_POSITION..).zip(list.iter_mut().skip(known)) {
            table.set_position(Some(position));
        }
        let Some(first) = list.get_mut(known).filter(|_| !end.is_empty()) else { return };
        first.decor_mut().set_prefix(format!("{end}\n\n"));
        document.set_trailing("");
    }

    /// Adds it to the main file of a configuration.
    ///
    /// # Errors
    /// The file is then as it was.
    pub fn write(&self, path: &Path, env: Env<'_>) -> Result<(), EditError> {
        let failed = |operation: &'static str| {
            let path = path.to_owned();
            move |source: io::Error| EditError::Io { operation, path, source }
        };
        // What a link leads to is replaced, not the link.
        let target = fs::canonicalize(path).map_err(failed("read"))?;
        let text = fs::read_to_string(&target).map_err(failed("read"))?;
        let shape = |reason: String| EditError::Shape { path: path.to_owned(), reason };
        let mut document: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| shape(error.to_string()))?;
        self.put_into(&mut document).map_err(shape)?;
        self.put_last(&mut document);
        let mut text = document.to_string();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if let Err(problems) = super::load_text(&text, path, env) {
            let errors = problems.into_iter().filter(|it| it.severity == Severity::Error);
            return Err(EditError::Invalid(errors.collect()));
        }
        replace(&target, text.as_bytes()).map_err(failed("write"))
    }
}

impl NewSource {
    fn table(&self) -> Table {
        let mut table = Table::new();
        table.decor_mut().set_prefix("\n");
        table.insert("id", value(&self.id));
        table.insert("url", value(&self.url));
        if let Some(title) = &self.title {
            table.insert("title", value(title));
        }
        if !self.categories.is_empty() {
            table.insert("categories", value(self.categories.iter().collect::<toml_edit::Array>()));
        }
        table
    }
}

/// Makes an id from the host; where that is taken, the last part of the path or a number follows.
fn new_id(url: &Url, taken: &mut BTreeSet<String>) -> String {
    let host = url.host_str().unwrap_or("source");
    let base = slugged(host.strip_prefix("www.").unwrap_or(host));
    let base = if base.is_empty() { "source".to_owned() } else { base };
    let last = url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
    let stem = slugged(last.map_or("", |last| last.split('.').next().unwrap_or(last)));
    let longer = (!stem.is_empty()).then(|| format!("{base}-{stem}"));
    let numbered = (2_u64..).map(|no| format!("{base}-{no}"));
    let candidates = std::iter::once(base.clone()).chain(longer).chain(numbered);
    let mut fitting = candidates.filter(|id| slug_text(id).is_ok() && !taken.contains(id));
    let id = fitting.next().unwrap_or(base);
    taken.insert(id.clone());
    id
}

/// Puts a file in the place of another, with its mode and owner: a reader sees the one or the other, whole.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let facts = fs::metadata(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let new = path.with_file_name(name);
    let written = File::options().write(true).create_new(true).open(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.set_permissions(facts.permissions())?;
        if file.metadata()?.uid() != facts.uid() || file.metadata()?.gid() != facts.gid() {
            chown(&new, Some(facts.uid()), Some(facts.gid()))?;
        }
        file.sync_all()?;
        fs::rename(&new, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
        return written;
    }
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\n[site]\ntitle = \"T\" # of the site\n\n[category.the-thao]\n\
                        title = \"Thể thao\"\n\n# first\n[[source]]\nid = \"a-example\"\n\
                        url = \"https://a.example/f\"\n\n# the end\n";

    fn place(text: &str) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        fs::write(&path, text).unwrap();
        (directory, path)
    }

    fn config(path: &Path) -> Config {
        super::super::load(path, &|_| None).unwrap().config
    }

    fn wanted(url: &str, title: &str, categories: &[&str]) -> Wanted {
        Wanted {
            url: url.to_owned(),
            title: Some(title.to_owned()),
            categories: categories.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn comments_stay_and_what_is_added_is_there() {
        let (_directory, path) = place(FILE);
        let addition = Addition::plan(
            &config(&path),
            vec![
                wanted("https://a.example/f", "known", &[]),
                wanted("https://a.example/sport.rss", "A \"sport\"", &["Thể thao", "Thời sự"]),
                wanted("https://a.example/sport.rss", "twice", &[]),
            ],
        );
        assert_eq!(addition.known.len(), 2);
        addition.write(&path, &|_| None).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for comment in ["# mine", "# of the site", "# first", "# the end"] {
            assert_eq!(text.matches(comment).count(), 1, "{comment}: {text}");
        }
        let place = |part: &str| text.find(part).unwrap();
        assert!(place("# the end") < place("sport.rss"), "behind the last comment: {text}");
        let config = config(&path);
        let source = &config.catalog.sources[1];
        assert_eq!(source.id.as_str(), "a-example-sport");
        assert_eq!(source.title.as_deref(), Some("A \"sport\""));
        let slugs: Vec<_> = source.categories.iter().map(|slug| slug.as_str()).collect();
        assert_eq!(slugs, ["the-thao", "thoi-su"]);
        assert_eq!(config.catalog.category("thoi-su").unwrap().title, "Thời sự");
        let nothing =
            Addition::plan(&config, vec![wanted("https://a.example/sport.rss", "x", &[])]);
        assert!(nothing.sources.is_empty(), "adding twice changes nothing");
    }

    #[test]
    fn what_is_shown_is_what_would_be_added() {
        let (_directory, path) = place("");
        let addition =
            Addition::plan(&config(&path), vec![wanted("https://b.example/", "B", &["Thời sự"])]);
        assert_eq!(
            addition.to_toml(),
            "[category.thoi-su]\ntitle = \"Thời sự\"\n\n[[source]]\nid = \"b-example\"\n\
             url = \"https://b.example/\"\ntitle = \"B\"\ncategories = [\"thoi-su\"]\n"
        );
    }

    #[test]
    fn a_result_with_errors_is_not_written() {
        let broken = "[poll]\ninterval = \"1x\"\n";
        let (_directory, path) = place(broken);
        let addition = Addition {
            sources: vec![NewSource {
                id: "b".to_owned(),
                url: "https://b.example/".to_owned(),
                ..NewSource::default()
            }],
            ..Addition::default()
        };
        assert!(matches!(addition.write(&path, &|_| None), Err(EditError::Invalid(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
        let (_directory, path) = place("source = 1\n");
        assert!(matches!(addition.write(&path, &|_| None), Err(EditError::Shape { .. })));
        assert_eq!(path.parent().unwrap().read_dir().unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn mode_and_link_stay() {
        use std::os::unix::fs::PermissionsExt;
        let (directory, path) = place("");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = directory.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let addition = Addition::plan(&config(&path), vec![wanted("https://b.example/", "B", &[])]);
        addition.write(&link, &|_| None).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(config(&path).catalog.sources.len(), 1);
    }
}
