//! Settings that would be ignored or misread stop the start, and show nothing of a password (security.md 51).

use crate::support::Shell;

/// The setting, its wrong value, and words of the problem.
const WRONG: [(&str, &str, &str); 39] = [
    ("DIGLOT_LOG", "verbose", "verbose is not one of off, error, warn, info, debug and trace"),
    ("DIGLOT_LOG", "info,diglot=loud", "loud is not one of"),
    ("DIGLOT_CORS_ORIGINS", "https://*.c.example", "wildcards are not supported"),
    ("DIGLOT_CORS_ORIGINS", "*", "must start with"),
    ("REDIS_URL", "redis://h?db=3", "unknown parameter db; the database is the path"),
    ("REDIS_URL", "redis://h/three", "must end with the number of a database"),
    ("REDIS_URL", "http://h", "must start with redis://, redis+sentinel:// or redis+cluster://"),
    ("REDIS_URL", "redis://user@h", "has a user without a password"),
    ("REDIS_URL", "redis+sentinel://h:1,i:2", "needs the name of the master"),
    ("REDIS_URL", "redis+sentinel://h:1,i:2/main/three", "must end with the number of a database"),
    ("REDIS_URL", "redis+sentinel://h:1,,i:2/main", "has an empty host"),
    ("REDIS_URL", "redis+sentinel:///main", "has an empty host"),
    ("REDIS_URL", "redis+sentinel://h/main?db=3", "unknown parameter db; the database is the end of the path"),
    ("REDIS_URL", "redis+sentinel://h/main?sentinel_pass=sesame", "unknown parameter sentinel_pass"),
    ("REDIS_URL", "redis+sentinel://h/main?sentinel_user=u", "sentinel_user needs sentinel_password"),
    ("REDIS_URL", "redis+sentinel://u:12,sesame/x@h,i:2/main", "percent-encode"),
    ("REDIS_URL", "redis+cluster://h:1,i:70000", "\"i:70000\" is not HOST or HOST:PORT"),
    ("REDIS_URL", "redis+cluster://h:1,i:2/3", "a Cluster has no databases"),
    ("REDIS_URL", "redis+cluster://u:sesame,x/y@h:1,i:2", "percent-encode"),
    ("REDIS_URL", "redis+cluster://u:%FFsesame@h:1", "is not UTF-8"),
    ("DIGLOT_REDIS_PREFIX", "{x}", "must not contain { or }"),
    ("REDIS_URL", "redis://u:sesame/x@h/0", "percent-encode"),
    ("REDIS_URL", "redis://u:12#sesame@h/0", "percent-encode"),
    ("DATABASE_URL", "sqlite:x.db?mode=rwc", "takes no parameters"),
    ("DATABASE_URL", "sqlite:file:foo.db", "give the database a file"),
    ("DATABASE_URL", "postgres://u:sesame/x@h/db", "percent-encode"),
    ("DATABASE_URL", "postgres://u:12/sesame@h/db", "percent-encode"),
    ("DATABASE_URL", "postgres://u:sesame#x@h/db", "percent-encode"),
    ("DATABASE_URL", "postgres://u:12#sesame@h/db", "percent-encode"),
    ("DATABASE_URL", "postgres://u:12?sesame@h/db", "percent-encode"),
    ("DATABASE_URL", "postgres://h/db?pgbouncer=yes", "pgbouncer must be true or false"),
    ("DIGLOT_SMTP_URL", "smtps://u:12/sesame@h", "percent-encode"),
    ("DIGLOT_MEDIA_URL", "s3://key:se/sesame@h/b", "percent-encode"),
    ("DIGLOT_MEDIA_URL", "s3://key:sesame@h", "must be s3://KEY:SECRET@HOST:PORT/BUCKET"),
    ("DIGLOT_MEDIA_URL", "s3://h/b", "needs a key and its secret"),
    ("DIGLOT_MEDIA_URL", "s3://key:sesame@h/b?tls=maybe", "tls must be true or false"),
    ("DIGLOT_MEDIA_URL", "/srv/media", "must start with file: or s3://"),
    ("DIGLOT_LISTNE", "127.0.0.1:1", "is not a setting"),
    ("DIGLOT_SMTP_URL", "http://h", "must start with smtp:// or smtps://"),
];

#[test]
fn a_setting_that_would_be_misread_stops_every_command() {
    for (name, value, problem) in WRONG {
        let shell = Shell::new();
        for command in [&["serve"][..], &["doctor"], &["migrate"], &["config"]] {
            let output = shell.command(command).env(name, value).output().unwrap();
            let text =
                format!("{}{}", String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
            assert!(!output.status.success(), "{name}={value} {command:?}");
            assert!(text.contains(name) && text.contains(problem), "{name}={value} {command:?}: {text}");
            assert!(!text.contains("sesame"), "{name}={value} {command:?}: {text}");
        }
        let files = std::fs::read_dir(shell.path()).unwrap().count();
        assert_eq!(files, 0, "{name}={value} left files");
    }
}
