//! `ports` in short syntax: `[[IP:]HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// One published or exposed port. The mode of the short syntax is always `ingress`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    pub host_ip: Option<String>,
    /// A number or a range, which the engine chooses from.
    pub published: Option<String>,
    pub target: u32,
    pub protocol: String,
}

/// How many ports an entry stands for, for what can be read as a range.
pub fn count(text: &str) -> usize {
    let (_, _, container) = parts(text);
    let (container, _) = container_and_protocol(container);
    range(container).map_or(1, |targets| targets.len())
}

/// Reads one entry. A range of container ports becomes several, in the order of their *text*:
/// `9-11:9-11` gives 10, 11, 9, as Compose has it.
///
/// # Errors
///
/// The first thing Compose finds wrong, in its order: address, missing port, container port, host
/// port, unequal ranges, protocol.
pub fn parse(text: &str) -> Result<Vec<Port>, String> {
    let (address, host, container) = parts(text);
    let (container, protocol) = container_and_protocol(container);
    let host_ip = host_ip(address)?;
    if container.is_empty() {
        return Err(format!("No port specified: {text}<empty>"));
    }
    let targets = range(container).ok_or_else(|| format!("Invalid containerPort: {container}"))?;
    let published = match host {
        "" => None,
        host => Some(range(host).ok_or_else(|| format!("Invalid hostPort: {host}"))?),
    };
    let single = targets.start() == targets.end();
    if let Some(published) = &published {
        // A range for a single container port is a choice; two ranges must match.
        if !single && published.len() != targets.len() {
            return Err(format!(
                "Invalid ranges specified for container and host Ports: {container} and {host}"
            ));
        }
    }
    let lower = protocol.to_lowercase();
    if !matches!(lower.as_str(), "tcp" | "udp" | "sctp") {
        return Err(format!("Invalid proto: {protocol}"));
    }
    let mut ports = Vec::with_capacity(targets.len());
    for (offset, target) in targets.enumerate() {
        let published = published.as_ref().map(|range| {
            let (first, last) = (range.start(), range.end());
            if single && first != last {
                format!("{first}-{last}")
            } else {
                (usize::from(*first) + offset).to_string()
            }
        });
        let host_ip = host_ip.clone();
        ports.push(Port { host_ip, published, target: u32::from(target), protocol: lower.clone() });
    }
    ports.sort_by_cached_key(|port| format!("{}/", port.target));
    Ok(ports)
}

/// Address, host port and container port. Only the last two colons count, so that an address may
/// hold some.
fn parts(text: &str) -> (&str, &str, &str) {
    let Some((rest, container)) = text.rsplit_once(':') else {
        return ("", "", text);
    };
    match rest.rsplit_once(':') {
        Some((address, host)) => (address, host, container),
        None => ("", rest, container),
    }
}

fn container_and_protocol(text: &str) -> (&str, &str) {
    let mut fields = text.split('/');
    match (fields.next().unwrap_or_default(), fields.next().unwrap_or_default()) {
        (port, "") => (port, "tcp"),
        (port, protocol) => (port, protocol),
    }
}

/// `80` or `80-90`; a third part is not looked at.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut fields = text.split('-');
    let first = number(fields.next()?)?;
    let last = match fields.next() {
        Some(last) => number(last)?,
        None => first,
    };
    (first <= last).then_some(first..=last)
}

fn number(text: &str) -> Option<u16> {
    // The standard library would take a plus sign.
    if text.starts_with('+') { None } else { text.parse().ok() }
}

fn host_ip(address: &str) -> Result<Option<String>, String> {
    let bare = unbracketed(address)
        .map_err(|reason| format!("Invalid ip address {address}: address {address}:: {reason}"))?;
    if bare.is_empty() {
        return Ok(None);
    }
    if bare.parse::<Ipv4Addr>().is_err() && bare.parse::<Ipv6Addr>().is_err() {
        return Err(format!("Invalid ip address: {bare}"));
    }
    Ok(Some(bare.to_owned()))
}

