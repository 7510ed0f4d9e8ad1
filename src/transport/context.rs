//! What is known about a request: its id, source address, face and language before routing, and what is noted while it
//! is handled.

use std::{
    cell::{Cell, OnceCell, RefCell},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_web::{
    HttpMessage as _, HttpRequest,
    dev::ServiceRequest,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName},
    },
};

use super::{api::Api, codec::Encoding, headers, json::FieldNames};
use crate::{
    config::Config,
    domain::Origin,
    metrics::{Http, Labels, Series},
    model::{Language, TenantId, UserId},
    random::Random,
};

/// The face that received a request; it determines the default encoding of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// For native apps; each route answers in its documented encoding.
    App,
    /// For browsers; JSON.
    Web,
}

impl Face {
    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Web => "web",
        }
    }
}

/// The pattern of the path that a request has, for metrics.
pub struct Route {
    pattern: &'static str,
    /// The series of the answers that there were, so that they need not be looked up by all their labels.
    series: RefCell<Vec<(Labels, Series)>>,
}

impl Route {
    /// A path with the pattern `pattern`.
    pub fn new(pattern: &'static str) -> Self {
        Self { pattern, series: RefCell::default() }
    }

    /// The pattern.
    pub const fn pattern(&self) -> &'static str {
        self.pattern
    }

    /// Counts an answer.
    pub fn answered(&self, metrics: &Http, labels: Labels, took: Duration) {
        let mut series = self.series.borrow_mut();
        if let Some((_, known)) = series.iter().find(|(known, _)| *known == labels) {
            return known.answered(took);
        }
        let new = metrics.series(labels);
        new.answered(took);
        series.push((labels, new));
    }
}

/// What is known about a request; in its extensions.
pub struct Context {
    /// Identifies the request in headers and logs.
    pub id: Arc<str>,
    /// Identifies the request in protobuf answers: never zero, below 2^53.
    pub number: u64,
    /// The method as sent: HEAD is routed as GET.
    pub method: Method,
    /// The source address, from trusted hops only.
    pub address: IpAddr,
    /// The face that received it.
    pub face: Face,
    /// Which API its path belongs to.
    pub api: Api,
    /// The language of the texts in the answer.
    pub language: Language,
    /// Whether the client wants plain HTTP statuses (`Prefer: handling=strict`, RFC 7240).
    pub is_strict: bool,
    /// What is noted while the request is handled.
    pub noted: Noted,
}

/// What becomes known about a request while it is handled: for its answer, the access log and the metrics.
#[derive(Default)]
pub struct Noted {
    /// The route of its path, if there is one.
    pub route: OnceCell<Rc<Route>>,
    /// Who sent it.
    pub identity: RefCell<Option<Identity>>,
    /// The encoding in which it is to be answered, on a path of `/v1`.
    pub answer_encoding: Cell<Option<Encoding>>,
    /// The names of the fields of its message.
    pub field_names: Cell<FieldNames>,
    /// How it ended.
    pub outcome: Cell<Option<Outcome>>,
}

/// The identity behind a request.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The user on whose behalf the request acts.
    pub user: Option<UserId>,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// The code in the envelope.
    pub code: i32,
    /// The encoding of the answer.
    pub encoding: Encoding,
}

impl Context {
    /// Builds the context from the request's head.
    pub fn of(req: &ServiceRequest, config: &Config, random: Random, listener: Face) -> Self {
        let headers = req.headers();
        let peer = req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let api = Api::of(req.path());
        let (id, number) = request_id(headers, random);
        Self {
            id,
            number,
            method: req.method().clone(),
            address: source_address(peer, headers, config),
            face: if is_web_host(headers, &config.web_hosts) { Face::Web } else { listener },
            api,
            language: language(headers, api),
            is_strict: prefers_strict(headers) || Api::is_of_qiniu(req.path()),
            noted: Noted::default(),
        }
    }

    /// The context that `edge.rs` stored in the request.
    pub fn get(req: &HttpRequest) -> Option<Rc<Self>> {
        req.extensions().get::<Rc<Self>>().cloned()
    }

    /// Notes how a request ends.
    pub fn note_outcome(req: &HttpRequest, code: i32, encoding: Encoding) {
        if let Some(context) = Self::get(req) {
            context.noted.outcome.set(Some(Outcome { code, encoding }));
        }
    }

