//! The operator's side: metrics, state, and orders to the daemon, on a socket that the public does
//! not reach.
//!
//! What the orders do is not known here: the daemon brings it as a trait object. Only methods and
//! addresses are.

mod guard;
mod query;

use std::sync::Arc;

use http::header;
use http::{Method, Request, StatusCode};

use crate::model::outcome::BoxFuture;

pub use query::{
    ExplainForm, ExplainQuery, OrderQuery, PollChoice, PollEffect, PollQuery, PollTelling,
};

use super::limit::Peer;
use super::pieces::Body;
use super::respond::{self, Answer};
use super::select::Secrets;

/// What the operator may ask of the daemon.
pub trait Actions: Send + Sync {
    /// Returns the metrics as Prometheus text.
    fn metrics(&self) -> String;

    /// Returns the state of everything as one JSON object.
    fn status(&self) -> BoxFuture<'_, Result<String, ActionError>>;

    /// Polls and waits for the end; returns JSON lines, all of them or the last.
    fn poll(&self, query: PollQuery) -> BoxFuture<'_, Result<String, ActionError>>;

    /// Polls; returns the same JSON lines while they come, and after those of a source how far it is.
    fn follow_poll(&self, query: PollQuery) -> BoxFuture<'_, Result<Pieces, ActionError>>;

    /// Reads the configuration again; returns the difference as one JSON object, or the problems.
    fn reload(&self) -> BoxFuture<'_, Result<String, ActionError>>;

    /// Returns what is polled as OPML; `with_secrets`: sources whose address holds one too.
    fn export(&self, secrets: Secrets) -> BoxFuture<'_, Result<String, ActionError>>;

    /// Carries out an order; returns what came of it as one JSON object.
    fn order(&self, order: OrderQuery) -> BoxFuture<'_, Result<String, ActionError>>;

    /// Says why an entry looks as it does.
    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<String, ActionError>>;

    /// Reads every record and compares all that should agree; returns a JSON object of findings.
    fn verify(&self) -> BoxFuture<'_, Result<String, ActionError>>;

    /// Returns the whole store as a backup, made while it is sent.
    fn backup(&self) -> BoxFuture<'_, Result<Pieces, ActionError>>;
}

/// What is made while it is sent.
pub type Pieces = tokio::sync::mpsc::Receiver<std::io::Result<bytes::Bytes>>;

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ActionError {
    /// What kind of trouble it is.
    pub kind: ActionErrorKind,
    /// One line for the operator.
    pub message: String,
}

/// The troubles that differ for the one who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionErrorKind {
    /// There is no such source or entry: 404.
    NotFound,
    /// What was sent is wrong: 422.
    Invalid,
    /// Not now: 503.
    Unavailable,
    /// It failed: 500.
    Failed,
}