/// What stands in `[…]`, or the address as it is if it has no colon and no bracket.
fn unbracketed(address: &str) -> Result<&str, &'static str> {
    let Some(inner) = address.strip_prefix('[') else {
        return match address {
            address if address.contains(':') => Err("too many colons in address"),
            address if address.contains('[') => Err("unexpected '[' in address"),
            address if address.contains(']') => Err("unexpected ']' in address"),
            address => Ok(address),
        };
    };
    match inner.split_once(']') {
        None => Err("missing ']' in address"),
        Some((host, "")) if host.contains('[') => Err("unexpected '[' in address"),
        Some((host, "")) => Ok(host),
        Some((_, rest)) if rest.starts_with(':') => Err("too many colons in address"),
        Some(_) => Err("missing port in address"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One line per port: `address|published|target/protocol`.
    fn ports(text: &str) -> Vec<String> {
        let line = |port: Port| {
            let host_ip = port.host_ip.unwrap_or_default();
            let published = port.published.unwrap_or_default();
            format!("{host_ip}|{published}|{}/{}", port.target, port.protocol)
        };
        parse(text).unwrap().into_iter().map(line).collect()
    }

    fn refused(text: &str) -> String {
        parse(text).unwrap_err()
    }

    #[test]
    fn a_container_port_alone_is_not_published() {
        for text in ["80", ":80", "80/", "80/tcp", "80/tcp/x", "[]::80"] {
            assert_eq!(ports(text), ["||80/tcp"], "{text}");
        }
    }

    #[test]
    fn a_host_port_is_published_as_a_number() {
        assert_eq!(ports("8080:80"), ["|8080|80/tcp"]);
        assert_eq!(ports("0080:080"), ["|80|80/tcp"]);
        assert_eq!(ports("0:80"), ["|0|80/tcp"]);
        assert_eq!(ports("80:0"), ["|80|0/tcp"]);
        assert_eq!(ports("80-80:90"), ["|80|90/tcp"]);
    }

    #[test]
    fn the_protocol_is_lower_cased() {
        assert_eq!(ports("8080:80/UDP"), ["|8080|80/udp"]);
        assert_eq!(ports("80/Sctp"), ["||80/sctp"]);
    }

    #[test]
    fn addresses_may_stand_in_brackets_and_ipv6_must() {
        assert_eq!(ports("127.0.0.1:8080:80"), ["127.0.0.1|8080|80/tcp"]);
        assert_eq!(ports("127.0.0.1::80"), ["127.0.0.1||80/tcp"]);
        assert_eq!(ports("[::1]:80:80"), ["::1|80|80/tcp"]);
        assert_eq!(ports("[1.2.3.4]:80:80"), ["1.2.3.4|80|80/tcp"]);
        assert_eq!(ports("[::FFFF:1.2.3.4]:80:80"), ["::FFFF:1.2.3.4|80|80/tcp"]);
    }

    #[test]
    fn ranges_become_entries_in_the_order_of_their_text() {
        assert_eq!(ports("3000-3001:4000-4001"), ["|3000|4000/tcp", "|3001|4001/tcp"]);
        assert_eq!(ports("9-11:9-11"), ["|10|10/tcp", "|11|11/tcp", "|9|9/tcp"]);
        assert_eq!(ports("3000-3002"), ["||3000/tcp", "||3001/tcp", "||3002/tcp"]);
        assert_eq!(ports("99-101/udp"), ["||100/udp", "||101/udp", "||99/udp"]);
        assert_eq!(ports("0-65535").len(), 65_536);
    }

    #[test]
    fn a_host_range_for_one_container_port_is_a_choice() {
        assert_eq!(ports("3000-3002:4000"), ["|3000-3002|4000/tcp"]);
        assert_eq!(ports("3000-3001:80-80"), ["|3000-3001|80/tcp"]);
    }

    #[test]
    fn a_third_part_of_a_range_is_not_looked_at() {
        assert_eq!(ports("1-2-3:5"), ["|1-2|5/tcp"]);
    }

    #[test]
    fn ranges_of_unequal_length_are_refused() {
        let words = "Invalid ranges specified for container and host Ports:";
        assert_eq!(refused("3000-3001:4000-4002"), format!("{words} 4000-4002 and 3000-3001"));
        assert_eq!(refused("3000:4000-4001"), format!("{words} 4000-4001 and 3000"));
        assert_eq!(refused("5:1-2-3"), format!("{words} 1-2-3 and 5"));
    }

    #[test]
    fn ports_that_are_none_are_refused() {
        for port in ["70000", "+80", "1_0", "-80", "80-", "9-8", " 80", "80 ", "٣", "65535-65536"] {
            assert_eq!(refused(port), format!("Invalid containerPort: {port}"));
            assert_eq!(refused(&format!("{port}:80")), format!("Invalid hostPort: {port}"));
        }
        assert_eq!(refused("abc:80"), "Invalid hostPort: abc");
    }

    #[test]
    fn a_missing_container_port_is_refused() {
        for text in ["", "80:", "/udp", "[::1]::"] {
            assert_eq!(refused(text), format!("No port specified: {text}<empty>"));
        }
    }

    #[test]
    fn unknown_protocols_are_refused_as_written() {
        assert_eq!(refused("80/FOO"), "Invalid proto: FOO");
        assert_eq!(refused("80/tcp "), "Invalid proto: tcp ");
    }

    #[test]
    fn the_address_is_judged_before_all_else() {
        assert_eq!(refused("a:80:80/foo"), "Invalid ip address: a");
        assert_eq!(refused("host:x:"), "Invalid ip address: host");
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for address in ["host", "01.2.3.4", "1.2.3"] {
            assert_eq!(refused(&format!("{address}:80:80")), format!("Invalid ip address: {address}"));
        }
        assert_eq!(refused("[::1%eth0]:80:80"), "Invalid ip address: ::1%eth0");
        let cases = [
            ("::1", "too many colons in address"),
            ("1:2", "too many colons in address"),
            ("[::1]:1", "too many colons in address"),
            ("[::1", "missing ']' in address"),
            ("[::1]x", "missing port in address"),
            ("a[b]", "unexpected '[' in address"),
            ("[a[b]", "unexpected '[' in address"),
            ("a]", "unexpected ']' in address"),
        ];
        for (address, reason) in cases {
            let words = format!("Invalid ip address {address}: address {address}:: {reason}");
            assert_eq!(refused(&format!("{address}:80:80")), words);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9:./\\[\\]-]{0,24}(/(tcp|UDP|é))?|.*") {
            let _ = parse(&text);
        }

        #[test]
        fn equal_ranges_pair_off(start in 1_u16..60_000, host in 1_u16..60_000, more in 0_u16..20) {
            let text = format!("{host}-{}:{start}-{}", host + more, start + more);
            let ports = parse(&text).unwrap();
            prop_assert_eq!(ports.len(), usize::from(more) + 1);
            for port in ports {
                let published: u32 = port.published.unwrap().parse().unwrap();
                prop_assert_eq!(published - u32::from(host), port.target - u32::from(start));
            }
        }
    }
}