    /// The origin of the request, for the domain.
    pub fn origin(&self, headers: &HeaderMap) -> Origin {
        const MAX_USER_AGENT_CHARS: usize = 255;
        // The text of a header is ASCII, without control characters other than tabs.
        let mut user_agent = text(headers, &header::USER_AGENT).replace('\t', "");
        user_agent.truncate(MAX_USER_AGENT_CHARS);
        Origin { address: self.address, request_id: Arc::clone(&self.id), language: self.language, user_agent }
    }
}

/// A header's value; empty if the header is absent or not text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The id and number of a request. The id is the client's if it is well-formed (1–64 of `A–Z a–z 0–9 . _ -`), else a
/// random number. The number is the id itself if that is a number in range, else a hash of it; the access log has both.
fn request_id(sent: &HeaderMap, random: Random) -> (Arc<str>, u64) {
    const MAX_NUMBER: u64 = (1 << 53) - 1;
    let in_range = |number: u64| (number % MAX_NUMBER).max(1);
    let id = text(sent, &headers::X_REQUEST_ID);
    let is_well_formed =
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !is_well_formed {
        let number = in_range(random.number());
        return (itoa::Buffer::new().format(number).into(), number);
    }
    let number = match id.parse() {
        Ok(number) if (1..=MAX_NUMBER).contains(&number) => number,
        _ => {
            let mut hasher = DefaultHasher::new();
            id.hash(&mut hasher);
            in_range(hasher.finish())
        }
    };
    (id.into(), number)
}

/// The peer's address or, behind trusted proxies, the rightmost hop that is not one of them (security.md 11).
fn source_address(peer: IpAddr, headers: &HeaderMap, config: &Config) -> IpAddr {
    let mut source = peer;
    let lines: Vec<_> = headers.get_all(header::X_FORWARDED_FOR).collect();
    // A malformed hop ends the walk: the client itself may have written whatever is to the left of it.
    for hop in lines.iter().rev().flat_map(|line| line.to_str().unwrap_or("?").rsplit(',')) {
        if !config.is_trusted_proxy(source) {
            break;
        }
        match hop_address(hop.trim()) {
            Some(address) => source = address,
            None => break,
        }
    }
    source.to_canonical()
}

/// Parses an address as proxies write it: plain, with a port, or IPv6 in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    hop.parse().ok().or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip())).or_else(bracketed)
}

fn is_web_host(headers: &HeaderMap, web_hosts: &[String]) -> bool {
    if web_hosts.is_empty() {
        return false;
    }
    let host = text(headers, &header::HOST);
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    web_hosts.iter().any(|web_host| web_host.eq_ignore_ascii_case(name) || web_host.eq_ignore_ascii_case(host))
}

/// The supported language that the client prefers; by default Chinese on /v1 and English elsewhere (behaviour.md §2).
fn language(headers: &HeaderMap, api: Api) -> Language {
    let mut best: Option<(f32, Language)> = None;
    for item in text(headers, &header::ACCEPT_LANGUAGE).split(',') {
        let mut parts = item.split(';').map(str::trim);
        let language = match parts.next().unwrap_or_default().split('-').next() {
            Some(primary) if primary.eq_ignore_ascii_case("zh") => Language::Zh,
            Some(primary) if primary.eq_ignore_ascii_case("en") => Language::En,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse).unwrap_or(0.0);
        if quality > best.map_or(0.0, |(best, _)| best) {
            best = Some((quality, language));
        }
    }
    let default = match api {
        Api::V1 => Language::Zh,
        Api::Admin | Api::OAuth | Api::Tinode => Language::En,
    };
    best.map_or(default, |(_, language)| language)
}

fn prefers_strict(sent: &HeaderMap) -> bool {
    let preferences = sent.get_all(&headers::PREFER).filter_map(|value| value.to_str().ok());
    preferences.flat_map(|value| value.split([',', ';'])).any(|one| {
        let mut parts = one.splitn(2, '=').map(|part| part.trim().trim_matches('"'));
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("handling"))
            && parts.next().is_some_and(|value| value.eq_ignore_ascii_case("strict"))
    })
}
