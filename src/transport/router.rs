//! Finds the handler of a request by its path and method. actix would compare the path with those of all its resources,
//! one after another; here it is looked up, and compared only with those that have variables.

use std::{collections::HashMap, rc::Rc};

use actix_service::{Service as _, ServiceFactory, fn_factory, fn_service};
use actix_web::{
    Error as HttpError, HttpResponse, Route as HttpRoute,
    dev::{ResourceDef, ServiceRequest, ServiceResponse},
    http::{Method, header::Allow},
};

use super::{
    api::Api,
    codec::Encoding,
    context::{Context, Route},
    error::{Error, Protocol},
    path::Path,
    wire,
};

/// The paths of a listener.
struct Router {
    fixed: HashMap<&'static str, Rc<Resource>>,
    variable: Vec<(ResourceDef, Rc<Resource>)>,
}

/// A path and its handlers.
struct Resource {
    route: Rc<Route>,
    native: Option<Encoding>,
    has_files: bool,
    handlers: Vec<(Method, Handler)>,
}

type Handler = <HttpRoute as ServiceFactory<ServiceRequest>>::Service;

/// The service that answers requests to `paths`, and refuses others.
pub fn service(
    paths: impl Fn() -> Vec<Path> + 'static,
) -> impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = HttpError, InitError = ()> {
    fn_factory(move || {
        let paths = paths();
        async move {
            let router = Rc::new(Router::new(paths).await?);
            Ok(fn_service(move |req| answer(Rc::clone(&router), req)))
        }
    })
}

impl Router {
    async fn new(paths: Vec<Path>) -> Result<Self, ()> {
        let mut router = Self { fixed: HashMap::new(), variable: Vec::new() };
        for path in paths {
            let name = path.name();
            let resource = Rc::new(Resource::new(path).await?);
            if name.contains('{') {
                router.variable.push((ResourceDef::new(name), resource));
            } else if router.fixed.insert(name, resource).is_some() {
                log::error!("{name} is registered twice");
                return Err(());
            }
        }
        Ok(router)
    }

    /// The resource of a request, which gets the values of the path's variables.
    fn find(&self, req: &mut ServiceRequest) -> Option<&Resource> {
        let fixed = self.fixed.get(req.match_info().as_str());
        let found = fixed.or_else(|| {
            let is_of = |(pattern, _): &&(ResourceDef, _)| pattern.capture_match_info(req.match_info_mut());
            self.variable.iter().find(is_of).map(|(_, resource)| resource)
        });
        found.map(Rc::as_ref)
    }
}

impl Resource {
    async fn new(path: Path) -> Result<Self, ()> {
        let (route, native, has_files) = (Rc::new(Route::new(path.name())), path.native(), path.has_files());
        let mut handlers = Vec::new();
        for (method, handler) in path.into_routes() {
            handlers.push((method, handler.new_service(()).await?));
        }
        Ok(Self { route, native, has_files, handlers })
    }

    fn handler(&self, method: &Method) -> Option<&Handler> {
        self.handlers.iter().find(|(known, _)| known == method).map(|(_, handler)| handler)
    }

    fn methods(&self) -> Allow {
        Allow(self.handlers.iter().map(|(method, _)| method.clone()).collect())
    }
}

/// Answers a request: chooses its encodings, then calls the handler.
async fn answer(router: Rc<Router>, mut req: ServiceRequest) -> Result<ServiceResponse, HttpError> {
    let resource = router.find(&mut req);
    if let (Some(context), Some(resource)) = (Context::get(req.request()), resource) {
        context.noted.route.set(Rc::clone(&resource.route)).ok();
    }
    let (native, has_files) = match resource {
        Some(resource) => (resource.native, resource.has_files),
        // A refusal on `/v1` is in an encoding that the client accepts.
        None if Api::of(req.path()) == Api::V1 => (Some(Encoding::Json), false),
        None => (None, false),
    };
    if let Some(native) = native
        && let Err(problem) = wire::negotiate(&mut req, native, has_files).await
    {
        return Ok(req.error_response(Error::from(problem)));
    }
    let Some(resource) = resource else { return Ok(req.error_response(Error::from(Protocol::NotFound))) };
    match resource.handler(req.method()) {
        Some(handler) => handler.call(req).await,
        None => Ok(req.into_response(HttpResponse::MethodNotAllowed().insert_header(resource.methods()).finish())),
    }
}
