//! The samples in `deploy/`: nginx and haproxy in front of two nodes.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite;

use super::Gateway;
use crate::support::{Node, agent, signal};

/// A balancer with the configuration from `deploy/`, on a free port.
pub struct Balancer {
    child: Child,
    /// Its address for clients.
    pub address: String,
    _folder: TempDir,
}

impl Balancer {
    pub fn nginx(nodes: &[String; 2]) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let site = sample(
            "nginx.conf",
            &[
                ("10.0.0.11:8080", &nodes[0]),
                ("10.0.0.12:8080", &nodes[1]),
                ("listen 80;", &format!("listen 127.0.0.1:{port};")),
            ],
        );
        let main = format!(
            "daemon off; worker_processes 1; pid {0}/pid; error_log {0}/error.log;\n\
             events {{ worker_connections 512; }}\n\
             http {{ access_log off; client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f; \
             uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;\n{site}\n}}",
            folder.path().display()
        );
        Self::start("nginx", "-c", &main, folder, port)
    }

    /// `ops_ports` are those of the nodes' health checks.
    fn haproxy(nodes: &[String; 2], ops_ports: [u16; 2]) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let [first, second] = ops_ports.map(|port| format!("check port {port}"));
        let site = sample(
            "haproxy.cfg",
            &[
                ("10.0.0.11:8080 check port 9090", &format!("{} {first}", nodes[0])),
                ("10.0.0.12:8080 check port 9090", &format!("{} {second}", nodes[1])),
                ("bind :80", &format!("bind 127.0.0.1:{port}")),
            ],
        );
        Self::start("haproxy", "-f", &site, folder, port)
    }

    fn start(program: &str, flag: &str, configuration: &str, folder: TempDir, port: u16) -> Self {
        let path = folder.path().join("configuration");
        fs::write(&path, configuration).unwrap();
        let mut command = Command::new(program);
        // Users without root's rights may not have /usr/sbin in their PATH.
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").arg(flag).arg(&path);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("scripts/test installs it");
        let balancer = Self { child, address: format!("127.0.0.1:{port}"), _folder: folder };
        let started = Instant::now();
        while TcpStream::connect(&balancer.address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(10), "{program} does not start");
            thread::sleep(Duration::from_millis(10));
        }
        balancer
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        signal(self.child.id(), "TERM");
        self.child.wait().unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A sample with what an operator adapts.
fn sample(name: &str, adapted: &[(&str, &str)]) -> String {
    let text = fs::read_to_string(format!("{}/deploy/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    adapted.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{name}: {from}");
        text.replace(from, to)
    })
}

#[actix_web::test]
#[ignore = "needs PostgreSQL, Redis, nginx and haproxy: run scripts/test"]
async fn the_samples_pass_on_what_clients_of_any_tenant_send() {
    let gateway = Gateway::new().await;
    gateway.t.clock.set_to_now();
    let (alice, ops_ports) = (gateway.t.user_of_new_app("shop", "alice").await, [free_port(), free_port()]);
    let admin_token = gateway.t.admin_token_of("shop").await;
    let mut environment = gateway.environment();
    environment.insert("DIGLOT_TRUSTED_PROXIES", "127.0.0.1".to_owned());
    let nodes = ops_ports.map(|port| {
        environment.insert("DIGLOT_OPS_LISTEN", format!("127.0.0.1:{port}"));
        Node::start(&environment)
    });
    let addresses = nodes.each_ref().map(|node| node.address.clone());
    for balancer in [Balancer::nginx(&addresses), Balancer::haproxy(&addresses, ops_ports)] {
        let agent = agent();
        let get = |path: &str, headers: &[(&str, &str)]| -> Value {
            let request = agent.get(format!("http://{}{path}", balancer.address)).header("app_id", "shop");
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let mut answer = request.header("accept", "application/json").call().unwrap();
            serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
        };
        // haproxy needs the first successful check of a node.
        let started = Instant::now();
        let own = loop {
            let own = agent.get(format!("http://{}/v1/user/info", balancer.address)).header("app_id", "shop");
            let status = own.header("token", &alice.token).call().unwrap().status();
            if status == 200 || started.elapsed() > Duration::from_secs(10) {
                break get("/v1/user/info", &[("token", &alice.token)]);
            }
        };
        assert_eq!(own["data"]["user"]["nickname"], "alice", "{own}");
        let user_id = alice.id.to_string();
        let profile = get("/user/profile", &[("access-token", &admin_token), ("user_id", &user_id)]);
        assert_eq!((&profile["code"], &profile["data"]["user_id"]), (&json!(200), &json!(alice.id)), "{profile}");
        let stream = TcpStream::connect(&balancer.address).unwrap();
        let (mut socket, _) = tungstenite::client(format!("ws://{}/ws?app_id=shop", balancer.address), stream).unwrap();
        let data = json!({"userId": alice.id, "token": alice.token});
        socket.send(tungstenite::Message::text(json!({"seq": "1", "cmd": "login", "data": data}).to_string())).unwrap();
        socket.send(tungstenite::Message::text(r#"{"seq":"2","cmd":"heartbeat","data":{}}"#)).unwrap();
        assert!(socket.read().unwrap().is_binary());
    }
    nodes.into_iter().for_each(Node::stop);
}
