//! Requests with what their answers must contain, and files of them for load generators.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
};

use prost::Message;

/// A request and what identifies the right answer.
#[derive(Clone, PartialEq, Message)]
pub struct Exchange {
    /// The request as it is sent.
    #[prost(bytes = "vec", tag = "1")]
    pub request: Vec<u8>,
    /// What the body of the answer must contain: the code of success, and what only the right account has.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub expected: Vec<Vec<u8>>,
}

impl Exchange {
    pub fn new(request: Vec<u8>, expected: &[&[u8]]) -> Self {
        Self { request, expected: expected.iter().map(|bytes| bytes.to_vec()).collect() }
    }
}

pub fn write(path: &Path, exchanges: impl IntoIterator<Item = Exchange>) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for exchange in exchanges {
        file.write_all(&exchange.encode_length_delimited_to_vec()).unwrap();
    }
    file.flush().unwrap();
}

pub fn read(path: &Path) -> Vec<Exchange> {
    let bytes = fs::read(path).unwrap();
    let mut rest = bytes.as_slice();
    let mut exchanges = Vec::new();
    while !rest.is_empty() {
        exchanges.push(Exchange::decode_length_delimited(&mut rest).unwrap());
    }
    exchanges
}

/// The bytes of an HTTP request.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n");
    if !body.is_empty() {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    [text.as_bytes(), body].concat()
}
