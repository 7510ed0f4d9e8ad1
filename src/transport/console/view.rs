//! What every page has: its language, navigation and notices, and the parts that pages are made of.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header::ContentType, uri::PathAndQuery},
};
use jiff::{Timestamp, tz::TimeZone};
use maud::{DOCTYPE, Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    cookie,
    texts::{EN, Texts, ZH},
    values::Values,
};
use crate::{
    domain::{self, Operator},
    model::{Language, Position, TenantId},
    transport::{
        access::gateway,
        api::Api,
        context::Context,
        error::{Error, Protocol},
    },
};

/// The result of a handler.
pub(super) type Answer = Result<HttpResponse, Error>;

/// What a page needs beside its content.
pub(super) struct View {
    pub(super) t: &'static Texts,
    pub(super) language: Language,
    /// The token that the page's forms carry.
    pub(super) csrf: String,
    path: String,
    /// The path with its query, if the page can be opened again.
    target: String,
    zone: TimeZone,
    tenant: Option<TenantId>,
    notice: Option<String>,
    refusal: Option<String>,
}

impl View {
    /// The page for anyone, in the language that was chosen or, before, that the browser prefers.
    pub(super) fn of(req: &HttpRequest) -> Result<Self, Error> {
        let language = match cookie::language(req).as_deref() {
            Some("zh") => Language::Zh,
            Some("en") => Language::En,
            Some(_) | None => Context::get(req).map_or(Language::En, |context| context.language),
        };
        let target = req.uri().path_and_query().filter(|_| req.method() == Method::GET).map(PathAndQuery::as_str);
        Ok(Self {
            t: match language {
                Language::Zh => &ZH,
                Language::En => &EN,
            },
            language,
            csrf: cookie::csrf_token(req)?,
            path: req.path().to_owned(),
            target: target.unwrap_or(req.path()).to_owned(),
            zone: gateway(req)?.config.timezone.clone(),
            tenant: None,
            notice: None,
            refusal: None,
        })
    }

    pub(super) fn for_operator(self, operator: &Operator) -> Self {
        Self { tenant: Some(operator.tenant_id().clone()), ..self }
    }

    pub(super) fn with_notice(self, notice: Option<String>) -> Self {
        Self { notice, ..self }
    }

    /// The page after a refusal, which it shows.
    ///
    /// # Errors
    /// `error` itself, if another page shows it: the session has ended, or the gateway failed.
    pub(super) fn refused(self, error: impl Into<Error>) -> Result<Self, Error> {
        let error = error.into();
        let shown = error.shown(Api::Admin, self.language);
        if ends_session(&error) || shown.strict_status.is_server_error() {
            return Err(error);
        }
        Ok(Self { refusal: Some(shown.text), ..self })
    }

    /// The page after a refusal of the page itself.
    pub(super) fn with_refusal(self, text: String) -> Self {
        Self { refusal: Some(text), ..self }
    }

    /// The page.
    pub(super) fn page(&self, title: &str, content: &Markup) -> HttpResponse {
        let status = if self.refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        self.page_with(status, title, content)
    }