impl ActionErrorKind {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const BACKUP: &str = "application/zstd";
const LINES: &str = "application/x-ndjson";
const OPML: &str = "text/x-opml; charset=utf-8";
/// Prometheus text format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers one request of the operator.
pub async fn respond<B>(actions: &Arc<dyn Actions>, request: &Request<B>, peer: Peer) -> Answer {
    if guard::is_from_a_page(request.headers(), peer) {
        return respond::text(StatusCode::FORBIDDEN, "orders come from programs, not from pages\n");
    }
    let query = request.uri().query().unwrap_or_default();
    let (method, path) = (request.method(), request.uri().path());
    let allowed = match path {
        "/metrics" | "/status.json" | "/healthz" | "/explain" | "/export.opml" | "/verify"
        | "/backup" => "GET, HEAD",
        "/poll" | "/reload" | "/split" | "/merge" | "/withdraw" | "/forget" => "POST",
        _ => return respond::text(StatusCode::NOT_FOUND, "not found\n"),
    };
    let is_read = method == Method::GET || method == Method::HEAD;
    if is_read != (allowed == "GET, HEAD") || !(is_read || method == Method::POST) {
        return respond::method_not_allowed(allowed);
    }
    // What only tells is not particular; `/reload?dry_run=1` would do what it was meant not to.
    if !query.is_empty() && ["/reload", "/verify", "/backup"].contains(&path) {
        return told(Err(invalid(&format!("{path} takes no parameters"))), TEXT);
    }
    match path {
        "/metrics" => good(actions.metrics(), METRICS),
        "/status.json" => told(actions.status().await, JSON),
        "/explain" => match query::read_explain(query) {
            Ok(query) => {
                let kind = if query.form == ExplainForm::Json { JSON } else { TEXT };
                told(actions.explain(query).await, kind)
            }
            Err(error) => told(Err(error), TEXT),
        },
        "/verify" => told(actions.verify().await, JSON),
        "/backup" if method == Method::HEAD => good(String::new(), BACKUP),
        "/backup" => sent(actions.backup().await, BACKUP),
        "/export.opml" => match query {
            "" => told(actions.export(Secrets::LeftOut).await, OPML),
            "with_secrets=1" => told(actions.export(Secrets::Kept).await, OPML),
            _ => told(Err(invalid("the only parameter is with_secrets=1")), TEXT),
        },
        "/reload" => told(actions.reload().await, JSON),
        "/split" | "/merge" | "/withdraw" | "/forget" => match query::read_order(path, query) {
            Ok(order) => told(actions.order(order).await, JSON),
            Err(error) => told(Err(error), TEXT),
        },
        "/poll" => match query::read_poll(query) {
            Ok(query) if query.telling == PollTelling::AsItGoes => {
                sent(actions.follow_poll(query).await, LINES)
            }
            Ok(query) => told(actions.poll(query).await, LINES),
            Err(error) => told(Err(error), TEXT),
        },
        _ => good("ok\n".to_owned(), TEXT),
    }
}

/// Answers with what is made while it is sent.
fn sent(made: Result<Pieces, ActionError>, content_type: &'static str) -> Answer {
    match made {
        Ok(pieces) => {
            let mut answer = good(String::new(), content_type);
            answer.headers_mut().remove(header::CONTENT_LENGTH);
            *answer.body_mut() = Body::Pieces(pieces);
            answer
        }
        Err(error) => told(Err(error), TEXT),
    }
}

fn invalid(message: &str) -> ActionError {
    ActionError { kind: ActionErrorKind::Invalid, message: message.to_owned() }
}

fn good(body: String, content_type: &'static str) -> Answer {
    respond::page(StatusCode::OK, body, content_type, respond::KEEP_NOT)
}

fn told(result: Result<String, ActionError>, content_type: &'static str) -> Answer {
    match result {
        Ok(body) => good(body, content_type),
        Err(error) => {
            let status = error.kind.status();
            let mut answer = respond::text(status, format!("{}\n", error.message));
            if status == StatusCode::SERVICE_UNAVAILABLE {
                respond::put(answer.headers_mut(), header::RETRY_AFTER, "10");
            }
            answer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Told;

    impl Actions for Told {
        fn metrics(&self) -> String {
            "feedmill_polls_total 1\n".to_owned()
        }
        fn status(&self) -> BoxFuture<'_, Result<String, ActionError>> {
            Box::pin(async { Ok("{}".to_owned()) })
        }
        fn poll(&self, query: PollQuery) -> BoxFuture<'_, Result<String, ActionError>> {
            Box::pin(async move {
                if query.sources.iter().any(|id| id == "missing") {
                    let kind = ActionErrorKind::NotFound;
                    return Err(ActionError { kind, message: "no such source".to_owned() });
                }
                Ok(format!("{query:?}"))
            })
        }
        fn export(&self, secrets: Secrets) -> BoxFuture<'_, Result<String, ActionError>> {
            Box::pin(async move { Ok(format!("{secrets:?}")) })
        }
        fn order(&self, order: OrderQuery) -> BoxFuture<'_, Result<String, ActionError>> {
            Box::pin(async move { Ok(format!("{order:?}")) })
        }
        fn reload(&self) -> BoxFuture<'_, Result<String, ActionError>> {
            Box::pin(async { Err(invalid("config.toml:1:1: error: bad")) })
        }
        fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<String, ActionError>> {
            Box::pin(async move { Ok(format!("about {}", query.entry)) })
        }
        fn follow_poll(&self, _: PollQuery) -> BoxFuture<'_, Result<Pieces, ActionError>> {
            self.backup()
        }

        fn verify(&self) -> BoxFuture<'_, Result<String, ActionError>> {
            Box::pin(async { Ok("{}".to_owned()) })
        }

        fn backup(&self) -> BoxFuture<'_, Result<Pieces, ActionError>> {
            Box::pin(async {
                let (to, pieces) = tokio::sync::mpsc::channel(2);
                to.send(Ok("one".into())).await.unwrap();
                to.send(Ok("two".into())).await.unwrap();
                Ok(pieces)
            })
        }
    }

    async fn ask(method: Method, uri: &str) -> Answer {
        let actions: Arc<dyn Actions> = Arc::new(Told);
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        respond(&actions, &request, Peer::Local).await
    }

    #[tokio::test]
    async fn each_address_has_its_method_and_status() {
        let cases = [
            (Method::GET, "/metrics", 200),
            (Method::HEAD, "/metrics", 200),
            (Method::GET, "/status.json", 200),
            (Method::GET, "/healthz", 200),
            (Method::POST, "/poll", 200),
            (Method::POST, "/poll?source=a&source=b,c&due=1&dry_run=0&lines=1", 200),
            (Method::POST, "/poll?source=missing", 404),
            (Method::POST, "/poll?due=yes", 422),
            (Method::POST, "/poll?dew=1", 422),
            (Method::POST, "/poll?source=", 422),
            (Method::POST, "/poll?source=,", 422),
            (Method::POST, "/poll?progress=1", 200),
            (Method::POST, "/poll?progress=yes", 422),
            (Method::GET, "/explain?entry=a&json=1", 200),
            (Method::GET, "/explain?entry=a&entry=b", 422),
            (Method::GET, "/explain?entry=", 422),
            (Method::GET, "/explain?entry=a&form=json", 422),
            (Method::GET, "/status.json?verbose=1", 200),
            (Method::GET, "/verify?repair=1", 422),
            (Method::POST, "/reload?now", 422),
            (Method::POST, "/withdraw?entry=a&undoo=1", 422),
            (Method::POST, "/split?entry=a&undo=1", 422),
            (Method::POST, "/split?entry=a&entry=b", 422),
            (Method::POST, "/merge?entry=a&entry=b&entry=c", 422),
            (Method::POST, "/forget?source=", 422),
            (Method::OPTIONS, "/poll", 405),
            (Method::PATCH, "/status.json", 405),
            (Method::GET, "/healthz/", 404),
            (Method::POST, "/nothing", 404),
            (Method::GET, "/explain?entry=tag%3Ax", 200),
            (Method::GET, "/explain", 422),
            (Method::GET, "/verify", 200),
            (Method::GET, "/backup", 200),
            (Method::POST, "/backup", 405),
            (Method::GET, "/poll", 405),
            (Method::POST, "/metrics", 405),
            (Method::DELETE, "/poll", 405),
            (Method::PUT, "/healthz", 405),
            (Method::POST, "/reload", 422),
            (Method::GET, "/reload", 405),
            (Method::GET, "/export.opml", 200),
            (Method::GET, "/export.opml?with_secrets=1", 200),
            (Method::GET, "/export.opml?secrets", 422),
            (Method::POST, "/split?entry=a", 200),
            (Method::POST, "/split", 422),
            (Method::POST, "/merge?entry=a&entry=b", 200),
            (Method::POST, "/merge?entry=a", 422),
            (Method::POST, "/withdraw?entry=a&undo=1", 200),
            (Method::POST, "/withdraw?entry=a&undo=yes", 422),
            (Method::POST, "/forget?source=a", 200),
            (Method::POST, "/forget?entry=a", 422),
            (Method::GET, "/forget?source=a", 405),
            (Method::GET, "/", 404),
        ];
        for (method, uri, status) in cases {
            assert_eq!(ask(method.clone(), uri).await.status(), status, "{method} {uri}");
        }
        let allow = ask(Method::GET, "/poll").await.headers()[header::ALLOW].clone();
        assert_eq!(allow, "POST");
    }

    #[tokio::test]
    async fn a_backup_comes_in_pieces_of_unknown_length() {
        use http_body_util::BodyExt;
        let answer = ask(Method::GET, "/backup").await;
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/zstd");
        assert!(!answer.headers().contains_key(header::CONTENT_LENGTH));
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "onetwo");
    }
}
