//! `feedmill explain`: why an entry looks as it does.

use clap::Args;
use hyper::Method;

use super::{Exit, Failure, client, print_line, runtime};
use crate::control;
use crate::daemon;
use crate::model::policy::Config;

/// Arguments of `explain`.
#[derive(Args)]
pub(super) struct ExplainArguments {
    /// A public id, the id in an entry page's URL, a URL or a guid
    entry: String,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Prints where an entry came from, its copies with the rule of each, and its dates.
pub(super) fn run(config: Config, arguments: &ExplainArguments) -> Result<Exit, Failure> {
    let text = runtime()?.block_on(explain(config, arguments))?;
    print_line(text.trim_end());
    Ok(Exit::Done)
}

async fn explain(config: Config, arguments: &ExplainArguments) -> Result<String, Failure> {
    let entry = &arguments.entry;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("entry", entry);
    if arguments.json {
        query.append_pair("json", "1");
    }
    let path = format!("/explain?{}", query.finish());
    if let Some(reply) = client::ask(&config, Method::GET, &path).await? {
        return client::told(reply);
    }
    let mill = daemon::open(config, None).await.map_err(super::run::failure)?;
    let told = if arguments.json { mill.explain_json(entry) } else { mill.explain(entry) };
    mill.stop().await;
    told.map_err(|error| Failure::new(super::run::store_exit(&error), super::run::chain(&error)))?
        .ok_or_else(|| Failure::new(Exit::Data, control::unknown_entry(entry)))
}
