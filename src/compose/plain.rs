//! Messages about values that cannot be read.
//!
//! The readers of short forms say what Docker Compose says, in Go's words. People are told what the value has to be, and
//! what to write.

use crate::diagnostic::{Code, Finding};
use crate::source::Origin;

use crate::yaml::Path;

/// A finding about one value that cannot be read.
pub fn finding(code: Code, path: &Path<'_>, reason: &str, origin: Origin, label: &str) -> Finding {
    let Some((what, help)) = said(reason) else {
        return Finding::error(code, format!("{path}: {reason}")).at_origin(origin, label);
    };
    Finding::error(code, format!("{path}: {what}")).at_origin(origin, label).help(help)
}

/// The sentence and the help for one of Go's messages; `None` for one that is about the value already.
fn said(reason: &str) -> Option<(String, &'static str)> {
    const PORT: &str =
        "Write it as [IP:][HOST:]CONTAINER[/PROTOCOL], with ports up to 65535: \"127.0.0.1:8080:80\".";
    const TIME: &str = "Write numbers with units (ns, us, ms, s, m, h, d, w): 1m30s.";
    const SIZE: &str = "Write a number with a unit (b, k, m, g): 512m.";
    const WHOLE: &str = "Write a whole number.";
    let quoted = |text: &str| format!("{:?}", text.trim());
    if let Some(rest) = reason.strip_prefix("strconv.") {
        let (function, rest) = rest.split_once(": parsing ")?;
        let (value, fault) = rest.rsplit_once(": ")?;
        let (kind, help) = match function {
            "ParseFloat" => ("a number", "Write a number: 0.5."),
            _ => ("a whole number", WHOLE),
        };
        return Some(match fault {
            "value out of range" => (format!("{value} is out of range"), help),
            _ => (format!("must be {kind}, but is {value}"), help),
        });
    }
    if let Some(value) = reason.strip_prefix("Invalid hostPort: ") {
        return Some((format!("the published port {} is not a port", quoted(value)), PORT));
    }
    if let Some(value) = reason.strip_prefix("Invalid containerPort: ") {
        return Some((format!("the container port {} is not a port", quoted(value)), PORT));
    }
    if let Some(value) = reason.strip_prefix("Invalid ip address") {
        let value = value.split(": address ").next().unwrap_or(value).trim_start_matches([':', ' ']);
        return Some((format!("{} is not an IP address", quoted(value)), PORT));
    }
    if let Some(value) = reason.strip_prefix("Invalid proto: ") {
        return Some((format!("{} is no protocol", quoted(value)), "The protocols are tcp, udp and sctp."));
    }
    if let Some(value) = reason.strip_prefix("No port specified: ") {
        let value = value.strip_suffix("<empty>").unwrap_or(value);
        return Some((format!("{} has no container port", quoted(value)), PORT));
    }
    if let Some(value) = reason.strip_prefix("time: unknown unit ") {
        let (_, value) = value.split_once(" in duration ")?;
        return Some((format!("{value} has no known unit of time"), TIME));
    }
    if let Some(value) = reason.strip_prefix("time: missing unit in duration ") {
        return Some((format!("{value} has no unit of time"), TIME));
    }
    if let Some(value) = reason.strip_prefix("time: invalid duration ") {
        return Some((format!("{value} is not a length of time"), TIME));
    }
    if let Some(value) = reason.strip_prefix("invalid size: ") {
        return Some((format!("{} is not a size", quoted(value.trim_matches('\''))), SIZE));
    }
    if let Some(value) = reason.strip_prefix("invalid boolean: ") {
        return Some((format!("must be true or false, but is {}", quoted(value)), "Write true or false."));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::said;
    use crate::compose::short::{duration, port, size};

    #[test]
    fn no_word_of_go_is_left() {
        let refused = [
            port::parse("80a:80").unwrap_err(),
            port::parse("8080:99999").unwrap_err(),
            port::parse("80:80:80:80").unwrap_err(),
            port::parse("host:1:2").unwrap_err(),
            port::parse("80/foo").unwrap_err(),
            port::parse("80:").unwrap_err(),
            duration::parse("5x").unwrap_err(),
            duration::parse("5").unwrap_err(),
            duration::parse("soon").unwrap_err(),
            size::parse("lots").unwrap_err(),
            "strconv.ParseFloat: parsing \"many\": invalid syntax".to_owned(),
            "strconv.Atoi: parsing \"1e99\": value out of range".to_owned(),
            "invalid boolean: yes please".to_owned(),
        ];
        let wanted = [
            "the published port \"80a\" is not a port",
            "the container port \"99999\" is not a port",
            "\"80:80\" is not an IP address",
            "\"host\" is not an IP address",
            "\"foo\" is no protocol",
            "\"80:\" has no container port",
            "\"5x\" has no known unit of time",
            "\"5\" has no unit of time",
            "\"soon\" is not a length of time",
            "\"lots\" is not a size",
            "must be a number, but is \"many\"",
            "\"1e99\" is out of range",
            "must be true or false, but is \"yes please\"",
        ];
        for (reason, wanted) in refused.iter().zip(wanted) {
            assert_eq!(said(reason).unwrap().0, wanted, "{reason}");
        }
    }
}
