//! `/ws`: the I/O around the state machine in [`machine`] (docs/socket.md).

mod answer;
mod frames;
pub mod machine;

use std::{rc::Rc, sync::Arc, time::Duration};

use actix_web::{
    FromRequest as _, HttpRequest, HttpResponse,
    body::MessageBody as _,
    http::header,
    web::{Data, Payload},
};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Closed, Session};
use futures_util::StreamExt as _;
use prost::Message as _;
use serde::Deserialize;
use tokio::sync::oneshot::{self, Receiver, Sender};

use self::{
    answer::{Ending, Outgoing},
    frames::Bounded,
    machine::{LoginData, Machine, Reason, Step},
};
use super::{
    access::{origin, single},
    connection::Stages,
    error::{Error, Protocol},
    headers,
    path::{self, Path},
    pb, query,
};
use crate::{
    domain::{self, Anonymous, access::authenticate, sockets, sockets::SocketLogin},
    gateway::Gateway,
    logging,
    model::{Platform, TenantId, UserId},
    sockets::{CloseCause, Place},
};

/// Enough for a command, which has a token and a few names.
const MAX_FRAME_BYTES: usize = 8 * 1024;

/// How often a socket checks its deadlines.
const TICK: Duration = Duration::from_secs(1);

/// How long a client may take to receive a frame.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn paths() -> Vec<Path> {
    vec![path::page("/ws", open)]
}

/// The tenant, for clients that can't send headers.
#[derive(Deserialize)]
struct AppQuery {
    app_id: Option<String>,
}

async fn open(gateway: Data<Gateway>, req: HttpRequest, body: Payload) -> Result<HttpResponse, Error> {
    check_origin(&gateway, &req)?;
    let query: AppQuery = query::read(req.query_string()).map_err(Protocol::BadQuery)?;
    // Browsers can't send headers with a handshake.
    let name = match single(req.headers(), &headers::APP_ID)?.or(query.app_id.as_deref()) {
        Some(name) => TenantId::parse(name)?,
        None => gateway.config.default_app.clone(),
    };
    let anonymous = authenticate::anonymous(&gateway, name, origin(&req)?).await?;
    let admitted = gateway.sockets.admit(anonymous.origin().source(), gateway.reloadable.load().sockets_per_source);
    let Some((place, close_request)) = admitted else {
        gateway.metrics.accounts.limited.sockets.inc();
        return Err(domain::Error::Busy.into());
    };
    let mut bounded = Bounded::new(body.into_inner(), MAX_FRAME_BYTES).into_payload();
    let body = Payload::from_request(&req, &mut bounded).await.map_err(|_| Protocol::NotAWebSocket)?;
    let (response, session, stream) = actix_ws::handle(&req, body).map_err(|_| Protocol::NotAWebSocket)?;
    let (ending, ended) = oneshot::channel();
    let connection = req.conn_data::<Rc<Stages>>().cloned();
    let response = response.map_body(|_, frames| Outgoing { frames, ended, connection }.boxed());
    let stream =
        stream.max_frame_size(MAX_FRAME_BYTES).aggregate_continuations().max_continuation_size(MAX_FRAME_BYTES);
    let machine = Machine::new(gateway.clock.steady_ms());
    let socket = Socket { gateway: gateway.into_inner(), anonymous, place, session, machine, login: None, ending };
    let request_id = Arc::clone(&socket.anonymous.origin().request_id);
    actix_web::rt::spawn(async move { logging::for_request(request_id, socket.run(stream, close_request)).await });
    Ok(response)
}

/// Refuses pages of origins that are not configured, because browsers let any page open a socket (RFC 6455 §10.2).
fn check_origin(gateway: &Gateway, req: &HttpRequest) -> Result<(), Error> {
    let Some(from) = req.headers().get(header::ORIGIN) else { return Ok(()) };
    let from = from.to_str().unwrap_or_default();
    let host = from.strip_prefix("https://").or_else(|| from.strip_prefix("http://"));
    let is_same_host = host.is_some_and(|host| host == req.connection_info().host());
    let is_configured = || gateway.reloadable.load().cors_origins.iter().any(|allowed| allowed == from);
    if gateway.config.is_dev || is_same_host || is_configured() {
        Ok(())
    } else {
        Err(domain::Error::NoPermission.into())
    }
}

