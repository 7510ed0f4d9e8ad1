//! Fake delivery providers: an HTTP receiver and an SMTP server, each on its own port.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;

/// The maximum time to wait for a message, with a margin for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on its own port that stops at the end of the test.
pub(super) struct Listener {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn start(mut serve: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, is_over) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let over = Arc::clone(&is_over);
        let work = move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                serve(stream.unwrap());
            }
        };
        Self { address, is_over, thread: Some(thread::spawn(work)) }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A POST received by the webhook.
#[derive(Clone, Debug)]
pub struct Post {
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Post {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

/// Reads a POST; `None` if the connection was closed before.
pub(super) fn read_post(reader: &mut BufReader<TcpStream>) -> Option<Post> {
    let mut headers = BTreeMap::new();
    let mut lines = reader.by_ref().lines().map_while(Result::ok);
    lines.next()?;
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ")?;
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Post { headers, body: String::from_utf8(body).ok()? })
}

/// Receives the SMS requests of the webhook.
pub struct SmsReceiver {
    posts: Receiver<Post>,
    listener: Listener,
}

impl SmsReceiver {
    /// Answers the first posts with `statuses`, one each, and the rest with 200; 0 leaves a post unanswered,
    /// and 429 asks to wait for 2 seconds.
    pub fn start(statuses: &'static [u16]) -> Self {
        let (send, posts) = mpsc::channel();
        let mut statuses = statuses.iter();
        let mut unanswered = Vec::new();
        let listener = Listener::start(move |mut stream| {
            let post = read_post(&mut BufReader::new(stream.try_clone().unwrap())).unwrap();
            // Fails if the test is already over.
            drop(send.send(post));
            match statuses.next().unwrap_or(&200) {
                0 => unanswered.push(stream),
                status => {
                    let wait = if *status == 429 { "retry-after: 2\r\n" } else { "" };
                    let head = format!("HTTP/1.1 {status} X\r\n{wait}content-length: 0\r\nconnection: close\r\n\r\n");
                    drop(stream.write_all(head.as_bytes()));
                }
            }
        });
        Self { posts, listener }
    }

    pub fn url(&self) -> String {
        format!("http://{}/send?tenant=7", self.listener.address)
    }

    /// The next post.
    pub fn next(&self) -> Post {
        self.posts.recv_timeout(PATIENCE).unwrap()
    }

    /// The next post, if one has arrived already.
    pub fn try_next(&self) -> Option<Post> {
        self.posts.try_recv().ok()
    }
}

/// A mail received by the SMTP server.
#[derive(Debug)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub data: String,
}

impl Mail {
    /// The six digits in it.
    pub fn code(&self) -> String {
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        let mut words = self.data.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.rfind(is_code).unwrap().to_owned()
    }

    /// A header's value, unfolded.
    pub fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
        line.unwrap()
    }
}

/// Receives e-mail.
pub struct SmtpServer {
    mails: Receiver<Mail>,
    listener: Listener,
}

impl SmtpServer {
    /// Answers the first mails with `replies`, one each, and the rest with 250.
    pub fn start(replies: &'static [&'static str]) -> Self {
        let (send, mails) = mpsc::channel();
        let replies = Arc::new(std::sync::Mutex::new(replies.iter()));
        let listener = Listener::start(move |stream| {
            let (send, replies) = (send.clone(), Arc::clone(&replies));
            // Clients keep connections open.
            thread::spawn(move || {
                let mut next_reply = || replies.lock().unwrap().next().copied().unwrap_or("250 2.0.0 taken");
                converse(stream, &send, &mut next_reply);
            });
        });
        Self { mails, listener }
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.listener.address)
    }

    /// The next mail.
    pub fn next(&self) -> Mail {
        self.mails.recv_timeout(PATIENCE).unwrap()
    }

    /// The next mail, if one has arrived already.
    pub fn try_next(&self) -> Option<Mail> {
        self.mails.try_recv().ok()
    }
}

fn converse(mut stream: TcpStream, mails: &mpsc::Sender<Mail>, reply: &mut dyn FnMut() -> &'static str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes());
    let (mut from, mut to) = (String::new(), String::new());
    if say("220 test.example ESMTP").is_err() {
        return;
    }
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|length| length > 0) {
        let answer = match line.split([' ', '\r']).next().unwrap() {
            "MAIL" => {
                line.trim().clone_into(&mut from);
                "250 ok"
            }
            "RCPT" => {
                line.trim().clone_into(&mut to);
                "250 ok"
            }
            "DATA" => {
                say("354 go on").unwrap();
                let mut data = String::new();
                while !data.ends_with("\r\n.\r\n") {
                    reader.read_line(&mut data).unwrap();
                }
                drop(mails.send(Mail { from: from.clone(), to: to.clone(), data }));
                reply()
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if say(answer).is_err() {
            return;
        }
        line.clear();
    }
}
