//! Published ports, with their addresses as the engine takes them.

use std::fmt;
use std::net::IpAddr;

use super::field::{Field, Text, fields};
use crate::yaml::Node;

fields! {
    PORTS: Entries = "ports";
    HOST_IP: Text = "ports[].host_ip";
    TARGET: Text = "ports[].target";
    PUBLISHED: Text = "ports[].published";
    PROTOCOL: Text = "ports[].protocol";
    MODE: Text = "ports[].mode";
}

/// The address of the host at which a port is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Every interface of the host, in whatever spelling.
    Every,
    /// One address, in its canonical form: `::ffff:127.0.0.1` is `127.0.0.1`.
    At(IpAddr),
    /// No address. The engine takes what it cannot read for every interface.
    Unreadable(String),
}

impl Address {
    /// Reads `host_ip`.
    pub fn read(text: &str) -> Self {
        if text.is_empty() {
            return Self::Every;
        }
        match text.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) if address.is_unspecified() => Self::Every,
            Ok(address) => Self::At(address),
            Err(_) => Self::Unreadable(text.to_owned()),
        }
    }

    /// Whether the engine publishes on every interface.
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::At(_))
    }

    pub fn is_loopback(&self) -> bool {
        matches!(self, Self::At(address) if address.is_loopback())
    }
}

/// The port of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The engine chooses one above those of the system.
    Chosen,
    /// One of these, ends included.
    Range(u16, u16),
    /// Neither a port nor a range.
    Unreadable,
}

impl Published {
    /// Reads `published`, a port or `FIRST-LAST`.
    pub fn read(text: &str) -> Self {
        // As the engine: digits alone, with leading zeros.
        let number = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten()
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (number(first), number(last)) {
            _ if text.is_empty() => Self::Chosen,
            (Some(0), Some(0)) => Self::Chosen,
            (Some(first), Some(last)) if first <= last => Self::Range(first, last),
            _ => Self::Unreadable,
        }
    }

    /// Whether this may be one of the ports below 1024, which are the system's.
    pub fn is_privileged(self) -> bool {
        match self {
            Self::Chosen => false,
            Self::Range(first, _) => first < 1024,
            Self::Unreadable => true,
        }
    }

    /// Whether every port of `other` is one of these.
    pub fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Range(first, last), Self::Range(low, high)) => first <= low && high <= last,
            (Self::Chosen, Self::Chosen) => true,
            _ => false,
        }
    }
}

/// One entry of `ports`.
#[derive(Clone, Debug)]
pub struct Port<'n> {
    pub node: &'n Node,
    /// The port of the container as it is written.
    pub target: String,
    /// In lower case.
    pub protocol: String,
    pub address: Address,
    /// `host_ip` as it is written; empty where it is not.
    pub host_ip: String,
    pub published: Published,
    /// `published` as it is written; empty where it is not.
    pub written: String,
}

impl<'n> Port<'n> {
    /// All that a service publishes.
    pub fn of_service(service: &'n Node) -> impl Iterator<Item = Self> {
        PORTS.items(service).iter().map(Self::read)
    }

    pub fn read(node: &'n Node) -> Self {
        let field = |field: Field<Text>| field.text(node).unwrap_or_default();
        let (host_ip, written, protocol) = (field(HOST_IP), field(PUBLISHED), field(PROTOCOL));
        Self {
            node,
            target: field(TARGET),
            protocol: if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_ascii_lowercase() },
            address: Address::read(&host_ip),
            host_ip,
            published: Published::read(&written),
            written,
        }
    }

    /// The same port for this machine alone.
    pub fn on_loopback(&self) -> String {
        let protocol = if self.protocol == "tcp" { String::new() } else { format!("/{}", self.protocol) };
        format!("127.0.0.1:{}:{}{protocol}", self.written, self.target)
    }

    /// `80/tcp`
    pub fn inside(&self) -> String {
        format!("{}/{}", self.target, self.protocol)
    }
}

/// `HOST_IP:PUBLISHED:TARGET/PROTOCOL`, without what is not written and without `tcp`.
impl fmt::Display for Port<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.host_ip, &self.written] {
            if !part.is_empty() {
                write!(f, "{part}:")?;
            }
        }
        f.write_str(&self.target)?;
        if self.protocol == "tcp" { Ok(()) } else { write!(f, "/{}", self.protocol) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Docker 20.10 publishes each of these on `0.0.0.0`: it reads addresses as Go's `net.ParseIP` does, and takes
    /// none for every interface.
    #[test]
    fn an_address_is_every_interface_in_whatever_spelling() {
        for text in [
            "",
            "0.0.0.0",
            "::",
            "::0",
            "0:0:0:0:0:0:0:0",
            "::0.0.0.0",
            "::ffff:0.0.0.0",
            "::ffff:0:0",
            "0:0:0:0:0:ffff:0.0.0.0",
            "::FFFF:0:0",
        ] {
            assert_eq!(Address::read(text), Address::Every, "{text}");
        }
        for text in [
            "localhost",
            "0",
            "127.1",
            "127.0.0.01",
            "[::1]",
            " 127.0.0.1",
            "127.0.0.1 ",
            "fe80::1%lo",
            "0x7f000001",
        ] {
            assert_eq!(Address::read(text), Address::Unreadable(text.to_owned()), "{text}");
            assert!(Address::read(text).is_open());
        }
    }

    #[test]
    fn an_address_that_is_one_is_compared_as_one() {
        for text in ["127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1"] {
            assert_eq!(Address::read(text), Address::At([127, 0, 0, 1].into()), "{text}");
            assert!(Address::read(text).is_loopback(), "{text}");
        }
        assert_eq!(Address::read("0:0:0:0:0:0:0:1"), Address::read("::1"));
        assert!(!Address::read("192.168.1.5").is_open() && !Address::read("192.168.1.5").is_loopback());
    }

    #[test]
    fn a_range_is_privileged_where_it_begins() {
        for text in ["80", "080", "1023", "1000-2000", "0-1023", "+80", "80-", "70000", "9-8", "1 - 2"] {
            assert!(Published::read(text).is_privileged(), "{text}");
        }
        for text in ["", "0", "0-0", "1024", "08080", "8080-8090", "65535"] {
            assert!(!Published::read(text).is_privileged(), "{text}");
        }
        assert!(Published::read("8000-8010").covers(Published::read("8005")));
        assert!(!Published::read("8000-8010").covers(Published::read("8011")));
        assert!(!Published::read("8000").covers(Published::Chosen));
    }
}
