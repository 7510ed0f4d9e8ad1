//! Requests to switch to another protocol than `WebSocket`.

/// Hides the request for an upgrade, in place, in a head that asks for another protocol than `WebSocket`: a server may
/// ignore it (RFC 9110 §7.8), but actix-http would close the connection after the answer. Java's HTTP client sends
/// `Upgrade: h2c` by default. A head that arrives in parts is left as it is.
pub fn ignore_other_protocols(bytes: &mut [u8]) {
    const OPTION: &[u8] = b"upgrade";
    let mut starts = memchr::memchr2_iter(b'u', b'U', bytes);
    let is_there = |start| bytes.get(start..start + OPTION.len()).is_some_and(|word| word.eq_ignore_ascii_case(OPTION));
    if !starts.any(is_there) {
        return;
    }
    let head = bytes.split_mut(|byte| *byte == b'\n').take_while(|line| !matches!(&**line, [] | [b'\r']));
    let mut lines: Vec<(&mut [u8], usize)> = Vec::new();
    let mut protocol: Option<Vec<u8>> = None;
    for line in head {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        if name.eq_ignore_ascii_case(OPTION) {
            protocol = value.get(1..).map(|value| value.trim_ascii().to_ascii_lowercase());
        } else if name.eq_ignore_ascii_case(b"connection") {
            lines.push((line, colon));
        }
    }
    if protocol.is_none_or(|protocol| protocol == b"websocket") {
        return;
    }
    for (line, colon) in lines {
        let options = line.split_at_mut(colon + 1).1.split_mut(|byte| *byte == b',');
        for option in options.filter(|option| option.trim_ascii().eq_ignore_ascii_case(OPTION)) {
            // An option that means nothing.
            option.iter_mut().filter(|byte| byte.is_ascii_alphabetic()).for_each(|byte| *byte = b'x');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignoring(head: &str) -> String {
        let mut bytes = head.as_bytes().to_vec();
        ignore_other_protocols(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn only_other_protocols_are_ignored() {
        let h2c = "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: HTTP2-Settings, upgrade\r\n\r\nConnection: upgrade";
        let ignored = h2c.replace(" upgrade\r", " xxxxxxx\r");
        assert_eq!(ignoring(h2c), ignored);
        for kept in [
            "GET /upgrade HTTP/1.1\r\nconnection: keep-alive\r\n\r\n",
            "GET / HTTP/1.1\r\nconnection: Upgrade\r\nupgrade: WebSocket\r\n\r\n",
            "GET / HTTP/1.1\r\nconnection: close\r\n\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
            "upgrade:\r\nupgrade",
            "",
        ] {
            assert_eq!(ignoring(kept), kept);
        }
    }
}
