//! `extra_hosts`: names and their addresses, as a list or as a map.

/// A name with the addresses of one entry. Addresses are not checked: `host-gateway` is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub addresses: Vec<String>,
}

/// Reads a list entry: `name=address[,address…]`, or with a colon where there is no `=`. Entries of
/// the same name add up.
///
/// # Errors
///
/// No separator, or no usable name.
pub fn list_entry(text: &str) -> Result<Host, String> {
    let (name, addresses) = text
        .split_once('=')
        .or_else(|| text.split_once(':'))
        .ok_or_else(|| format!("invalid additional host, missing IP: {text}"))?;
    map_entry(name, addresses.split(','))
}

/// Reads a map entry, whose addresses are not split at commas. A null is the empty address.
///
/// # Errors
///
/// A name that is empty or holds a separator.
pub fn map_entry<'a>(name: &str, addresses: impl IntoIterator<Item = &'a str>) -> Result<Host, String> {
    if name.is_empty() || name.contains([':', '=']) {
        return Err(format!("bad host name '{name}'"));
    }
    let addresses = addresses.into_iter().map(|address| unbracketed(address).to_owned()).collect();
    Ok(Host { name: name.to_owned(), addresses })
}

/// `[::1]` is `::1`; `[]` is itself.
fn unbracketed(address: &str) -> &str {
    let inner = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.filter(|inner| !inner.is_empty()).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> String {
        let host = list_entry(text).unwrap();
        format!("{} {}", host.name, host.addresses.join("|"))
    }

    #[test]
    fn an_equals_sign_separates_before_a_colon_does() {
        assert_eq!(list("h=1.1.1.1"), "h 1.1.1.1");
        assert_eq!(list("h:1.1.1.1"), "h 1.1.1.1");
        assert_eq!(list("h=::1"), "h ::1");
        assert_eq!(list("h:::1"), "h ::1");
        assert_eq!(list("h=a=b"), "h a=b");
        assert_eq!(list(" h = 1"), " h   1");
    }

    #[test]
    fn commas_separate_addresses_in_a_list_only() {
        assert_eq!(list("h=1,2"), "h 1|2");
        assert_eq!(list("h:1,2"), "h 1|2");
        assert_eq!(map_entry("h", ["1,2"]).unwrap().addresses, ["1,2"]);
        assert_eq!(map_entry("h", ["1", "[::1]"]).unwrap().addresses, ["1", "::1"]);
        assert_eq!(map_entry("h", []).unwrap().addresses, [""; 0]);
    }

    #[test]
    fn brackets_come_off_whole_addresses() {
        assert_eq!(list("h:[::1]"), "h ::1");
        assert_eq!(list("h=[::1],[::2]"), "h ::1|::2");
        assert_eq!(list("h=[]"), "h []");
        assert_eq!(list("h=[x"), "h [x");
    }

    #[test]
    fn an_empty_address_is_none_of_our_business() {
        assert_eq!(list("h="), "h ");
        assert_eq!(list("h:"), "h ");
    }

    #[test]
    fn an_entry_without_an_address_or_a_name_is_refused() {
        assert_eq!(list_entry("foo"), Err("invalid additional host, missing IP: foo".to_owned()));
        assert_eq!(list_entry(""), Err("invalid additional host, missing IP: ".to_owned()));
        assert_eq!(list_entry("=1"), Err("bad host name ''".to_owned()));
        assert_eq!(list_entry(":1"), Err("bad host name ''".to_owned()));
        assert_eq!(list_entry("a:b=1"), Err("bad host name 'a:b'".to_owned()));
        assert_eq!(map_entry("a=b", ["1"]), Err("bad host name 'a=b'".to_owned()));
    }
}
