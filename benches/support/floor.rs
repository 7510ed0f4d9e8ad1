//! The floor: what actix and prost (or `serde_json`) need to send the body of `GET /v1/user/info`, and nothing else.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
};

use actix_web::{App, HttpResponse, HttpServer, rt::System, web};
use diglot::transport::pb;
use prost::Message as _;
use serde::Serialize;

use super::process::{self, Server};

const INFO: &str = "info.pb";

/// The JSON envelope of `/v1`.
#[derive(Serialize)]
struct Envelope<'a> {
    code: i32,
    data: &'a pb::InfoResponse,
    msg: &'a str,
}

/// Starts the floor in a process of its own, with the body that a gateway answers.
pub fn start(folder: &Path, info: &[u8]) -> (Server, SocketAddr) {
    fs::write(folder.join(INFO), info).unwrap();
    let mut child = process::own(&["floor"]).arg(folder).stdout(Stdio::piped()).spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    (Server(child), line.parse().unwrap())
}

pub fn serve(folder: &Path) {
    let info = pb::InfoResponse::decode(&*fs::read(folder.join(INFO)).unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let server = HttpServer::new(move || {
        let (message, data) = (info.clone(), info.clone());
        let protobuf = move || {
            let body = message.encode_to_vec();
            async { HttpResponse::Ok().content_type("application/x-protobuf").body(body) }
        };
        let json = move || {
            let body = serde_json::to_vec(&Envelope { code: 1, data: &data, msg: "success" }).unwrap();
            async { HttpResponse::Ok().content_type("application/json").body(body) }
        };
        App::new().route("/protobuf", web::get().to(protobuf)).route("/json", web::get().to(json))
    });
    System::new().block_on(server.listen(listener).unwrap().run()).unwrap();
}
