//! A receiver of webhooks, which verifies their signatures as the Standard Webhooks specification says.

use std::{
    collections::VecDeque,
    io::{BufReader, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::receivers::{Listener, Post, read_post};

/// What the receiver does with a post.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// Answers with that status and body.
    Answer(u16, String),
    /// Answers with a redirect to that URL.
    Redirect(String),
    /// Answers 503 with a `Retry-After`.
    Wait(u32),
    /// Closes the connection without an answer.
    Hang,
}

/// Receives webhooks.
pub struct WebhookReceiver {
    posts: Arc<Mutex<Vec<Post>>>,
    reactions: Arc<Mutex<VecDeque<Reaction>>>,
    listener: Listener,
}

impl WebhookReceiver {
    /// A receiver that accepts everything.
    pub fn start() -> Self {
        Self::slow(Duration::ZERO)
    }

    /// A receiver that answers after that time.
    pub fn slow(delay: Duration) -> Self {
        let (posts, reactions) = (Arc::<Mutex<Vec<Post>>>::default(), Arc::<Mutex<VecDeque<Reaction>>>::default());
        let (received, planned) = (Arc::clone(&posts), Arc::clone(&reactions));
        let listener = Listener::start(move |stream| {
            let (received, planned) = (Arc::clone(&received), Arc::clone(&planned));
            // Each on its own thread: several posts may be under way at a time.
            thread::spawn(move || serve(stream, &received, &planned, delay));
        });
        Self { posts, reactions, listener }
    }

    /// Reacts so to the next posts, one each.
    pub fn plan(&self, reactions: impl IntoIterator<Item = Reaction>) {
        self.reactions.lock().unwrap().extend(reactions);
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.listener.address())
    }

    /// All posts so far.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// The first `count` posts, when they have arrived.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> impl Future<Output = Vec<Post>> {
        let caller = std::panic::Location::caller();
        async move {
            let started = Instant::now();
            loop {
                let posts = self.posts();
                if posts.len() >= count {
                    return posts;
                }
                let got: Vec<_> = posts.iter().map(|post| &post.body).collect();
                assert!(started.elapsed() < Duration::from_secs(20), "{caller}: {} of {count}: {got:?}", posts.len());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

fn serve(mut stream: TcpStream, received: &Mutex<Vec<Post>>, planned: &Mutex<VecDeque<Reaction>>, delay: Duration) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Some(post) = read_post(&mut reader) else { return };
    let reaction = planned.lock().unwrap().pop_front();
    received.lock().unwrap().push(post);
    thread::sleep(delay);
    let head = match reaction.unwrap_or_else(|| Reaction::Answer(200, String::new())) {
        Reaction::Answer(status, body) => {
            format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        Reaction::Redirect(url) => format!("HTTP/1.1 307 X\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n"),
        Reaction::Wait(secs) => format!("HTTP/1.1 503 X\r\nretry-after: {secs}\r\ncontent-length: 0\r\n\r\n"),
        Reaction::Hang => return,
    };
    drop(stream.write_all(head.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()));
}

impl Post {
    /// The header's value.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        &self.headers[name]
    }

    /// Whether one of its signatures is that with `secret`.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        let signature = BASE64_STANDARD.encode(diglot::secret::hmac(&key, signed.as_bytes()));
        self.header("webhook-signature").split(' ').any(|one| one == format!("v1,{signature}"))
    }

    /// The name of its event.
    pub fn event(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// The data of its event.
    pub fn data(&self) -> Value {
        self.json()["data"].clone()
    }
}
