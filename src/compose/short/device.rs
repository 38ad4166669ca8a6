//! `devices` in short syntax: `SOURCE[:TARGET[:PERMISSIONS]]`.

/// One device. Empty fields are left out of the long form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub source: String,
    pub target: String,
    pub permissions: String,
}

impl Device {
    /// What Compose makes of an entry with too many fields where it does not refuse it.
    pub fn unclear() -> Self {
        Self { source: String::new(), target: String::new(), permissions: "rwm".to_owned() }
    }
}

/// Reads one entry. A second field is always the target, so that `/dev/a:rw` mounts at `rw`.
///
/// # Errors
///
/// More than three fields.
pub fn parse(text: &str) -> Result<Device, String> {
    let mut fields = text.split(':');
    let source = fields.next().unwrap_or_default();
    let target = fields.next().unwrap_or(source);
    let permissions = fields.next().unwrap_or("rwm");
    if fields.next().is_some() {
        return Err(format!("confusing device mapping, please use long syntax: {text}"));
    }
    Ok(Device { source: source.to_owned(), target: target.to_owned(), permissions: permissions.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(text: &str) -> (String, String, String) {
        let device = parse(text).unwrap();
        (device.source, device.target, device.permissions)
    }

    fn fields(source: &str, target: &str, permissions: &str) -> (String, String, String) {
        (source.to_owned(), target.to_owned(), permissions.to_owned())
    }

    #[test]
    fn what_is_left_out_is_the_source_again_and_all_permissions() {
        assert_eq!(device("/dev/a"), fields("/dev/a", "/dev/a", "rwm"));
        assert_eq!(device("/dev/a:/dev/b"), fields("/dev/a", "/dev/b", "rwm"));
        assert_eq!(device("/dev/a:/dev/b:r"), fields("/dev/a", "/dev/b", "r"));
        assert_eq!(device("vendor.com/class=x"), fields("vendor.com/class=x", "vendor.com/class=x", "rwm"));
    }

    #[test]
    fn permissions_in_second_place_are_a_target() {
        assert_eq!(device("/dev/a:rw"), fields("/dev/a", "rw", "rwm"));
    }

    #[test]
    fn empty_fields_stay_empty() {
        assert_eq!(device(""), fields("", "", "rwm"));
        assert_eq!(device("/dev/a:"), fields("/dev/a", "", "rwm"));
        assert_eq!(device("a:b:"), fields("a", "b", ""));
    }

    #[test]
    fn four_fields_are_refused() {
        let refused = "confusing device mapping, please use long syntax: a:b:c:d";
        assert_eq!(parse("a:b:c:d"), Err(refused.to_owned()));
    }
}
