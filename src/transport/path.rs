//! The paths of the API. One registration gives an operation its route and its entry in the OpenAPI document.

use actix_web::{FromRequest, Handler, Responder, Route, http::Method, web};

use super::{
    codec::Encoding,
    openapi::{Described, Description, Kind, Operation},
};

/// A path with its operations.
pub struct Path {
    name: &'static str,
    kind: Kind,
    routes: Vec<(Method, Route)>,
    operations: Vec<Operation>,
    has_files: bool,
}

/// The arguments of a handler.
pub trait Arguments: FromRequest + Described + 'static {}

impl<A: FromRequest + Described + 'static> Arguments for A {}

/// A handler.
pub trait Does<A>: Handler<A, Output: Responder + Described + 'static> {}

impl<A, F: Handler<A, Output: Responder + Described + 'static>> Does<A> for F {}

/// A path of `/v1` whose documented encoding is protobuf. It answers in both encodings, like every path of `/v1`.
pub fn protobuf_native(path: &'static str) -> Path {
    Path::new(path, Kind::V1(Encoding::Protobuf))
}

/// A path of `/v1` whose documented encoding is JSON. It answers in both encodings, like every path of `/v1`.
pub fn json_native(path: &'static str) -> Path {
    Path::new(path, Kind::V1(Encoding::Json))
}

/// A path of the admin API.
pub fn admin(path: &'static str) -> Path {
    Path::new(path, Kind::Admin)
}

/// A path of OAuth 2.0.
pub fn oauth(path: &'static str) -> Path {
    Path::new(path, Kind::OAuth)
}

/// A path of the adapter for `MongooseIM`.
pub fn mongooseim(path: &'static str) -> Path {
    Path::new(path, Kind::MongooseIm)
}

/// A path of the adapter for Tinode.
pub fn tinode(path: &'static str) -> Path {
    Path::new(path, Kind::Tinode)
}

/// A path of images and their uploads.
pub fn media(path: &'static str) -> Path {
    Path::new(path, Kind::Media)
}

/// A path of the ops listener.
pub fn ops(path: &'static str) -> Path {
    Path::new(path, Kind::Ops)
}

/// A path with a GET that is not an operation of the API, and not in the OpenAPI document.
pub fn page<A: FromRequest + 'static>(
    path: &'static str,
    handler: impl Handler<A, Output: Responder + 'static>,
) -> Path {
    let mut page = Path::new(path, Kind::Page);
    page.routes.push((Method::GET, web::to(handler)));
    page
}

impl Path {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, routes: Vec::new(), operations: Vec::new(), has_files: false }
    }

    /// The operations read files from their bodies, which are in neither encoding and may be larger than others.
    pub fn with_files(self) -> Self {
        Self { has_files: true, ..self }
    }

    /// Adds a GET operation.
    pub fn get<A: Arguments>(self, handler: impl Does<A>, summary: &'static str) -> Self {
        self.on(Method::GET, handler, summary)
    }

    /// Adds a POST operation.
    pub fn post<A: Arguments>(self, handler: impl Does<A>, summary: &'static str) -> Self {
        self.on(Method::POST, handler, summary)
    }

    /// Adds a PUT operation.
    pub fn put<A: Arguments>(self, handler: impl Does<A>, summary: &'static str) -> Self {
        self.on(Method::PUT, handler, summary)
    }

    /// Adds a DELETE operation.
    pub fn delete<A: Arguments>(self, handler: impl Does<A>, summary: &'static str) -> Self {
        self.on(Method::DELETE, handler, summary)
    }

    /// Adds an operation for PUT and POST alike, as the admin document has for most paths.
    pub fn put_or_post<A: Arguments>(self, handler: impl Does<A>, summary: &'static str) -> Self {
        self.put(handler.clone(), summary).post(handler, summary)
    }

    /// Adds an operation for DELETE and POST alike.
    pub fn delete_or_post<A: Arguments>(self, handler: impl Does<A>, summary: &'static str) -> Self {
        self.delete(handler.clone(), summary).post(handler, summary)
    }

    fn on<A: Arguments, F: Does<A>>(mut self, method: Method, handler: F, summary: &'static str) -> Self {
        self.routes.push((method.clone(), web::to(handler)));
        let describe = |description: &mut Description<'_>| {
            A::describe(description);
            F::Output::describe(description);
        };
        self.operations.push(Operation { method, summary, describe });
        self
    }

    /// The path, as in `/v1/user/info`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What its operations have in common.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The entries of its operations.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The documented encoding of its answers, on `/v1`.
    pub const fn native(&self) -> Option<Encoding> {
        if let Kind::V1(native) = self.kind { Some(native) } else { None }
    }

    /// Whether the bodies of its operations are files.
    pub const fn has_files(&self) -> bool {
        self.has_files
    }

    /// The handlers of its operations, by their methods.
    pub fn into_routes(self) -> Vec<(Method, Route)> {
        self.routes
    }
}
