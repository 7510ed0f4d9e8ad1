//! A standby of PostgreSQL, and `PgBouncer` in front of one, for one test.

use std::{fs, net::SocketAddr, path::Path};

use super::servers::{OwnServer, answers_as_postgres, free_address, own_folder, postgres_bin, run, unprivileged};

impl OwnServer {
    /// A standby that follows a PostgreSQL server.
    pub fn standby_of(primary: &Self) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
        let data = own_folder(&folder);
        let mut copy = unprivileged(&postgres_bin().join("pg_basebackup"));
        copy.arg("-D").arg(data).args(["-h", "127.0.0.1", "-p"]).arg(primary.address.port().to_string());
        run(copy.args(["-U", "postgres", "-X", "stream", "-c", "fast", "-R", "--no-sync"]));
        Self::postgres_in(folder, address)
    }

    /// `PgBouncer` in transaction mode, with four connections to a PostgreSQL server.
    pub fn pgbouncer(server: SocketAddr) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
        own_folder(&folder);
        let path = folder.path().join("pgbouncer.ini");
        let (port, to) = (address.port(), server.port());
        fs::write(
            &path,
            format!(
                "[databases]\npostgres = host=127.0.0.1 port={to} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
                 default_pool_size = 4\nmax_client_conn = 200\nserver_login_retry = 1\n"
            ),
        )
        .unwrap();
        let command = move || {
            let mut command = unprivileged(Path::new("/usr/sbin/pgbouncer"));
            command.arg(&path);
            command
        };
        Self::start(folder, address, Box::new(command), Box::new(move || answers_as_postgres(address)))
    }
}
