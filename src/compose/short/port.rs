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
