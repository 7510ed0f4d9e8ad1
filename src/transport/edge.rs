//! The middleware around every request: its context, the rendering of errors, the headers of every answer, compression,
//! and the access log.

use std::{
    net::IpAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_http::{ConnectionType, encoding::Encoder};
use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{
            self, AcceptEncoding, ContentEncoding, Encoding as Coding, Header as _, HeaderMap, HeaderName, HeaderValue,
        },
    },
    web::Data,
};
use futures_util::future::Either;

use super::{
    api::Api,
    codec::Encoding,
    context::{Context, Face, Outcome},
    error::{Error, Protocol, Rendered},
    headers,
    ops::Readiness,
    pb, reply,
    service::Inner,
    wire,
};
use crate::{
    domain,
    gateway::Gateway,
    logging,
    metrics::{Http, Labels},
    model::{Invalid, UserId},
    time_limit,
};

/// Bodies smaller than this are not worth compressing.
const MIN_COMPRESSED_BYTES: u64 = 1024;

/// The outermost middleware: gives the request its [`Context`], and the answer its headers, compression and log line.
#[derive(Clone)]
pub struct Frame(Rc<Listener>);

/// What all requests of a listener have in common.
struct Listener {
    gateway: Data<Gateway>,
    readiness: Data<Readiness>,
    face: Face,
}

impl Frame {
    /// The middleware of a face.
    pub fn new(gateway: &Data<Gateway>, readiness: &Data<Readiness>, face: Face) -> Self {
        Self(Rc::new(Listener { gateway: Data::clone(gateway), readiness: Data::clone(readiness), face }))
    }

    /// Sends the request to `service`, and completes its answer.
    pub fn around<S: Inner<B>, B: MessageBody + 'static>(
        &self,
        mut req: ServiceRequest,
        service: &S,
    ) -> impl Future<Output = Result<ServiceResponse<BoxBody>, actix_web::Error>> + use<S, B> {
        let started = Instant::now();
        let coding = wanted_coding(&req);
        let listener = Rc::clone(&self.0);
        let context = Rc::new(Context::of(&req, &listener.gateway.config, listener.gateway.random, listener.face));
        let in_flight = listener.gateway.metrics.http.begin();
        req.extensions_mut().insert(Rc::clone(&context));
        route_head_as_get(&mut req);
        let answer = logging::for_request(Arc::clone(&context.id), time_limit::with_own(service.call(req)));
        async move {
            let mut res = answer.await?.map_into_boxed_body();
            add_headers(res.headers_mut(), &context);
            if !listener.readiness.get() {
                // Otherwise a client that reuses the connection would find it closed at its next request.
                res.response_mut().head_mut().set_connection_type(ConnectionType::Close);
            }
            let took = started.elapsed();
            count(&res, &context, &listener.gateway.metrics.http, took);
            log_access(&res, &context, took);
            drop(in_flight);
            Ok(compress(res, coding))
        }
    }
}

/// Routes HEAD as GET (RFC 9110 §9.3.2); actix-http leaves the body out.
pub fn route_head_as_get(req: &mut ServiceRequest) {
    if req.method() == Method::HEAD {
        req.head_mut().method = Method::GET;
    }
}

/// The middleware inside CORS: turns every error, including actix's own, into the envelope and encoding that the client
/// expects.
pub fn render_errors<S: Inner<B>, B: MessageBody + 'static>(
    req: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<BoxBody>, actix_web::Error>> + use<S, B> {
    // No route has CONNECT, whose target is not a path (RFC 9110 §9.3.6).
    let answer = if req.method() == Method::CONNECT {
        Either::Left(req.into_response(HttpResponse::MethodNotAllowed()))
    } else {
        Either::Right(service.call(req))
    };
    async move {
        Ok(rendered(match answer {
            Either::Left(refused) => refused,
            Either::Right(answer) => answer.await?.map_into_boxed_body(),
        }))
    }
}

fn rendered(res: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let Some(context) = Context::get(res.request()) else {
        return res;
    };
    let status = res.status();
    let shown = match res.response().error().and_then(|error| error.as_error::<Error>()) {
        Some(Error::Domain(domain::Error::Invalid(invalid))) => {
            let what = context.noted.field_names.get().of(invalid.what);
            Error::from(Invalid { what, ..*invalid }).shown(context.api, context.language)
        }
        Some(error) => error.shown(context.api, context.language),
        None if status.is_client_error() || status.is_server_error() => {
            Error::from(Protocol::from(status)).shown(context.api, context.language)
        }
        None => return res,
    };
    if let Some(cause) = &shown.cause {
        let path = res.request().path();
        if shown.status.is_server_error() {
            log::error!("{path}: {cause:?}");
        } else {
            log::debug!("{path}: {cause:?}");
        }
    }
    let mut rendered = render(res.request(), &context, &shown);
    keep_headers(res.headers(), rendered.headers_mut());
    ServiceResponse::new(res.request().clone(), rendered)
}

/// Copies the headers that the rendered answer does not have itself, all values of each.
fn keep_headers(from: &HeaderMap, to: &mut HeaderMap) {
    let own: Vec<HeaderName> = to.keys().cloned().collect();
    for (name, value) in from.iter().filter(|(name, _)| !own.contains(name) && *name != header::CONTENT_LENGTH) {
        to.append(name.clone(), value.clone());
    }
}

