//! What `diglot doctor` finds in the settings and files of a node, and in the unit of systemd that runs it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, chown},
    process::Command,
    thread,
    time::Duration,
};

use diglot::clock::{Clock as _, SystemClock};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use crate::support::{Certificate, Findings, Shell, SmtpServer, free_address};

/// What the doctor says in a folder of its own, without a database.
fn doctor(settings: &[(&str, &str)]) -> Findings {
    Findings::of(Shell::new().command(&["doctor"]).envs(settings.iter().copied()))
}

#[test]
fn listeners_that_exclude_each_other_or_can_not_be_bound_are_found() {
    let port = free_address().port();
    let (app, web) = (format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}"));
    let found = doctor(&[("DIGLOT_LISTEN", &app), ("DIGLOT_WEB_LISTEN", &web)]);
    found.is("DIGLOT_LISTEN", "ok", "is free");
    found.is("DIGLOT_WEB_LISTEN", "fail", "DIGLOT_LISTEN takes this port already");
    // An address of the documentation (RFC 5737), which no machine has.
    doctor(&[("DIGLOT_LISTEN", "192.0.2.1:8080")]).is("DIGLOT_LISTEN", "fail", "192.0.2.1:8080: ");
}

#[test]
fn a_running_gateway_is_no_problem() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    doctor(&[("DIGLOT_LISTEN", &address)]).is("DIGLOT_LISTEN", "note", "expected while the gateway is running");
}

#[test]
fn it_says_whose_addresses_the_limits_count() {
    let (name, none) = ("proxies", "all clients share the limits of one address");
    let local = doctor(&[]);
    local.is(name, "note", none);
    assert!(!local.text(name).contains("unencrypted"));
    doctor(&[("DIGLOT_WEB_LISTEN", "0.0.0.0:0")]).is(name, "note", "to 0.0.0.0:0 unencrypted");
    doctor(&[("DIGLOT_TRUSTED_PROXIES", "10.0.0.0/8")]).is(name, "ok", "X-Forwarded-For");
    for all in ["10.0.0.0/8,0.0.0.0/0", "::/0"] {
        doctor(&[("DIGLOT_TRUSTED_PROXIES", all)]).is(name, "fail", "lets every client choose the address");
    }
    let certificate = Certificate::new();
    let [cert, key] = ["certificate", "key"].map(|name| certificate.path(name).display().to_string());
    doctor(&[("DIGLOT_TLS_CERT", &cert), ("DIGLOT_TLS_KEY", &key)]).is(
        name,
        "ok",
        "the addresses of their connections",
    );
}

#[test]
fn an_ops_listener_that_others_reach_is_found() {
    assert!(!doctor(&[]).has("ops listener"));
    let open = doctor(&[("DIGLOT_OPS_LISTEN", "0.0.0.0:0")]);
    open.is("ops listener", "note", "0.0.0.0:0 answers other machines without a login");
    assert!(!open.text("ops listener").contains("console"));
    let console = doctor(&[("DIGLOT_OPS_LISTEN", "0.0.0.0:0"), ("DIGLOT_CONSOLE", "true")]);
    console.is("ops listener", "note", "with TLS in front of it, the console");
}

#[test]
fn short_passwords_are_found() {
    let found = doctor(&[("DIGLOT_V1_PASSWORD_MIN", "8")]);
    found.is("passwords", "note", "DIGLOT_PASSWORD_MIN is 1; 8 or more is recommended");
    doctor(&[("DIGLOT_V1_PASSWORD_MIN", "8"), ("DIGLOT_PASSWORD_MIN", "9")]).is("passwords", "ok", "8 characters");
}

