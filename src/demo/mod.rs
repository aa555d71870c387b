//! Sample publishers for a feedmill that needs no network: `start` serves them over real HTTP on
//! loopback, and `config_toml` is a whole configuration that polls them.
//!
//! They behave as publishers do: each has its own format, way of dating and faults, some carry the
//! same wire story under headlines of their own, and something is published every few seconds until
//! all is out. What a document holds depends only on the instant of the start and the present, so
//! that it can be tested without waiting. All names are made up and lie under `.example`.

mod articles;
mod outlets;
mod server;
mod writers;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::model::outcome::Clock;

pub use articles::ARTICLE_EVERY;

use articles::Article;
use outlets::{OUTLETS, Outlet};

/// One sample publisher, as a configuration would name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// Slug, used as the source's id.
    pub id: &'static str,
    /// Title of its feed.
    pub title: &'static str,
    /// Where its feed is served.
    pub url: String,
    /// Categories to file it under.
    pub categories: &'static [&'static str],
    /// What is special about it, in a few words.
    pub about: &'static str,
}

/// The publishers at work. They stop when this is dropped.
#[derive(Debug)]
pub struct Publishers {
    press: Arc<Press>,
    publishers: Vec<Publisher>,
    _tasks: JoinSet<()>,
}

/// Starts the publishers on a free port of 127.0.0.1; the first instant of `clock` is their start.
///
/// # Errors
/// When no port can be bound, or when the articles built into the program cannot be read.
pub async fn start(clock: Arc<dyn Clock>) -> io::Result<Publishers> {
    let press = Arc::new(Press::new(clock.now()).map_err(io::Error::other)?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let mut tasks = JoinSet::new();
    tasks.spawn(server::serve(listener, Arc::clone(&press), clock));
    let publishers = OUTLETS.iter().map(|outlet| publisher(outlet, address)).collect();
    Ok(Publishers { press, publishers, _tasks: tasks })
}

fn publisher(outlet: &Outlet, address: SocketAddr) -> Publisher {
    Publisher {
        id: outlet.id,
        title: outlet.title,
        url: format!("http://{address}{}", outlet.path),
        categories: outlet.categories,
        about: outlet.about,
    }
}

impl Publishers {
    /// Returns the publishers, in the order of the configuration.
    pub fn list(&self) -> &[Publisher] {
        &self.publishers
    }

    /// Returns what a publisher serves at `now`; empty for one that only fails.
    pub fn document(&self, publisher: &Publisher, now: Timestamp) -> Vec<u8> {
        let outlet = OUTLETS.iter().find(|outlet| outlet.id == publisher.id);
        outlet.map(|outlet| self.press.document(outlet, now)).unwrap_or_default()
    }

    /// Returns when the last article is out: from then on nothing changes.
    pub fn complete_at(&self) -> Timestamp {
        self.press.complete_at()
    }

    /// Returns a whole `config.toml` that polls these publishers every few seconds, listens on
    /// `listen` and keeps everything under `dir`.
    pub fn config_toml(&self, listen: &str, dir: &Path) -> String {
        let mut text = format!(
            r#"# Configuration of `feedmill demo`: sample publishers on this machine.
# Each is polled every few seconds.

[site]
title = "Feedmill thử nghiệm"
base_url = {base_url}
language = "vi"
timezone = "Asia/Ho_Chi_Minh"

[server]
listen = [{listen}]

[store]
path = {path}
reserve = "16 MiB"

[poll]
interval = "5s"
min_interval = "5s"
max_interval = "30s"
per_host = 16
host_gap = "0s"
domain_gap = "0s"
timeout = "10s"
allow_networks = ["127.0.0.0/8"]
allow_ports = "any"
"#,
            base_url = quoted(&base_url(listen)),
            listen = quoted(listen),
            path = quoted(&dir.join("data").display().to_string()),
        );
        for (slug, title) in outlets::CATEGORIES {
            text.push_str(&format!("\n[category.{slug}]\ntitle = {}\n", quoted(title)));
        }
        for (outlet, publisher) in OUTLETS.iter().zip(&self.publishers) {
            text.push_str(&source_toml(outlet, publisher));
        }
        text
    }
}

fn source_toml(outlet: &Outlet, publisher: &Publisher) -> String {
    let list =
        |texts: &[&str]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "\n# {about}\n[[source]]\nid = {id}\nurl = {url}\ntitle = {title}\ncategories = \
         [{categories}]\ninterval = \"5s\"\n",
        about = outlet.about,
        id = quoted(outlet.id),
        url = quoted(&publisher.url),
        title = quoted(outlet.title),
        categories = list(outlet.categories),
    );
    if outlet.priority != 0 {
        text.push_str(&format!("priority = {}\n", outlet.priority));
    }
    if !outlet.aliases.is_empty() {
        text.push_str(&format!("aliases = [{}]\n", list(outlet.aliases)));
    }
    text
}

/// Returns the public URL of a listener: an address that means "all" is reached at the loopback.
fn base_url(listen: &str) -> String {
    match listen.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => {
            format!("http://127.0.0.1:{}", address.port())
        }
        Ok(address) => format!("http://{address}"),
        Err(_) => "http://localhost".to_owned(),
    }
}

/// Returns a basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// What the publishers have to say, and when they say it.
#[derive(Debug)]
struct Press {
    started: Timestamp,
    /// By outlet, in the order of `OUTLETS`.
    articles: Vec<(&'static str, Vec<Article>)>,
}

impl Press {
    fn new(started: Timestamp) -> Result<Self, String> {
        let wires = articles::wires()?;
        let read = |outlet: &Outlet| Ok((outlet.id, articles::read(outlet.articles, &wires)?));
        let articles = OUTLETS.iter().map(read).collect::<Result<_, String>>()?;
        Ok(Self { started, articles })
    }

    /// Returns the outlet's articles that are out at `now`, newest first, with their instants.
    fn published(&self, outlet: &Outlet, now: Timestamp) -> Vec<(Timestamp, &Article)> {
        let own = self.articles.iter().find(|(id, _)| *id == outlet.id);
        let all = own.into_iter().flat_map(|(_, articles)| articles);
        let mut out: Vec<_> = all
            .map(|article| (article.moment.after(self.started), article))
            .filter(|(at, _)| *at <= now)
            .collect();
        out.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        out
    }

    fn document(&self, outlet: &Outlet, now: Timestamp) -> Vec<u8> {
        writers::write(outlet, &self.published(outlet, now))
    }

    fn complete_at(&self) -> Timestamp {
        let all = self.articles.iter().flat_map(|(_, articles)| articles);
        let instants = all.map(|article| article.moment.after(self.started));
        instants.max().unwrap_or(self.started).max(self.started)
    }
}

#[cfg(test)]
mod tests;