/// An open socket.
struct Socket {
    gateway: Arc<Gateway>,
    anonymous: Anonymous,
    place: Place,
    session: Session,
    machine: Machine,
    login: Option<SocketLogin>,
    ending: Sender<Ending>,
}

/// Who ends a socket.
enum End {
    /// The gateway.
    Closed(Reason),
    /// The client, with a code if it gave one.
    ClosedByClient(Option<CloseCode>),
    /// Nobody: the client can't receive anything.
    Lost,
}

impl Socket {
    async fn run(mut self, mut stream: AggregatedMessageStream, mut close_request: Receiver<CloseCause>) {
        let mut tick = tokio::time::interval(TICK);
        let end = loop {
            let now_ms = self.gateway.clock.steady_ms();
            let step = tokio::select! {
                message = stream.next() => match message {
                    Some(Ok(AggregatedMessage::Text(text))) => self.machine.on_text(&text, now_ms),
                    Some(Ok(AggregatedMessage::Ping(bytes))) => {
                        match in_time(self.session.pong(&bytes)).await {
                            Ok(()) => Step::Wait,
                            Err(end) => break end,
                        }
                    }
                    Some(Ok(AggregatedMessage::Pong(_))) => Step::Wait,
                    Some(Ok(AggregatedMessage::Binary(_)) | Err(_)) => self.machine.close(Reason::UNACCEPTABLE),
                    Some(Ok(AggregatedMessage::Close(reason))) => {
                        break End::ClosedByClient(reason.map(|reason| reason.code));
                    }
                    None => break End::Lost,
                },
                cause = &mut close_request => self.machine.close(reason(cause.unwrap_or(CloseCause::GoingAway))),
                _ = tick.tick() => self.machine.on_tick(now_ms),
            };
            match self.execute(step).await {
                Ok(()) => {}
                Err(end) => break end,
            }
        };
        let Self { gateway, place, session, login, ending, .. } = self;
        drop(place);
        let is_restart = matches!(end, End::Closed(Reason::GOING_AWAY));
        // Sending fails if the connection is gone.
        let handshake = async move { drop(ending.send(close(session, stream, end).await)) };
        let offline = async {
            if let Some(login) = &login {
                sockets::closed(&gateway, login, !is_restart).await;
            }
        };
        tokio::join!(Box::pin(handshake), offline);
    }

    /// Executes a step of the machine. An error closes the socket.
    async fn execute(&mut self, step: Step) -> Result<(), End> {
        match step {
            Step::Wait => Ok(()),
            Step::Close(reason) => Err(End::Closed(reason)),
            // Boxed, since otherwise every open socket would reserve memory for the futures of a login and a heartbeat.
            Step::LogIn(data) => Box::pin(self.log_in(data)).await.map_err(End::Closed),
            Step::Heartbeat { seq } => {
                if let Some(login) = &self.login {
                    let recorded = Box::pin(sockets::heartbeat(&self.gateway, login)).await;
                    recorded.or_else(|error| tolerate_outage(&error)).map_err(End::Closed)?;
                }
                self.send("heartbeat_ack", seq).await
            }
        }
    }