#[test]
fn codes_that_cross_the_network_unencrypted_are_found() {
    let mail = |url: &str| doctor(&[("DIGLOT_SMTP_URL", url), ("DIGLOT_MAIL_FROM", "codes@chat.example")]);
    mail("smtp://mail.example").is("e-mail", "note", "unencrypted; use smtps://");
    mail("smtp://mail.example?tls=opportunistic").is("e-mail", "note", "unencrypted; use smtps://");
    for url in ["smtps://mail.example", "smtp://mail.example?tls=required", "smtp://127.0.0.1", "smtp://localhost"] {
        mail(url).is("e-mail", "ok", "configured");
    }
    let sms = |url: &str| doctor(&[("DIGLOT_SMS_WEBHOOK_URL", url), ("DIGLOT_SMS_WEBHOOK_SECRET", "x")]);
    sms("http://sms.example/send").is("SMS", "note", "unencrypted; use https://");
    sms("https://sms.example/send").is("SMS", "ok", "configured");
    sms("http://[::1]/send").is("SMS", "ok", "configured");
}

#[test]
fn providers_of_codes_are_asked_whether_they_answer() {
    let shell = Shell::new();
    shell.run(&["migrate"]);
    let doctor = |smtp: &str, sms: &str| {
        Findings::of(shell.command(&["doctor"]).envs([
            ("DIGLOT_SMTP_URL", smtp),
            ("DIGLOT_MAIL_FROM", "codes@chat.example"),
            ("DIGLOT_SMS_WEBHOOK_URL", sms),
            ("DIGLOT_SMS_WEBHOOK_SECRET", "x"),
        ]))
    };
    let nobody = free_address();
    let lost = doctor(&format!("smtp://{nobody}"), &format!("http://{nobody}"));
    lost.is("e-mail", "fail", "");
    lost.is("SMS", "fail", "");

    let (mail, web) = (SmtpServer::start(&[]), TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("http://{}/send", web.local_addr().unwrap());
    let receiver = thread::spawn(move || {
        let mut stream = web.accept().unwrap().0;
        let lines: Vec<String> =
            BufReader::new(&stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        stream.write_all(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        lines[0].clone()
    });
    let found = doctor(&mail.url(), &url);
    found.is("e-mail", "ok", "the provider answers");
    found.is("SMS", "ok", "the provider answers");
    // Nothing is sent.
    assert_eq!(receiver.join().unwrap(), "HEAD /send HTTP/1.1");
    assert!(mail.try_next().is_none());
}

/// A certificate that is valid from and until these times, in days from now.
fn certificate(from: i64, until: i64) -> Findings {
    let folder = Certificate::new();
    let [cert, key] = ["certificate", "key"].map(|name| folder.path(name));
    let at = |days: i64| {
        let secs = SystemClock.now_ms() / 1000 + days * 24 * 60 * 60;
        date_time_ymd(1970, 1, 1) + Duration::from_secs(secs.try_into().unwrap())
    };
    let (mut params, pair) = (CertificateParams::new(["localhost".to_owned()]).unwrap(), KeyPair::generate().unwrap());
    (params.not_before, params.not_after) = (at(from), at(until));
    fs::write(&cert, params.self_signed(&pair).unwrap().pem()).unwrap();
    fs::write(&key, pair.serialize_pem()).unwrap();
    let [cert, key] = [cert, key].map(|path| path.display().to_string());
    doctor(&[("DIGLOT_TLS_CERT", &cert), ("DIGLOT_TLS_KEY", &key)])
}

#[test]
fn a_certificate_that_ends_or_has_not_begun_is_found() {
    certificate(-20, 60).is("TLS", "ok", "the certificate and its key can be used until ");
    certificate(-20, 13).is("TLS", "note", "ends at ");
    certificate(-20, -1).is("TLS", "fail", "renew it, then send SIGHUP");
    certificate(1, 60).is("TLS", "fail", "look at the clock of this machine");
}

#[test]
fn the_certificate_between_that_ends_first_counts() {
    let (own, between) = (Certificate::new(), Certificate::new());
    let mut params = CertificateParams::new(["ca.example".to_owned()]).unwrap();
    params.not_after = date_time_ymd(2020, 1, 1);
    let ended = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    let chain = fs::read_to_string(own.path("certificate")).unwrap() + &ended;
    fs::write(between.path("chain"), chain).unwrap();
    let [chain, key] = [between.path("chain"), own.path("key")].map(|path| path.display().to_string());
    let found = doctor(&[("DIGLOT_TLS_CERT", &chain), ("DIGLOT_TLS_KEY", &key)]);
    found.is("TLS", "fail", "or one of those between it and the root, ended at 2020-01-01T00:00:00Z");
}

fn set_mode(path: impl AsRef<std::path::Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn files_with_secrets_that_every_user_can_read_are_found() {
    let (shell, certificate) = (Shell::new(), Certificate::new());
    shell.run(&["migrate"]);
    let [cert, key] = ["certificate", "key"].map(|name| certificate.path(name));
    set_mode(&key, 0o640);
    let config = shell.path().join("diglot.toml");
    fs::write(&config, "redis_prefix = 'x'\n").unwrap();
    set_mode(&config, 0o644);
    let doctor = || {
        let mut command = shell.command(&["doctor", "--config", "diglot.toml"]);
        Findings::of(command.env("DIGLOT_TLS_CERT", &cert).env("DIGLOT_TLS_KEY", &key))
    };
    doctor().is("files", "ok", "no other user has access");
    fs::write(&config, "smtp_url = 'smtps://me:pass@mail.example'\nmail_from = 'codes@chat.example'\n").unwrap();
    set_mode(&config, 0o640);
    doctor().is("files", "ok", "no other user has access");

    for path in [config, key.clone(), shell.path().join("diglot.db"), shell.path().join("diglot.db.secret")] {
        let before = fs::metadata(&path).unwrap().permissions().mode();
        set_mode(&path, before | 0o004);
        doctor().is("files", "fail", &format!("{}; run `chmod o= ", path.file_name().unwrap().to_str().unwrap()));
        set_mode(&path, before);
    }
}

#[test]
fn files_that_root_has_made_beside_the_database_are_found() {
    // Only root can give a file away.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shell = Shell::new();
    shell.run(&["migrate"]);
    chown(shell.path().join("diglot.db"), Some(65534), Some(65534)).unwrap();
    let found = Findings::of(&mut shell.command(&["doctor"]));
    found.is("files", "fail", "diglot.db.secret belongs to another user than diglot.db");
    chown(shell.path().join("diglot.db.secret"), Some(65534), Some(65534)).unwrap();
    Findings::of(&mut shell.command(&["doctor"])).is("files", "ok", "");
}

/// What the doctor says where systemd has a unit with these properties.
fn with_unit(properties: &str, settings: &[(&str, &str)]) -> Findings {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/bin");
    let all: Vec<_> = [("PATH", path), ("DIGLOT_TEST_UNIT", properties)].iter().chain(settings).copied().collect();
    doctor(&all)
}

#[test]
fn a_stop_timeout_that_is_too_short_is_found() {
    let unit = |timeout: &str| format!("LoadState=loaded\nTimeoutStopUSec={timeout}\nLimitNOFILE=65536");
    let name = "stop timeout";
    with_unit(&unit("40s"), &[]).is(name, "ok", "diglot.service waits for longer than 31 s");
    let longer = [("DIGLOT_SHUTDOWN_SECS", "60")];
    with_unit(&unit("40s"), &longer).is(name, "fail", "diglot.service is killed 40 s after it is told to stop");
    with_unit(&unit("1min 1s"), &longer).is(name, "fail", "killed 61 s after");
    for long in ["1min 2s", "2h", "2d", "infinity"] {
        with_unit(&unit(long), &longer).is(name, "ok", "waits for longer than 61 s");
    }
    // Without the unit, it says what to compare with the service manager's.
    let says = "stopping takes up to 61 s";
    with_unit("LoadState=not-found\nTimeoutStopUSec=1s", &longer).is(name, "ok", says);
    Findings::of(Shell::new().command(&["doctor"]).envs(longer).env("PATH", "/nowhere")).is(name, "ok", says);
}

#[test]
fn few_open_files_are_found() {
    let unit = |files: &str| format!("LoadState=loaded\nTimeoutStopUSec=40s\nLimitNOFILE={files}");
    with_unit(&unit("1024"), &[]).is("open files", "note", "1024 in diglot.service leave room for ");
    with_unit(&unit("65536"), &[]).is("open files", "ok", "");
    with_unit(&unit("infinity"), &[]).is("open files", "ok", "1000000 connections");
    let shell = Shell::new();
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "ulimit -n 1000 && exec \"$0\" doctor \"$@\"", env!("CARGO_BIN_EXE_diglot")]);
    let found = Findings::of(limited.current_dir(shell.path()).env_clear().env("PATH", "/nowhere"));
    found.is("open files", "note", "1000 in this shell leave room for ");
}

#[test]
fn files_that_the_sandbox_of_the_unit_keeps_from_the_service_are_found() {
    let unit = "LoadState=loaded\nTimeoutStopUSec=40s\nLimitNOFILE=65536\nProtectHome=yes\nProtectSystem=strict\n\
                StateDirectory=diglot\nReadWritePaths=-/srv/data";
    let name = "sandbox";
    assert!(!with_unit(unit, &[("DATABASE_URL", "sqlite:/var/lib/diglot/diglot.db")]).has(name));
    assert!(!with_unit(unit, &[("DATABASE_URL", "sqlite:/srv/data/diglot.db")]).has(name));
    let hidden = with_unit(unit, &[("DIGLOT_TLS_CERT", "/root/cert.pem"), ("DIGLOT_TLS_KEY", "/etc/key.pem")]);
    hidden.is(name, "fail", "diglot.service hides /root/cert.pem");
    with_unit(unit, &[("DIGLOT_GEOIP_DB", "/home/x.mmdb")]).is(name, "fail", "diglot.service hides /home/x.mmdb");
    let elsewhere = ("DATABASE_URL", "sqlite:/srv/diglot.db");
    with_unit(unit, &[elsewhere]).is(name, "fail", "can't write /srv/diglot.db");
    assert!(!with_unit("LoadState=loaded\nProtectHome=no\nProtectSystem=no", &[elsewhere]).has(name));
    let database = ("DATABASE_URL", "sqlite:/var/lib/diglot/diglot.db");
    let images = [database, ("DIGLOT_MEDIA_URL", "file:/srv/images")];
    with_unit(unit, &images).is(name, "fail", "can't write /srv/images");
}

#[test]
fn a_store_of_images_that_keeps_nothing_is_found() {
    let shell = Shell::new();
    shell.run(&["migrate"]);
    let images = shell.path().join("media");
    let doctor = || Findings::of(&mut shell.command(&["doctor"]));
    doctor().is("images", "note", "media does not exist yet");
    fs::create_dir(&images).unwrap();
    doctor().is("images", "ok", "the store keeps what is put into it");
    assert_eq!(fs::read_dir(&images).unwrap().count(), 0);
    fs::remove_dir(&images).unwrap();
    fs::write(&images, "a file in place of the folder").unwrap();
    doctor().is("images", "fail", "the store of images: ");
}

#[test]
fn a_list_of_database_hosts_without_a_choice_of_the_primary_is_found() {
    let hosts = |parameters: &str| {
        let url = format!("postgres://127.0.0.1:1,127.0.0.1:2/x{parameters}");
        doctor(&[("DATABASE_URL", &url), ("DIGLOT_SECRET", "0123456789abcdef0123456789abcdef")])
    };
    hosts("").is("database hosts", "fail", "append target_session_attrs=read-write");
    hosts("?target_session_attrs=any").is("database hosts", "fail", "append target_session_attrs=read-write");
    assert!(!hosts("?target_session_attrs=read-write").has("database hosts"));
    assert!(!hosts("?target_session_attrs=primary").has("database hosts"));
}
