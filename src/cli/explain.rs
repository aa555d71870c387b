//! `feedmill explain`: why an entry looks as it does.

use clap::Args;
use hyper::Method;

use super::{Exit, Failure, client, print_line, runtime};
use crate::daemon;
use crate::model::policy::Config;

/// Arguments of `explain`.
#[derive(Args)]
pub(super) struct ExplainArguments {
    /// A public id, the id in an entry page's URL, a URL or a guid
    entry: String,
}

/// Prints where an entry came from, its copies with the rule of each, and its dates.
pub(super) fn run(config: Config, arguments: &ExplainArguments) -> Result<Exit, Failure> {
    let text = runtime()?.block_on(explain(config, &arguments.entry))?;
    print_line(text.trim_end());
    Ok(Exit::Done)
}

async fn explain(config: Config, entry: &str) -> Result<String, Failure> {
    let query: String = url::form_urlencoded::byte_serialize(entry.as_bytes()).collect();
    let path = format!("/explain?entry={query}");
    let unknown = || {
        Failure::new(
            Exit::Data,
            format!("no entry `{entry}`: give a public id, a link or a guid that a feed listed"),
        )
    };
    if let Some(reply) = client::ask(&config, Method::GET, &path).await? {
        return if reply.status == 200 { Ok(reply.body) } else { Err(unknown()) };
    }
    let mill = daemon::open(config, None).await.map_err(super::run::failure)?;
    let text = mill.explain(entry);
    mill.stop().await;
    text.map_err(|error| Failure::new(super::run::store_exit(&error), super::run::chain(&error)))?
        .ok_or_else(unknown)
}
