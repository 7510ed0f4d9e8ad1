//! Listeners: what is served on which, and how they start and stop.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_server::{Server as HttpRunning, ServerBuilder};
use actix_service::Service as _;
use actix_web::{App as HttpApp, web::Data};

use super::{
    acceptor::Acceptor,
    app::http_app,
    connection::{self, Bounds},
    console,
    context::Face,
    docs::{self, AppPort},
    edge,
    ops::{self, Readiness},
    router,
    service::Service,
    stop::Stop,
};
use crate::{config::Config, domain, gateway::Gateway, tls::Tls};

/// Bound addresses; requests queue there until a [`Server`] accepts them.
pub struct Listeners {
    app: TcpListener,
    web: Option<TcpListener>,
    ops: Option<TcpListener>,
    /// Of the app and web listeners.
    tls: Option<Tls>,
}

impl Listeners {
    /// Binds every configured address, and reads the certificate.
    ///
    /// # Errors
    /// When an address can't be bound or the certificate can't be used; the text names its variable.
    pub fn bind(config: &Config) -> io::Result<Self> {
        let bind = |name: &str, address: SocketAddr| {
            TcpListener::bind(address)
                .map_err(|error| io::Error::new(error.kind(), format!("{name}: {address}: {error}")))
        };
        Ok(Self {
            app: bind("DIGLOT_LISTEN", config.listen)?,
            web: config.web_listen.map(|address| bind("DIGLOT_WEB_LISTEN", address)).transpose()?,
            ops: config.ops_listen.map(|address| bind("DIGLOT_OPS_LISTEN", address)).transpose()?,
            tls: config.tls.clone().map(Tls::load).transpose().map_err(io::Error::other)?,
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

    /// The TLS of the app and web listeners, if it is on.
    #[must_use]
    pub fn tls(&self) -> Option<Tls> {
        self.tls.clone()
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
        let app_port = AppPort(listeners.app.local_addr()?.port());
        let mut running = vec![faces(&gateway, &readiness, listeners.app, listeners.web, listeners.tls.as_ref())?];
        if let Some(listener) = listeners.ops {
            running.push(ops(&gateway, &readiness, listener, app_port)?);
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
        domain::background::finish(&self.gateway).await;
        outcome
    }
}

/// Serves the app and web faces. The workers stop accepting connections when no more files can be opened.
fn faces(
    gateway: &Data<Gateway>,
    readiness: &Data<Readiness>,
    app: TcpListener,
    web: Option<TcpListener>,
    tls: Option<&Tls>,
) -> io::Result<HttpRunning> {
    let config = &gateway.config;
    let bounds = Bounds::new(gateway, connection::open_files());
    let app_of = |face| {
        let (gateway, readiness) = (Data::clone(gateway), Data::clone(readiness));
        move || http_app(&gateway, &readiness, face)
    };
    let mut http =
        Http::new(config.workers.get(), config).listen("app", app, Some((&bounds, tls)), app_of(Face::App))?;
    if let Some(web) = web {
        http = http.listen("web", web, Some((&bounds, tls)), app_of(Face::Web))?;
    }
    Ok(http.0.max_concurrent_connections(bounds.hard_limit().div_ceil(config.workers.get())).run())
}

/// Serves the operations listener, with a worker of its own and without bounds.
fn ops(
    gateway: &Data<Gateway>,
    readiness: &Data<Readiness>,
    listener: TcpListener,
    app_port: AppPort,
) -> io::Result<HttpRunning> {
    let http = Http::new(1, &gateway.config);
    let (gateway, readiness) = (Data::clone(gateway), Data::clone(readiness));
    let app = move || {
        HttpApp::new()
            .app_data(Data::clone(&gateway))
            .app_data(Data::clone(&readiness))
            .app_data(app_port)
            .default_service(router::service(|| [ops::paths(), docs::paths()].into_iter().flatten().collect()))
            .configure(|cfg| {
                if gateway.config.has_console {
                    console::routes(&gateway, &readiness)(cfg);
                }
            })
            .wrap_fn(|mut req, service| {
                edge::route_head_as_get(&mut req);
                service.call(req)
            })
    };
    Ok(http.listen("ops", listener, None, app)?.0.run())
}

/// Runs a future to completion.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}

/// Listens for HTTP on one listener after another, with the same workers.
struct Http(ServerBuilder);

impl Http {
    fn new(workers: usize, config: &Config) -> Self {
        Self(actix_server::Server::build().workers(workers).shutdown_timeout(config.shutdown_secs).disable_signals())
    }

    /// Adds a listener of `app`, with the bounds that its connections count towards, and its TLS.
    fn listen<S: Service>(
        self,
        name: &str,
        listener: TcpListener,
        limits: Option<(&Arc<Bounds>, Option<&Tls>)>,
        app: impl Fn() -> HttpApp<S> + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let acceptor = Acceptor {
            stop: self.0.graceful_shutdown_signal(),
            bounds: limits.map(|(bounds, _)| Arc::clone(bounds)),
            tls: limits.and_then(|(_, tls)| tls).map(Tls::acceptor),
        };
        self.0.listen(name, listener, move || acceptor.clone().service(app.clone())).map(Self)
    }
}