    async fn log_in(&mut self, data: LoginData) -> Result<(), Reason> {
        let user = match data.user_id.as_str() {
            "" => None,
            text => Some(UserId::parse("userId", text).map_err(|_| Reason::LOGIN_FAILED)?),
        };
        if !data.app_id.is_empty() {
            let tenant = TenantId::parse(&data.app_id).map_err(|_| Reason::LOGIN_FAILED)?;
            let origin = self.anonymous.origin().clone();
            let named = authenticate::anonymous(&self.gateway, tenant, origin).await;
            self.anonymous = named.map_err(|e| refusal(&e))?;
        }
        let login =
            sockets::log_in(&self.gateway, &self.anonymous, user, &data.token).await.map_err(|e| refusal(&e))?;
        self.place.identify(login.identity().clone(), self.gateway.reloadable.load().sessions_per_user);
        // The session may have ended between its lookup and `identify`, when this socket could not be found by it.
        sockets::heartbeat(&self.gateway, &login).await.map_err(|e| refusal(&e))?;
        // An invalid platform name is no reason to refuse the login.
        let platform = Platform::parse(&data.platform).unwrap_or_default();
        if let Err(error) = sockets::note_platform(&self.gateway, &login, platform).await {
            log::warn!("the platform of a device was not noted: {error}");
        }
        let now = self.gateway.clock.now();
        let left_ms = login.expires_at_ms().saturating_sub(now.wall_ms);
        self.login = Some(login);
        self.machine.logged_in(now.steady_ms, left_ms);
        Ok(())
    }

    /// Sends a frame. If the client does not receive it in time, the socket closes.
    async fn send(&mut self, cmd: &str, seq: String) -> Result<(), End> {
        let info = pb::SocketInfo { seq, cmd: cmd.to_owned() };
        let frame = pb::SocketFrame { info: Some(info), data: None }.encode_to_vec();
        in_time(self.session.binary(frame)).await
    }
}

/// Limits a send to [`SEND_TIMEOUT`].
async fn in_time(sending: impl Future<Output = Result<(), Closed>>) -> Result<(), End> {
    match tokio::time::timeout(SEND_TIMEOUT, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Lost),
    }
}

/// Sends the close frame, or answers the client's with its code (RFC 6455 §5.5.1), and waits for the end of the closing
/// handshake.
async fn close(session: Session, mut stream: AggregatedMessageStream, end: End) -> Ending {
    let (frame, is_answer) = match end {
        End::Closed(Reason { code, text }) => {
            (Some(CloseReason { code: CloseCode::from(code), description: Some(text.to_owned()) }), false)
        }
        End::ClosedByClient(code) => (code.map(CloseReason::from), true),
        End::Lost => (None, false),
    };
    if in_time(session.close(frame)).await.is_err() {
        return Ending::Unclean;
    }
    if is_answer {
        return Ending::Clean;
    }
    let answer = async {
        loop {
            match stream.next().await {
                Some(Ok(AggregatedMessage::Close(_))) => break Ending::Clean,
                Some(Ok(_)) => {}
                // After an error the stream can't be read on.
                Some(Err(_)) | None => break Ending::Unclean,
            }
        }
    };
    tokio::time::timeout(CLOSE_TIMEOUT, answer).await.unwrap_or(Ending::Clean)
}

const fn reason(cause: CloseCause) -> Reason {
    match cause {
        CloseCause::SessionEnded => Reason::SESSION_ENDED,
        CloseCause::TooManySockets => Reason::TOO_MANY_SOCKETS,
        CloseCause::GoingAway => Reason::GOING_AWAY,
    }
}

/// Whether the error means that the token has no session, or its session has ended.
const fn is_logged_out(error: &domain::Error) -> bool {
    matches!(error, domain::Error::TokenUnknown | domain::Error::TokenEnded | domain::Error::TenantUnknown)
}

fn refusal(error: &domain::Error) -> Reason {
    if is_logged_out(error) {
        return Reason::LOGIN_FAILED;
    }
    log::warn!("a socket could not log in: {error}");
    Reason::UNAVAILABLE
}

/// Closes the socket only if the session has ended: a temporary database outage is no reason to close.
fn tolerate_outage(error: &domain::Error) -> Result<(), Reason> {
    if is_logged_out(error) {
        return Err(Reason::SESSION_ENDED);
    }
    log::debug!("a heartbeat was not noted: {error}");
    Ok(())
}
