//! Posts a small form to an outside service, by the rules that hold for polling: only schemes, ports
//! and addresses that may be polled (P68), bounded in time. It follows no redirect and reads no
//! body: the status is the answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use url::Url;

use super::connect::{Connector, Dialer, Timed};
use super::request::Identity;
use super::trip;
use super::trouble::Trouble;
use super::{FetchSetupError, HEADERS_MAX, KEEP_ALIVE, tls};
use crate::model::outcome::{BoxFuture, Post};
use crate::model::policy::PollPolicy;

/// For the whole request, connecting included.
const POST_TIMEOUT: Duration = Duration::from_secs(20);

/// Posts over HTTP/1.1 and HTTP/2.
pub struct HttpPost {
    policy: PollPolicy,
    agent: HeaderValue,
    client: Client<Timed<HttpsConnector<Connector>>, Full<Bytes>>,
}

impl HttpPost {
    /// Makes one that calls itself `feedmill/{version}`. Opens no connection.
    pub fn new(policy: &PollPolicy, version: &str) -> Result<Self, FetchSetupError> {
        let dialer = Arc::new(Dialer::new(policy.allow_networks.clone()));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config(policy.ca_file.as_deref())?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Connector { dialer, proxy: None });
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_ALIVE)
            .http1_max_headers(HEADERS_MAX)
            .build(Timed(connector));
        let agent = Identity::new(version, &policy.contact)?.agent;
        Ok(Self { policy: policy.clone(), agent, client })
    }

    async fn exchange(&self, url: &Url, form: &str) -> Result<u16, Trouble> {
        trip::admit(url, &self.policy)?;
        let request = Request::post(url.as_str())
            .header(USER_AGENT, self.agent.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::copy_from_slice(form.as_bytes())))
            .map_err(|_| Trouble::refused("the URL cannot be put into a request"))?;
        let response = self.client.request(request).await;
        Ok(response.map_err(|error| Trouble::of_exchange(&error))?.status().as_u16())
    }
}

impl Post for HttpPost {
    fn post<'a>(&'a self, url: &'a Url, form: &'a str) -> BoxFuture<'a, Result<u16, String>> {
        Box::pin(async move {
            match timeout(POST_TIMEOUT, self.exchange(url, form)).await {
                Ok(answer) => answer.map_err(|trouble| trouble.line),
                Err(_) => Err(format!("no answer within {} s", POST_TIMEOUT.as_secs())),
            }
        })
    }
}
