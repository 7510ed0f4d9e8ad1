//! The service of a listener: it accepts connections and serves HTTP on them.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use actix_http::{HttpService, KeepAlive, Protocol, Request, Response, error::DispatchError};
use actix_server::GracefulShutdownSignal;
use actix_service::{Service as _, ServiceFactory, ServiceFactoryExt as _, fn_factory, fn_service, map_config};
use actix_web::{App as HttpApp, body::BoxBody, dev::AppConfig, rt::net::TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{
    connection::{self, Bounds, Connection, Exchange},
    http2,
    service::Service,
};

/// What the connections of a listener have in common.
#[derive(Clone)]
pub struct Acceptor {
    /// Tells that the node stops.
    pub stop: GracefulShutdownSignal,
    /// The bounds on open connections, if there are any.
    pub bounds: Option<Arc<Bounds>>,
    /// TLS, if it is on.
    pub tls: Option<TlsAcceptor>,
}

/// A connection for HTTP/1.1, as actix-http takes it.
type Accepted = (Connection, Protocol, Option<SocketAddr>);

/// The app as a service of requests, without the types of actix-web.
trait Requests: actix_service::Service<Request, Response = Response<BoxBody>, Error = Response<BoxBody>> {}

impl<T> Requests for T where T: actix_service::Service<Request, Response = Response<BoxBody>, Error = Response<BoxBody>> {}

impl Acceptor {
    /// The service of the connections to `app`.
    pub fn service<S: Service>(
        self,
        app: impl Fn() -> HttpApp<S>,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()> {
        fn_factory(move || {
            let app = map_config(app(), |()| AppConfig::default()).map(Response::from).map_err(Response::from);
            let (acceptor, app) = (self.clone(), app.new_service(()));
            async move { acceptor.connections(Rc::new(app.await?)).await }
        })
    }

    async fn connections<R: Requests + 'static>(
        self,
        app: Rc<R>,
    ) -> Result<impl actix_service::Service<TcpStream, Response = (), Error = DispatchError>, ()> {
        let http1 = Rc::new(self.http1(Rc::clone(&app)).new_service(()).await?);
        let service = fn_service(move |stream: TcpStream| {
            let (acceptor, app, http1) = (self.clone(), Rc::clone(&app), Rc::clone(&http1));
            async move {
                let peer = stream.peer_addr().ok();
                let accepted = Connection::accept(stream, peer, acceptor.bounds.as_ref(), acceptor.tls.as_ref());
                let connection = accepted.await.map_err(DispatchError::Io)?;
                if connection.is_http2() {
                    // Boxed, as the handshake is: every connection would have room for it.
                    Box::pin(http2::serve(connection, peer, app, acceptor.stop)).await;
                    return Ok(());
                }
                http1.call((connection, Protocol::Http1, peer)).await
            }
        });
        service.new_service(()).await
    }

    /// The limits of time of HTTP/1.1 are those of [`Connection`].
    fn http1<R: Requests + 'static>(
        &self,
        app: Rc<R>,
    ) -> impl ServiceFactory<Accepted, Config = (), Response = (), Error = DispatchError, InitError = ()> + use<R> {
        let (stop, expecting) = (self.stop.clone(), Rc::clone(&app));
        // actix-http sends `100 Continue` before it calls the service for requests. A request that expects it is answered
        // here instead, as a refusal to actix-http, and the connection sends `100 Continue` when the body is read.
        let expect = fn_service(move |request: Request| {
            let answer = answer(Rc::clone(&expecting), request);
            async move { Err(answer.await.unwrap_or_else(|refusal| refusal)) }
        });
        HttpService::build()
            .graceful_shutdown_signal(move || {
                let stop = stop.clone();
                async move { stop.notified().await }
            })
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(connection::UNREAD_BODY_TIMEOUT)
            .on_connect_ext(|connection: &Connection, extensions| {
                extensions.insert(connection.stages());
            })
            .expect(expect)
            .finish(fn_service(move |request: Request| answer(Rc::clone(&app), request)))
    }
}

/// Answers a request of HTTP/1.1.
async fn answer(app: Rc<impl Requests>, mut request: Request) -> Result<Response<BoxBody>, Response<BoxBody>> {
    let exchange = Exchange::begin(&mut request);
    let answer = app.call(request).await.unwrap_or_else(|refusal| refusal);
    Ok(exchange.end(answer).await)
}
