//! What the configuration alone makes: the frame of pages, their look, and what is said when there
//! is nothing to show.

use http::header::{self, HeaderValue};
use http::{Request, StatusCode};

use crate::render::html::{self, Notice, Style};

use super::cache::RenderError;
use super::respond::{self, Answer};
use super::route::Route;
use super::{Settings, heads, paint};

/// Seconds after which a 503 may be tried again.
const RETRY_AFTER_S: &str = "10";

/// The settings with what is reckoned from them once.
pub(super) struct Front {
    pub(super) settings: Settings,
    pub(super) shell: html::Shell,
    pub(super) style: Style,
    pub(super) policy: HeaderValue,
}

impl Front {
    pub(super) fn new(settings: Settings) -> Self {
        let style = html::style(&settings.site.accent);
        let site = &settings.site;
        let base_path = url::Url::parse(&site.base_url)
            .map(|url| url.path().trim_end_matches('/').to_owned())
            .unwrap_or_default();
        let categories = settings.catalog.categories.iter();
        let published = settings.catalog.sources.iter().filter(|source| source.publish);
        let shell = html::Shell {
            title: site.title.clone(),
            language: site.language.clone(),
            base_url: site.base_url.clone(),
            style_href: format!("{base_path}{}", style.path),
            base_path,
            images: site.images,
            timezone: site.timezone.clone(),
            sections: categories.map(|c| (c.slug.to_string(), c.title.clone())).collect(),
            sources: published.map(|source| source.id.to_string()).collect(),
        };
        let policy = policy(shell.images);
        Self { settings, shell, style, policy }
    }

    /// A page for people, or a line for a feed reader: a feed URL never answers HTML (R112).
    pub(super) fn notice(&self, status: StatusCode, is_feed: IsFeed) -> Answer {
        let notice = match status {
            StatusCode::GONE => Notice::Gone,
            StatusCode::NOT_FOUND => Notice::NotFound,
            StatusCode::SERVICE_UNAVAILABLE => Notice::Unavailable,
            _ => Notice::Failed,
        };
        if is_feed == IsFeed::Yes {
            let reason = status.canonical_reason().unwrap_or_default().to_lowercase();
            return respond::text(status, format!("{reason}\n"));
        }
        let body = html::notice(&self.shell, notice);
        let keep = if status.is_server_error() { respond::KEEP_NOT } else { "public, max-age=60" };
        let mut answer = respond::page(status, body, paint::HTML, keep);
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        respond::put(answer.headers_mut(), header::REFERRER_POLICY, heads::REFERRER_POLICY);
        answer
    }

    /// 503: a page for people, the reason for programs.
    pub(super) fn unavailable(&self, why: &str, is_feed: IsFeed) -> Answer {
        match is_feed {
            IsFeed::Yes => unavailable(why),
            IsFeed::No => later(self.notice(StatusCode::SERVICE_UNAVAILABLE, is_feed)),
        }
    }

    /// While there is no store, there is what the configuration alone makes: the look of the page
    /// that says so.
    pub(super) fn without_store(&self, route: &Route, why: &str, is_feed: IsFeed) -> Answer {
        let fixed = |body: &str, kind| {
            respond::page(StatusCode::OK, body.to_owned(), kind, respond::KEEP_NOT)
        };
        match route {
            Route::Style(hash) if *hash == self.style.hash => fixed(&self.style.css, paint::CSS),
            Route::Icon => fixed(&html::icon(&self.settings.site.accent), paint::SVG),
            _ => self.unavailable(why, is_feed),
        }
    }

    pub(super) fn moved(&self, path: &str) -> Answer {
        respond::moved(&format!("{}{path}", self.settings.site.base_url))
    }
}

/// What a page may load: its style sheet and icon, and pictures of others only if the operator says
/// so (R97).
fn policy(images: bool) -> HeaderValue {
    HeaderValue::from_static(if images {
        "default-src 'none'; style-src 'self'; img-src 'self' https: http: data:; \
         media-src https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    } else {
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    })
}

/// Whether a path is that of a feed or list for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IsFeed {
    Yes,
    No,
}

pub(super) fn is_feed_path<B>(request: &Request<B>) -> IsFeed {
    let path = request.uri().path();
    let endings = [".atom", ".rss", ".json", ".opml", ".css", ".txt"];
    if endings.iter().any(|ending| path.ends_with(ending)) { IsFeed::Yes } else { IsFeed::No }
}

pub(super) fn unavailable(why: &str) -> Answer {
    later(respond::text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")))
}

fn later(mut answer: Answer) -> Answer {
    respond::put(answer.headers_mut(), header::RETRY_AFTER, RETRY_AFTER_S);
    answer
}

pub(super) fn too_many() -> Answer {
    let mut answer = respond::text(StatusCode::TOO_MANY_REQUESTS, "too many requests\n");
    respond::put(answer.headers_mut(), header::RETRY_AFTER, "1");
    answer
}

pub(super) fn failed(front: &Front, error: &RenderError, is_feed: IsFeed) -> Answer {
    match error {
        RenderError::Closed => front.unavailable("the store is not open", is_feed),
        RenderError::Store(cause) => {
            tracing::warn!(error = %cause, "failed to read what a page holds");
            front.unavailable("the store cannot be read", is_feed)
        }
        RenderError::Panicked => {
            tracing::error!("a rendering panicked");
            front.notice(StatusCode::INTERNAL_SERVER_ERROR, is_feed)
        }
    }
}
