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

use super::process::{self, Server};

const PROTOBUF: &str = "info.pb";
const JSON: &str = "info.json";

/// Starts the floor in a process of its own, with the bodies that a gateway answers.
pub fn start(folder: &Path, protobuf: &[u8], json: &[u8]) -> (Server, SocketAddr) {
    fs::write(folder.join(PROTOBUF), protobuf).unwrap();
    fs::write(folder.join(JSON), json).unwrap();
    let mut child = process::own(&["floor"]).arg(folder).stdout(Stdio::piped()).spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    (Server(child), line.parse().unwrap())
}

pub fn serve(folder: &Path) {
    let message = pb::InfoResponse::decode(&*fs::read(folder.join(PROTOBUF)).unwrap()).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&fs::read(folder.join(JSON)).unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let server = HttpServer::new(move || {
        let (message, value) = (message.clone(), value.clone());
        let protobuf = move || {
            let body = message.encode_to_vec();
            async { HttpResponse::Ok().content_type("application/x-protobuf").body(body) }
        };
        let json = move || {
            let body = serde_json::to_vec(&value).unwrap();
            async { HttpResponse::Ok().content_type("application/json").body(body) }
        };
        App::new().route("/protobuf", web::get().to(protobuf)).route("/json", web::get().to(json))
    });
    System::new().block_on(server.listen(listener).unwrap().run()).unwrap();
}