    /// The page with that status.
    pub(super) fn page_with(&self, status: StatusCode, title: &str, content: &Markup) -> HttpResponse {
        let page = html! {
            (DOCTYPE)
            html lang=(self.t.code) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) " · diglot" }
                    link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml";
                    link rel="stylesheet" href="/console/assets/style.css";
                    script type="module" src="/console/assets/console.js" {}
                }
                body {
                    a.skip href="#content" { (self.t.skip) }
                    (self.header())
                    main id="content" tabindex="-1" {
                        h1 { (title) }
                        @if let Some(notice) = &self.notice { p.notice role="status" { (notice) } }
                        @if let Some(refusal) = &self.refusal { p.refusal role="alert" { (refusal) } }
                        (content)
                    }
                }
            }
        };
        HttpResponse::build(status).content_type(ContentType::html()).body(page.into_string())
    }

    fn header(&self) -> Markup {
        let t = self.t;
        let links = [
            ("/console/", t.overview),
            ("/console/users", t.users),
            ("/console/discovery", t.discovery),
            ("/console/medals", t.medals),
            ("/console/apps", t.apps),
            ("/console/audit", t.audit),
            ("/console/playground", t.playground),
            ("/console/settings", t.settings),
        ];
        let is_here = |link: &str| self.path == link || (link != "/console/" && self.path.starts_with(link));
        let current = |link| is_here(link).then_some("page");
        html! {
            header {
                a.brand href="/console/" { "diglot" }
                @if let Some(tenant) = &self.tenant {
                    nav aria-label=(t.navigation) {
                        ul { @for (link, name) in links { li { a href=(link) aria-current=[current(link)] { (name) } } } }
                    }
                    span.who { span.label { (t.app) } " " strong { (tenant) } }
                }
                span.tools {
                    a href={ "/console/language/" (t.other_code) "?back=" (encode(&self.target)) } lang=(t.other_code) { (t.other_language) }
                    @if self.tenant.is_some() {
                        a href="/docs/" { (t.api_docs) }
                        form method="post" action="/console/sign-out" {
                            (self.csrf_field())
                            button.link type="submit" { (t.sign_out) }
                        }
                    }
                }
            }
        }
    }

    /// The hidden field of every form.
    pub(super) fn csrf_field(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.csrf); }
    }

    /// A form that sends its fields to `action`.
    pub(super) fn form(&self, action: &str, submit: &str, fields: &Markup) -> Markup {
        html! {
            form.fields method="post" action=(action) {
                (self.csrf_field())
                (fields)
                div.actions { button type="submit" { (submit) } }
            }
        }
    }

    /// A button that changes something without asking.
    pub(super) fn button(&self, action: &str, label: &str, hidden: &[(&str, &str)]) -> Markup {
        html! {
            form.inline method="post" action=(action) {
                (self.csrf_field())
                @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
                button type="submit" { (label) }
            }
        }
    }

    /// The time zone of the times on the page.
    pub(super) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// A moment in the configured time zone; a dash for 0.
    pub(super) fn time(&self, at_ms: i64) -> Markup {
        let Some(at) = Timestamp::from_millisecond(at_ms).ok().filter(|_| at_ms != 0) else {
            return html! { "–" };
        };
        let local = at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S");
        html! { time datetime=(at.to_string()) { (local.to_string()) } }
    }

    /// A link to the next page of a list.
    pub(super) fn next(&self, path: &str, query: &Values, next: Option<Position>) -> Markup {
        self.next_at(path, query, next.map(|position| position.to_string()).as_deref())
    }

    /// A link to the part of a list at a cursor.
    pub(super) fn next_at(&self, path: &str, query: &Values, cursor: Option<&str>) -> Markup {
        html! {
            nav.pages aria-label=(self.t.pages) {
                @if query.filled("cursor").is_some() {
                    a href={ (path) "?" (query.query_with("cursor", "")) } { (self.t.first_page) }
                }
                @if let Some(cursor) = cursor {
                    a rel="next" href={ (path) "?" (query.query_with("cursor", cursor)) } { (self.t.next_page) }
                }
            }
        }
    }
}

/// Whether an error means that nobody is signed in any more.
pub(super) const fn ends_session(error: &Error) -> bool {
    use domain::Error as Refusal;
    matches!(
        error,
        Error::Protocol(Protocol::TokenMissing)
            | Error::Domain(Refusal::TokenEnded | Refusal::TokenUnknown | Refusal::TenantUnknown)
    )
}

/// A text as a part of a URL.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A field for a line of text.
pub(super) fn field(label: &str, name: &str, values: &Values) -> Markup {
    typed_field(label, name, "text", values.get(name))
}

/// A field of an input type.
pub(super) fn typed_field(label: &str, name: &str, kind: &str, value: &str) -> Markup {
    html! {
        label { span { (label) } input type=(kind) name=(name) value=(value) autocomplete="off"; }
    }
}

/// A field for several lines of text.
pub(super) fn area(label: &str, name: &str, values: &Values) -> Markup {
    html! { label { span { (label) } textarea name=(name) rows="3" { (values.get(name)) } } }
}

/// A box to tick.
pub(super) fn tick(label: &str, name: &str, values: &Values) -> Markup {
    html! { label.tick { input type="checkbox" name=(name) value="1" checked[values.is_on(name)]; span { (label) } } }
}

/// A choice of options, each with its value.
pub(super) fn choice(label: &str, name: &str, options: &[(&str, &str)], values: &Values) -> Markup {
    html! {
        label {
            span { (label) }
            select name=(name) {
                @for (value, text) in options { option value=(value) selected[values.get(name) == *value] { (text) } }
            }
        }
    }
}

/// A table that scrolls sideways where it is too wide.
pub(super) fn table(caption: &str, columns: &[&str], rows: &[Markup], if_empty: &str) -> Markup {
    html! {
        @if rows.is_empty() {
            p.empty { (if_empty) }
        } @else {
            div.scroll tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption { (caption) }
                    thead { tr { @for column in columns { th scope="col" { (column) } } } }
                    tbody { @for row in rows { tr { (row) } } }
                }
            }
        }
    }
}

/// Names with their values.
pub(super) fn facts(list: &[(&str, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in list { div { dt { (name) } dd { (value) } } } } }
}

/// A section with a secret that is shown only now.
pub(super) fn secret(title: &str, text: &str) -> Markup {
    html! {
        section {
            h2 { (title) }
            p.secret { (text) }
        }
    }
}

/// A text from a user, which may be in any script and direction.
pub(super) fn foreign(text: &str) -> Markup {
    html! { bdi { (text) } }
}
