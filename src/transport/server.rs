//! Listeners: which routes are on which, and how they start and stop.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_cors::Cors;
use actix_web::{
    App as HttpApp, HttpServer,
    dev::Server as HttpRunning,
    middleware::from_fn,
    rt::net::TcpStream,
    web::{Data, ServiceConfig},
};

use socket2::SockRef;

use super::{
    admin,
    context::Face,
    edge,
    ops::{self, Readiness},
    service::Service,
    socket,
    stop::Stop,
    v1,
};
use crate::{config::Config, domain, gateway::Gateway};

/// How long a client may take to send a request's head (security.md 33).
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// How long an idle connection stays open.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long sent data may stay unacknowledged by the client before its connection is closed.
#[cfg(target_os = "linux")]
const SLOWEST_READER: Duration = Duration::from_secs(10);

/// The service of one face: its routes and middleware. The admin API is on the app face only.
pub fn http_app(gateway: &Data<Gateway>, readiness: &Data<Readiness>, face: Face) -> HttpApp<impl Service + use<>> {
    let routes = |cfg: &mut ServiceConfig| {
        cfg.configure(v1::routes).configure(socket::routes);
        if face == Face::App {
            cfg.configure(admin::routes);
        }
    };
    HttpApp::new()
        .app_data(Data::clone(gateway))
        .app_data(Data::clone(readiness))
        .app_data(face)
        .configure(routes)
        .wrap(from_fn(edge::render_errors))
        .wrap(cors(&gateway.config))
        .wrap(from_fn(edge::head_as_get))
        .wrap(from_fn(edge::frame))
}

/// Bound addresses; requests queue there until a [`Server`] accepts them.
pub struct Listeners {
    app: TcpListener,
    web: Option<TcpListener>,
    ops: Option<TcpListener>,
}

impl Listeners {
    /// Binds every configured address.
    ///
    /// # Errors
    /// When an address can't be bound; the text names its variable.
    pub fn bind(config: &Config) -> io::Result<Self> {
        let bind = |name: &str, address: SocketAddr| {
            TcpListener::bind(address)
                .map_err(|error| io::Error::new(error.kind(), format!("{name}: {address}: {error}")))
        };
        Ok(Self {
            app: bind("DIGLOT_LISTEN", config.listen)?,
            web: config.web_listen.map(|address| bind("DIGLOT_WEB_LISTEN", address)).transpose()?,
            ops: config.ops_listen.map(|address| bind("DIGLOT_OPS_LISTEN", address)).transpose()?,
        })
    }

    /// The bound addresses: app face, web face, ops.
    #[must_use]
    pub fn addresses(&self) -> [(&'static str, Option<SocketAddr>); 3] {
        let address = |listener: &TcpListener| listener.local_addr().ok();
        [
            ("app", address(&self.app)),
            ("web", self.web.as_ref().and_then(address)),
            ("ops", self.ops.as_ref().and_then(address)),
        ]
    }
}

/// The running gateway.
pub struct Server {
    running: Vec<HttpRunning>,
    listeners: Arc<Mutex<Vec<TcpListener>>>,
    readiness: Data<Readiness>,
    gateway: Data<Gateway>,
}

impl Server {
    /// Starts to accept requests on `listeners`.
    ///
    /// # Errors
    /// When a listener can't be used.
    pub fn start(gateway: Arc<Gateway>, listeners: Listeners) -> io::Result<Self> {
        let gateway = Data::from(gateway);
        let readiness = Data::new(Readiness::default());
        let again = [Some(&listeners.app), listeners.web.as_ref()].into_iter().flatten().map(TcpListener::try_clone);
        let again = Arc::new(Mutex::new(again.collect::<io::Result<Vec<_>>>()?));
        let mut running = vec![face(&gateway, &readiness, Face::App, listeners.app)?];
        if let Some(listener) = listeners.web {
            running.push(face(&gateway, &readiness, Face::Web, listener)?);
        }
        if let Some(listener) = listeners.ops {
            running.push(ops(&gateway, &readiness, listener)?);
        }
        readiness.set(true);
        Ok(Self { running, listeners: again, readiness, gateway })
    }

    /// A handle that stops this server.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop::new(
            self.running.iter().map(HttpRunning::handle).collect(),
            Data::clone(&self.readiness),
            Duration::from_secs(self.gateway.config.drain_secs),
            Arc::clone(&self.gateway.sockets),
            Arc::clone(&self.listeners),
        )
    }

    /// Serves until `stop_signal` resolves, and then shuts down gracefully. The signal's text is logged as the cause.
    ///
    /// # Errors
    /// When a listener fails.
    pub async fn run(self, stop_signal: impl Future<Output = &'static str> + 'static) -> io::Result<()> {
        let stop = self.stop();
        actix_web::rt::spawn(async move {
            // Not inside the macro, which does not evaluate its arguments when the level is disabled.
            let cause = stop_signal.await;
            log::info!("told to stop by {cause}");
            stop.gracefully().await;
        });
        let gateway = Data::clone(&self.gateway);
        let follower = actix_web::rt::spawn(async move { domain::background::run(&gateway).await });
        let outcome = futures_util::future::try_join_all(self.running).await.map(drop);
        follower.abort();
        outcome
    }
}

/// Runs a future to completion.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}

fn face(
    gateway: &Data<Gateway>,
    readiness: &Data<Readiness>,
    face: Face,
    listener: TcpListener,
) -> io::Result<HttpRunning> {
    let config = gateway.config.clone();
    let (gateway, readiness) = (Data::clone(gateway), Data::clone(readiness));
    let server = HttpServer::new(move || http_app(&gateway, &readiness, face)).on_connect(|connection, _| {
        if let Some(stream) = connection.downcast_ref::<TcpStream>()
            && let Err(error) = set_up(stream)
        {
            log::debug!("a connection is as the system made it: {error}");
        }
    });
    Ok(server
        .workers(config.workers.get())
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(config.shutdown_secs)
        .disable_signals()
        .listen(listener)?
        .run())
}

/// Sets the options of an accepted connection: with `TCP_NODELAY` an answer in several parts does not wait for the
/// client to acknowledge the first, and `TCP_USER_TIMEOUT` closes the connection of a client that stops reading.
fn set_up(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SLOWEST_READER))?;
    Ok(())
}

fn ops(gateway: &Data<Gateway>, readiness: &Data<Readiness>, listener: TcpListener) -> io::Result<HttpRunning> {
    let shutdown_secs = gateway.config.shutdown_secs;
    let (gateway, readiness) = (Data::clone(gateway), Data::clone(readiness));
    let server = HttpServer::new(move || {
        HttpApp::new()
            .app_data(Data::clone(&gateway))
            .app_data(Data::clone(&readiness))
            .configure(ops::routes)
            .wrap(from_fn(edge::head_as_get))
    });
    Ok(server.workers(1).shutdown_timeout(shutdown_secs).disable_signals().listen(listener)?.run())
}

/// Pages of the configured origins may call the gateway, without cookies; with `--dev`, any page may (behaviour.md §5).
fn cors(config: &Config) -> Cors {
    const HEADERS: [&str; 8] =
        ["token", "app_id", "access-token", "user_id", "group_id", "content-type", "accept-language", "x-request-id"];
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "DELETE"])
        .allowed_headers(HEADERS)
        .expose_headers(["x-request-id", "retry-after"])
        .max_age(3600);
    if config.is_dev {
        cors.allow_any_origin()
    } else {
        config.cors_origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
    }
}