fn render(req: &HttpRequest, context: &Context, shown: &Rendered) -> HttpResponse {
    let (encoding, bytes) = match context.api {
        _ if Api::is_of_qiniu(req.path()) => (Encoding::Json, reply::upload_error(shown.code, &shown.text)),
        Api::V1 => {
            let encoding = wire::answer_encoding(req);
            (encoding, encoding.encode(context.number, shown.code, &shown.text, &pb::StatusResponse::default()))
        }
        Api::Admin => (Encoding::Json, reply::admin::<()>(shown.code, None, Some(&shown.text))),
        Api::OAuth => (Encoding::Json, reply::oauth_error(shown.status, &shown.text)),
        Api::Tinode => (Encoding::Json, reply::tinode_error(shown.status)),
    };
    context.noted.outcome.set(Some(Outcome { code: shown.code, encoding }));
    let status = if context.is_strict { shown.strict_status } else { shown.status };
    let mut res = reply::response(status, encoding, bytes.unwrap_or_default());
    if context.is_strict {
        let name = &headers::PREFERENCE_APPLIED;
        res.headers_mut().insert(name.clone(), HeaderValue::from_static("handling=strict"));
    }
    if matches!(context.api, Api::OAuth | Api::Tinode) && status == StatusCode::UNAUTHORIZED {
        for scheme in ["Bearer", "Basic realm=\"diglot\", charset=\"UTF-8\""] {
            res.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
    }
    if let Some(secs) = shown.retry_after_secs {
        res.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
    }
    res
}

fn add_headers(to: &mut HeaderMap, context: &Context) {
    static NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
    static NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
    static BY_LANGUAGE: HeaderValue = HeaderValue::from_static("Accept-Language");
    static BY_ENCODING_AND_LANGUAGE: HeaderValue = HeaderValue::from_static("Accept, Accept-Language");
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        to.insert(headers::X_REQUEST_ID.clone(), id);
    }
    if !to.contains_key(header::CACHE_CONTROL) {
        // Answers hold personal data or tokens (security.md 40).
        to.insert(header::CACHE_CONTROL, NO_STORE.clone());
    }
    to.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF.clone());
    let varies = if context.api == Api::V1 { &BY_ENCODING_AND_LANGUAGE } else { &BY_LANGUAGE };
    to.append(header::VARY, varies.clone());
}

/// The best supported coding in the request's `Accept-Encoding`; identity when the header is absent or names no
/// supported coding.
fn wanted_coding(req: &ServiceRequest) -> ContentEncoding {
    let codings = [Coding::identity(), Coding::brotli(), Coding::gzip()];
    if !req.headers().contains_key(header::ACCEPT_ENCODING) {
        return ContentEncoding::Identity;
    }
    match AcceptEncoding::parse(req).ok().and_then(|wanted| wanted.negotiate(codings.iter())) {
        Some(Coding::Known(coding)) => coding,
        Some(Coding::Unknown(_)) | None => ContentEncoding::Identity,
    }
}

fn compress(res: ServiceResponse<BoxBody>, coding: ContentEncoding) -> ServiceResponse<BoxBody> {
    let is_worthwhile = matches!(res.response().body().size(), BodySize::Sized(size) if size >= MIN_COMPRESSED_BYTES);
    let media_type = res.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_compressed = media_type.is_some_and(|name| name.starts_with(b"image/"));
    if !is_worthwhile || is_compressed || coding == ContentEncoding::Identity {
        return res;
    }
    res.map_body(|head, body| Encoder::response(coding, head, body)).map_into_boxed_body()
}

/// Counts an answer by what a client does not choose freely.
fn count(res: &ServiceResponse<BoxBody>, context: &Context, metrics: &Http, took: Duration) {
    let (route, outcome) = (context.noted.route.get(), context.noted.outcome.get());
    let labels = Labels {
        face: context.face.name(),
        route: route.map(|route| route.pattern()),
        encoding: outcome.map(|outcome| outcome.encoding.name()),
        status: res.status().as_u16(),
        code: outcome.map(|outcome| outcome.code),
    };
    match route {
        Some(route) => route.answered(metrics, labels, took),
        None => metrics.series(labels).answered(took),
    }
}

/// The address as text: that of IPv4, which is the most common, without formatting each of its numbers.
fn address_text(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else { return address.to_string() };
    let mut text = String::with_capacity("255.255.255.255".len());
    for octet in address.octets() {
        text.push_str(if text.is_empty() { "" } else { "." });
        text.push_str(itoa::Buffer::new().format(octet));
    }
    text
}

/// Logs one line per request. The query is left out, because it can hold personal data.
fn log_access(res: &ServiceResponse<BoxBody>, context: &Context, took: Duration) {
    let req = res.request();
    let identity = context.noted.identity.borrow();
    let outcome = context.noted.outcome.get();
    log::info!(
        target: "access",
        id = &*context.id,
        number = context.number,
        app = identity.as_ref().map(|identity| identity.tenant_id.as_str()),
        user = identity.as_ref().and_then(|identity| identity.user).map(UserId::get),
        from = &*address_text(context.address),
        method = context.method.as_str(),
        path = req.path(),
        status = res.status().as_u16(),
        code = outcome.map(|outcome| outcome.code),
        encoding = outcome.map(|outcome| outcome.encoding.name()),
        ms = (took.as_secs_f64() * 10_000.0).round() / 10.0;
        "answered"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_of_a_repeated_header_are_kept() {
        let headers = |list: &[(HeaderName, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in list {
                map.append(name.clone(), HeaderValue::from_static(value));
            }
            map
        };
        let from = headers(&[(header::ALLOW, "GET"), (header::ALLOW, "POST"), (header::CONTENT_TYPE, "text/plain")]);
        let mut to = headers(&[(header::CONTENT_TYPE, "application/json")]);
        keep_headers(&from, &mut to);
        assert_eq!(to.get_all(header::ALLOW).collect::<Vec<_>>(), ["GET", "POST"]);
        assert_eq!(to.get_all(header::CONTENT_TYPE).collect::<Vec<_>>(), ["application/json"]);
    }
}
