//! The load generator: a process of one thread that keeps a number of connections busy and checks every answer.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Stdio},
    time::{Duration, Instant},
};

use memchr::memmem;
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use serde::{Deserialize, Serialize};

use super::{exchange::Exchange, process};

/// How long the load runs before it counts.
const WARM_UP: Duration = Duration::from_millis(500);

pub struct Plan {
    pub address: SocketAddr,
    pub connections: usize,
    pub seconds: f64,
    pub exchanges: Vec<Exchange>,
}

/// What a load generator measured, after the warm-up.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Load {
    pub requests: u64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// A load generator that has warmed up and counts now.
pub struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts the exchanges of a file, in turn on all connections, and waits until the load counts.
    pub fn start(address: SocketAddr, connections: usize, seconds: f64, file: &Path) -> Self {
        let mut child = process::own(&["client"])
            .args([address.to_string(), connections.to_string(), seconds.to_string()])
            .arg(file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "begin");
        Self { child, lines }
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Load {
        let line = self.lines.next().expect("the load generator ends with its result").unwrap();
        assert!(self.child.wait().unwrap().success());
        serde_json::from_str(&line).unwrap()
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    exchange: usize,
    sent: Instant,
}

pub fn run(plan: &Plan) {
    let mut poll = Poll::new().unwrap();
    // Where the list of exchanges begins differs, so that measurements do not repeat each other.
    let mut next = usize::try_from(std::process::id()).unwrap() % plan.exchanges.len();
    let mut connections: Vec<Connection> = (0..plan.connections)
        .map(|number| {
            let stream = std::net::TcpStream::connect(plan.address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_nonblocking(true).unwrap();
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(number), Interest::READABLE).unwrap();
            Connection { stream, buffer: vec![0; 256 * 1024], filled: 0, exchange: 0, sent: Instant::now() }
        })
        .collect();
    for connection in &mut connections {
        connection.send(plan, &mut next);
    }
    let mut events = Events::with_capacity(plan.connections);
    let mut begin = Instant::now() + WARM_UP;
    let mut has_begun = false;
    let mut times = Vec::new();
    loop {
        poll.poll(&mut events, None).unwrap();
        let now = Instant::now();
        if !has_begun && now >= begin {
            (has_begun, begin) = (true, now);
            println!("begin");
        }
        if has_begun && now.duration_since(begin).as_secs_f64() >= plan.seconds {
            break;
        }
        for event in &events {
            let connection = &mut connections[event.token().0];
            if !connection.receive(plan) {
                continue;
            }
            if has_begun {
                times.push(connection.sent.elapsed());
            }
            connection.send(plan, &mut next);
        }
    }
    println!("{}", serde_json::to_string(&summary(times, begin.elapsed())).unwrap());
}

fn summary(mut times: Vec<Duration>, took: Duration) -> Load {
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    let requests = times.len() as u64;
    Load { requests, per_second: times.len() as f64 / took.as_secs_f64(), p50_ms: at(0.5), p99_ms: at(0.99) }
}

impl Connection {
    fn send(&mut self, plan: &Plan, next: &mut usize) {
        self.exchange = *next;
        *next = (*next + 1) % plan.exchanges.len();
        self.filled = 0;
        self.sent = Instant::now();
        // A request is far smaller than the buffer of a socket.
        self.stream.write_all(&plan.exchanges[self.exchange].request).unwrap();
    }

    /// Reads what has arrived; true at the end of an answer, which must be the right one.
    fn receive(&mut self, plan: &Plan) -> bool {
        loop {
            match self.stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) => panic!("the server closed the connection"),
                Ok(length) => self.filled += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => panic!("{error}"),
            }
            let answer = &self.buffer[..self.filled];
            let Some(head) = memmem::find(answer, b"\r\n\r\n") else { continue };
            let length = content_length(&answer[..head]);
            if answer.len() < head + 4 + length {
                continue;
            }
            let exchange = &plan.exchanges[self.exchange];
            let body = &answer[head + 4..];
            let is_right = answer.starts_with(b"HTTP/1.1 200 ")
                && exchange.expected.iter().all(|expected| memmem::find(body, expected).is_some());
            assert!(
                is_right,
                "wrong answer to {}\n{}",
                String::from_utf8_lossy(&exchange.request),
                String::from_utf8_lossy(answer)
            );
            return true;
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let name = b"\r\ncontent-length: ";
    let start = memmem::find(head, name).expect("every answer has a content-length") + name.len();
    head[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |value, digit| value * 10 + usize::from(digit - b'0'))
}
